"""A walk through each kind of cause: right kind, right site, right lines, right certainty; and what is no cause."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from exporter.replication.cause import Case, Cause, CauseKind, Certainty, World
from exporter.replication.diagnosis import diagnose, why_late
from exporter.replication.state import Reference, SiteState
from exporter.replication.tree import Tree
from tests.replication.builders import OTHER_TS, PKG, PROGRAM, SOURCE, START, TS, Teller

TREE = Tree({"CHI": "CEN", "DEN": "CHI"})
HOUR = 3600.0


class Hierarchy:
    """The owner CEN, its child CHI, and DEN below that: a teller for each, and the block at one of them."""

    def __init__(self) -> None:
        self.cen, self.chi, self.den = Teller("CEN"), Teller("CHI"), Teller("DEN")

    def block(self, site: Teller, *, at: float = HOUR, until: float = 2 * HOUR) -> None:
        for second in (at, until):
            site.on("distmgr", 300).at(second).blocked_unit()

    def states(self, *sites: str) -> Mapping[str, SiteState]:
        every = {teller.site: teller.state for teller in (self.cen, self.chi, self.den)}
        return {site: every[site] for site in sites or every}

    def cause(self, site: str = "CHI", *, read: tuple[str, ...] = (), tree: Tree = TREE) -> Cause:
        states = self.states(*read)
        block = states[site].blocked[TS]
        case = Case(block.missing[0], site, block.since, block.last_attempt, World(states, tree))
        return diagnose(case)


@pytest.fixture
def world() -> Hierarchy:
    return Hierarchy()


def lines(cause: Cause) -> list[tuple[str, str]]:
    return [(proof.site, proof.line.text) for proof in cause.evidence]


def sent(teller: Teller, second: float, site: str = "CHI", *, version: int = 1) -> None:
    """Say that the owner changed the package and sent it to a site."""
    teller.on("distmgr", 50).at(second).say("package_updating", package=PKG)
    teller.say("package_replicating", package=PKG)
    teller.status(2339, PKG, istr0=PKG, istr1=site)
    teller.on("sender", 51).at(second + 20).say("package_sent", package=PKG, version=version, site=site)
    teller.on("distmgr", 50)


def created(teller: Teller, second: float) -> None:
    """Say that the owner made the package, and sent it to CHI."""
    teller.on("distmgr", 50).at(second).say("package_adding", package=PKG)
    sent(teller, second)


# At the owner.


@pytest.mark.parametrize(
    ("error", "words"),
    [(5, "access is denied"), (2, "the file does not exist"), (53, "the network path was not found")],
)
def test_source_path_inaccessible(world: Hierarchy, error: int, words: str) -> None:
    world.cen.snapshot(error=error)
    world.block(world.chi)
    cause = world.cause()
    assert (cause.kind, cause.certainty, cause.site) == (
        CauseKind.SOURCE_PATH_INACCESSIBLE,
        Certainty.STATED,
        "CEN",
    )
    assert cause.words == f"CEN cannot read the source of {PKG} from {SOURCE}: {words} (Win32 error {error})"
    assert cause.source_path == SOURCE
    assert lines(cause) == [
        ("CEN", f"snapshot started {PKG} {SOURCE}"),
        ("CEN", f"source directory inaccessible {SOURCE} {error}"),
        ("CEN", f"snapshot failed {PKG}"),
    ]


def test_snapshot_failed(world: Hierarchy) -> None:
    world.cen.snapshot(failed=True)
    world.block(world.chi)
    cause = world.cause()
    assert (cause.kind, cause.certainty, cause.site) == (CauseKind.SNAPSHOT_FAILED, Certainty.STATED, "CEN")
    assert cause.words == f"CEN could not take the snapshot of {PKG} from {SOURCE}"
    assert len(cause.evidence) == 2


def test_a_compressed_copy_that_cannot_be_made(world: Hierarchy) -> None:
    world.cen.say("compression_started", package=PKG)
    world.cen.say("compression_write_failed", win32_error=998)
    world.block(world.chi)
    cause = world.cause()
    assert (cause.kind, cause.certainty, cause.site) == (CauseKind.SNAPSHOT_FAILED, Certainty.STATED, "CEN")
    assert cause.words.startswith(f"CEN could not make the compressed copy of {PKG}: memory was accessed")


def test_a_scheduler_that_sends_nothing(world: Hierarchy) -> None:
    world.cen.on("sched").say("job_transfer_failed")
    world.block(world.chi)
    cause = world.cause()
    assert (cause.kind, cause.site, cause.destination) == (CauseKind.NEVER_SENT, "CEN", "CHI")
    assert cause.words == "the scheduler of CEN cannot take up its jobs, and sends nothing"


def test_a_source_error_that_began_during_the_block_counts_while_it_stands(world: Hierarchy) -> None:
    world.block(world.chi, at=0)
    world.cen.at(HOUR).snapshot(error=5)
    assert world.cause().kind is CauseKind.SOURCE_PATH_INACCESSIBLE


def test_a_source_error_that_was_mended_before_the_block_began_is_history(world: Hierarchy) -> None:
    world.cen.snapshot(error=5)
    world.cen.at(HOUR - 1).status(2301, PKG)
    world.block(world.chi, at=HOUR)
    assert world.cause().kind is not CauseKind.SOURCE_PATH_INACCESSIBLE


def test_a_source_error_that_was_mended_during_the_block_is_the_likely_cause(world: Hierarchy) -> None:
    world.cen.snapshot(error=5)
    world.block(world.chi, at=HOUR)
    world.cen.at(1.5 * HOUR).status(2301, PKG)
    sent(world.cen, 1.5 * HOUR)
    world.cen.say("package_adding", package=PKG)
    cause = world.cause()
    assert (cause.kind, cause.certainty) == (CauseKind.SOURCE_PATH_INACCESSIBLE, Certainty.INFERRED)
    assert cause.ended
    assert cause.words.startswith(f"CEN could not read the source of {PKG}")
    assert cause.words.endswith("; it has read it since, but the program has not arrived")


def test_the_source_error_of_another_package_is_no_cause(world: Hierarchy) -> None:
    world.cen.snapshot("CEN00099", error=5)
    world.block(world.chi)
    assert world.cause().kind is CauseKind.UNKNOWN


def test_a_source_error_at_another_site_than_the_owner_is_no_cause(world: Hierarchy) -> None:
    world.chi.snapshot(PKG, error=5)
    world.block(world.chi)
    assert world.cause().kind is CauseKind.UNKNOWN


# Deleted.


def test_a_program_that_the_site_deleted(world: Hierarchy) -> None:
    world.den.say("program_deleted", package=PKG, program=PROGRAM)
    world.block(world.den)
    cause = world.cause("DEN")
    assert (cause.kind, cause.certainty, cause.site) == (CauseKind.PROGRAM_DELETED, Certainty.STATED, "DEN")
    assert lines(cause) == [("DEN", f"program deleted {PKG} {PROGRAM}")]


def test_a_program_that_a_site_on_the_way_deleted(world: Hierarchy) -> None:
    world.chi.say("program_deleted", package=PKG, program=PROGRAM)
    world.block(world.den)
    assert world.cause("DEN").site == "CHI"


def test_a_program_that_a_site_beside_the_way_deleted_is_no_cause(world: Hierarchy) -> None:
    world.den.say("program_deleted", package=PKG, program=PROGRAM)
    world.block(world.chi)
    assert world.cause().kind is CauseKind.UNKNOWN


def test_another_program_of_the_package_being_deleted_is_no_cause(world: Hierarchy) -> None:
    world.chi.say("program_deleted", package=PKG, program="Another")
    world.block(world.chi)
    assert world.cause().kind is CauseKind.UNKNOWN


def test_a_package_that_the_owner_deleted(world: Hierarchy) -> None:
    world.cen.at(10).say("package_deleted", package=PKG)
    world.block(world.chi)
    cause = world.cause()
    assert (cause.kind, cause.certainty, cause.site) == (CauseKind.PROGRAM_DELETED, Certainty.STATED, "CEN")
    assert cause.words == f"package {PKG} was deleted at CEN"


def test_a_deletion_is_over_when_a_later_definition_went_through_there(world: Hierarchy) -> None:
    world.chi.say("program_deleted", package=PKG, program=PROGRAM)
    world.chi.at(60).unit(PKG)
    world.block(world.chi)
    assert world.cause().kind is not CauseKind.PROGRAM_DELETED


def test_a_program_that_is_not_in_the_newest_definition_was_deleted_or_never_made(world: Hierarchy) -> None:
    sent(world.cen, 0)
    world.chi.at(60).unit(PKG)
    world.block(world.chi)
    cause = world.cause()
    assert (cause.kind, cause.certainty, cause.site) == (CauseKind.PROGRAM_DELETED, Certainty.INFERRED, "CEN")
    assert lines(cause) == [("CEN", f"package replicating {PKG}"), ("CHI", f"package unlocked {PKG}")]


def test_a_definition_that_went_through_after_the_last_try_may_hold_the_program(world: Hierarchy) -> None:
    sent(world.cen, 0)
    world.block(world.chi)
    world.chi.at(3 * HOUR).unit(PKG)
    cause = world.cause()
    assert (cause.kind, cause.site) == (CauseKind.UNKNOWN, "CEN")
    assert "went through at CHI after the last try" in cause.words
    assert lines(cause) == [("CHI", f"package unlocked {PKG}")]


def refused(teller: Teller, second: float) -> None:
    """Say that a site wrote the package's definition, and failed with it at a distribution point."""
    teller.on("distmgr", 300).at(second).unit(PKG, until=4)
    teller.say("package_server_not_updated", package=PKG, distribution_point="DP", error=3)
    teller.say("package_unlocked", package=PKG)


