"""Every entry of the catalogue is tested by its own example, on the way that a line of a log takes."""

from __future__ import annotations

import pytest

from exporter.events.loader import best_match, load_catalogue, load_folder, shipped_files
from exporter.events.messages import Certainty, Message, StatusMessage
from exporter.events.templates import bare
from exporter.logs.block import Block
from tests.events.golden import catalogue, excerpts, golden_file, matcher, render, scan

_MESSAGES = catalogue().messages


def _name(message: Message) -> str:
    return message.name


def _name_of_status(status: StatusMessage) -> str:
    return status.name


def _stamped(message: Message, component: str) -> bytes:
    suffix = f"  $$<{component}><06-14-2018 06:26:25.828-60><thread=9112 (0x2398)>\r\n"
    return (message.example + suffix).encode()


def _component(message: Message) -> str:
    return min(message.components, default="SMS_INVENTORY_DATA_LOADER")


@pytest.mark.parametrize("message", _MESSAGES, ids=_name)
def test_example_gives_its_event(message: Message) -> None:
    component = _component(message)
    found = matcher().scan(Block(_stamped(message, component), "any.log"), "any")
    if message.certainty is Certainty.UNCONFIRMED:
        assert found.events == []
        return
    (event,) = found.events
    assert (event.name, dict(event.fields)) == (message.name, dict(message.fields))
    assert (event.component, event.thread, event.time, event.line) == (component, 9112, 1528953985.828, 1)
    assert (found.unmatched, found.records) == (0, 1)


@pytest.mark.parametrize("message", [each for each in _MESSAGES if each.is_matched], ids=_name)
def test_example_gives_its_event_in_pasted_text(message: Message) -> None:
    component = _component(message)
    for line in (f"{component} 9112 (0x2398) {message.example}", message.example):
        found = matcher().scan(Block(line.encode(), "pasted.txt", stamped=False, final=True), "pasted")
        assert [(event.name, dict(event.fields)) for event in found.events] == [(message.name, dict(message.fields))]


@pytest.mark.parametrize("message", [each for each in _MESSAGES if each.seen], ids=_name)
def test_excerpt_that_backs_an_entry_holds_it(message: Message) -> None:
    assert message.name in {event.name for event in scan(message.seen).events}


_STATUSES = tuple(catalogue().status_messages.values())


@pytest.mark.parametrize("status", [each for each in _STATUSES if each.seen], ids=_name_of_status)
def test_excerpt_that_backs_a_status_message_holds_it(status: StatusMessage) -> None:
    told = [event.fields for event in scan(status.seen).events if event.name == "status_message"]
    assert (status.number, status.component) in {(fields["id"], fields["component"]) for fields in told}


def test_every_status_message_of_a_real_excerpt_has_a_name() -> None:
    """Of the components whose logs are known: others write theirs into excerpts of their own logs."""
    told = {
        (event.fields["id"], event.fields["component"])
        for excerpt in excerpts()
        for event in scan(excerpt).events
        if event.name == "status_message" and event.fields["component"] in catalogue().components
    }
    assert told <= {(status.number, status.component) for status in _STATUSES}
    assert told == {(status.number, status.component) for status in _STATUSES if status.seen}


@pytest.mark.parametrize("excerpt", excerpts())
def test_corpus_gives_the_events_that_a_person_finds_in_it(excerpt: str) -> None:
    assert render(excerpt) == golden_file(excerpt).read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    known = {golden_file(excerpt) for excerpt in excerpts()}
    assert set(golden_file("x").parent.rglob("*.jsonl")) == known


def test_examples_belong_to_one_entry_alone() -> None:
    """Where two entries match a line, the more specific one is meant: only the general SQL message has such others."""
    shared = {
        (other.name, message.name)
        for message in _MESSAGES
        for other in _MESSAGES
        if other is not message and best_match([other], bare(message.example)) is not None
    }
    assert shared == {("sql_message", "package_row_missing"), ("sql_message", "site_row_missing")}


def test_shipped_catalogue_passes_its_own_checks() -> None:
    assert load_folder(shipped_files()) == load_catalogue()


def test_confirmed_wordings_have_a_source() -> None:
    assert [message.name for message in _MESSAGES if not message.sources] == ["package_program_updated"]
    statuses = catalogue().status_messages.values()
    assert {status.number for status in statuses if not status.sources} == {2348}
    assert all(status.certainty is Certainty.UNCONFIRMED for status in statuses if not status.sources)


def test_coverage_report_names_what_no_excerpt_backs() -> None:
    without = {message.name for message in catalogue().without_excerpt()}
    assert "program_reference_missing" not in without
    assert without == {
        "incoming_file_unknown",
        "package_bundle_failed",
        "package_program_updated",
        "replication_batch_closed",
        "site_not_active",
    }
    assert all(each.certainty is not Certainty.CONFIRMED for each in catalogue().without_excerpt())


# What the ledger reads: these names and fields are relied on by other rooms.
_RELIED_ON = {
    "incoming_file": {"file"},
    "package_locked": {"package"},
    "contents_added": {"package", "version"},
    "package_info_updated": {"package"},
    "program_reference_missing": {"program_id", "package", "program"},
    "package_program_not_updated": {"package", "error"},
    "package_not_updated": {"package", "error"},
    "package_server_not_updated": {"package", "distribution_point", "error"},
    "package_unlocked": {"package"},
    "newer_version_required": {"package", "version", "current_version", "file"},
    "component_started": {"component", "thread_id"},
    "replication_thread_started": {"thread_id"},
    "snapshot_started": {"package", "source_path"},
    "source_directory_inaccessible": {"source_path", "win32_error"},
    "snapshot_failed": {"package"},
    "content_not_arrived": {"package", "from_site"},
    "compressed_files_not_arrived": {"package", "from_site"},
    "package_created_or_updated": {"package"},
    "package_deletion_started": {"package"},
    "package_deleted": {"package"},
    "program_deleted": {"package", "program"},
    "package_thread_started": {"package", "thread_id"},
    "package_thread_exited": {"package"},
    "package_processing": {"package", "source_version", "stored_version"},
    "package_adding": {"package"},
    "package_updating": {"package"},
    "stored_version": {"package", "version"},
    "source_version": {"package", "version"},
    "program_changed": {"package"},
    "package_replicating": {"package"},
    "package_send_started": {"package", "site"},
    "minijob_created": {"package", "site", "transfer_root"},
    "content_stored": {"package", "version"},
    "content_received": {"package", "version", "compressed_file", "file"},
}


def test_names_and_fields_that_others_rely_on() -> None:
    names = {message.name: set(message.fields) for message in _MESSAGES}
    assert {name: names[name] for name in _RELIED_ON} == _RELIED_ON


def test_catalogue_covers_every_log_of_package_replication() -> None:
    logs = {"distmgr", "despool", "replmgr", "sched", "sender", "hman", "pkgxfermgr"}
    assert {message.log for message in _MESSAGES} == {"common", *logs}
    assert {"SMS_DISTRIBUTION_MANAGER", "SMS_LAN_SENDER", "SMS_ASYNC_RAS_SENDER"} <= catalogue().components
