"""The owner cannot read a source: which package, which reason, and when it is over."""

from __future__ import annotations

import pytest

from exporter.replication.limits import MAX_EVIDENCE
from exporter.replication.state import SourceError, SourceReason
from tests.replication.builders import PKG, SOURCE, START, Teller


@pytest.fixture
def teller() -> Teller:
    return Teller("CEN")


def only(teller: Teller) -> SourceError:
    (error,) = teller.state.source_errors.values()
    return error


def test_a_folder_that_cannot_be_read_is_joined_to_its_package_by_thread(teller: Teller) -> None:
    teller.on("distmgr", 1).say("snapshot_started", package=PKG, source_path=SOURCE)
    teller.on("distmgr", 2).say("snapshot_started", package="CEN00099", source_path=r"\\X\Y")
    teller.on("distmgr", 1).at(2).say("source_directory_inaccessible", source_path=SOURCE, win32_error=5)
    error = only(teller)
    assert (error.package, error.reason) == (PKG, SourceReason.INACCESSIBLE)
    assert (error.source_path, error.win32_error, error.since) == (SOURCE, 5, START + 2)
    teller.at(3).say("snapshot_failed", package=PKG)
    teller.on("distmgr", 2).say("snapshot_failed", package="CEN00099")
    assert set(teller.state.source_errors) == {
        (PKG, SourceReason.INACCESSIBLE),
        ("CEN00099", SourceReason.SNAPSHOT),
    }
    error = teller.state.source_errors[PKG, SourceReason.INACCESSIBLE]
    assert (error.since, error.last_seen) == (START + 2, START + 3)
    assert [line.line for line in error.evidence] == [1, 3, 4]


def test_a_snapshot_that_failed_for_another_reason(teller: Teller) -> None:
    teller.snapshot(failed=True)
    error = only(teller)
    assert (error.reason, error.source_path, error.win32_error) == (SourceReason.SNAPSHOT, SOURCE, None)
    assert [line.line for line in error.evidence] == [1, 2]


def test_tries_go_on_and_the_first_stays_the_beginning(teller: Teller) -> None:
    for hour in range(20):
        teller.at(3600 * hour).snapshot(error=5)
    error = only(teller)
    assert (error.since, error.last_seen) == (START, START + 19 * 3600)
    assert len(error.evidence) == MAX_EVIDENCE
    assert (error.evidence[0].line, error.evidence[-1].line) == (1, 60)


def test_the_latest_try_tells_the_reason_and_the_code(teller: Teller) -> None:
    teller.snapshot(error=53)
    teller.at(10).snapshot(error=5)
    assert only(teller).win32_error == 5
    teller.at(20).snapshot(failed=True)
    assert only(teller).reason is SourceReason.SNAPSHOT
    past = teller.state.past_source_errors[PKG, SourceReason.INACCESSIBLE]
    assert (past.since, past.until) == (START, START + 20)


@pytest.mark.parametrize(
    "lines",
    [
        [("status", 2301)],
        [("contents_added", 2)],
        [("package_deleted", None)],
        [("package_deletion_started", None)],
    ],
)
def test_a_source_that_is_read_again_ends_the_error(teller: Teller, lines: list[tuple[str, int | None]]) -> None:
    teller.snapshot(error=5)
    for name, number in lines:
        teller.at(60)
        if name == "status":
            teller.status(number or 0, PKG)
        elif number is not None:
            teller.say(name, package=PKG, version=number)
        else:
            teller.say(name, package=PKG)
    assert not teller.state.source_errors
    past = teller.state.past_source_errors[PKG, SourceReason.INACCESSIBLE]
    assert (past.since, past.until) == (START, START + 60)


def test_other_lines_of_the_package_do_not_end_the_error(teller: Teller) -> None:
    teller.snapshot(error=5)
    for number in (2300, 2302, 2330):
        teller.status(number, PKG)
    teller.say("package_updating", package=PKG)
    teller.say("snapshot_started", package=PKG, source_path=SOURCE)
    teller.say("package_thread_exited", package=PKG)
    assert teller.state.source_errors