def test_a_definition_that_failed_at_a_distribution_point_after_the_last_try_may_hold_the_program(
    world: Hierarchy,
) -> None:
    sent(world.cen, 0)
    world.block(world.chi)
    refused(world.chi, 3 * HOUR)
    cause = world.cause()
    assert (cause.kind, cause.certainty, cause.site) == (CauseKind.UNKNOWN, Certainty.INFERRED, "CEN")
    assert "was written, though refused at a distribution point, at CHI after the last try" in cause.words
    assert lines(cause) == [("CHI", f"package server not updated {PKG} DP 3")]


def test_a_definition_that_a_site_on_the_way_fails_with_is_to_be_mended_there(world: Hierarchy) -> None:
    world.den.at(0).unit(PKG)
    sent(world.cen, 60)
    refused(world.chi, 120)
    world.block(world.den)
    cause = world.cause("DEN")
    assert (cause.kind, cause.certainty, cause.site) == (CauseKind.DEFINITION_OLD, Certainty.INFERRED, "CHI")
    assert cause.destination == "DEN"
    assert "CHI, on the way, fails with it at a distribution point" in cause.words
    assert lines(cause)[-1] == ("CHI", f"package server not updated {PKG} DP 3")


def test_a_definition_that_went_through_after_it_had_failed_at_a_distribution_point_is_held_nowhere(
    world: Hierarchy,
) -> None:
    world.den.at(0).unit(PKG)
    sent(world.cen, 60)
    refused(world.chi, 120)
    world.chi.at(180).unit(PKG)
    world.block(world.den)
    assert world.cause("DEN").site == "DEN"


