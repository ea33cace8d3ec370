"""The state at every step of the logs' own time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.collector.history import HOLE_SECONDS, Reading, Span, Told, replay, tell
from exporter.events.loader import load_catalogue
from exporter.events.matcher import Matcher
from exporter.logs.clock import Clock
from exporter.logs.discovery import KNOWN_LOGS, Folder
from exporter.logs.records import RecordReader
from exporter.logs.volume import LocalVolume
from exporter.metrics.views import SiteView
from tests.lines import START, applied, blocked, line, status_message

_DAY = 86_400


def _matcher() -> Matcher:
    return Matcher(load_catalogue(), RecordReader(Clock()))


def _told(folder: Path, *, until: float = math.inf, reading: Reading | None = None) -> Iterator[Told]:
    return tell([Folder(LocalVolume(), str(folder), KNOWN_LOGS)], _matcher(), until, reading or Reading())


def _samples(folder: Path, span: Span, *, until: float = math.inf) -> dict[float, set[str]]:
    """Return what is blocked at each step, in seconds after the start."""
    found: dict[float, set[str]] = {}

    def sample(view: SiteView, at: float) -> None:
        assert at - START not in found, "each step once"
        found[at - START] = set(view.state.blocked)

    replay("CHI", _told(folder, until=until), span, sample)
    assert list(found) == sorted(found)
    return found


def test_block_is_seen_from_the_first_step_after_it_began_until_it_ended(tmp_path: Path) -> None:
    lines = applied("CEN00020", 30) + blocked("CEN00021", 90) + applied("CEN00021", 240) + line("noise", 400)
    (tmp_path / "distmgr.log").write_bytes(lines)

    assert _samples(tmp_path, Span(60)) == {60: set(), 120: {"CEN00021"}, 180: {"CEN00021"}, 240: set()}


def test_line_at_the_very_step_counts(tmp_path: Path) -> None:
    (tmp_path / "distmgr.log").write_bytes(blocked("CEN00021", 60))

    assert _samples(tmp_path, Span(60)) == {60: {"CEN00021"}}


def test_rolled_and_dated_files_come_first(tmp_path: Path) -> None:
    (tmp_path / "distmgr.log").write_bytes(applied("CEN00021", 300))
    (tmp_path / "distmgr.lo_").write_bytes(blocked("CEN00021", 60))

    assert _samples(tmp_path, Span(60)) == {60 * n: {"CEN00021"} for n in range(1, 5)} | {300: set()}


def test_logs_of_a_site_are_joined_by_their_time(tmp_path: Path) -> None:
    (tmp_path / "distmgr.log").write_bytes(applied("CEN00020", 30) + applied("CEN00022", 600))
    (tmp_path / "despool.log").write_bytes(status_message(2301, "CEN00021", second=300))

    assert [told.log for told in _told(tmp_path) if told.time == START + 300] == ["despool"]
    times = [told.time for told in _told(tmp_path)]
    assert times == sorted(times)


def test_only_the_times_that_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "distmgr.log").write_bytes(blocked("CEN00021", 60) + applied("CEN00021", 600))

    found = _samples(tmp_path, Span(60, since=START + 290, until=START + 420))

    assert found == {300: {"CEN00021"}, 360: {"CEN00021"}, 420: {"CEN00021"}}


def test_clock_that_was_wrong_moves_no_time(tmp_path: Path) -> None:
    wrong = line("Successfully created/updated the package CEN00030", 40 * 365 * _DAY // 3600 % 9 * 3600)
    wrong = wrong.replace(b"03-04-2010", b"03-04-2050")
    (tmp_path / "distmgr.log").write_bytes(blocked("CEN00021", 60) + wrong + applied("CEN00021", 120))

    assert _samples(tmp_path, Span(60), until=START + _DAY) == {60: {"CEN00021"}, 120: set()}


def test_nothing_is_said_of_a_time_without_any_line(tmp_path: Path) -> None:
    late = applied("CEN00021", 90).replace(b"03-04-2010", b"03-04-2011")
    (tmp_path / "distmgr.log").write_bytes(blocked("CEN00021", 30) + late)

    found = _samples(tmp_path, Span(60))

    assert 365 * _DAY > HOLE_SECONDS
    assert found == {60: {"CEN00021"}, 365 * _DAY + 120: set()}


def test_quiet_night_keeps_the_state(tmp_path: Path) -> None:
    (tmp_path / "distmgr.log").write_bytes(blocked("CEN00021", 60) + applied("CEN00021", 8 * 3600))

    found = _samples(tmp_path, Span(60))

    assert set(found) == {60.0 * n for n in range(1, 8 * 60 + 1)}
    assert [at for at, state in found.items() if not state] == [8 * 3600]


def test_lines_without_a_time_give_no_sample(tmp_path: Path) -> None:
    (tmp_path / "distmgr.log").write_bytes(b"Adding package CEN00021 to the active package array.\r\n")
    reading = Reading()

    replay("CHI", _told(tmp_path, reading=reading), Span(60), lambda *_: pytest.fail("there is no time"))

    assert reading.logs["distmgr"].events == 1
    assert reading.bytes_read == (tmp_path / "distmgr.log").stat().st_size
