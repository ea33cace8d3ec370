"""How package processing threads end."""

from __future__ import annotations

import pytest

from exporter.replication.state import FactKind
from tests.replication.builders import PKG, TS, Teller


@pytest.fixture
def teller() -> Teller:
    return Teller("CEN")


def outcomes(teller: Teller) -> dict[str, int]:
    return {key[0]: count for key, count in teller.tally("package_processing").items()}


def start(teller: Teller, package: str = PKG, thread: int = 7) -> None:
    teller.on("distmgr", 1).say("package_thread_started", package=package, thread_id=thread)
    teller.on("distmgr", thread)


def test_a_thread_that_says_2301_succeeded_and_is_counted_when_it_exits(teller: Teller) -> None:
    start(teller)
    teller.status(2300, PKG)
    teller.status(2301, PKG)
    assert outcomes(teller) == {}
    teller.say("package_thread_exited", package=PKG)
    assert outcomes(teller) == {"succeeded": 1}


def test_a_thread_that_fails_anywhere_failed(teller: Teller) -> None:
    start(teller)
    teller.snapshot(error=5)
    teller.status(2302, PKG)
    teller.say("package_thread_exited", package=PKG)
    assert outcomes(teller) == {"failed": 1}


def test_a_thread_whose_content_is_late_waits(teller: Teller) -> None:
    start(teller)
    teller.say("content_not_arrived", package=PKG, from_site="NYC")
    teller.say("package_thread_exited", package=PKG)
    assert outcomes(teller) == {"waiting": 1}


def test_a_thread_that_says_nothing_of_success_or_failure_just_ended(teller: Teller) -> None:
    start(teller)
    teller.say("package_thread_exited", package=PKG)
    assert outcomes(teller) == {"ended": 1}


def test_threads_at_work_at_one_time_are_apart(teller: Teller) -> None:
    start(teller, PKG, 7)
    start(teller, TS, 8)
    teller.on("distmgr", 7).status(2302, PKG)
    teller.on("distmgr", 8).status(2301, TS)
    teller.say("package_thread_exited", package=TS)
    teller.on("distmgr", 7).say("package_thread_exited", package=PKG)
    assert outcomes(teller) == {"succeeded": 1, "failed": 1}


def test_the_old_start_line_names_the_thread_only(teller: Teller) -> None:
    teller.say("package_thread_created", thread_id=7)
    teller.on("distmgr", 7).status(2301, PKG)
    teller.say("package_thread_exited", package=PKG)
    assert outcomes(teller) == {"succeeded": 1}


def test_without_a_start_the_status_messages_are_counted_themselves(teller: Teller) -> None:
    teller.status(2301, PKG)
    teller.status(2302, PKG)
    teller.say("package_thread_exited", package=PKG)
    assert outcomes(teller) == {"succeeded": 1, "failed": 1}


def test_text_without_threads_is_joined_by_package() -> None:
    teller = Teller("CEN", thread=None)
    teller.say("package_thread_started", package=PKG, thread_id=7)
    teller.say("package_thread_started", package=TS, thread_id=8)
    teller.status(2301, PKG)
    teller.say("package_thread_exited", package=PKG)
    teller.say("package_thread_exited", package=TS)
    assert outcomes(teller) == {"succeeded": 1, "ended": 1}
    teller.say("package_thread_created", thread_id=9)
    teller.status(2302, PKG)
    assert outcomes(teller) == {"succeeded": 1, "ended": 1, "failed": 1}


def test_a_thread_number_that_starts_again_ended_in_a_way_that_is_not_known(teller: Teller) -> None:
    start(teller)
    start(teller)
    teller.say("package_thread_exited", package=PKG)
    assert outcomes(teller) == {"unknown": 1, "ended": 1}


def test_restarts_and_lost_lines_end_threads_as_unknown(teller: Teller) -> None:
    start(teller)
    teller.on("sched").ledger.interrupted("sched")
    assert outcomes(teller) == {}
    teller.ledger.interrupted("distmgr")
    start(teller, PKG, 8)
    teller.say("component_started", component="SMS_DISTRIBUTION_MANAGER", thread_id=1)
    assert outcomes(teller) == {"unknown": 2}


def test_open_threads_are_bounded(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.replication.processing.MAX_OPEN", 3)
    for thread in range(5):
        start(teller, PKG, thread)
    assert outcomes(teller) == {"unknown": 2}


def left_out(teller: Teller) -> list[str]:
    """Say that CHI is not active, and return the packages that were not sent there for it."""
    teller.say("site_not_active", site="CHI")
    return sorted(package for package, facts in teller.state.facts.items() if (FactKind.SITE_LEFT_OUT, "CHI") in facts)


def test_a_line_without_a_package_is_of_the_one_that_its_thread_is_at(teller: Teller) -> None:
    start(teller, PKG, 7)
    start(teller, TS, 8)
    assert left_out(teller.on("distmgr", 7)) == [PKG]
    assert left_out(teller.on("distmgr", 8)) == [PKG, TS]


def test_a_thread_whose_start_named_no_package_is_at_the_one_that_it_adds(teller: Teller) -> None:
    teller.on("distmgr", 1).say("package_thread_created", thread_id=7)
    teller.on("distmgr", 7).say("package_adding", package=PKG)
    assert left_out(teller) == [PKG]


def test_text_without_threads_is_of_the_package_that_was_begun_last(teller: Teller) -> None:
    teller.on("distmgr", None).say("package_thread_started", thread_id=7, package=TS)
    teller.say("package_updating", package=PKG)
    assert left_out(teller) == [PKG]


def test_a_thread_that_has_ended_or_was_cut_off_is_at_no_package(teller: Teller) -> None:
    start(teller, PKG, 7)
    teller.say("package_thread_exited", package=PKG)
    assert left_out(teller) == []
    start(teller, PKG, 7)
    teller.ledger.interrupted("distmgr")
    assert left_out(teller) == []


def test_packages_of_threads_are_bounded(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.replication.processing.MAX_OPEN", 3)
    for thread in range(9):
        teller.on("distmgr", thread).say("package_adding", package=PKG)
    assert left_out(teller.on("distmgr", 5)) == []
    assert left_out(teller.on("distmgr", 6)) == [PKG]