def test_a_definition_that_failed_at_a_distribution_point_brought_a_deleted_program_back(world: Hierarchy) -> None:
    world.den.at(0).unit(PKG)
    sent(world.cen, 60)
    world.chi.at(90).say("program_deleted", package=PKG, program=PROGRAM)
    world.block(world.den)
    assert world.cause("DEN").kind is CauseKind.PROGRAM_DELETED
    refused(world.chi, 120)
    assert world.cause("DEN").kind is CauseKind.DEFINITION_OLD


def test_a_new_package_that_a_site_on_the_way_fails_with_has_not_come_further(world: Hierarchy) -> None:
    created(world.cen, 60)
    refused(world.chi, 120)
    world.block(world.den)
    for read in ((), ("CHI", "DEN")):  # the owner's logs are not needed for it
        cause = world.cause("DEN", read=read)
        assert (cause.kind, cause.certainty, cause.site) == (CauseKind.DEFINITION_OLD, Certainty.INFERRED, "CHI")
        assert cause.words == (
            f"the definition of {PKG} has not come to DEN; CHI, on the way, fails with it at a distribution point, and "
            "so does not send it on"
        )
        assert lines(cause)[-1] == ("CHI", f"package server not updated {PKG} DP 3")


def test_a_site_on_the_way_that_fails_with_what_has_passed_it_before_holds_nothing_up(world: Hierarchy) -> None:
    sent(world.cen, 0)
    refused(world.chi, 60)
    world.den.on("distmgr", 300).at(120).unit(PKG)
    world.block(world.den)
    assert world.cause("DEN").kind is not CauseKind.DEFINITION_OLD


def test_a_site_on_the_way_whose_despooler_waits_for_the_definition_has_not_got_it(world: Hierarchy) -> None:
    created(world.cen, 60)
    put_off(world.chi, 120, early=True)
    world.block(world.den)
    cause = world.cause("DEN")
    assert (cause.kind, cause.certainty, cause.site) == (CauseKind.DEFINITION_OLD, Certainty.INFERRED, "CHI")
    assert "it has not come to CHI, on the way, where the despooler holds the content back until it does" in cause.words
    assert lines(cause)[-1] == ("CHI", f"content before definition {PKG} 1")
    world.chi.at(HOUR).say("instruction_executed")
    assert world.cause("DEN").kind is CauseKind.UNKNOWN


def test_a_site_that_the_definition_has_not_come_to_goes_before_a_hop_that_is_closed_below_it(world: Hierarchy) -> None:
    created(world.cen, 60)
    put_off(world.chi, 120, early=True)
    world.chi.on("distmgr").at(180).say("site_not_active", site="DEN")
    world.block(world.den)
    assert world.cause("DEN").kind is CauseKind.DEFINITION_OLD
    world.chi.on("despool", 80).at(240).say("instruction_executed")
    assert world.cause("DEN").kind is CauseKind.NEVER_SENT


def test_the_words_say_how_far_a_definition_is_known_to_have_come(world: Hierarchy) -> None:
    created(world.cen, 60)
    world.block(world.den)
    assert world.cause("DEN").words.endswith("it sent the definition, and no line shows that it has come to CHI")
    world.chi.on("distmgr", 300).at(120).unit(PKG)
    cause = world.cause("DEN")
    assert (cause.kind, cause.site) == (CauseKind.UNKNOWN, "CEN")
    assert cause.words.endswith("it sent the definition, and no line shows that it has come to DEN")
    assert lines(cause) == [("CEN", f"package replicating {PKG}")]


# On the way.


def test_a_site_that_is_left_out_for_it_is_not_active(world: Hierarchy) -> None:
    world.cen.on("distmgr", 50).at(0).say("package_adding", package=PKG)
    world.cen.say("site_not_active", site="CHI")
    world.cen.at(5).say("package_thread_exited", package=PKG)
    # Something else was sent there since, so that the site is active again: what was left out is not sent by itself.
    world.cen.at(60).status(2339, TS, istr0=TS, istr1="CHI")
    world.block(world.chi)
    cause = world.cause()
    assert (cause.kind, cause.certainty, cause.site) == (CauseKind.NEVER_SENT, Certainty.STATED, "CEN")
    assert cause.words == f"CEN did not send {PKG} to CHI: it was not an active site there"
    assert lines(cause) == [("CEN", "site not active CHI")]
    sent(world.cen, 120)
    assert world.cause().kind is not CauseKind.NEVER_SENT


def test_a_site_that_was_left_out_while_another_package_was_worked_on_is_no_cause(world: Hierarchy) -> None:
    world.cen.on("distmgr").say("package_thread_started", thread_id=50, package="CEN00099")
    world.cen.on("distmgr", 50).say("site_not_active", site="CHI")
    world.cen.at(60).status(2339, TS, istr0=TS, istr1="CHI")
    world.block(world.chi)
    assert world.cause().kind is not CauseKind.NEVER_SENT


def activate(teller: Teller, second: float, job: str = "00000E2A") -> None:
    teller.on("sched", 60).at(second).say("job_activating", job=job, package_name="Drivers", package=PKG)


@pytest.mark.parametrize(
    ("say", "words"),
    [
        (lambda teller: teller.say("address_missing", site="CHI"), "gave up the job"),
        (lambda teller: teller.say("minijob_skipped"), "gave up the job"),
    ],
)
def test_a_job_that_the_scheduler_gave_up(world: Hierarchy, say: Callable[[Teller], object], words: str) -> None:
    sent(world.cen, 0, "NYC")
    activate(world.cen, 30)
    say(world.cen)
    world.block(world.chi)
    cause = world.cause()
    assert (cause.kind, cause.certainty, cause.site, cause.destination) == (
        CauseKind.NEVER_SENT,
        Certainty.STATED,
        "CEN",
        "CHI",
    )
    assert words in cause.words
    assert len(cause.evidence) == 1


