"""What is told of the logs of simulated hierarchies, against what the simulator knows to be so.

The truth is told from the simulator's tables, never from the lines that it writes; the answer only from the lines.

`CONFIGMGR_EXPORTER_TESTS_WORLDS=5000 ./dev test tests/test_truth.py` tries as many random worlds,
`CONFIGMGR_EXPORTER_TESTS_DAYS=90` as many busy days.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench.explained import explain
from bench.score import Score, score
from exporter.commands.explain import command
from exporter.simulator import SCENARIOS, Plan, demo_plan, healthy_plan, random_plan, run_batch, scenario_plan
from exporter.simulator.hierarchy import Era
from tests.events.golden import matcher
from tests.worlds import busy_days, crowded_day, cut, troubled_plan

DAYS = int(os.environ.get("CONFIGMGR_EXPORTER_TESTS_DAYS", "3"))
WORLDS = int(os.environ.get("CONFIGMGR_EXPORTER_TESTS_WORLDS", "12"))
_NEVER_ROLLS = 1 << 40  # what has rolled away twice cannot be explained

# What the truth tells beyond the answer, of which the score compares all but the first two and the names.
_OWN_OF_A_SITE = {
    "era",
    "zone",
    "names",
    "units",
    "processing",
    "reference_failures",
    "versions",
    "rows",
    "moved",
    "threads",
    "open_requests",
}


def _answer(folder: Path) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(command, ["--json", str(folder)])
    answer: dict[str, Any] = json.loads(result.stdout)
    return result.exit_code, answer


def _expected(truth: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a truth that an answer must hold."""
    sites = {}
    for code, site in truth["sites"].items():
        sites[code] = {key: value for key, value in site.items() if key not in _OWN_OF_A_SITE}
        sites[code]["waiting"] = [
            # No line of 2007 tells which version of the compressed files a site waits for.
            {**waiting, "version": None} if waiting["reason"] == "compressed_files_not_arrived" else waiting
            for waiting in _without_causes(site["waiting"])
        ]
        # Who is whose parent is told by the lines of what is sent, and not everybody has sent something yet.
        if answer["sites"][code]["parent"] is None:
            del sites[code]["parent"]
    culprits = [_expected_culprit(truth, answer, culprit) for culprit in truth["culprits"]]
    return {"sites": sites, "culprits": culprits}


