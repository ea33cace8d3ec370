"""What blocks, what clears, what is late, what is told: the state that events make."""

from __future__ import annotations

import json

import pytest

from exporter.replication import ledger as ledger_module
from exporter.replication.codec import CodecError
from exporter.replication.ledger import Ledger
from exporter.replication.limits import MAX_TEXT
from exporter.replication.state import (
    BLOCK_DURATION_BOUNDS,
    FactKind,
    Reference,
    SiteState,
    Tally,
    Versions,
)
from tests.replication.builders import INCOMING, OTHER_TS, PKG, PROGRAM, START, TS, Teller


@pytest.fixture
def teller() -> Teller:
    return Teller()


# Blocked.


def test_a_blocked_unit_tells_all_about_the_block(teller: Teller) -> None:
    teller.unit(until=4, version=7)
    teller.at(2).say("program_reference_missing", program_id="*", package=PKG, program=PROGRAM)
    teller.at(3).say("package_program_not_updated", package=TS, error=40)
    teller.at(4).say("package_unlocked", package=TS)
    block = teller.state.blocked[TS]
    assert block.missing == (Reference(PKG, PROGRAM),)
    assert (block.since, block.last_attempt) == (START + 2, START + 2)
    assert (block.attempts, block.version, block.definition, block.error) == (1, 7, "RD5L85BW.PKG", 40)
    assert block.definitions_tried == 1
    assert [line.line for line in block.evidence] == [1, 2, 3, 4, 5, 6, 7]


def test_the_same_file_again_is_a_retry_of_the_same_block(teller: Teller) -> None:
    for hour in range(3):
        teller.at(3600 * hour).blocked_unit()
    block = teller.state.blocked[TS]
    assert (block.since, block.last_attempt) == (START, START + 7200)
    assert (block.attempts, block.definitions_tried) == (3, 1)
    assert [line.time for line in block.evidence] == [START + 7200] * 7


def test_a_newer_version_that_fails_too_is_the_same_block(teller: Teller) -> None:
    teller.blocked_unit(version=1)
    teller.at(60).blocked_unit(file="NEWER", version=2)
    block = teller.state.blocked[TS]
    assert (block.since, block.attempts, block.definitions_tried) == (START, 2, 2)
    assert (block.version, block.definition) == (2, "NEWER.PKG")


def test_a_retry_that_does_not_tell_its_version_keeps_that_of_its_file(teller: Teller) -> None:
    teller.blocked_unit(version=5)
    teller.say("incoming_file", file=rf"{INCOMING}\RD5L85BW.PKG")
    teller.say("package_program_not_updated", package=TS, error=40)
    teller.say("package_unlocked", package=TS)
    assert teller.state.blocked[TS].version == 5
    teller.say("incoming_file", file=rf"{INCOMING}\ANOTHER.PKG")
    teller.say("package_program_not_updated", package=TS, error=40)
    teller.say("package_unlocked", package=TS)
    assert teller.state.blocked[TS].version is None


def test_another_reference_in_the_next_try_means_that_the_earlier_one_has_arrived(teller: Teller) -> None:
    teller.unit(missing=[(PKG, "First")])
    teller.unit(missing=[(PKG, "Second")])
    assert teller.state.blocked[TS].missing == (Reference(PKG, "Second"),)
    assert teller.state.blocked[TS].attempts == 2


def test_since_never_moves_later_while_the_block_lasts(teller: Teller) -> None:
    teller.at(100).blocked_unit()
    teller.at(0).blocked_unit()
    teller.at(200).blocked_unit()
    teller.at(150).blocked_unit()
    block = teller.state.blocked[TS]
    assert (block.since, block.last_attempt, block.attempts) == (START, START + 200, 4)


def test_a_first_try_without_a_time_gives_way_to_the_first_time_that_is_known(teller: Teller) -> None:
    teller.time = None
    teller.blocked_unit()
    assert teller.state.blocked[TS].since is None
    teller.at(50).blocked_unit()
    teller.at(90).blocked_unit()
    assert teller.state.blocked[TS].since == START + 50


# Unblocked.


def test_a_whole_unit_without_failing_lines_unblocks(teller: Teller) -> None:
    teller.blocked_unit()
    teller.at(600).unit()
    assert not teller.state.blocked
    assert teller.tally("definitions") == {("blocked",): 1, ("applied",): 1}


def test_lines_that_stand_in_failing_units_too_do_not_unblock(teller: Teller) -> None:
    teller.blocked_unit()
    teller.unit(until=4)
    assert TS in teller.state.blocked