def test_a_job_that_was_given_up_counts_until_the_package_is_sent_again(world: Hierarchy) -> None:
    activate(world.cen, 30)
    world.cen.say("address_missing", site="CHI")
    sent(world.cen, 600, "CHI")
    world.block(world.chi)
    assert world.cause().kind is not CauseKind.NEVER_SENT


def test_a_job_that_was_given_up_is_history_once_a_request_is_made_for_a_newer_one(world: Hierarchy) -> None:
    activate(world.cen, 30)
    world.cen.say("minijob_skipped")
    request(world.cen, "R2", HOUR)
    world.block(world.chi)
    assert world.cause().kind is not CauseKind.NEVER_SENT


def test_a_job_that_was_given_up_after_the_last_request_counts(world: Hierarchy) -> None:
    request(world.cen, "R1", 0)
    activate(world.cen, 600, "00000E2B")
    world.cen.say("minijob_skipped")
    world.block(world.chi)
    assert world.cause().kind is CauseKind.NEVER_SENT


def test_a_job_to_a_site_that_may_stand_on_the_way_is_a_likely_cause(world: Hierarchy) -> None:
    activate(world.cen, 30)
    world.cen.say("address_missing", site="CHI")
    world.block(world.den)
    cause = world.cause("DEN", tree=Tree())
    assert (cause.kind, cause.certainty, cause.site) == (CauseKind.NEVER_SENT, Certainty.INFERRED, "CEN")
    assert cause.words.endswith("no line tells whether DEN gets its files by way of CHI")


def test_a_job_to_a_site_beside_the_way_is_no_cause(world: Hierarchy) -> None:
    activate(world.cen, 30)
    world.cen.say("address_missing", site="NYC")
    world.block(world.chi)
    assert world.cause().kind is not CauseKind.NEVER_SENT


def test_a_job_to_another_site_that_was_sent_again_is_history(world: Hierarchy) -> None:
    activate(world.cen, 30)
    world.cen.say("address_missing", site="CHI")
    sent(world.cen, 600, "CHI")
    world.block(world.den)
    assert world.cause("DEN", tree=Tree()).kind is not CauseKind.NEVER_SENT


def test_a_job_for_another_package_that_was_given_up_is_no_cause(world: Hierarchy) -> None:
    world.cen.on("sched", 60).say("job_activating", job="1", package_name="X", package="CEN00099")
    world.cen.say("minijob_skipped")
    world.cen.at(5).say("send_request_created", request="R1")
    world.block(world.chi)
    assert world.cause().kind is CauseKind.UNKNOWN


@pytest.mark.parametrize(
    ("event", "fields", "words"),
    [
        ("site_not_active", {"site": "CHI"}, "CEN does not send to CHI: it is not an active site there"),
        ("address_unavailable", {"site": "CHI"}, "CEN has no address of CHI"),
        ("minijob_skipped", {}, "the scheduler of CEN cannot number its requests, and sends nothing"),
    ],
)
def test_nothing_is_sent_to_the_site_at_all(
    world: Hierarchy, event: str, fields: dict[str, str | int], words: str
) -> None:
    world.cen.on("sched", 60).say(event, **fields)
    world.block(world.chi)
    cause = world.cause()
    assert (cause.kind, cause.certainty, cause.site) == (CauseKind.NEVER_SENT, Certainty.STATED, "CEN")
    assert cause.words == words


def test_nothing_is_sent_to_another_site_is_no_cause(world: Hierarchy) -> None:
    world.cen.say("site_not_active", site="NYC")
    world.block(world.chi)
    assert world.cause().kind is CauseKind.UNKNOWN


def request(teller: Teller, name: str, second: float, site: str = "CHI") -> None:
    """Say that the scheduler makes a request for the package, and the sender takes it."""
    activate(teller, second)
    teller.say("job_destination", site=site, address="*", priority=2)
    teller.say("send_request_created", request=name)
    teller.on("sender", 1).say("send_request_found", request=name, site=site)
    teller.say("sending_thread_created", thread_id=70)
    teller.on("sender", 70)


def test_a_request_that_the_sender_cannot_carry(world: Hierarchy) -> None:
    request(world.cen, "R1", 0)
    world.cen.say("remote_connection_failed", share=r"\\CHISITE\SMS_SITE", win32_error=53)
    world.cen.say("site_put_aside", server=r"\\CHISITE", site="CHI")
    world.block(world.chi)
    cause = world.cause()
    assert (cause.kind, cause.certainty, cause.site, cause.destination) == (
        CauseKind.TRANSPORT,
        Certainty.STATED,
        "CEN",
        "CHI",
    )
    expected = f"the sender of CEN has not been able to carry {PKG} to CHI: the network path was not found"
    assert cause.words == f"{expected} (Win32 error 53)"
    assert [text.split()[0] for _, text in lines(cause)] == ["remote", "site"]
    assert not cause.ended


def test_a_request_still_waits_its_hour_though_the_site_is_reached_again(world: Hierarchy) -> None:
    request(world.cen, "R1", 0)
    world.cen.say("site_put_aside", server=r"\\CHISITE", site="CHI")
    world.cen.on("sender", 1).at(600).say("send_request_found", request="R2", site="CHI")
    world.cen.say("sending_thread_created", thread_id=71)
    world.cen.on("sender", 71).say("package_sent", package=TS, version=1, site="CHI")
    world.cen.say("sending_completed")
    world.block(world.chi)
    cause = world.cause()
    assert (cause.kind, cause.ended) == (CauseKind.TRANSPORT, True)
    assert "tries this one again within an hour" in cause.words


def test_a_request_that_was_carried_in_the_end_is_no_cause(world: Hierarchy) -> None:
    request(world.cen, "R1", 0)
    world.cen.say("site_put_aside", server=r"\\CHISITE", site="CHI")
    request(world.cen, "R1", HOUR)
    world.cen.say("package_sent", package=PKG, version=1, site="CHI")
    world.cen.say("sending_completed")
    world.block(world.chi, at=0)
    assert world.cause().kind is not CauseKind.TRANSPORT