def test_status_message_2306_alone_is_a_source_error(teller: Teller) -> None:
    teller.status(2306, PKG)
    error = only(teller)
    assert (error.reason, error.source_path, error.win32_error) == (SourceReason.INACCESSIBLE, "", None)


@pytest.mark.parametrize("path", [r"\\FILES01\Drivers", r"D:\Source"])
def test_status_message_2306_may_name_the_folder(teller: Teller, path: str) -> None:
    teller.status(2306, PKG, istr0="Drivers", istr1=path, istr2=PKG)
    assert only(teller).source_path == path


def test_status_message_2306_after_the_line_adds_to_it(teller: Teller) -> None:
    teller.snapshot(error=3)
    teller.at(1).status(2306, PKG)
    error = only(teller)
    assert (error.source_path, error.win32_error, error.last_seen) == (SOURCE, 3, START + 1)
    assert len(error.evidence) == 4


def test_the_folder_line_alone_waits_for_the_line_that_names_the_package(teller: Teller) -> None:
    teller.say("source_directory_inaccessible", source_path=SOURCE, win32_error=2)
    assert not teller.state.source_errors
    teller.say("snapshot_failed", package=PKG)
    error = only(teller)
    assert (error.package, error.reason, error.win32_error) == (PKG, SourceReason.INACCESSIBLE, 2)
    assert [line.line for line in error.evidence] == [1, 2]


def test_the_failing_line_of_another_package_does_not_take_the_folder_line(teller: Teller) -> None:
    teller.say("snapshot_started", package=PKG, source_path=SOURCE)
    teller.say("source_directory_inaccessible", source_path=SOURCE, win32_error=5)
    teller.say("snapshot_failed", package="CEN00099")
    assert teller.state.source_errors["CEN00099", SourceReason.SNAPSHOT].win32_error is None
    assert teller.state.source_errors[PKG, SourceReason.INACCESSIBLE].win32_error == 5


def test_text_without_threads_joins_the_folder_by_its_path() -> None:
    teller = Teller("CEN", thread=None)
    teller.say("snapshot_started", package=PKG, source_path=SOURCE)
    teller.say("snapshot_started", package="CEN00099", source_path=r"\\X\Y")
    teller.say("source_directory_inaccessible", source_path=SOURCE.upper(), win32_error=5)
    assert only(teller).package == PKG


def test_a_folder_whose_snapshot_stood_in_an_earlier_try_is_known_by_its_path(teller: Teller) -> None:
    teller.snapshot(error=5)
    teller.status(2301, PKG)
    teller.on("distmgr", 77).say("source_directory_inaccessible", source_path=SOURCE, win32_error=53)
    assert (only(teller).package, only(teller).win32_error) == (PKG, 53)


def test_lost_lines_and_restarts_forget_the_snapshots_being_taken(teller: Teller) -> None:
    for forget in ("gap", "restart"):
        teller.say("source_directory_inaccessible", source_path=rf"\\{forget}", win32_error=5)
        if forget == "gap":
            teller.ledger.interrupted("distmgr")
        else:
            teller.say("component_started", component="SMS_DISTRIBUTION_MANAGER", thread_id=1)
        teller.say("snapshot_failed", package=PKG)
        assert only(teller).reason is SourceReason.SNAPSHOT


