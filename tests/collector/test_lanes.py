from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from exporter.collector.facts import Facts
from exporter.collector.lanes import Lanes, Watch, lane_of
from exporter.collector.site import Site
from exporter.events.matcher import Matcher
from exporter.logs.clock import Clock
from exporter.logs.discovery import Folder
from exporter.logs.records import RecordReader
from exporter.logs.volume import Trouble, VolumeError
from tests.lines import applied, blocked
from tests.live import CATALOGUE
from tests.logs.memory import MemoryVolume, nothing
from tests.waiting import until

_INTERVAL = 0.005


def _watch(code: str, data: bytes) -> tuple[Watch, MemoryVolume]:
    volume = MemoryVolume()
    volume.write("distmgr.log", data)
    folder = Folder(volume, f"/no/such/folder/{code}")
    return Watch(Site(code, [folder], Matcher(CATALOGUE, RecordReader(Clock()))), _INTERVAL), volume


@contextmanager
def _polling(watches: Sequence[Watch]) -> Iterator[Facts]:
    facts = Facts(lambda: 1e9, keeps_state=False)
    lanes = Lanes(facts, lambda: 1e9)
    lanes.begin(watches)
    try:
        yield facts
    finally:
        lanes.end()


def test_fault_of_ours_in_one_site_is_counted_and_silences_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    poll = Site.poll

    def faulty(self: Site, now: float, turns: int | None = None) -> bool:
        if self.code == "CHI":
            raise ZeroDivisionError
        return poll(self, now, turns)

    monkeypatch.setattr(Site, "poll", faulty)
    ours, (other, _) = _watch("CHI", b"")[0], _watch("LON", blocked("CEN00021"))

    with _polling([ours, other]) as facts:
        until(lambda: facts.look().faults >= 3)
        until(lambda: other.caught_up)
        assert list(other.site.ledger.state.blocked) == ["CEN00021"]
        assert caplog.text.count("Traceback") == 1, "told once, not at every poll"
        monkeypatch.undo()
        until(lambda: "are read again" in caplog.text)


def test_own_log_tells_what_cannot_be_read_and_what_was_lost(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="exporter")
    watch, volume = _watch("CHI", blocked("CEN00021", 5))

    def refuse(_call: str, name: str) -> None:
        raise VolumeError(name, Trouble.DENIED, "EACCES", "Permission denied")

    with _polling([watch]):
        until(lambda: watch.caught_up)
        assert caplog.text == ""
        volume.hook = refuse
        until(lambda: "CHI distmgr is not read: /no/such/folder/CHI: Permission denied" in caplog.text)
        volume.hook = nothing
        until(lambda: "CHI distmgr is read again" in caplog.text)
        volume.truncate("distmgr.log")
        volume.write("distmgr.log", applied("CEN00020", 90))
        until(lambda: "CHI distmgr: lines were lost" in caplog.text)
        assert caplog.text.count("is not read") == 1


def test_passes_are_counted_and_end_with_the_lanes() -> None:
    watch, volume = _watch("CHI", blocked("CEN00021"))
    with _polling([watch]) as facts:
        until(lambda: facts.look().scans >= 3)
    scans = facts.look().scans
    volume.write("distmgr.log", applied("CEN00021", 90))
    assert (facts.look().scans, facts.look().last_scan) == (scans, 1e9)
    assert list(watch.site.ledger.state.blocked) == ["CEN00021"], "nothing is read after the end"


@pytest.mark.parametrize(
    ("path", "lane"),
    [
        (r"\\CHI01\SMS_CHI\Logs", "chi01"),
        (r"\\chi01\d$\SMS\Logs", "chi01"),
        ("smb://reader:secret@chi01/SMS_CHI/Logs", "chi01"),
        ("/no/such/folder", "/no/such/folder"),
    ],
)
def test_sites_of_one_server_are_read_in_one_lane(path: str, lane: str) -> None:
    assert lane_of(path) == lane


def test_sites_of_one_disk_are_read_in_one_lane(tmp_path: Path) -> None:
    (tmp_path / "CHI").mkdir()
    assert lane_of(str(tmp_path / "CHI")) == lane_of(str(tmp_path))
    assert lane_of(str(tmp_path)).startswith("device ")
