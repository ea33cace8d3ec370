"""sender.log: what is carried, what fails, and which sites are put aside."""

from __future__ import annotations

import pytest

from exporter.events.event import Event
from exporter.replication.state import LinkBasis, SendRequest, ThreadUse, TroubleKind
from tests.replication.builders import PKG, START, Teller, replay


@pytest.fixture
def teller() -> Teller:
    return Teller("CEN", log="sender")


def take(teller: Teller, request: str = "202SQCEN", site: str = "CHI", thread: int = 4432) -> None:
    """Say that the main thread takes a request and gives it to a thread, which speaks next."""
    teller.on("sender", 1).say("send_request_found", request=request, site=site)
    teller.say("site_capacity", used=1, allowed=3)
    teller.say("sending_thread_created", thread_id=thread)
    teller.on("sender", thread)


def fail(teller: Teller, site: str = "CHI") -> None:
    for _ in range(3):
        teller.say("remote_connection_failed", share=r"\\CHISITE\SMS_SITE", win32_error=53)
    teller.say("site_put_aside", server=r"\\CHISITE", site=site)
    teller.say("connect_failed")


def send(teller: Teller, site: str = "CHI") -> None:
    teller.say("bytes_written", bytes=1024, file="X", position=0)
    teller.say("package_sent", package=PKG, version=1, site=site)
    teller.say("sending_completed")


def requests(teller: Teller) -> dict[tuple[str, ...], int]:
    return teller.tally("sender_requests")


def test_a_request_that_is_carried(teller: Teller) -> None:
    take(teller)
    teller.wait(30)
    send(teller)
    assert requests(teller) == {("CHI", "taken"): 1, ("CHI", "completed"): 1}
    assert teller.tally("sender_bytes") == {("CHI",): 1024}
    transport = teller.state.transport
    assert transport.requests["202SQCEN"] == SendRequest(
        "CHI", PKG, since=START, taken=START, finished=START + 30, done=True
    )
    assert transport.threads == {"sender/CHI": ThreadUse(1, 3, START)}
    assert transport.links == {("CEN", "CHI"): LinkBasis.INFERRED}
    assert transport.send_durations["CHI"].total == 30
    assert sum(transport.send_durations["CHI"].counts) == 1


def test_two_requests_at_one_time_are_joined_by_thread(teller: Teller) -> None:
    take(teller, "R1", "CHI", 10)
    take(teller, "R2", "NYC", 20)
    teller.on("sender", 10).say("bytes_written", bytes=7, file="X", position=0)
    teller.on("sender", 20).say("bytes_written", bytes=9, file="X", position=0)
    teller.on("sender", 10).say("sending_completed")
    assert teller.tally("sender_bytes") == {("CHI",): 7, ("NYC",): 9}
    assert teller.state.transport.requests["R1"].done
    assert not teller.state.transport.requests["R2"].done


def test_a_site_that_cannot_be_reached_is_put_aside(teller: Teller) -> None:
    take(teller)
    fail(teller)
    troubles = teller.state.transport.troubles
    assert troubles[TroubleKind.PUT_ASIDE, "CHI", ""].attempts == 1
    assert troubles[TroubleKind.CONNECTION_FAILED, "CHI", ""].win32_error == 53
    assert troubles[TroubleKind.PUT_ASIDE, "CHI", ""].win32_error == 53
    request = teller.state.transport.requests["202SQCEN"]
    assert not request.done
    assert [failure.line.line for failure in request.failures] == [4, 5, 6, 7, 8]
    assert [failure.win32_error for failure in request.failures] == [53, 53, 53, None, None]
    assert requests(teller) == {("CHI", "taken"): 1, ("CHI", "failed"): 1}
    assert teller.tally("sender_connection_failures") == {("CHI", "53"): 3}
    assert teller.tally("sender_sites_put_aside") == {("CHI",): 1}


def test_a_success_ends_the_troubles_with_that_site_only(teller: Teller) -> None:
    for site, thread in (("CHI", 10), ("NYC", 20)):
        take(teller, f"R{site}", site, thread)
        fail(teller, site)
    teller.wait(3600)
    take(teller, "RCHI", "CHI", 30)
    send(teller)
    assert {key[1] for key in teller.state.transport.troubles} == {"NYC"}
    assert teller.state.transport.requests["RCHI"].failures == ()
    assert len(teller.state.transport.requests["RNYC"].failures) == 5


def test_another_request_to_a_site_does_not_end_the_failure_of_one_that_waits(teller: Teller) -> None:
    take(teller, "R1")
    fail(teller)
    teller.wait(600)
    take(teller, "R2")
    send(teller)
    assert not teller.state.transport.troubles
    assert len(teller.state.transport.requests["R1"].failures) == 5


@pytest.mark.parametrize("event", ["heartbeat_expired", "reconnect_failed", "remote_write_failed"])
def test_a_connection_that_is_lost_is_a_failure_counted_once(teller: Teller, event: str) -> None:
    take(teller)
    teller.say(event)
    teller.say("remote_file_blocked", file="X", win32_error=32)
    assert requests(teller) == {("CHI", "taken"): 1, ("CHI", "failed"): 1}
    assert teller.state.transport.requests["202SQCEN"].failures[-1].win32_error == 32


