"""The score of `explain`: it counts right, sees every kind of error, and the command runs."""

from __future__ import annotations

import re
from copy import deepcopy
from functools import cache
from typing import Any

from click.testing import CliRunner

from bench.explained import Explained, explain
from bench.facts import FINDINGS, told_facts
from bench.score import LATE, ON_ITS_WAY, SHAPES, WAY_NOT_TOLD, Score, Tally, main, score, worlds
from exporter.events.loader import load_catalogue
from exporter.events.matcher import Matcher
from exporter.logs.clock import Clock
from exporter.logs.records import RecordReader
from exporter.replication.cause import CauseKind
from exporter.replication.state import (
    Outcome,
    ProcessingOutcome,
    SiteState,
    SourceReason,
    TroubleKind,
    WaitReason,
)
from exporter.replication.state import Tally as Tallies
from exporter.simulator import SCENARIOS, scenario_plan


@cache
def explained(name: str) -> Explained:
    return explain(scenario_plan(name), Matcher(load_catalogue(), RecordReader(Clock())))


def scored(each: Explained) -> Score:
    result = Score()
    score(each, "a world", result)
    return result


def altered(name: str) -> tuple[dict[str, Any], Explained]:
    """Give an answer to spoil, and the world that holds it."""
    true = explained(name)
    answer: Any = deepcopy(true.answer)
    return answer, Explained(true.truth, answer, true.states)


def counts(tally: Tally) -> tuple[int, int, int]:
    return tally.true, tally.told, tally.right


def test_a_right_answer_scores_one() -> None:
    result = scored(explained("source_access_denied"))
    assert result.perfect
    assert counts(result.findings["blocked"]) == (2, 2, 2)
    assert counts(result.findings["source error: source_path_inaccessible"]) == (1, 1, 1)
    assert counts(result.causes["source_path_inaccessible"]) == (2, 2, 2)
    assert result.sites["source_path_inaccessible"] == 2
    assert result.proven["source_path_inaccessible"] == 2


def test_a_finding_that_is_missed() -> None:
    answer, world = altered("source_access_denied")
    answer["sites"]["CHI"]["blocked"].clear()
    result = scored(world)
    assert not result.perfect
    assert (result.findings["blocked"].precision, result.findings["blocked"].recall) == (1.0, 1 / 2)
    assert "blocked: missed CHI CEN00021 ('CEN00012', 'Install drivers')" in result.differing["a world"]


def test_a_finding_that_is_wrongly_told() -> None:
    answer, world = altered("healthy")
    answer["sites"]["CHI"]["source_errors"] = explained("source_access_denied").answer["sites"]["CEN"]["source_errors"]
    result = scored(world)
    assert not result.perfect
    tally = result.findings["source error: source_path_inaccessible"]
    assert (tally.precision, tally.recall) == (0.0, 1.0)
    (line,) = result.differing["a world"]
    assert line.startswith("source error: source_path_inaccessible: wrongly told CHI CEN00012")


def test_versions_progress_and_transport_are_compared_too() -> None:
    result = scored(explained("sender_cut_off"))
    assert result.perfect
    kinds = ("definition versions", "content versions", "progress", "transport: put_aside", "counts of transport")
    # The child was put aside no more by then.
    assert [kind for kind in kinds if not result.findings[kind].right] == ["transport: put_aside"]
    assert counts(scored(explained("despooler_retrying")).findings["transport: despooler_retry"]) == (2, 2, 2)


def test_threads_and_open_requests_are_compared_as_they_are_served() -> None:
    true = explained("late_content")
    result = scored(true)
    assert result.perfect
    assert result.findings["threads in use"].right >= 5
    assert ("CEN", "CHI", "Pending", 1) in told_facts(true.answer, true.states)["open send requests"]
    states = deepcopy(dict(true.states))
    states["CEN"].transport.threads["sender/CHI"].used += 1
    next(each for each in states["CEN"].transport.requests.values() if not each.done).state = "Sending"
    different = scored(Explained(true.truth, true.answer, states)).differing["a world"]
    assert {line.partition(":")[0] for line in different} == {"threads in use", "open send requests"}


def test_all_that_the_exporter_can_say_is_simulated_by_a_scenario_and_scored() -> None:
    result = Score()
    for name in SCENARIOS:
        score(explained(name), name, result)
    assert result.perfect
    assert result.findings[LATE].right
    told = {kind for kind, tally in (*result.findings.items(), *result.causes.items()) if tally.right}
    assert {*CauseKind, *FINDINGS} - told == set()
    assert len(FINDINGS) == 1 + len(WaitReason) + len(SourceReason) + len(TroubleKind)
    outcomes = {key[0] for each in SCENARIOS for state in explained(each).states.values() for key in _outcomes(state)}
    assert outcomes == {*Outcome, *ProcessingOutcome}