def test_another_package_going_through_does_not_unblock(teller: Teller) -> None:
    teller.blocked_unit()
    teller.unit(OTHER_TS, "SECOND")
    teller.unit(PKG, "THIRD")
    assert list(teller.state.blocked) == [TS]


@pytest.mark.parametrize("event", ["package_created_or_updated", "package_deletion_started", "package_deleted"])
def test_a_line_that_says_that_the_package_is_done_or_gone_unblocks(teller: Teller, event: str) -> None:
    teller.blocked_unit()
    teller.blocked_unit(OTHER_TS)
    teller.say(event, package=TS)
    assert list(teller.state.blocked) == [OTHER_TS]


def test_status_message_2301_unblocks_its_package(teller: Teller) -> None:
    teller.blocked_unit()
    teller.status(2301, OTHER_TS)
    teller.status(2300, TS)
    assert TS in teller.state.blocked
    teller.status(2301, TS)
    assert not teller.state.blocked


def test_status_message_2301_of_another_component_does_not_unblock(teller: Teller) -> None:
    teller.blocked_unit()
    teller.say("status_message", id="2301", severity="I", component="SMS_PROVIDER", package=TS, name="")
    assert TS in teller.state.blocked


@pytest.mark.parametrize(
    ("failure", "fields"),
    [
        ("package_not_updated", {"package": TS, "error": 8}),
        ("package_server_not_updated", {"package": TS, "distribution_point": "DP", "error": 3}),
    ],
)
def test_a_unit_that_failed_at_another_step_is_no_all_clear(
    teller: Teller, failure: str, fields: dict[str, str | int]
) -> None:
    teller.blocked_unit()
    teller.at(60).unit(until=4)
    teller.say(failure, **fields)
    teller.say("package_unlocked", package=TS)
    block = teller.state.blocked[TS]
    assert (block.attempts, block.last_attempt) == (1, START)
    assert teller.tally("definitions") == {("blocked",): 1, ("failed",): 1}


def test_a_failure_at_another_step_alone_blocks_nothing(teller: Teller) -> None:
    teller.unit(until=4)
    teller.say("package_server_not_updated", package=TS, distribution_point="DP", error=3)
    teller.say("package_unlocked", package=TS)
    assert not teller.state.blocked
    assert teller.tally("definitions") == {("failed",): 1}


def test_a_skipped_unit_waits_and_leaves_a_block_as_it_was(teller: Teller) -> None:
    teller.blocked_unit()
    teller.unit(until=2)
    file = rf"{INCOMING}\RD5L85BW.PKG"
    teller.say("newer_version_required", package=TS, version=2, current_version=1, file=file)
    teller.say("package_not_updated", package=TS, error=8)
    teller.say("package_unlocked", package=TS)
    assert teller.state.blocked[TS].attempts == 1
    (waiting,) = teller.state.waiting.values()
    assert (waiting.package, waiting.from_site, waiting.reason, waiting.version) == (
        TS,
        "",
        "newer_version_required",
        2,
    )
    assert teller.tally("definitions") == {("blocked",): 1, ("skipped",): 1}


def test_a_restart_in_the_middle_changes_no_block(teller: Teller) -> None:
    teller.blocked_unit()
    teller.unit(until=4)
    teller.say("component_started", component="SMS_DISTRIBUTION_MANAGER", thread_id=5)
    teller.say("package_unlocked", package=TS)
    assert TS in teller.state.blocked
    assert teller.tally("definitions") == {("blocked",): 1, ("unknown",): 1}


def test_a_block_that_ends_is_measured(teller: Teller) -> None:
    teller.blocked_unit()
    teller.at(400).blocked_unit()
    teller.at(1000).unit()
    durations = teller.state.block_durations
    assert durations.total == 1000
    assert durations.counts[BLOCK_DURATION_BOUNDS.index(3600.0)] == 1
    assert sum(durations.counts) == 1


def test_a_block_that_ends_at_a_time_that_is_not_known_is_not_measured(teller: Teller) -> None:
    teller.blocked_unit()
    teller.time = None
    teller.unit()
    assert not teller.state.blocked
    assert sum(teller.state.block_durations.counts) == 0


def test_a_clock_that_was_set_back_does_not_give_a_negative_duration(teller: Teller) -> None:
    teller.at(100).blocked_unit()
    teller.at(50).unit()
    assert teller.state.block_durations.total == 0.0
    assert teller.state.block_durations.counts[0] == 1


# Versions and names.


def test_a_unit_tells_the_version_of_the_definition_once_the_row_is_written(teller: Teller) -> None:
    teller.unit(until=3, version=4)
    assert TS not in teller.state.versions
    teller.say("package_info_updated", package=TS)
    assert teller.state.versions[TS] == Versions(definition=4)


