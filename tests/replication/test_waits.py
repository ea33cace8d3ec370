"""Content that is late: when the wait begins, since when it stands, and what ends it, in any order of reading."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from exporter.events.event import Event
from exporter.replication.limits import MAX_EVIDENCE, MAX_TRIES
from exporter.replication.state import Waiting, WaitReason
from tests.replication.builders import INCOMING, PKG, START, Teller, replay

Say = Callable[[Teller], Event]


def late(second: float, site: str = "CEN") -> Say:
    return lambda teller: teller.on("distmgr").at(second).say("content_not_arrived", package=PKG, from_site=site)


def skipped(second: float, version: int) -> Say:
    fields: dict[str, str | int] = {"package": PKG, "version": version, "current_version": 1, "file": "X.PKG"}
    return lambda teller: teller.on("distmgr").at(second).say("newer_version_required", **fields)


def stored(second: float, version: int) -> Say:
    return lambda teller: teller.on("despool", 4).at(second).say("content_stored", package=PKG, version=version)


def tell(*lines: Say) -> Teller:
    teller = Teller()
    for line in lines:
        line(teller)
    return teller


def only(teller: Teller) -> Waiting:
    (waiting,) = teller.state.waiting.values()
    return waiting


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("content_not_arrived", WaitReason.CONTENTS),
        ("compressed_files_not_arrived", WaitReason.COMPRESSED),
    ],
)
def test_a_line_that_says_that_content_has_not_come_begins_a_wait(event: str, reason: WaitReason) -> None:
    teller = Teller()
    teller.say(event, package=PKG, from_site="CEN")
    teller.at(1800).say(event, package=PKG, from_site="CEN")
    waiting = only(teller)
    assert (waiting.package, waiting.from_site, waiting.reason) == (PKG, "CEN", reason)
    assert (waiting.since, waiting.last_seen, waiting.attempts) == (START, START + 1800, 2)
    assert [line.line for line in waiting.evidence] == [1, 2]


def test_content_that_is_stored_ends_the_wait() -> None:
    assert not tell(late(0), late(10), stored(20, 1)).state.waiting


def test_content_of_another_package_does_not_end_the_wait() -> None:
    teller = tell(late(0))
    teller.on("despool").at(5).say("content_stored", package="CEN00099", version=1)
    assert teller.state.waiting


def test_content_that_was_stored_before_the_line_does_not_end_the_wait() -> None:
    assert tell(stored(5, 1), late(10)).state.waiting
    assert tell(late(10), stored(5, 1)).state.waiting


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_wait_whose_beginning_is_older_than_what_was_stored_begins_after_it(place: int) -> None:
    lines = [late(0), late(10)]
    lines.insert(place, stored(5, 1))
    waiting = only(tell(*lines))
    assert (waiting.since, waiting.attempts) == (START + 10, 1)
    assert [line.time for line in waiting.evidence] == [START + 10]


@pytest.mark.parametrize("first", ["distmgr", "despool"])
def test_the_logs_may_be_read_in_either_order(first: str) -> None:
    teller = tell(late(0), stored(5, 1), late(10), late(20), stored(30, 2), late(40))
    events = sorted(teller.said, key=lambda event: event.log != first)
    waiting = next(iter(replay(events).state.waiting.values()))
    assert waiting == only(teller)
    assert (waiting.since, waiting.last_seen, waiting.attempts) == (START + 40, START + 40, 1)


def test_an_older_version_than_the_line_asks_for_does_not_end_the_wait() -> None:
    assert only(tell(skipped(0, 3), stored(5, 2))).version == 3
    assert only(tell(stored(5, 2), skipped(0, 3))).version == 3
    assert not tell(skipped(0, 3), stored(5, 3)).state.waiting
    assert not tell(stored(5, 4), skipped(0, 3)).state.waiting


def test_two_stores_in_either_order_leave_the_same() -> None:
    for lines in itertools.permutations((skipped(4, 3), stored(5, 3), stored(6, 2))):
        assert not tell(*lines).state.waiting


def test_a_line_that_asks_for_no_version_is_content_with_any() -> None:
    teller = Teller()
    teller.say("package_processing", package=PKG, source_version=2, stored_version=0)
    late(1)(teller)
    assert only(teller).version == 2
    stored(2, 1)(teller)
    assert not teller.state.waiting


def test_a_unit_that_goes_through_ends_every_wait_for_its_package() -> None:
    teller = tell(late(0), late(1, "NYC"), skipped(2, 2))
    assert len(teller.state.waiting) == 3
    teller.on("distmgr").at(5).unit(PKG)
    assert not teller.state.waiting


def test_a_unit_that_is_blocked_or_skipped_ends_no_wait() -> None:
    teller = tell(late(0))
    teller.on("distmgr").at(5).blocked_unit(PKG)
    teller.unit(PKG, until=2)
    skipped(6, 2)(teller)
    teller.say("package_unlocked", package=PKG)
    assert {key[2] for key in teller.state.waiting} == {WaitReason.CONTENTS, WaitReason.NEWER_VERSION}


def test_deletion_ends_every_wait() -> None:
    teller = tell(late(0), skipped(2, 2))
    teller.say("package_deleted", package=PKG)
    assert not teller.state.waiting


def test_distmgr_itself_tells_that_the_awaited_version_is_held() -> None:
    teller = Teller()
    teller.say("package_processing", package=PKG, source_version=2, stored_version=1)
    late(1)(teller)
    teller.on("distmgr").say("stored_version", package=PKG, version=1)
    assert teller.state.waiting
    teller.say("package_processing", package=PKG, source_version=2, stored_version=2)
    assert not teller.state.waiting


def test_a_wait_for_a_version_that_is_not_known_does_not_end_with_what_is_held() -> None:
    teller = tell(late(0))
    teller.say("stored_version", package=PKG, version=1)
    assert teller.state.waiting


def test_content_that_is_as_new_as_its_source_is_waited_for_no_more() -> None:
    """The line that it has not arrived may be written a moment after it was stored."""
    teller = tell(stored(0, 1), late(0.017))
    teller.on("distmgr").at(5).say("stored_version", package=PKG, version=1)
    teller.say("source_version", package=PKG, version=2)
    assert teller.state.waiting
    teller.say("stored_version", package=PKG, version=2)
    teller.say("source_version", package=PKG, version=2)
    assert not teller.state.waiting


def test_content_as_new_as_its_source_is_no_newer_version() -> None:
    teller = tell(skipped(0, 3))
    teller.on("distmgr").at(5).say("stored_version", package=PKG, version=2)
    teller.say("source_version", package=PKG, version=2)
    assert only(teller).reason is WaitReason.NEWER_VERSION


def test_lines_without_a_time_count_in_the_order_of_reading() -> None:
    teller = Teller(time=None)
    teller.say("content_not_arrived", package=PKG, from_site="CEN")
    assert only(teller).since is None
    teller.on("despool").say("content_stored", package=PKG, version=1)
    assert not teller.state.waiting
    teller.on("distmgr").say("content_not_arrived", package=PKG, from_site="CEN")
    assert only(teller).attempts == 1


def test_a_store_without_a_time_ends_what_was_read_before_it() -> None:
    teller = tell(late(0), late(10))
    teller.time = None
    teller.on("despool").say("content_stored", package=PKG, version=1)
    assert not teller.state.waiting


def test_a_very_long_wait_keeps_its_beginning_and_its_count() -> None:
    teller = Teller()
    for second in range(MAX_TRIES + 100):
        late(second)(teller)
    waiting = only(teller)
    assert (waiting.since, waiting.attempts) == (START, MAX_TRIES + 100)
    assert len(waiting.evidence) == MAX_EVIDENCE
    stored(-5, 1)(teller)
    assert (waiting.since, waiting.attempts) == (START, MAX_TRIES + 100)


def test_of_a_very_long_wait_a_success_between_is_placed_as_well_as_is_known() -> None:
    teller = Teller()
    for second in range(MAX_TRIES + 100):
        late(second)(teller)
    stored(50, 1)(teller)
    assert only(teller).since == START + 100
    stored(MAX_TRIES + 90, 1)(teller)
    assert (only(teller).since, only(teller).attempts) == (START + MAX_TRIES + 91, 9)


def test_waits_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.replication.waits.MAX_STANDING", 5)
    teller = Teller()
    for number in range(9):
        late(0, f"S{number:02}")(teller)
    late(1, "S00")(teller)
    assert len(teller.state.waiting) == 5
    assert teller.state.waiting[PKG, "S00", WaitReason.CONTENTS].attempts == 2
    assert teller.tally("dropped") == {("waiting",): 4}


def test_a_skip_outside_a_unit_is_a_wait_too() -> None:
    """The knowledge base quotes these lines without the beginning and the end of their unit."""
    teller = Teller(thread=None, time=None)
    file = rf"{INCOMING}\U2J0GVIQ.PKG"
    teller.say("newer_version_required", package="AUS0001B", version=2, current_version=1, file=file)
    teller.say("package_not_updated", package="AUS0001B", error=8)
    assert only(teller).package == "AUS0001B"
    assert teller.tally("definitions") == {}