def test_snapshots_being_taken_are_bounded(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.replication.sources.MAX_OPEN", 3)
    monkeypatch.setattr("exporter.replication.sources.MAX_PACKAGES", 3)
    for thread in range(10):
        teller.on("distmgr", thread).say("snapshot_started", package=f"CEN{thread:05X}", source_path=rf"\\{thread}")
    encoded = str(teller.ledger.encode())
    assert r"\\\\6" not in encoded
    assert r"\\\\9" in encoded


def test_a_source_error_is_forgotten_with_its_package(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.replication.ledger.MAX_PACKAGES", 2)
    teller.snapshot(error=5)
    teller.status(2301, PKG)
    for number in range(5):
        teller.status(2300, f"CEN{number:05X}", "x")
    assert not teller.state.past_source_errors


def package_file(teller: Teller, package: str = "A0100100", *, error: int | None = None, failed: bool = False) -> None:
    """Say what the scheduler of SMS 1.x says of one package file."""
    teller.on("sched", 360).say("package_file_creating", file=rf"\\SERVER\SMS_SHRI\sender.box\tosend\{package}.S00")
    if error is not None:
        teller.say("package_source_inaccessible", source_path=SOURCE, win32_error=error)
    if error is not None or failed:
        teller.say("package_file_failed")


def test_the_scheduler_of_sms_1_names_the_package_by_its_file(teller: Teller) -> None:
    package_file(teller, error=5)
    error = only(teller)
    assert (error.package, error.reason, error.source_path, error.win32_error) == (
        "A0100100",
        SourceReason.INACCESSIBLE,
        SOURCE,
        5,
    )
    assert [line.line for line in error.evidence] == [1, 2, 3]


def test_in_text_without_threads_the_order_joins_the_lines(teller: Teller) -> None:
    teller.on("sched", None)
    for name, fields in (
        ("package_file_creating", {"file": "A0100100.S00"}),
        ("package_source_inaccessible", {"source_path": SOURCE, "win32_error": 5}),
    ):
        teller.say(name, **fields)
    assert only(teller).package == "A0100100"


def test_a_package_file_that_failed_without_a_word_of_its_source(teller: Teller) -> None:
    package_file(teller, failed=True)
    assert only(teller).reason is SourceReason.SNAPSHOT


def test_a_file_that_is_not_called_after_a_package_tells_nothing(teller: Teller) -> None:
    package_file(teller, "whatever", error=5)
    assert not teller.state.source_errors


def test_a_package_file_is_made_when_the_next_begins(teller: Teller) -> None:
    package_file(teller, error=5)
    package_file(teller)
    assert teller.state.source_errors
    package_file(teller, "A0100200")
    assert not teller.state.source_errors


def test_the_scheduler_speaks_of_no_package_that_distribution_manager_takes_a_snapshot_of(teller: Teller) -> None:
    teller.on("distmgr", 1).say("snapshot_started", package=PKG, source_path=SOURCE)
    teller.on("sched", 1).say("package_source_inaccessible", source_path=SOURCE, win32_error=5)
    assert not teller.state.source_errors


def test_a_compressed_copy_that_cannot_be_written_is_of_the_package_that_its_thread_is_at(teller: Teller) -> None:
    teller.on("distmgr", 1).say("compression_started", package=PKG)
    teller.on("distmgr", 2).say("compression_started", package="CEN00099")
    teller.on("distmgr", 1).at(2).say("compression_write_failed", win32_error=998)
    error = only(teller)
    assert (error.package, error.reason, error.win32_error) == (PKG, SourceReason.COMPRESSION, 998)
    assert [line.line for line in error.evidence] == [1, 3]
    teller.at(3600).say("compression_started", package=PKG)
    teller.say("compressed_package_size", package=PKG, kilobytes=19821)
    assert not teller.state.source_errors
    assert teller.state.past_source_errors[PKG, SourceReason.COMPRESSION].until == START + 3600


def test_a_failed_write_without_a_beginning_is_of_no_package(teller: Teller) -> None:
    teller.say("compression_write_failed", win32_error=998)
    assert not teller.state.source_errors


def test_a_locked_file_is_the_reason_of_the_snapshot_that_fails_after_it(teller: Teller) -> None:
    teller.say("source_file_locked")  # of no snapshot that is known
    teller.say("snapshot_started", package=PKG, source_path=SOURCE)
    teller.say("source_file_locked")
    assert not teller.state.source_errors
    teller.say("snapshot_failed", package=PKG)
    error = only(teller)
    assert (error.reason, error.win32_error) == (SourceReason.SNAPSHOT, 32)
    assert [line.line for line in error.evidence] == [2, 3, 4]