def test_a_request_that_a_newer_one_has_overtaken_is_no_cause(world: Hierarchy) -> None:
    request(world.cen, "R1", 0)
    world.cen.say("remote_connection_failed", share=r"\\CHISITE\SMS_SITE", win32_error=53)
    request(world.cen, "R2", 1200)
    world.cen.say("package_sent", package=PKG, version=2, site="CHI")
    world.cen.say("sending_completed")
    world.block(world.chi)
    assert world.cause().kind is not CauseKind.TRANSPORT


def test_an_older_request_that_got_through_does_not_help_a_newer_one(world: Hierarchy) -> None:
    request(world.cen, "R1", 0)
    world.cen.say("package_sent", package=PKG, version=1, site="CHI")
    world.cen.say("sending_completed")
    request(world.cen, "R2", 1200)
    world.cen.say("remote_connection_failed", share=r"\\CHISITE\SMS_SITE", win32_error=53)
    world.block(world.chi)
    assert world.cause().kind is CauseKind.TRANSPORT


def test_a_site_that_is_put_aside_explains_what_cannot_be_joined_to_a_request(world: Hierarchy) -> None:
    world.cen.on("sender", 70).say("site_put_aside", server=r"\\CHISITE", site="CHI")
    world.block(world.chi)
    cause = world.cause()
    assert (cause.kind, cause.certainty, cause.site) == (CauseKind.TRANSPORT, Certainty.STATED, "CEN")
    assert cause.words == "the sender of CEN cannot connect to CHI"


def test_a_site_that_was_put_aside_after_the_block_began_is_only_inferred(world: Hierarchy) -> None:
    world.block(world.chi)
    world.cen.on("sender", 70).at(1.5 * HOUR).say("site_put_aside", server=r"\\CHISITE", site="CHI")
    cause = world.cause()
    assert (cause.kind, cause.certainty) == (CauseKind.TRANSPORT, Certainty.INFERRED)


def test_the_hop_that_is_broken_is_the_one_that_counts(world: Hierarchy) -> None:
    sent(world.cen, 0, "CHI")
    world.chi.unit(PKG)
    request(world.chi, "R9", 100, "DEN")
    world.chi.say("remote_connection_failed", share=r"\\DENSITE", win32_error=64)
    world.block(world.den)
    cause = world.cause("DEN")
    assert (cause.kind, cause.site, cause.destination) == (CauseKind.TRANSPORT, "CHI", "DEN")


def test_without_a_tree_only_the_owner_and_the_site_itself_are_looked_at(world: Hierarchy) -> None:
    request(world.chi, "R9", 100, "DEN")
    world.chi.say("remote_connection_failed", share=r"\\DENSITE", win32_error=64)
    world.block(world.den)
    assert world.cause("DEN", tree=Tree()).kind is CauseKind.UNKNOWN


def put_off(teller: Teller, second: float, job: str = "00000E2A", *, early: bool = False) -> None:
    teller.on("despool", 1).at(second).say("instruction_found", file="R1CEN.sni")
    teller.say("despooling_thread_created", thread_id=80)
    teller.on("despool", 80).say("signature_verified", from_site="CEN")
    if early:
        teller.say("content_before_definition", package=PKG, version=1)
    teller.say("despooler_retry_created", job=job)


def test_a_despooler_that_keeps_putting_off_the_job(world: Hierarchy) -> None:
    """Its lines name the job only; which package that is, stands in the log of the scheduler that made it."""
    activate(world.cen, 0)
    put_off(world.chi, 60)
    world.block(world.chi)
    cause = world.cause()
    assert (cause.kind, cause.certainty, cause.site) == (CauseKind.TRANSPORT, Certainty.STATED, "CHI")
    assert lines(cause) == [("CHI", "despooler retry created 00000E2A")]


def test_a_despooler_that_puts_off_another_job_is_no_cause(world: Hierarchy) -> None:
    world.cen.on("sched").say("job_activating", job="00000E2A", package_name="X", package="CEN00099")
    put_off(world.chi, 60)
    world.block(world.chi)
    assert world.cause().kind is CauseKind.UNKNOWN


def test_a_despooler_that_waits_for_the_definition_shows_the_block_and_not_its_cause(world: Hierarchy) -> None:
    activate(world.cen, 0)
    put_off(world.chi, 60, early=True)
    world.block(world.chi)
    assert world.cause().kind is CauseKind.UNKNOWN


def skip(teller: Teller, second: float) -> None:
    teller.on("distmgr", 300).at(second).say("incoming_file", file="X.PKG")
    teller.say("package_locked", package=PKG)
    teller.say("newer_version_required", package=PKG, version=2, current_version=1, file="X.PKG")
    teller.say("package_unlocked", package=PKG)


def test_a_definition_that_is_put_off_until_its_content_comes(world: Hierarchy) -> None:
    skip(world.chi, 60)
    world.block(world.chi)
    cause = world.cause()
    assert (cause.kind, cause.certainty, cause.site) == (CauseKind.CONTENT_LATE, Certainty.STATED, "CHI")
    assert lines(cause) == [("CHI", f"newer version required {PKG} 2 1 X.PKG")]


def content_request(teller: Teller, name: str, second: float, site: str = "CHI") -> None:
    activate(teller, second, "CONTENT1")
    teller.say("job_destination", site=site, address="*", priority=2)
    teller.say("job_transfer_root", transfer_root=rf"E:\SMSPKG\{PKG}.PCK")
    teller.say("send_request_created", request=name)
    teller.on("sender", 1).say("send_request_found", request=name, site=site)
    teller.say("sending_thread_created", thread_id=70)
    teller.on("sender", 70).say("remote_connection_failed", share=r"\\CHISITE", win32_error=53)


