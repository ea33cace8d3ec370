"""A site whose logs are in memory, on a volume that fails on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.collector.site import MAX_GAPS, MAX_SAMPLES, Site
from exporter.events.matcher import Matcher, Scan
from exporter.logs.block import Block
from exporter.logs.clock import Clock
from exporter.logs.discovery import Folder
from exporter.logs.health import GapReason
from exporter.logs.records import RecordReader
from exporter.logs.volume import LocalVolume, Trouble, VolumeError
from exporter.replication.state import Tally
from tests.lines import START, applied, blocked, line
from tests.live import CATALOGUE, decode, encode, plain
from tests.logs.memory import MemoryVolume, nothing


def _matcher() -> Matcher:
    return Matcher(CATALOGUE, RecordReader(Clock()))


def _site(volume: MemoryVolume, saved: str = "", *, files: frozenset[str] | None = None, once: bool = False) -> Site:
    memory = decode(saved) if saved else None
    return Site("CHI", [Folder(volume, "Logs", only=files)], _matcher(), memory, once=once)


def _catch_up(site: Site) -> None:
    """Poll until there is nothing to read, three times over: what is doubtful is believed at its second sight."""
    quiet = 0
    for _ in range(50):
        quiet = 0 if site.poll(START) else quiet + 1
        if quiet == 3:
            return
    raise AssertionError("there is always more to read")


def _fail(kind: str, name: str = "") -> Callable[[str, str], None]:
    def hook(call: str, asked: str) -> None:
        if call == kind and name in asked:
            raise VolumeError(f"Logs/{asked}", Trouble.DENIED, "EACCES", "Permission denied")

    return hook


def test_blocked_task_sequence_stands() -> None:
    volume = MemoryVolume()
    volume.write("distmgr.log", blocked("CEN00021", 5))
    site = _site(volume)

    _catch_up(site)

    block = site.ledger.state.blocked["CEN00021"]
    assert (block.since, block.attempts) == (START + 5, 1)
    health = site.logs["distmgr"]
    assert (health.up, health.lines, health.events, health.last_record) == (True, 7, 7, START + 5)
    assert (health.position, health.size) == (len(blocked("CEN00021", 5)),) * 2


def test_rolled_file_is_read_before_the_current_one() -> None:
    volume = MemoryVolume()
    volume.write("distmgr.log", applied("CEN00021", 60))
    volume.write("distmgr.lo_", blocked("CEN00021", 5))
    site = _site(volume)

    _catch_up(site)

    assert not site.ledger.state.blocked


def test_files_named_one_by_one_are_read_in_their_order() -> None:
    volume = MemoryVolume()
    volume.write("distmgr.log", applied("CEN00021", 60))
    volume.write("distmgr.lo_", blocked("CEN00021", 5))
    site = _site(volume, files=frozenset({"distmgr.log", "distmgr.lo_"}), once=True)

    _catch_up(site)

    assert not site.ledger.state.blocked
    assert site.logs["distmgr"].lines == 12
    assert site.logs["distmgr"].up


def test_missing_distmgr_of_a_folder_is_shown() -> None:
    volume = MemoryVolume()
    volume.write("sender.log", line("No (more) send requests found to process.", component="SMS_LAN_SENDER"))
    site = _site(volume)
    assert set(site.logs) == {"distmgr"}

    _catch_up(site)

    assert set(site.logs) == {"distmgr", "sender"}
    assert not site.logs["distmgr"].up
    assert site.logs["distmgr"].error == "distmgr.log does not exist"

    volume.write("distmgr.log", applied("CEN00021"))
    _catch_up(site)

    assert site.logs["distmgr"].up


@pytest.mark.parametrize("name", ["sender.log", "pasted.txt", "Sender.LO_"])
def test_named_file_makes_no_other_log_expected(name: str) -> None:
    volume = MemoryVolume()
    volume.write(name, line("No (more) send requests found to process.", component="SMS_LAN_SENDER"))
    site = _site(volume, files=frozenset({name}))
    expected = {"pasted.txt"} if name == "pasted.txt" else {"sender"}
    assert set(site.logs) == expected

    _catch_up(site)

    assert set(site.logs) == expected
    assert all(health.up for health in site.logs.values())


def test_folder_that_cannot_be_read_is_told_for_each_log_and_does_not_keep_the_reader_busy() -> None:
    volume = MemoryVolume()
    volume.write("distmgr.log", blocked("CEN00021"))
    volume.write("sender.log", line("No (more) send requests found to process."))
    site = _site(volume)
    _catch_up(site)
    volume.hook = _fail("list")

    assert site.poll(START) is False
    assert site.poll(START) is False

    for log in ("distmgr", "sender"):
        assert not site.logs[log].up
        assert "Permission denied" in site.logs[log].error
        assert site.logs[log].read_errors == {"EACCES": 2}
    assert site.ledger.state.blocked  # doubt is no relief

    volume.hook = nothing
    _catch_up(site)
    assert all(health.up and not health.error for health in site.logs.values())


def test_folder_that_cannot_be_read_from_the_start_is_told() -> None:
    volume = MemoryVolume()
    volume.hook = _fail("list")
    site = _site(volume)

    assert site.poll(START) is False

    assert "Permission denied" in site.logs["distmgr"].error


def test_restart_does_not_show_logs_as_read_that_cannot_be_read_now() -> None:
    volume = MemoryVolume()
    volume.write("distmgr.log", blocked("CEN00021"))
    volume.write("sender.log", line("No (more) send requests found to process."))
    site = _site(volume)
    _catch_up(site)
    saved = encode(site.memory())

    volume.hook = _fail("list")
    again = _site(volume, saved)
    again.poll(START)
    assert [again.logs[log].up for log in ("distmgr", "sender")] == [False, False]

    volume.hook = nothing
    volume.delete("sender.log")
    again = _site(volume, saved)
    again.poll(START)
    assert [again.logs[log].up for log in ("distmgr", "sender")] == [True, False]


def test_one_log_that_cannot_be_read_leaves_the_others_read() -> None:
    volume = MemoryVolume()
    volume.write("despool.log", line("~Waiting for ready instruction file...."))
    volume.write("distmgr.log", blocked("CEN00021"))
    volume.hook = _fail("open", "despool")
    site = _site(volume)

    _catch_up(site)

    assert site.ledger.state.blocked
    assert "Permission denied" in site.logs["despool"].error


def test_fault_of_ours_in_one_log_leaves_the_others_read(monkeypatch: pytest.MonkeyPatch) -> None:
    volume = MemoryVolume()
    volume.write("despool.log", line("~Waiting for ready instruction file...."))
    volume.write("distmgr.log", blocked("CEN00021"))
    site = _site(volume)
    scan = Matcher.scan

    def faulty(self: Matcher, block: Block, log: str) -> Scan:
        if log == "despool":
            raise ZeroDivisionError
        return scan(self, block, log)

    monkeypatch.setattr(Matcher, "scan", faulty)

    with pytest.raises(ExceptionGroup) as caught:
        site.poll(START)

    assert isinstance(caught.value.exceptions[0], ZeroDivisionError)
    assert site.ledger.state.blocked
    monkeypatch.undo()
    _catch_up(site)
    assert site.logs["despool"].lines == 1


def test_logs_take_turns() -> None:
    volume = MemoryVolume()
    for log in ("despool", "distmgr", "sender"):
        volume.write(f"{log}.log", line("nothing of note"))
    site = _site(volume)

    assert site.poll(START, turns=2) is True
    assert sorted(log for log, health in site.logs.items() if health.lines) == ["despool", "distmgr"]
    assert site.poll(START, turns=2) is False
    assert all(health.lines == 1 for health in site.logs.values())


def test_revision_stands_still_while_nothing_changes() -> None:
    volume = MemoryVolume()
    volume.write("distmgr.log", blocked("CEN00021"))
    site = _site(volume)
    _catch_up(site)
    before = site.revision

    for _ in range(5):
        site.poll(START)
    assert site.revision == before

    volume.write("distmgr.log", line("nothing of note"))
    _catch_up(site)
    assert site.revision > before


def test_site_that_goes_on_with_anothers_memory_repeats_none_of_its_revisions() -> None:
    """A scrape is rendered anew when the state or its revision is another; over a reload the state is the same."""
    volume = MemoryVolume()
    volume.write("distmgr.log", blocked("CEN00021"))
    before = _site(volume)
    _catch_up(before)
    rendered = before.revision

    after = Site("CHI", [Folder(volume, "Logs")], _matcher(), before.memory())
    seen = {after.revision}
    for second in range(60, 300, 60):
        volume.write("distmgr.log", blocked("CEN00021", second))
        _catch_up(after)
        seen.add(after.revision)
    assert after.ledger.state is before.ledger.state
    assert rendered not in seen


def test_lost_lines_are_told_once_and_end_what_was_open() -> None:
    volume = MemoryVolume()
    volume.write("distmgr.log", applied("CEN00020", 1) + blocked("CEN00021", 5)[:500])
    site = _site(volume)
    _catch_up(site)

    volume.truncate("distmgr.log")
    volume.write("distmgr.log", applied("CEN00022", 90))
    _catch_up(site)

    (gap,) = site.gaps
    assert (gap.log, gap.reason, gap.after) == ("distmgr", GapReason.TRUNCATED, START + 5)
    assert gap.before == START + 90
    assert site.logs["distmgr"].gaps == {"truncated": 1}
    assert site.ledger.state.tallies[Tally.DEFINITIONS] == {("applied",): 2, ("unknown",): 1}


def test_gap_ends_where_a_line_tells_a_time_again_though_reading_stopped_before() -> None:
    volume = MemoryVolume()
    volume.write("distmgr.log", line("the first"))
    volume.write("sender.log", line("of another log"))
    site = _site(volume)
    _catch_up(site)

    volume.truncate("distmgr.log")
    volume.write("distmgr.log", b"no stamp\n" * 70)
    volume.write("sender.log", line("of another log", 3))
    _catch_up(site)
    assert [gap.before for gap in site.gaps] == [None]

    again = _site(volume, encode(site.memory()))
    volume.write("distmgr.log", line("the next", 7) + line("the last", 8))
    _catch_up(again)
    assert [(gap.after, gap.before) for gap in again.gaps] == [(START, START + 7)]


def test_number_of_gaps_that_are_kept_is_bounded() -> None:
    volume = MemoryVolume()
    volume.write("distmgr.log", line("the first"))
    site = _site(volume)
    _catch_up(site)

    for number in range(MAX_GAPS + 5):
        volume.truncate("distmgr.log")
        volume.write("distmgr.log", line(f"number {number}", number) * 2)
        _catch_up(site)

    assert len(site.gaps) == MAX_GAPS
    assert site.gaps[-1].after == START + MAX_GAPS + 3
    assert site.logs["distmgr"].gaps == {"truncated": MAX_GAPS + 5}


def test_number_of_suspicious_lines_that_are_kept_is_bounded() -> None:
    volume = MemoryVolume()
    site = _site(volume)
    for number in range(3 * MAX_SAMPLES):
        volume.write("distmgr.log", line(f"Something failed in a new way, number {number}"))
        _catch_up(site)

    health = site.logs["distmgr"]
    assert health.unmatched == 3 * MAX_SAMPLES
    assert health.samples[-1] == f"Something failed in a new way, number {3 * MAX_SAMPLES - 1}"
    assert len(health.samples) == MAX_SAMPLES


def test_closed_site_takes_nothing_more() -> None:
    volume = MemoryVolume()
    volume.write("distmgr.log", applied("CEN00020"))
    site = _site(volume)
    _catch_up(site)
    before = encode(site.memory())
    site.close()

    volume.write("distmgr.log", blocked("CEN00021", 5))
    site.poll(START)
    volume.hook = _fail("list")
    site.poll(START)
    assert encode(site.memory()) == before

    volume.hook = nothing
    again = _site(volume, before)
    _catch_up(again)
    assert set(again.ledger.state.blocked) == {"CEN00021"}


@pytest.mark.parametrize("loss", ["", "truncate", "roll", "copy", "roll twice"])
def test_every_instant_is_one_that_a_restart_goes_on_from(loss: str) -> None:
    """Whoever takes the site's memory while it reads, at any call of the volume, can go on from it exactly."""
    volume = MemoryVolume()
    taken: list[str] = []
    site = _site(volume)
    volume.write("distmgr.log", applied("CEN00020", 1) + blocked("CEN00021", 5))
    volume.write("sender.log", line("No (more) send requests found to process."))
    _catch_up(site)
    volume.write("distmgr.log", blocked("CEN00022", 20)[:300])
    _catch_up(site)
    if loss == "truncate":
        volume.truncate("distmgr.log")
    if loss == "copy":
        volume.write("distmgr.lo_", bytes(volume.files["distmgr.log"].data))
        volume.truncate("distmgr.log")
    for number in range({"roll": 1, "roll twice": 2}.get(loss, 0)):
        volume.rename("distmgr.log", "distmgr.lo_")
        volume.write("distmgr.log", applied("CEN00023", 60 + number))
    volume.write("distmgr.log", applied("CEN00024", 90) + blocked("CEN00021", 100))

    volume.hook = lambda _call, _name: taken.append(encode(site.memory()))
    _catch_up(site)
    volume.hook = nothing

    assert len(set(taken)) >= 2
    assert bool(site.gaps) == (loss in {"truncate", "roll twice"})
    for saved in dict.fromkeys(taken):
        again = _site(volume, saved)
        _catch_up(again)
        assert plain(again.ledger.state) == plain(site.ledger.state)
        assert plain(again.logs) == plain(site.logs)
        assert [replace(gap, unread_bytes=None) for gap in again.gaps] == [
            replace(gap, unread_bytes=None) for gap in site.gaps
        ]


