"""sched.log: jobs, send requests, and jobs that are given up."""

from __future__ import annotations

import pytest

from exporter.replication.state import FactKind, LinkBasis, SendJob, SendRequest, Trouble, TroubleKind
from tests.replication.builders import PKG, START, TS, Teller


@pytest.fixture
def teller() -> Teller:
    return Teller("CEN", log="sched")


def activate(teller: Teller, package: str = PKG, job: str = "00000E2A", site: str = "CHI") -> None:
    teller.say("job_activating", job=job, package_name="Drivers", package=package)
    teller.say("job_destination", site=site, address="*", priority=2)


def listing(teller: Teller, state: str, request: str = "202SQCEN") -> None:
    teller.say("send_request_state", request=request, job="00000E2A", site="CHI", state=state, package=PKG, version=1)


def request(teller: Teller, name: str = "202SQCEN") -> SendRequest:
    return teller.state.transport.requests[name]


def dropped(teller: Teller) -> dict[tuple[str, ...], int]:
    return teller.tally("scheduler_jobs_dropped")


def test_a_request_knows_its_job_package_and_destination(teller: Teller) -> None:
    activate(teller)
    teller.at(1).say("send_request_created", request="202SQCEN")
    assert request(teller) == SendRequest("CHI", PKG, "00000E2A", since=START + 1)
    assert teller.state.transport.jobs == {"00000E2A": SendJob(PKG)}
    assert teller.tally("scheduler_requests") == {("CHI", "created"): 1}


def test_a_job_with_a_file_to_transfer_carries_content(teller: Teller) -> None:
    teller.say("job_transfer_root", transfer_root="X")
    assert not teller.state.transport.jobs
    activate(teller)
    teller.say("job_transfer_root", transfer_root=r"E:\SMSPKG\CEN00012.PCK.1")
    listing(teller, "Pending")
    assert teller.state.transport.jobs == {"00000E2A": SendJob(PKG, content=True)}
    activate(teller, TS)
    assert teller.state.transport.jobs == {"00000E2A": SendJob(TS)}


def test_a_listing_alone_tells_all_about_a_request(teller: Teller) -> None:
    listing(teller, "Pending")
    assert request(teller) == SendRequest("CHI", PKG, "00000E2A", "Pending", START, START)
    teller.at(-5)
    listing(teller, "Older")
    assert request(teller).state == "Pending"
    teller.at(5)
    listing(teller, "Sending")
    assert (request(teller).state, request(teller).since) == ("Sending", START - 5)


def test_a_package_that_is_to_go_to_a_site_shows_it_to_be_a_child(teller: Teller) -> None:
    activate(teller, site="CHI")
    teller.say("send_request_created", request="202SQCEN")
    activate(teller, site="NYC")
    teller.say("address_missing", site="NYC")
    teller.say("send_request_state", request="OTHERCEN", job="1", site="DEN", state="Pending")
    assert teller.state.transport.links == dict.fromkeys([("CEN", "CHI"), ("CEN", "NYC")], LinkBasis.INFERRED)


def test_a_request_is_done_when_the_scheduler_says_so(teller: Teller) -> None:
    activate(teller)
    teller.say("send_request_created", request="202SQCEN")
    teller.say("send_request_checking", request="202SQCEN")
    assert not request(teller).done
    teller.at(9).say("send_request_completed")
    assert (request(teller).done, request(teller).finished) == (True, START + 9)
    teller.say("send_request_deleting", request="202SQCEN")
    assert teller.tally("scheduler_requests") == {("CHI", "created"): 1, ("CHI", "completed"): 1}


def test_a_completion_of_which_the_request_is_not_known_is_counted(teller: Teller) -> None:
    teller.say("send_request_completed")
    assert teller.tally("scheduler_requests") == {("", "completed"): 1}
    assert not teller.state.transport.requests


