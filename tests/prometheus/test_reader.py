"""From series back to the state that they were made from, and what is said when a part of them is lacking."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.logs.health import Gap, GapReason, LogHealth
from exporter.metrics.views import ExporterFacts, SiteView, Snapshot
from exporter.prometheus.client import PrometheusError, Sample
from exporter.prometheus.reader import EVIDENCE_ELSEWHERE, observe
from exporter.replication.state import (
    Reference,
    SiteState,
    SourceError,
    SourceReason,
    Trouble,
    TroubleKind,
    Versions,
    WaitReason,
)
from tests.metrics.states import MAY, blocked, chicago, waiting
from tests.prometheus.holding import Held, scraped, series

FACTS = ExporterFacts("1", "3", last_scan=MAY)
TARGET = {"job": "configmgr", "instance": "chi01:10048"}


def well(site: str) -> SiteView:
    """A site at which all is well."""
    return SiteView(SiteState(site), {"distmgr": LogHealth(up=True, last_record=MAY)}, 0)


def _one(*views: SiteView) -> list[Sample]:
    return scraped(Snapshot(views, FACTS), **TARGET)


# --- what is told comes back ----------------------------------------------------------------------

_PACKAGES = st.sampled_from(["CEN00010", "CEN00011", "CHI0000A", "odd.[id]|\\", 'say "hi"'])
_PROGRAMS = st.sampled_from(["*", "Install - all", 'say "hi" \\ bye', "Büro Drucker"])
_PEERS = st.sampled_from(["CEN", "CHI", "PDX"])
_WAITS = st.tuples(_PACKAGES, _PEERS | st.just(""), st.sampled_from(WaitReason))
_TROUBLES = st.tuples(st.sampled_from(TroubleKind), _PEERS, _PACKAGES | st.just(""))
_OF_THE_DESPOOLER = {TroubleKind.DESPOOLER_RETRY, TroubleKind.CONTENT_BEFORE_DEFINITION}
_TIMES = st.none() | st.sampled_from([0.0, 1.5, MAY, MAY + 0.123])
_NUMBERS = st.none() | st.integers(0, 10**9)


@st.composite
def _states(draw: st.DrawFn) -> SiteState:
    state = SiteState(draw(st.sampled_from(["CEN", "CHI", "NYC"])))
    for name in draw(st.sets(_PACKAGES)):
        missing = draw(st.lists(st.builds(Reference, _PACKAGES, _PROGRAMS), max_size=3, unique=True))
        state.blocked[name] = blocked(name, *missing, since=draw(_TIMES), last=draw(_TIMES))
    for package, from_site, reason in draw(st.sets(_WAITS)):
        late = waiting(package, from_site, reason)
        state.waiting[package, from_site, reason] = replace(late, since=draw(_TIMES))
    for package, why in draw(st.sets(st.tuples(_PACKAGES, st.sampled_from(SourceReason)))):
        path, code = draw(st.sampled_from(["", r"\\FILES\Src$\Zoë"])), draw(st.none() | st.sampled_from([0, 5, 53]))
        state.source_errors[package, why] = SourceError(package, why, path, code, draw(_TIMES), None, ())
    for kind, peer, package in draw(st.sets(_TROUBLES)):
        job = package if kind in _OF_THE_DESPOOLER else ""  # of the others there is one for each site at the other end
        state.transport.troubles[kind, peer, job] = Trouble(kind, peer, job, package, None, None, None, 1, ())
    for package in draw(st.sets(_PACKAGES)):
        state.versions[package] = Versions(draw(_NUMBERS), draw(_NUMBERS), draw(_NUMBERS))
        state.names[package] = draw(st.sampled_from(["Office", 'x86 "beta"']))
    return state


def _blocks(state: SiteState) -> dict[str, tuple[frozenset[Reference], float | None, float | None]]:
    return {key: (frozenset(b.missing), b.since, b.last_attempt) for key, b in state.blocked.items()}


def _waits(state: SiteState) -> dict[tuple[str, str, WaitReason], float | None]:
    return {key: late.since for key, late in state.waiting.items()}


def _errors(state: SiteState) -> dict[tuple[str, SourceReason], tuple[str, int | None, float | None]]:
    return {key: (error.source_path, error.win32_error, error.since) for key, error in state.source_errors.items()}


def _troubles(state: SiteState) -> set[tuple[TroubleKind, str, str]]:
    return {(trouble.kind, trouble.site, trouble.package) for trouble in state.transport.troubles.values()}


@settings(deadline=None, max_examples=40)
@given(st.lists(_states(), min_size=1, max_size=3, unique_by=lambda state: state.site))
def test_what_an_exporter_tells_is_what_is_read(states: list[SiteState]) -> None:
    seen = observe(Held(_one(*(SiteView(state, {}, 0) for state in states))))
    assert seen.states.keys() == {state.site for state in states}
    for state in states:
        found = seen.states[state.site]
        assert _blocks(found) == _blocks(state)
        assert _waits(found) == _waits(state)
        assert _errors(found) == _errors(state)
        assert _troubles(found) == _troubles(state)
        for package, versions in found.versions.items():
            assert versions == state.versions[package]
            assert found.names[package] == state.names[package]
    assert not seen.blind
    assert seen.doubts == [EVIDENCE_ELSEWHERE]


def test_only_packages_that_are_spoken_of_have_names_and_versions() -> None:
    seen = observe(Held(_one(chicago())))
    state = seen.states["CHI"]
    assert state.names == {"CEN00020": "Office 2010"}
    assert state.versions == {"CEN00010": Versions(definition=3), "CEN00020": Versions(4, 2, 4)}


def test_the_version_that_cannot_be_stored_is_that_of_the_row() -> None:
    state = SiteState("CHI")
    state.blocked = {"CEN0000A": blocked("CEN0000A", Reference("CEN00010", "*"))}
    state.versions = {"CEN0000A": Versions(definition=7)}
    assert observe(Held(_one(SiteView(state, {}, 0)))).states["CHI"].blocked["CEN0000A"].version == 7


def test_many_packages_are_asked_for_in_questions_of_bounded_length() -> None:
    state = SiteState("CHI")
    names = [f"CEN{number:05X}" for number in range(450)]
    state.waiting = {(name, "CEN", WaitReason.CONTENTS): waiting(name, "CEN") for name in names}
    state.names = dict.fromkeys(names, "x")
    held = Held(_one(SiteView(state, {}, 0)))
    assert observe(held).states["CHI"].names.keys() == set(names)
    about = [question for question in held.asked if "package=~" in question]
    assert [question.count("|CEN") + 1 for question in about] == [200, 200, 50]


# --- one site, several exporters; several hierarchies ---------------------------------------------


def test_of_two_exporters_of_one_site_the_earlier_time_and_the_newer_version_count() -> None:
    def told(since: float, version: int) -> SiteView:
        state = SiteState("CHI")
        state.blocked = {"CEN0000A": blocked("CEN0000A", Reference("CEN00010", "*"), since=since)}
        state.versions = {"CEN00010": Versions(definition=version)}
        return SiteView(state, {}, 0)

    first = scraped(Snapshot([told(MAY + 60, 3)], FACTS), job="configmgr", instance="one:10048")
    second = scraped(Snapshot([told(MAY, 4)], FACTS), job="configmgr", instance="two:10048")
    for order in ([*first, *second], [*second, *first]):
        state = observe(Held(order)).states["CHI"]
        (block,) = state.blocked.values()
        assert (block.since, block.missing) == (MAY, (Reference("CEN00010", "*"),))
        assert state.versions["CEN00010"].definition == 4


def test_another_hierarchy_is_not_looked_at() -> None:
    lab = scraped(Snapshot([chicago()], FACTS), **TARGET, hierarchy="lab")
    real = scraped(Snapshot([well("NYC")], FACTS), **TARGET, hierarchy='the "real" one')
    held = Held([*lab, *real], earlier=lab)
    seen = observe(held, [("hierarchy", 'the "real" one')])
    assert seen.states.keys() == {"NYC"}
    assert not seen.blind
    assert all('hierarchy="the \\"real\\" one"' in question for question in held.asked)


# --- what is not seen -----------------------------------------------------------------------------


def _refusal(held: Held, *labels: tuple[str, str]) -> str:
    with pytest.raises(PrometheusError) as refused:
        observe(held, labels)
    return str(refused.value)


def test_nothing_scraped_is_never_an_all_clear() -> None:
    assert "has no metrics of configmgr-exporter:" in _refusal(Held([series("up", job="node")]))
    assert 'has no metrics of configmgr-exporter with hierarchy="lab":' in _refusal(
        Held(_one(well("CHI"))), ("hierarchy", "lab")
    )
    dead = _refusal(Held([], earlier=_one(well("CHI"))))
    assert dead == "no exporter can be scraped now; within the last day there were: chi01:10048"
    assert "none reports a site: see what they are told to read" in _refusal(Held(_one()))


def test_an_exporter_that_is_gone_leaves_a_doubt_and_no_all_clear() -> None:
    gone = scraped(Snapshot([well("NYC")], FACTS), job="configmgr", instance="nyc01:10048")
    seen = observe(Held(_one(well("CHI")), earlier=gone))
    assert seen.blind
    assert seen.doubts[:2] == [
        "Not scraped now: nyc01:10048. What happens there is not seen.",
        "Reported within the last day and not now: NYC.",
    ]


def test_of_many_that_are_gone_some_are_named() -> None:
    gone = [
        sample
        for number in range(30)
        for sample in scraped(Snapshot([well(f"{number:03}")], FACTS), job="configmgr", instance=f"{number:03}:10048")
    ]
    seen = observe(Held(_one(well("CHI")), earlier=gone))
    assert "010:10048, 011:10048 and 18 more. " in seen.doubts[0]


@pytest.mark.parametrize(("log", "blind"), [("distmgr", True), ("sender", False)])
def test_a_log_that_is_not_read_is_named_and_matters_if_blocks_stand_in_it(log: str, blind: bool) -> None:  # noqa: FBT001 - a parameter of pytest
    view = SiteView(SiteState("CHI"), {log: LogHealth(error="Permission denied")}, 0)
    seen = observe(Held(_one(view)))
    assert seen.blind is blind
    assert f"CHI {log}: not read." in seen.doubts


def test_an_exporter_that_reads_nothing_any_more_is_named() -> None:
    seen = observe(Held(_one(well("CHI")), at=MAY + 301))
    assert seen.blind
    assert "chi01:10048 has finished no pass over its logs for 301 seconds." in seen.doubts
    assert not observe(Held(_one(well("CHI")), at=MAY + 300)).blind


def test_series_that_are_left_out_are_told() -> None:
    left_out = series("configmgr_exporter_dropped_series", 7, family="configmgr_package_waiting", **TARGET)
    seen = observe(Held([*_one(well("CHI")), left_out]))
    assert "chi01:10048 leaves out 7 series of configmgr_package_waiting, which has no room." in seen.doubts


def test_lost_lines_have_a_log_a_reason_and_a_time() -> None:
    view = chicago()
    seen = observe(Held(_one(view)))
    (lost,) = seen.gaps["CHI"]
    assert (lost.log, lost.reason, lost.noticed) == ("distmgr", GapReason.ROLLED_TWICE, MAY + 9000)
    assert isinstance(view.gaps[0], Gap)


def test_logs_and_their_latest_record_are_counted() -> None:
    seen = observe(Held(_one(chicago(), well("NYC"))))
    assert (seen.logs, seen.records_until) == (3, MAY + 7260)
    assert observe(Held(_one(SiteView(SiteState("CHI"), {}, 0)))).records_until is None


# --- what makes no sense --------------------------------------------------------------------------


def test_words_of_a_newer_exporter_are_passed_over() -> None:
    base = _one(well("CHI"))
    odd = [
        series("configmgr_package_waiting", site="CHI", package="CEN00010", from_site="CEN", reason="bored"),
        series("configmgr_package_source_error", site="CHI", package="CHI00010", reason="mood", source_path=""),
        series("configmgr_transport_trouble", site="CHI", trouble="weather", peer_site="CEN", package=""),
    ]
    assert observe(Held([*base, *odd])).states == observe(Held(base)).states


def test_series_of_a_site_that_nobody_reports_are_passed_over() -> None:
    stray = [sample for sample in _one(chicago()) if "site_blocked" not in sample["__name__"]]
    assert observe(Held([*_one(well("NYC")), *stray])).states.keys() == {"NYC"}


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_value_that_is_no_number_is_one_that_is_not_known(value: float) -> None:
    samples = [
        Sample(sample.labels, value) if sample["__name__"].endswith(("_seconds", "_version", "_error")) else sample
        for sample in _one(chicago())
        if sample["__name__"] != "configmgr_exporter_last_scan_timestamp_seconds"
    ]
    state = observe(Held(samples)).states["CHI"]
    assert {block.since for block in state.blocked.values()} == {None}
    assert {error.win32_error for error in state.source_errors.values()} == {None}
    assert state.versions == {}


def test_a_question_that_is_not_answered_ends_it() -> None:
    held = Held(_one(chicago()))
    observe(held)
    for number in range(len(held.asked)):
        left = number

        def fails(expression: str) -> list[Sample]:
            nonlocal left
            if not left:
                raise PrometheusError("the server is gone")
            left -= 1
            return held(expression)

        with pytest.raises(PrometheusError, match="the server is gone"):
            observe(fails)


def test_a_large_hierarchy_takes_no_more_questions_than_a_small_one() -> None:
    state = SiteState("CHI")
    names = [f"CEN{number:05X}" for number in range(20)]
    state.blocked = {name: blocked(name, Reference("CEN000FF", "*"), since=MAY, last=MAY) for name in names}
    few, many = (
        Held(_one(*(SiteView(replace(state, site=f"{number:03X}"), {}, 0) for number in range(sites))))
        for sites in (1, 100)
    )
    assert len(observe(many).states) == 100
    observe(few)
    assert len(many.asked) == len(few.asked)