def _outcomes(state: SiteState) -> set[tuple[str, ...]]:
    return {*state.tallies[Tallies.DEFINITIONS], *state.tallies[Tallies.PACKAGE_PROCESSING]}


def test_a_version_that_is_wrongly_told() -> None:
    true = explained("sender_cut_off")
    states = deepcopy(dict(true.states))
    states["LON"].versions["CEN00012"].definition = 7
    result = scored(Explained(true.truth, true.answer, states))
    assert "definition versions: wrongly told LON CEN00012 7" in result.differing["a world"]


def test_a_cause_of_a_wrong_kind_counts_against_both_kinds() -> None:
    answer, world = altered("source_access_denied")
    answer["culprits"][0]["causes"][0]["kind"] = "transport"
    result = scored(world)
    assert not result.perfect
    assert result.causes["source_path_inaccessible"].recall == 0.0
    assert result.causes["transport"].precision == 0.0
    assert any(
        "true is source_path_inaccessible at CEN, told is transport at CEN" in d for d in result.differing["a world"]
    )


def test_a_cause_at_a_wrong_site() -> None:
    answer, world = altered("source_access_denied")
    answer["culprits"][0]["causes"][0]["site"] = "CHI"
    result = scored(world)
    assert not result.perfect
    assert result.causes["source_path_inaccessible"].recall == 1.0
    assert result.sites["source_path_inaccessible"] == 0


def test_a_wrong_cause_of_late_content() -> None:
    answer, world = altered("site_not_active_2012")
    assert scored(world).perfect
    answer["sites"]["CHI"]["waiting"][0]["cause"]["kind"] = "transport"
    assert len(scored(world).differing["a world"]) == 2  # the true one is missed, and a wrong one told


def test_a_cause_that_is_not_told_at_all() -> None:
    answer, world = altered("source_access_denied")
    answer["culprits"].clear()
    assert scored(world).causes["source_path_inaccessible"].recall == 0.0


def test_what_is_on_its_way_may_be_told_as_a_conclusion_only() -> None:
    answer, world = altered("source_access_denied")
    answer["culprits"][0]["causes"][0]["certainty"] = "inferred"
    truth: Any = deepcopy(world.truth)
    truth["culprits"][0]["causes"][0]["on_its_way"] = True
    assert scored(Explained(truth, answer, world.states)).causes[ON_ITS_WAY].right == 2
    answer["culprits"][0]["causes"][0]["certainty"] = "stated"
    assert scored(Explained(truth, answer, world.states)).causes[ON_ITS_WAY].right == 0


def test_a_cause_on_a_way_that_no_line_tells_is_counted_apart() -> None:
    answer, world = altered("source_access_denied")
    answer["sites"]["CHI"]["parent"] = None
    answer["culprits"][0]["causes"][0]["kind"] = "definition_old"
    truth: Any = deepcopy(world.truth)
    truth["culprits"][0]["causes"][0]["site"] = "CHI"
    result = scored(Explained(truth, answer, world.states))
    assert counts(result.causes[WAY_NOT_TOLD]) == (1, 1, 1)
    assert counts(result.causes["source_path_inaccessible"])[0] == 1


def test_a_cause_at_the_owner_needs_no_way() -> None:
    answer, world = altered("source_access_denied")
    answer["sites"]["CHI"]["parent"] = None
    answer["culprits"][0]["causes"][0]["kind"] = "definition_old"
    assert counts(scored(world).causes[WAY_NOT_TOLD]) == (0, 0, 0)


def test_a_cause_whose_lines_do_not_stand_in_the_logs() -> None:
    world = explained("source_access_denied")
    result = scored(Explained(world.truth, world.answer, world.states, [("CEN00012", "Install drivers", "CHI")]))
    assert not result.perfect
    assert (result.proven["source_path_inaccessible"], result.unproven["source_path_inaccessible"]) == (1, 1)


def test_worlds_are_every_scenario_and_each_shape_in_turn() -> None:
    seed = 4 * len(SHAPES)
    names = [name for name, _ in worlds(seed, len(SHAPES))]
    assert len(names) == 2 * len(SCENARIOS) + len(SHAPES)
    assert names[-len(SHAPES) :] == [f"seed {seed + at} ({shape})" for at, shape in enumerate(SHAPES)]


def test_the_command_scores_one_in_a_few_worlds() -> None:
    result = CliRunner().invoke(main, ["--no-scenarios", "--worlds", "6", "--seed", "30"])
    assert result.exit_code == 0, result.output
    assert "Findings in 6 worlds" in result.stdout
    assert re.search(r"blocked .* 1\.00 .* 1\.00", result.stdout)