def test_content_that_was_given_up_does_not_come_with_a_later_definition(world: Hierarchy) -> None:
    activate(world.cen, 0)
    world.cen.say("address_missing", site="CHI")
    request(world.cen, "R1", HOUR)
    world.cen.say("package_sent", package=PKG, version=3, site="CHI")
    world.cen.say("sending_completed")
    skip(world.chi, HOUR)
    world.block(world.chi)
    cause = world.cause()
    assert (cause.kind, cause.certainty, cause.site) == (CauseKind.NEVER_SENT, Certainty.STATED, "CEN")


def test_a_job_that_was_given_up_before_any_content_was_handed_over_did_not_carry_it(world: Hierarchy) -> None:
    def give_up(second: float, request_after: str) -> None:
        activate(world.cen, second)
        world.cen.say("minijob_skipped")
        request(world.cen, request_after, second + 10)  # the scheduler can number requests again
        world.cen.on("distmgr", 50)

    give_up(0, "R1")
    skip(world.chi, HOUR)
    world.block(world.chi)
    assert world.cause().kind is CauseKind.NEVER_SENT
    world.cen.at(60).status(2339, PKG, istr0=PKG, istr1="CHI")
    assert world.cause().kind is CauseKind.CONTENT_LATE
    world.cen.at(120).say("minijob_created", package=PKG, site="CHI", transfer_root="X")
    assert world.cause().kind is CauseKind.CONTENT_LATE
    give_up(180, "R2")
    assert world.cause().kind is CauseKind.NEVER_SENT


def test_content_that_is_still_to_be_sent_was_not_given_up(world: Hierarchy) -> None:
    activate(world.cen, 0, "CONTENT1")
    world.cen.say("job_destination", site="CHI", address="*", priority=2)
    world.cen.say("job_transfer_root", transfer_root=rf"E:\SMSPKG\{PKG}.PCK")
    world.cen.say("send_request_created", request="R1")
    activate(world.cen, 60)
    world.cen.say("address_missing", site="CHI")
    request(world.cen, "R2", 120)
    world.cen.say("package_sent", package=PKG, version=3, site="CHI")
    world.cen.say("sending_completed")
    skip(world.chi, 600)
    world.block(world.chi)
    assert world.cause().kind is CauseKind.CONTENT_LATE


def test_content_that_is_awaited_and_cannot_be_carried_has_the_fault_of_the_way(world: Hierarchy) -> None:
    content_request(world.cen, "R1", 0)
    skip(world.chi, 60)
    world.block(world.chi)
    cause = world.cause()
    assert (cause.kind, cause.certainty, cause.site) == (CauseKind.TRANSPORT, Certainty.STATED, "CEN")
    assert cause.words.startswith(
        f"CHI has the definition of {PKG} and puts it off until its content comes; the sender"
    )
    assert [site for site, _ in lines(cause)] == ["CEN", "CHI"]


def test_content_that_cannot_be_carried_while_nobody_waits_for_it_is_no_cause(world: Hierarchy) -> None:
    content_request(world.cen, "R1", 0)
    world.cen.on("sender", 71).say("package_sent", package=TS, version=1, site="CHI")
    world.block(world.chi)
    assert world.cause().kind is CauseKind.UNKNOWN


def test_content_that_waits_at_the_despooler(world: Hierarchy) -> None:
    activate(world.cen, 0)
    world.cen.say("job_transfer_root", transfer_root="X")
    put_off(world.chi, 30)
    world.block(world.chi)
    assert world.cause().kind is CauseKind.UNKNOWN
    skip(world.chi, 60)
    cause = world.cause()
    assert (cause.kind, cause.site) == (CauseKind.TRANSPORT, "CHI")


def test_what_has_passed_a_hop_is_not_stopped_there(world: Hierarchy) -> None:
    sent(world.cen, 0)
    world.chi.at(60).unit(PKG)
    request(world.cen, "R1", 100)
    world.cen.say("remote_connection_failed", share=r"\\CHISITE", win32_error=53)
    world.chi.on("distmgr").say("site_not_active", site="DEN")
    world.block(world.den)
    cause = world.cause("DEN")
    assert (cause.kind, cause.site) == (CauseKind.NEVER_SENT, "CHI")


def test_what_came_by_sql_is_not_stopped_by_the_sender(world: Hierarchy) -> None:
    sent(world.cen, 0)
    world.cen.on("sender", 70).at(30).say("site_put_aside", server="X", site="CHI")
    world.chi.at(60).say("package_notified", package=PKG)
    world.block(world.den)
    assert world.cause("DEN").kind is not CauseKind.TRANSPORT


def test_what_the_database_tells_a_site_of_has_come_there(world: Hierarchy) -> None:
    """A site of 2012 that is left out gets no content; its definitions come by SQL."""
    world.cen.on("distmgr", 50).at(0).say("package_updating", package=PKG)
    world.cen.say("package_replicating", package=PKG)
    world.cen.say("site_not_active", site="CHI")
    world.block(world.den)
    assert world.cause("DEN").kind is CauseKind.NEVER_SENT
    world.chi.on("distmgr").at(60).say("package_notified", package=PKG)
    assert world.cause("DEN").kind is not CauseKind.NEVER_SENT


def test_what_is_said_of_the_package_goes_before_what_is_said_of_a_hop(world: Hierarchy) -> None:
    world.cen.on("sender", 70).say("site_put_aside", server="X", site="CHI")
    activate(world.chi, 30)
    world.chi.say("address_missing", site="DEN")
    world.block(world.den)
    cause = world.cause("DEN")
    assert (cause.kind, cause.site) == (CauseKind.NEVER_SENT, "CHI")