def test_a_site_without_an_address_is_a_trouble_and_the_job_is_given_up(teller: Teller) -> None:
    teller.say("job_activating", job="00000E2A", package_name="Drivers", package=PKG)
    teller.at(1).say("address_missing", site="CHI")
    teller.say("routing_instruction_failed")
    trouble = teller.state.transport.troubles[TroubleKind.NO_ADDRESS, "CHI", ""]
    assert (trouble.since, trouble.attempts) == (START + 1, 1)
    assert teller.state.facts[PKG][FactKind.JOB_DROPPED, "CHI"].evidence.line == 2
    assert dropped(teller) == {("CHI", "no_address"): 1}


def test_a_request_id_that_cannot_be_had_is_counted_once_for_each_job(teller: Teller) -> None:
    for package in (PKG, TS):
        teller.say("job_activating", job=package, package_name="Drivers", package=package)
        teller.say("minijob_skipped")
        teller.say("send_request_refused")
    assert dropped(teller) == {("", "no_request_id"): 2}
    assert teller.state.transport.troubles[TroubleKind.NO_REQUEST_ID, "", ""].attempts == 4
    assert {(FactKind.JOB_DROPPED, "")} == set(teller.state.facts[PKG]) == set(teller.state.facts[TS])


def test_a_request_that_is_made_ends_the_troubles_but_not_the_fact(teller: Teller) -> None:
    teller.say("job_activating", job="1", package_name="Drivers", package=PKG)
    teller.say("minijob_skipped")
    teller.say("address_unavailable", site="CHI")
    assert len(teller.state.transport.troubles) == 2
    activate(teller.at(60), TS, "2")
    teller.say("send_request_created", request="R2CEN")
    assert not teller.state.transport.troubles
    assert (FactKind.JOB_DROPPED, "") in teller.state.facts[PKG]


def test_a_request_to_another_site_does_not_give_a_site_an_address(teller: Teller) -> None:
    teller.say("address_missing", site="NYC")
    activate(teller, site="CHI")
    teller.say("send_request_created", request="R2CEN")
    assert set(teller.state.transport.troubles) == {(TroubleKind.NO_ADDRESS, "NYC", "")}


def test_a_site_that_is_not_active_is_so_until_something_is_sent_to_it() -> None:
    teller = Teller("CEN")
    teller.say("site_not_active", site="CHI")
    trouble: Trouble = teller.state.transport.troubles[TroubleKind.SITE_NOT_ACTIVE, "CHI", ""]
    assert trouble.attempts == 1
    teller.at(60).say("minijob_created", package=PKG, site="CHI", transport_root="X")
    assert not teller.state.transport.troubles


def test_lost_lines_separate_a_job_from_the_line_that_gives_it_up(teller: Teller) -> None:
    teller.say("job_activating", job="1", package_name="Drivers", package=PKG)
    teller.ledger.interrupted("sched")
    teller.say("minijob_skipped")
    assert PKG not in teller.state.facts


def test_what_is_remembered_is_bounded(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("requests", "scheduler"):
        monkeypatch.setattr(f"exporter.replication.transport.{module}.MAX_REQUESTS", 10)
    monkeypatch.setattr("exporter.replication.transport.scheduler.MAX_OPEN", 2)
    for number in range(30):
        teller.on("sched", number % 5)
        activate(teller, job=f"{number:08X}")
        teller.say("send_request_created", request=f"R{number}")
        if number % 2:
            teller.say("send_request_deleting", request=f"R{number}")
    transport = teller.state.transport
    assert len(transport.jobs) == len(transport.requests) == 10
    assert "R28" in transport.requests
    assert len(teller.ledger._work.courier.scheduler.threads) == 2
    assert len(teller.ledger._work.courier.scheduler.destinations) <= 10
    still_open = sum(not known.done for known in transport.requests.values())
    assert teller.tally("dropped") == {("send_requests",): 15 - still_open}


@pytest.mark.parametrize("event", ["secondary_source_unreachable", "job_transfer_failed"])
def test_a_scheduler_that_cannot_take_up_jobs_until_it_makes_a_request(teller: Teller, event: str) -> None:
    teller.say(event)
    assert set(teller.state.transport.troubles) == {(TroubleKind.SCHEDULER_STOPPED, "", "")}
    assert not dropped(teller)
    activate(teller)
    assert teller.state.transport.troubles
    teller.say("send_request_created", request="202SQCEN")
    assert not teller.state.transport.troubles