def test_contents_in_a_unit_are_not_those_that_an_owner_writes() -> None:
    teller = Teller(site="")  # of which it is not known what it owns
    teller.unit(until=3, version=4)
    assert (teller.state.versions, teller.state.facts) == ({}, {})
    teller.on("distmgr", 7).say("contents_added", package=PKG, version=9)
    assert teller.state.versions == {PKG: Versions(definition=9)}


def test_a_blocked_unit_tells_the_version_of_its_row(teller: Teller) -> None:
    teller.blocked_unit(version=3)
    assert teller.state.versions[TS] == Versions(definition=3)


def test_a_unit_that_failed_before_the_row_was_written_tells_no_version(teller: Teller) -> None:
    teller.unit(until=3, version=4)
    teller.say("package_not_updated", package=TS, error=8)
    teller.say("package_unlocked", package=TS)
    assert TS not in teller.state.versions


def test_content_and_source_versions(teller: Teller) -> None:
    teller.on("despool").say("content_stored", package=PKG, version=3)
    teller.on("distmgr").at(1).say("source_version", package=PKG, version=4)
    assert teller.state.versions[PKG] == Versions(content=3, source=4)
    teller.at(2).say("stored_version", package=PKG, version=4)
    teller.at(3).say("package_processing", package=PKG, source_version=5, stored_version=4)
    assert teller.state.versions[PKG] == Versions(content=4, source=5)


def test_a_line_that_is_read_late_does_not_undo_a_newer_version(teller: Teller) -> None:
    teller.at(10).say("stored_version", package=PKG, version=2)
    teller.on("despool").at(5).say("content_stored", package=PKG, version=1)
    assert teller.state.versions[PKG].content == 2


def test_lines_without_a_time_count_in_the_order_of_reading(teller: Teller) -> None:
    teller.time = None
    teller.say("stored_version", package=PKG, version=2)
    teller.say("stored_version", package=PKG, version=1)
    assert teller.state.versions[PKG].content == 1


def test_the_owner_that_writes_contents_tells_the_version_of_its_definition() -> None:
    teller = Teller("CEN")
    teller.say("contents_added", package=PKG, version=6)
    assert teller.state.versions[PKG] == Versions(definition=6)
    assert FactKind.CONTENT_WRITTEN in {fact.kind for fact in teller.state.facts[PKG].values()}


def test_another_site_does_not_write_contents(teller: Teller) -> None:
    teller.say("contents_added", package=PKG, version=6)
    assert PKG not in teller.state.versions
    assert PKG not in teller.state.facts


def test_names_come_from_status_messages_and_the_newest_stays(teller: Teller) -> None:
    teller.at(5).status(2300, PKG, "Drivers 2")
    teller.at(1).status(2301, PKG, "Drivers")
    teller.at(9).status(2330, PKG, "")
    assert teller.state.names == {PKG: "Drivers 2"}


def test_status_messages_are_counted_by_component_number_and_severity(teller: Teller) -> None:
    teller.status(2301, PKG)
    teller.status(2301, TS)
    teller.on("sched").say("status_message", id=3400, severity="E", component="SMS_SCHEDULER", package="", name="")
    assert teller.tally("status_messages") == {
        ("SMS_DISTRIBUTION_MANAGER", "2301", "I"): 2,
        ("SMS_SCHEDULER", "3400", "E"): 1,
    }


# Deletion.


def test_a_deleted_package_leaves_nothing_but_the_fact(teller: Teller) -> None:
    teller.blocked_unit()
    teller.status(2300, TS, "Laptops")
    teller.say("content_not_arrived", package=TS, from_site="CEN")
    teller.at(10).say("package_deleted", package=TS)
    state = teller.state
    assert not state.blocked
    assert not state.waiting
    assert TS not in state.versions
    assert TS not in state.names
    assert [fact.kind for fact in state.facts[TS].values()] == [FactKind.DELETED]


def test_what_another_log_tells_of_the_time_before_a_deletion_is_no_longer_so(teller: Teller) -> None:
    teller.at(10).say("package_deleted", package=PKG)
    teller.on("despool").at(5).say("content_stored", package=PKG, version=3)
    assert PKG not in teller.state.versions
    assert FactKind.CONTENT_STORED not in {fact.kind for fact in teller.state.facts[PKG].values()}
    teller.at(15).say("content_stored", package=PKG, version=1)
    assert teller.state.versions[PKG].content == 1


# Restarts of the exporter, budgets, and the rest.


