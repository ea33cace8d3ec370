"""pkgxfermgr.log and replmgr.log: counts, and what does not get to a distribution point."""

from __future__ import annotations

import pytest

from exporter.replication.state import TroubleKind
from tests.replication.builders import PKG, Teller

POINT = "PS1DP1.CONTOSO.COM"


@pytest.fixture
def teller() -> Teller:
    return Teller("PS1", log="pkgxfermgr")


def transfers(teller: Teller) -> dict[tuple[str, ...], int]:
    return teller.tally("package_transfers")


def start(teller: Teller, thread: int = 7, point: str = POINT, event: str = "transfer_started") -> None:
    teller.on("pkgxfermgr", thread)
    teller.say(event, job=1, package=PKG, version=1, priority=2, distribution_point=point, dp_priority=200)


def test_a_transfer_that_goes_through(teller: Teller) -> None:
    start(teller)
    teller.say("transfer_finished", package=PKG, version=1, distribution_point=POINT)
    teller.say("transfer_thread_completed")
    assert transfers(teller) == {(POINT, "started"): 1, (POINT, "completed"): 1}


def test_a_failure_is_of_the_point_that_the_thread_works_for(teller: Teller) -> None:
    start(teller, 7, "A")
    start(teller, 8, "B", "pull_transfer_started")
    teller.on("pkgxfermgr", 7).say("transfer_failed", failures=1, time="later")
    teller.on("pkgxfermgr", 8).say("pull_dp_notification_failed", failures=1, allowed=30, time="later")
    assert transfers(teller) == {("A", "started"): 1, ("B", "started"): 1, ("A", "failed"): 1, ("B", "failed"): 1}


def test_a_thread_that_is_done_works_for_nobody(teller: Teller) -> None:
    start(teller)
    teller.say("transfer_thread_completed")
    teller.say("transfer_failed", failures=1, time="later")
    assert transfers(teller)["", "failed"] == 1


@pytest.mark.parametrize("event", ["transfer_address_closed", "transfer_throttled", "pull_dp_postponed"])
def test_a_transfer_that_is_put_off(teller: Teller, event: str) -> None:
    start(teller)
    teller.say(event)
    assert transfers(teller)[POINT, "postponed"] == 1


def test_lost_lines_separate_threads_from_their_points(teller: Teller) -> None:
    start(teller)
    teller.ledger.interrupted("pkgxfermgr")
    teller.say("transfer_failed", failures=1, time="later")
    assert transfers(teller)["", "failed"] == 1


def test_threads_are_bounded(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.replication.transport.transfer.MAX_SENDING", 3)
    for thread in range(9):
        start(teller, thread)
    assert len(teller.ledger._work.courier.transfers.threads) == 3


def test_replication_files_are_counted() -> None:
    teller = Teller("PS1", log="replmgr")
    teller.say("replication_files_found", files=3)
    teller.say("replication_files_found", files=2)
    teller.say("replication_file_discarded", target="SMS_X")
    assert teller.tally("replication_files") == {("found",): 5, ("discarded",): 1}


def held(teller: Teller) -> dict[tuple[str, str], tuple[int | None, int]]:
    """Give what does not get on, by package and point: the code, and how many lines."""
    troubles = teller.state.transport.troubles.values()
    assert {trouble.kind for trouble in troubles} <= {TroubleKind.TRANSFER_FAILED}
    return {(trouble.package, trouble.point): (trouble.win32_error, trouble.attempts) for trouble in troubles}


def fail(teller: Teller, hresult: int = 0x80070003) -> None:
    teller.say("transfer_action_failed", action="SendFiles", hresult=hresult)
    teller.say("transfer_failed", failures=1, time="later")


def test_a_transfer_that_fails_stands_until_one_goes_through(teller: Teller) -> None:
    start(teller)
    fail(teller)
    assert held(teller) == {(PKG, POINT): (3, 1)}
    teller.say("transfer_thread_completed")
    start(teller, 8)
    teller.say("transfer_finished", package=PKG, version=1, distribution_point=POINT.lower())
    assert not held(teller)


def test_what_the_distribution_manager_is_told_names_both(teller: Teller) -> None:
    nal = rf'["Display=\\{POINT}\"]MSWNET:["SMS_SITE=PS1"]\\{POINT}\ '
    for status in (0, 4):
        teller.say("transfer_status_sent", package=PKG, version=1, status=status, distribution_point=nal)
    assert held(teller) == {(PKG, POINT): (None, 1)}


def test_another_package_or_point_that_arrives_ends_nothing(teller: Teller) -> None:
    start(teller)
    fail(teller)
    teller.say("transfer_finished", package="CEN00099", version=1, distribution_point=POINT)
    teller.say("transfer_finished", package=PKG, version=1, distribution_point="OTHER")
    assert (PKG, POINT) in held(teller)


def test_an_error_that_is_no_windows_error_has_no_code(teller: Teller) -> None:
    start(teller)
    fail(teller, 0x80041001)
    assert held(teller) == {(PKG, POINT): (None, 1)}


def test_a_failure_of_a_thread_whose_beginning_was_not_seen_is_counted_and_no_more(teller: Teller) -> None:
    fail(teller)
    assert not held(teller)


def test_what_is_known_of_threads_is_bounded(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.replication.transport.transfer.MAX_SENDING", 3)
    for thread in range(9):
        start(teller, thread)
        teller.on("pkgxfermgr", 100 + thread).say("transfer_action_failed", action="X", hresult=0x80070005)
    transfers = teller.ledger._work.courier.transfers
    assert (len(transfers.threads), len(transfers.packages), len(transfers.codes)) == (3, 3, 3)
    teller.ledger.interrupted("pkgxfermgr")
    assert [len(each) for each in (transfers.threads, transfers.packages, transfers.codes)] == [0, 0, 0]