def _without_causes(waiting: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Leave to the score what keeps content away: not always do the lines tell the way that it comes."""
    return [{key: value for key, value in each.items() if key != "cause"} for each in waiting]


def _expected_culprit(truth: Mapping[str, Any], answer: Mapping[str, Any], culprit: Mapping[str, Any]) -> Any:
    causes = culprit["causes"]
    kept = {key: value for key, value in culprit.items() if key not in {"blocks", "cause", "causes"}}
    ways = [_way(truth, culprit["source_site"], site) for site in culprit["sites"]]
    elsewhere = any(cause["site"] != culprit["source_site"] for cause in causes)
    if elsewhere and any(answer["sites"][site]["parent"] is None for way in ways for site in way):
        # The fault may stand in the logs of a site of which no line tells that the definition comes over it.
        return kept
    expected = [{"sites": cause["sites"], **_expected_cause(cause)} for cause in causes]
    return {**kept, "causes": expected, "cause": _expected_cause(causes[0])}


def _way(truth: Mapping[str, Any], owner: str, site: str) -> list[str]:
    """Return the sites below the owner that a definition passes on its way to a site, that site included."""
    way: list[str] = []
    while site != owner:
        way.append(site)
        site = truth["sites"][site]["parent"]
    return way


def _expected_cause(cause: Mapping[str, Any]) -> dict[str, Any]:
    if cause["on_its_way"]:
        # Nothing is wrong any more. What kept the program back until now may then be named, as a conclusion.
        return {"site": cause["site"], "certainty": "inferred"}
    return {"site": cause["site"], "kind": cause["kind"]}


def _differences(true: Any, told: Any, where: str = "") -> list[str]:
    """Compare what is true with what is told. An answer may tell more of a thing, but not of more things."""
    if isinstance(true, Mapping) and isinstance(told, Mapping):
        return [line for key in true for line in _differences(true[key], told.get(key), f"{where}/{key}")]
    if isinstance(true, Sequence) and isinstance(told, Sequence) and not isinstance(true, str):
        if len(true) == len(told):
            pairs = enumerate(zip(true, told, strict=True))
            return [line for at, (one, other) in pairs for line in _differences(one, other, f"{where}[{at}]")]
    elif true == told:
        return []
    return [f"{where}: true is {true!r}, told is {told!r}"]


def answer_differences(truth: Mapping[str, Any], answer: Mapping[str, Any]) -> list[str]:
    """Say where an answer is not what is true."""
    return _differences(_expected(truth, answer), answer)


def _is_stuck(truth: Mapping[str, Any]) -> bool:
    return any(site["blocked"] or site["waiting"] or site["source_errors"] for site in truth["sites"].values())


def _compare(plan: Plan) -> Mapping[str, Any]:
    """Write a plan's logs, explain them, and compare all that is told; return the answer."""
    explained = explain(plan, matcher())
    result = Score()
    score(explained, plan.name, result)
    assert result.differing == {}
    assert result.perfect
    assert answer_differences(explained.truth, explained.answer) == []
    assert explained.answer["sites"].keys() == explained.truth["sites"].keys()
    return explained.answer


@settings(max_examples=WORLDS, deadline=None)
@given(seed=st.integers(0, 2**32), mended=st.booleans())
@example(seed=38, mended=True)  # content that is late at three sites and for two packages
def test_random_world_is_explained_as_it_is(seed: int, mended: bool) -> None:  # noqa: FBT001
    _compare(random_plan(seed, mended=mended))


@settings(max_examples=WORLDS, deadline=None)
@given(seed=st.integers(0, 2**32))
@example(seed=300191)  # a job given up for a site that no line names, above one whose parent no line tells
def test_random_world_is_explained_as_it_is_at_any_moment(seed: int) -> None:
    _compare(cut(random_plan(seed), seed))


@settings(max_examples=WORLDS, deadline=None)
@given(seed=st.integers(0, 2**32), mended=st.booleans())
@example(seed=853, mended=False)  # a definition that waits behind a site that the sender cannot reach
@example(seed=3851, mended=False)  # content dropped, and a later definition that got through
@example(seed=2946, mended=False)  # a job dropped on a way of which no line tells all
@example(seed=2999402, mended=False)  # a job whose random number another job had before
@example(seed=1145211278, mended=False)  # a definition that is written and refused at a distribution point
@example(seed=3865957834, mended=False)  # the same on the way, where a program had been deleted before
def test_troubled_world_is_explained_as_it_is(seed: int, mended: bool) -> None:  # noqa: FBT001
    _compare(troubled_plan(seed, mended=mended))


@settings(max_examples=WORLDS, deadline=None)
@given(seed=st.integers(0, 2**32))
@example(seed=5103)  # a definition that came by SQL past a site that the sender cannot reach
@example(seed=826)  # a newer definition that has overtaken the one that the sender keeps
@example(seed=1017)  # content that is held back where nothing goes any more
@example(seed=2134)  # content dropped, while an older version that will do is still to be sent
@example(seed=452)  # a job that was given up, and a newer one on its way
@example(seed=170788700)  # content that is stored while the line is written that it has not arrived
def test_troubled_world_is_explained_at_any_moment(seed: int) -> None:
    _compare(cut(troubled_plan(seed), seed))


@settings(max_examples=WORLDS, deadline=None)
@given(seed=st.integers(0, 2**32), mended=st.booleans(), at_any_moment=st.booleans())
@example(seed=50955, mended=False, at_any_moment=False)  # a definition given up, and content not yet handed over
@example(seed=48056, mended=True, at_any_moment=True)  # a child left out where there was no content to send yet
@example(seed=100869, mended=False, at_any_moment=False)  # content that came while its definition was left out
@example(seed=101240, mended=False, at_any_moment=True)  # a definition by SQL, while the scheduler can send nothing
@example(seed=200877, mended=False, at_any_moment=False)  # a deleted program that came back by SQL
@example(seed=40769, mended=False, at_any_moment=True)  # content left out, whose definition came by SQL
@example(seed=10853, mended=False, at_any_moment=True)  # a definition that has not come to a site whose child is closed
def test_world_with_the_newer_troubles_is_explained_as_it_is(seed: int, mended: bool, at_any_moment: bool) -> None:  # noqa: FBT001
    plan = troubled_plan(seed, mended=mended, newer=True)
    _compare(cut(plan, seed) if at_any_moment else plan)


@pytest.mark.parametrize("over", [False, True], ids=["while it lasts", "when it is over"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_incident_is_explained_as_it_is(name: str, over: bool, tmp_path: Path) -> None:  # noqa: FBT001
    plan = scenario_plan(name, over=over)
    answer = _compare(plan)

    truth = run_batch(tmp_path, replace(plan, max_log_bytes=_NEVER_ROLLS))
    status, printed = _answer(tmp_path)
    assert {**printed, "doubts": []} == {**answer, "doubts": []}
    assert status == (1 if _is_stuck(truth) else 0)


def test_demonstration_blames_the_source_that_cannot_be_read() -> None:
    answer = _compare(demo_plan(mended=False))

    (culprit,) = answer["culprits"]
    assert (culprit["package"], culprit["program"]) == ("CEN00012", "Install drivers")
    assert (culprit["cause"]["kind"], culprit["cause"]["certainty"]) == ("source_path_inaccessible", "stated")


@pytest.mark.parametrize(
    "plan",
    [healthy_plan(), scenario_plan("healthy"), scenario_plan("healthy", over=True), demo_plan(mended=True)],
    ids=["healthy", "healthy scenario", "healthy scenario when it is over", "mended demonstration"],
)
def test_healthy_hierarchy_gives_no_finding(plan: Plan) -> None:
    answer = _compare(plan)

    assert answer["culprits"] == []
    assert all(site["gaps"] == [] for site in answer["sites"].values())


@pytest.mark.parametrize("max_log_bytes", [_NEVER_ROLLS, 200_000], ids=["whole logs", "logs that rolled"])
@pytest.mark.parametrize("kind", ["busy days", "crowded day"])
def test_busy_site_gives_no_finding(tmp_path: Path, kind: str, max_log_bytes: int) -> None:
    plan = crowded_day() if kind == "crowded day" else busy_days(DAYS)
    truth = run_batch(tmp_path, replace(plan, max_log_bytes=max_log_bytes))
    status, answer = _answer(tmp_path)

    assert {site.era for site in plan.sites} == set(Era)
    assert all(len(site["versions"]) > 20 for site in truth["sites"].values())
    assert (status, answer["doubts"]) == (0, [])
    assert _findings(answer) == []


@settings(max_examples=WORLDS, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_random_world_in_which_nothing_goes_wrong_gives_no_finding(seed: int) -> None:
    assert _findings(_compare(replace(random_plan(seed, mended=True), incidents=()))) == []


def _findings(answer: Mapping[str, Any]) -> list[Any]:
    kinds = ("blocked", "waiting", "source_errors", "gaps", "transport")
    return [*answer["culprits"], *(each for site in answer["sites"].values() for kind in kinds for each in site[kind])]


def test_the_truth_is_not_simply_nothing() -> None:
    """The comparison would be empty if the random worlds had no trouble in them."""
    with TemporaryDirectory() as name:
        truths = [run_batch(Path(name) / str(seed), troubled_plan(seed)) for seed in range(12)]

    assert sum(bool(truth["culprits"]) for truth in truths) >= 3
    assert sum(_is_stuck(truth) for truth in truths) >= 6


def test_comparison_sees_every_kind_of_difference() -> None:
    true = {"a": [{"b": 1, "c": None}], "d": "text"}

    assert _differences(true, {"a": [{"b": 1, "c": None, "more": 2}], "d": "text"}) == []
    assert _differences(true, {"a": [], "d": "text"})
    assert _differences(true, {"a": [{"b": 2, "c": None}], "d": "text"})
    assert _differences(true, {"a": [{"b": 1}, {"b": 1}], "d": "text"})
    assert _differences(true, {"a": [{"b": 1, "c": 0}], "d": "text"})
    assert _differences(true, {"a": [{"b": 1, "c": None}]})