def test_a_restart_of_the_exporter_in_the_middle_of_a_unit_goes_on_as_if_nothing_had_happened(teller: Teller) -> None:
    teller.unit(missing=[(PKG, PROGRAM)], until=5)
    stored = json.loads(json.dumps(teller.ledger.encode()))
    again = Ledger.decode(stored)
    for ledger in (teller.ledger, again):
        ledger.apply([teller.event("package_program_not_updated", package=TS, error=40)])
        ledger.apply([teller.event("package_unlocked", package=TS)])
    assert again.state.blocked[TS].missing == (Reference(PKG, PROGRAM),)
    assert again.state.blocked[TS].attempts == 1
    teller.unit()
    assert not teller.state.blocked


def test_an_empty_ledger_survives_a_restart() -> None:
    again = Ledger.decode(json.loads(json.dumps(Ledger("CHI").encode())))
    assert again.state == SiteState("CHI")


def test_a_ledger_of_another_format_is_refused() -> None:
    data = Ledger("CHI").encode()
    data["format"] = ledger_module.FORMAT + 1
    with pytest.raises(CodecError, match="format"):
        Ledger.decode(data)
    with pytest.raises(CodecError):
        Ledger.decode(None)
    with pytest.raises(CodecError):
        Ledger.decode({"format": ledger_module.FORMAT})


def test_a_count_that_is_newer_than_the_data_is_there_after_a_restart() -> None:
    ledger = Ledger("CHI")
    del ledger.state.tallies[Tally.DROPPED]
    again = Ledger.decode(ledger.encode())
    assert set(again.state.tallies) == set(Tally)


def test_the_revision_moves_with_every_event_that_tells_something(teller: Teller) -> None:
    before = teller.ledger.revision
    teller.say("component_sleeping", seconds=3600)
    teller.say("no_such_event")
    assert teller.ledger.revision == before
    for name in ("incoming_file", "package_locked", "status_message", "bytes_written", "package_size"):
        before = teller.ledger.revision
        state = json.dumps(teller.ledger.encode())
        teller.say(name, file="X.PKG", package=TS, bytes=5, id="1")
        changed = json.dumps(teller.ledger.encode()) != state
        assert not changed or teller.ledger.revision > before
    before = teller.ledger.revision
    teller.ledger.interrupted("distmgr")
    assert teller.ledger.revision > before


def test_long_lines_of_evidence_are_cut_with_a_mark(teller: Teller) -> None:
    teller.unit(missing=[(PKG, "x" * 10_000)])
    long = max((line.text for line in teller.state.blocked[TS].evidence), key=len)
    assert long.startswith("program reference missing")
    assert len(long) < MAX_TEXT + 60
    assert long.endswith("characters cut]")


def test_packages_are_bounded_and_those_that_are_stuck_stay(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.replication.ledger.MAX_PACKAGES", 50)
    teller.blocked_unit()
    teller.say("content_not_arrived", package=PKG, from_site="CEN")
    for number in range(200):
        teller.status(2300, f"CEN{number + 0x1000:05X}", "name")
        teller.say("program_changed", package=f"CEN{number + 0x1000:05X}")
        teller.say("source_version", package=f"CEN{number + 0x1000:05X}", version=1)
    state = teller.state
    assert TS in state.blocked
    assert {key[0] for key in state.waiting} == {PKG}
    assert len(state.names) == len(state.facts) == 48
    assert len({*state.versions} - {TS}) == 48
    assert teller.tally("dropped") == {("packages",): 152}


def test_where_everything_is_stuck_the_oldest_is_forgotten(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.replication.ledger.MAX_PACKAGES", 10)
    for number in range(30):
        teller.blocked_unit(f"CEN{number:05X}", f"F{number}")
        teller.say("compressed_files_not_arrived", package=f"CHI{number:05X}", from_site="CEN")
    assert len(teller.state.blocked) + len({key[0] for key in teller.state.waiting}) == 10


def test_messages_of_the_configuration_file_are_counted_by_log_and_name(teller: Teller) -> None:
    for log in ("distmgr", "distmgr", "sender"):
        teller.on(log).say("user:backup_failed")
    assert teller.tally("user_messages") == {("distmgr", "backup_failed"): 2, ("sender", "backup_failed"): 1}


def test_values_of_a_count_are_bounded(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.replication.limits.MAX_KEYS", 20)
    for number in range(50):
        teller.status(number)
    teller.status(3)
    assert len(teller.tally("status_messages")) == 20
    assert teller.tally("status_messages")["SMS_DISTRIBUTION_MANAGER", "3", "I"] == 2
    assert teller.tally("dropped") == {("status_messages",): 30}