def test_content_that_came_is_no_cause(world: Hierarchy) -> None:
    skip(world.chi, 60)
    world.chi.on("despool").at(120).say("content_stored", package=PKG, version=2)
    world.block(world.chi)
    assert world.cause().kind is CauseKind.UNKNOWN


def test_content_that_is_late_while_the_definition_is_here_is_only_a_hint(world: Hierarchy) -> None:
    world.chi.say("compressed_files_not_arrived", package=PKG, from_site="CEN")
    world.block(world.chi)
    cause = world.cause()
    assert (cause.kind, cause.certainty) == (CauseKind.CONTENT_LATE, Certainty.INFERRED)


# Compared.


def test_an_older_version_at_the_site_than_at_the_owner(world: Hierarchy) -> None:
    world.chi.at(0).unit(PKG, version=1)
    world.cen.at(60).say("contents_added", package=PKG, version=2)
    sent(world.cen, 61)
    world.block(world.chi)
    cause = world.cause()
    assert (cause.kind, cause.certainty, cause.site) == (CauseKind.DEFINITION_OLD, Certainty.INFERRED, "CHI")
    assert cause.words == f"CHI has the definition of {PKG} in version 1; CEN has version 2"
    assert [site for site, _ in lines(cause)] == ["CHI", "CEN"]


def test_a_definition_that_was_sent_and_has_not_gone_through(world: Hierarchy) -> None:
    world.chi.at(0).unit(PKG)
    sent(world.cen, 60)
    world.block(world.chi)
    assert world.cause().kind is CauseKind.DEFINITION_OLD


def test_a_package_that_is_older_than_the_log_is_taken_to_be_there_in_an_old_version(world: Hierarchy) -> None:
    sent(world.cen, 60)
    world.block(world.chi)
    assert world.cause().kind is CauseKind.DEFINITION_OLD


def test_a_new_package_that_was_sent_and_of_which_nothing_more_is_known(world: Hierarchy) -> None:
    world.cen.say("package_adding", package=PKG)
    sent(world.cen, 60)
    world.block(world.chi)
    assert world.cause().kind is CauseKind.UNKNOWN


def test_a_package_that_the_owner_worked_on_and_did_not_send(world: Hierarchy) -> None:
    world.cen.say("package_replicating", package="CEN00099")
    world.cen.say("package_adding", package=PKG)
    world.cen.status(2301, PKG)
    world.block(world.chi)
    cause = world.cause()
    assert (cause.kind, cause.certainty, cause.site) == (CauseKind.NEVER_SENT, Certainty.INFERRED, "CEN")
    assert [site for site, _ in lines(cause)] == ["CEN", "CEN"]


def test_where_no_line_shows_anything_being_sent_a_package_that_was_not_is_no_finding(world: Hierarchy) -> None:
    """The words by which old versions tell that they send are not all known."""
    world.cen.say("package_adding", package=PKG)
    world.cen.status(2301, PKG)
    world.block(world.chi)
    assert world.cause().kind is CauseKind.UNKNOWN


# Not known.


def test_the_owner_is_not_read(world: Hierarchy) -> None:
    world.block(world.chi)
    cause = world.cause(read=("CHI", "DEN"))
    assert (cause.kind, cause.certainty, cause.site) == (CauseKind.OWNER_NOT_READ, Certainty.INFERRED, "CEN")
    assert cause.words == f"not known: the logs of CEN, which owns package {PKG}, are not read here"
    assert cause.evidence == ()


def test_what_a_site_that_is_read_states_goes_before_the_owner_not_being_read(world: Hierarchy) -> None:
    skip(world.chi, 60)
    world.block(world.chi)
    assert world.cause(read=("CHI",)).kind is CauseKind.CONTENT_LATE


def test_an_owner_that_shows_nothing_wrong(world: Hierarchy) -> None:
    world.block(world.chi)
    cause = world.cause()
    assert (cause.kind, cause.certainty, cause.site) == (CauseKind.UNKNOWN, Certainty.INFERRED, "CEN")
    assert cause.words == f"the logs of CEN, the owner, show nothing wrong with package {PKG}"


def test_an_owner_that_failed_for_a_reason_that_no_line_names(world: Hierarchy) -> None:
    world.cen.status(2302, PKG)
    world.block(world.chi)
    cause = world.cause()
    assert cause.kind is CauseKind.UNKNOWN
    assert cause.words == f"CEN failed to process package {PKG} (status message 2302); no line says why"
    assert [site for site, _ in lines(cause)] == ["CEN"]
    world.cen.at(60).status(2301, PKG)
    assert "nothing wrong" in world.cause().words


def test_an_id_that_does_not_tell_its_owner(world: Hierarchy) -> None:
    world.chi.unit(missing=[("<Software_Package_ID>", "<Program>")])
    cause = world.cause()
    assert (cause.kind, cause.site) == (CauseKind.OWNER_NOT_READ, "")
    assert "cannot be told from its ID" in cause.words


def test_a_site_that_lacks_a_program_of_its_own_package(world: Hierarchy) -> None:
    world.cen.status(2301, PKG)
    world.block(world.cen)
    assert world.cause("CEN").kind is CauseKind.UNKNOWN


# Behind one another.


def test_a_missing_package_that_is_itself_blocked_has_the_cause_that_lies_behind(world: Hierarchy) -> None:
    world.cen.snapshot("CEN00099", error=5)
    world.chi.unit(PKG, "INNER", missing=[("CEN00099", "Base")])
    world.block(world.chi)
    cause = world.cause()
    assert (cause.kind, cause.certainty, cause.site) == (
        CauseKind.SOURCE_PATH_INACCESSIBLE,
        Certainty.INFERRED,
        "CEN",
    )
    assert cause.words.startswith(f"package {PKG} is itself blocked at CHI by CEN00099: CEN cannot read")
    assert {site for site, _ in lines(cause)} == {"CEN", "CHI"}