def test_lost_lines_are_told_once_even_if_the_exporter_is_killed_at_that_moment() -> None:
    volume = MemoryVolume()
    volume.write("distmgr.log", applied("CEN00020", 1))
    site = _site(volume)
    _catch_up(site)
    volume.truncate("distmgr.log")
    volume.write("distmgr.log", applied("CEN00022", 90))

    site.poll(START)  # a doubt
    site.poll(START, turns=1)  # the gap alone: what comes behind it has not been read
    again = _site(volume, encode(site.memory()))
    _catch_up(again)

    assert [gap.reason for gap in again.gaps] == [GapReason.TRUNCATED]
    assert again.logs["distmgr"].gaps == {"truncated": 1}


def test_site_counts_what_it_has_read_for_showing_progress(tmp_path: Path) -> None:
    (tmp_path / "distmgr.log").write_bytes(applied("CEN00020"))
    site = Site("CHI", [Folder(LocalVolume(), str(tmp_path))], _matcher(), once=True)

    _catch_up(site)

    assert site.bytes_read == len(applied("CEN00020"))


def test_new_file_that_begins_with_a_long_line_of_an_earlier_one_is_read_whole() -> None:
    """An SQL trace repeats statements of many kilobytes, whose stamp stands behind all that a file is known by."""
    statement = "SQL>>>select distinct SiteCode, NALPath from PkgServers where PkgID in (" + "'CHI0001A'," * 900 + ")"
    volume = MemoryVolume()
    site = _site(volume)
    for number in range(4):
        if number:
            volume.rename("distmgr.log", "distmgr.lo_")
        volume.write("distmgr.log", line(statement, 10 * number) + applied("CEN00020", 10 * number))
        _catch_up(site)

    assert site.gaps == []
    assert site.logs["distmgr"].lines == 4 * 6
    assert site.ledger.state.tallies[Tally.DEFINITIONS] == {("applied",): 4}