def test_an_address_that_is_gone(teller: Teller) -> None:
    take(teller)
    teller.say("sending_address_missing", site="CHI")
    teller.say("send_request_returned")
    teller.on("sender", 1).say("site_busy", site="CHI")
    trouble = teller.state.transport.troubles[TroubleKind.NO_ADDRESS, "CHI", ""]
    assert trouble.attempts == 3
    teller.wait(60)
    take(teller)
    send(teller)
    assert not teller.state.transport.troubles


def test_a_request_that_is_found_again_is_open_again(teller: Teller) -> None:
    take(teller)
    send(teller)
    teller.wait(60)
    take(teller)
    assert not teller.state.transport.requests["202SQCEN"].done


def test_scheduler_and_sender_may_be_read_in_either_order(teller: Teller) -> None:
    teller.on("sched").at(0).say("job_activating", job="J1", package_name="Drivers", package=PKG)
    teller.say("job_destination", site="CHI", address="*", priority=2)
    teller.at(1).say("send_request_created", request="R1")
    teller.on("sched").at(2).say("address_missing", site="CHI")
    teller.at(10)
    take(teller, "R1")
    fail(teller)
    teller.at(3600)
    take(teller, "R1")
    send(teller)
    teller.on("sched").at(3605).say("send_request_checking", request="R1")
    teller.say("send_request_completed")
    teller.at(4000)
    take(teller, "R2")
    fail(teller)

    def order(event: Event) -> bool:
        return event.log == "sender"

    for reverse in (False, True):
        again = replay(sorted(teller.said, key=order, reverse=reverse), "CEN")
        assert again.state == teller.state
    assert set(teller.state.transport.troubles) == {
        (TroubleKind.PUT_ASIDE, "CHI", ""),
        (TroubleKind.CONNECTION_FAILED, "CHI", ""),
    }


def test_text_without_threads_is_joined_by_order() -> None:
    teller = Teller("CEN", log="sender", thread=None)
    for request, site in (("R1", "CHI"), ("R2", "NYC")):
        teller.say("send_request_found", request=request, site=site)
        teller.say("sending_thread_created", thread_id=7)
        teller.say("remote_connection_failed", share=r"\\X", win32_error=53)
    assert set(teller.tally("sender_connection_failures")) == {("CHI", "53"), ("NYC", "53")}
    teller.say("sending_completed")
    assert teller.state.transport.requests["R2"].done


def test_lines_of_threads_whose_beginning_was_not_seen_are_counted_without_a_site(teller: Teller) -> None:
    teller.say("bytes_written", bytes=5, file="X", position=0)
    teller.say("remote_connection_failed", share=r"\\X", win32_error=53)
    assert not teller.state.transport.troubles
    teller.say("connect_failed")
    teller.say("connect_failed")
    teller.say("sending_completed")
    assert teller.tally("sender_bytes") == {("",): 5}
    assert requests(teller) == {("", "failed"): 1, ("", "completed"): 1}


def test_a_line_that_names_the_site_tells_where_a_thread_sends(teller: Teller) -> None:
    teller.say("site_put_aside", server="X", site="CHI")
    teller.say("connect_failed")
    assert requests(teller) == {("CHI", "failed"): 1}
    teller.wait(60)
    teller.say("sending_completed")
    assert not teller.state.transport.troubles


def test_why_a_site_was_put_aside_is_known_though_the_threads_beginning_was_not_seen(teller: Teller) -> None:
    for thread, error in ((30, 53), (31, 64)):
        teller.on("sender", thread).say("remote_connection_failed", share=r"\\X", win32_error=error)
    teller.on("sender", 30).say("site_put_aside", server="X", site="CHI")
    assert teller.state.transport.troubles[TroubleKind.PUT_ASIDE, "CHI", ""].win32_error == 53


def test_the_package_transfer_manager_words_some_lines_alike(teller: Teller) -> None:
    take(teller)
    teller.on("pkgxfermgr").say("sending_completed")
    teller.say("sending_thread_created", thread_id=5)
    assert requests(teller) == {("CHI", "taken"): 1}


def test_lost_lines_separate_threads_from_their_requests(teller: Teller) -> None:
    take(teller)
    teller.ledger.interrupted("sender")
    teller.say("connect_failed")
    assert teller.state.transport.requests["202SQCEN"].failures == ()


def test_a_damaged_number_of_bytes_takes_nothing_away(teller: Teller) -> None:
    teller.say("bytes_written", bytes=-5, file="X", position=0)
    assert teller.tally("sender_bytes") == {("",): 0}


def test_threads_are_bounded(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.replication.transport.sender.MAX_SENDING", 3)
    for number in range(9):
        teller.on(f"sender{number}", 1).say("send_request_found", request=f"R{number}", site="CHI")
        teller.say("sending_thread_created", thread_id=number)
    sender = teller.ledger._work.courier.sender
    assert len(sender.threads) == len(sender.taken) == 3