def test_packages_that_block_each_other_in_a_ring_end_the_search(world: Hierarchy) -> None:
    world.chi.unit(PKG, "INNER", missing=[(OTHER_TS, "*")])
    world.chi.unit(OTHER_TS, "RING", missing=[(PKG, PROGRAM)])
    world.block(world.chi)
    assert world.cause().kind is CauseKind.UNKNOWN


def test_a_package_that_is_blocked_on_the_way_is_not_sent_on(world: Hierarchy) -> None:
    sent(world.cen, 0)
    world.cen.snapshot("CEN00099", error=5)
    for second in (60, HOUR + 60):
        world.chi.on("distmgr", 300).at(second).unit(PKG, missing=[("CEN00099", "Install")])
    world.block(world.den)
    cause = world.cause("DEN")
    assert (cause.kind, cause.certainty, cause.site) == (
        CauseKind.SOURCE_PATH_INACCESSIBLE,
        Certainty.INFERRED,
        "CEN",
    )
    assert cause.words.startswith(f"package {PKG} is itself blocked at CHI by CEN00099: CEN cannot read")
    assert cause.behind == Reference("CEN00099", "Install")


def test_a_package_that_is_blocked_by_itself_ends_the_search(world: Hierarchy) -> None:
    world.chi.unit(PKG, "INNER", missing=[(PKG, "Other")])
    world.block(world.chi)
    assert world.cause().kind is CauseKind.UNKNOWN


def test_times_that_are_not_known_are_taken_to_be_in_time(world: Hierarchy) -> None:
    for teller in (world.cen, world.chi):
        teller.time = None
    world.cen.snapshot(error=5)
    world.cen.status(2301, PKG)
    world.chi.blocked_unit()
    cause = world.cause()
    assert (cause.kind, cause.certainty) == (CauseKind.SOURCE_PATH_INACCESSIBLE, Certainty.INFERRED)
    assert cause.evidence[0].line.time is None


def test_the_reference_is_looked_for_and_not_its_neighbour() -> None:
    case = Case(Reference(PKG, PROGRAM), "CHI", START, START, World({}))
    assert diagnose(case).kind is CauseKind.OWNER_NOT_READ


# Content that is late.


def why(world: Hierarchy, site: str = "CHI", *, tree: Tree = TREE) -> Cause | None:
    states = world.states()
    (waiting,) = states[site].waiting.values()
    return why_late(waiting, site, World(states, tree))


def late(teller: Teller, second: float) -> None:
    teller.on("distmgr", 400).at(second).say("package_processing", package=PKG, source_version=2, stored_version=1)
    teller.say("content_not_arrived", package=PKG, from_site="CEN")


def test_content_of_which_no_line_tells_what_keeps_it_may_be_on_its_way(world: Hierarchy) -> None:
    late(world.chi, HOUR)
    assert why(world) is None


def test_content_is_late_for_its_source_cannot_be_read(world: Hierarchy) -> None:
    world.cen.snapshot(error=5)
    late(world.chi, HOUR)
    cause = why(world)
    assert cause is not None
    assert (cause.kind, cause.site) == (CauseKind.SOURCE_PATH_INACCESSIBLE, "CEN")


def test_content_is_late_for_the_site_was_left_out(world: Hierarchy) -> None:
    world.cen.on("distmgr", 50).at(0).say("package_updating", package=PKG)
    world.cen.say("site_not_active", site="CHI")
    late(world.chi, HOUR)
    cause = why(world)
    assert cause is not None
    assert (cause.kind, cause.certainty, cause.site) == (CauseKind.NEVER_SENT, Certainty.STATED, "CEN")
    world.cen.on("distmgr", 50).at(2 * HOUR).say("minijob_created", package=PKG, site="CHI", transfer_root="X")
    assert why(world) is None


def test_content_is_late_for_a_site_between_cannot_be_reached(world: Hierarchy) -> None:
    world.cen.on("sender", 70).at(0).say("site_put_aside", server="X", site="CHI")
    late(world.den, HOUR)
    cause = why(world, "DEN")
    assert cause is not None
    assert (cause.kind, cause.site, cause.destination) == (CauseKind.TRANSPORT, "CEN", "CHI")
    world.chi.on("despool").at(2 * HOUR).say("content_stored", package=PKG, version=1)
    assert why(world, "DEN") is not None
    world.chi.at(3 * HOUR).say("content_stored", package=PKG, version=2)  # the version that DEN waits for
    assert why(world, "DEN") is None


def test_content_that_asks_for_no_version_is_what_the_owner_has(world: Hierarchy) -> None:
    world.cen.on("distmgr", 50).at(0).say("stored_version", package=PKG, version=3)
    world.cen.on("sender", 70).say("site_put_aside", server="X", site="CHI")
    world.chi.on("despool").at(60).say("content_stored", package=PKG, version=3)
    world.den.on("distmgr", 400).at(HOUR).say("compressed_files_not_arrived", package=PKG, from_site="CEN")
    assert why(world, "DEN") is None


def test_content_of_a_package_whose_id_does_not_tell_its_owner(world: Hierarchy) -> None:
    world.chi.on("distmgr", 400).say("content_not_arrived", package="<PackageID>", from_site="CEN")
    assert why(world) is None


def test_a_program_that_came_back_by_sql_is_not_deleted(world: Hierarchy) -> None:
    world.chi.on("distmgr").at(0).say("program_deleted", package=PKG, program=PROGRAM)
    world.block(world.den)
    assert world.cause("DEN").kind is CauseKind.PROGRAM_DELETED
    world.chi.on("distmgr").at(60).say("package_notified", package=PKG)
    assert world.cause("DEN").kind is not CauseKind.PROGRAM_DELETED
