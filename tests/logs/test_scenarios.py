from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.logs.discovery import Folder, LogFiles
from exporter.logs.follower import Follower
from exporter.logs.health import Gap, GapReason, LogHealth
from exporter.logs.position import Position
from exporter.logs.segments import segment
from exporter.logs.volume import Listing, LocalVolume
from tests.logs.scenarios import SCENARIOS

STAMP = "  $$<SMS_DISTRIBUTION_MANAGER><06-14-2018 06:26:25.828-60><thread=9112 (0x2398)>\r\n"
ANEW = {GapReason.DELETED, GapReason.TRUNCATED}  # which of them, hangs on whether the file system reuses an inode


class VagueVolume(LocalVolume):
    """Claims, as Windows and shares must, that entries prove nothing."""

    def list(self, folder: str, wanted: Callable[[str], bool]) -> Listing:
        return Listing(super().list(folder, wanted).entries, exact=False)


class Stage:
    def __init__(self, path: Path, volume: LocalVolume) -> None:
        self.folder = Folder(volume, str(path))
        self.log = path / "distmgr.log"
        self.rolled = path / "distmgr.lo_"
        self.hidden = path / "hidden"
        self.torn: tuple[int, bytes] | None = None
        self.kept = b""
        self.ticks = 0
        self.saved: Position | None = None
        self.follower = self._follower()

    def play(self, step: str) -> None:
        verb, *words = step.split()
        getattr(self, verb)(*words)

    def write(self, *names: str) -> None:
        for name in names:
            self._append(f"{name}{STAMP}".encode())

    def tear(self, name: str) -> None:
        line = f"{name}{STAMP}".encode()
        self._append(line[:40])
        self.torn = (self.log.stat().st_ino, line[40:])

    def finish(self) -> None:
        assert self.torn
        inode, rest = self.torn
        self._append(rest, next(path for path in self.log.parent.iterdir() if path.stat().st_ino == inode))

    def roll(self) -> None:
        self.log.replace(self.rolled)

    def copy(self) -> None:
        shutil.copyfile(self.log, self.rolled)
        self._tick(self.rolled)

    def part(self) -> None:
        self.rolled.write_bytes(self.log.read_bytes()[: self.log.stat().st_size // 2])
        self._tick(self.rolled)

    def cut(self) -> None:
        os.truncate(self.log, 0)
        self._tick(self.log)

    def date(self, number: str) -> None:
        self.log.rename(self.log.with_name(f"distmgr-20260101-00000{number}.log"))

    def delete(self, name: str) -> None:
        self.log.with_name(name).unlink()

    def old(self, name: str) -> None:
        self._append(f"{name}{STAMP}".encode(), self.log.with_name("distmgr-20250101-000000.log"))

    def keep(self) -> None:
        self.kept = self.log.read_bytes()

    def restore(self) -> None:
        self.log.write_bytes(self.kept)
        self._tick(self.log)

    def hide(self) -> None:
        self.log.rename(self.hidden)

    def show(self) -> None:
        self.hidden.replace(self.log)

    def mirror(self) -> None:
        shutil.copyfile(self.log, self.hidden)
        self.hidden.replace(self.log)
        self._tick(self.log)

    def save(self) -> None:
        self.saved = self.follower.position

    def restart(self) -> None:
        self.follower = self._follower()

    def read(self, *expected: str) -> None:
        found = []
        for item in self.follower.poll(self.folder.scan().get("distmgr", LogFiles("distmgr")), now=0.0):
            if isinstance(item, Gap):
                found.append("gap:anew" if "gap:anew" in expected and item.reason in ANEW else f"gap:{item.reason}")
            else:
                segments = segment(item)
                self.follower.advance(segments.consumed, segments.line_count)
                found += [self._name(raw) for raw in segments.raws]
        assert found == list(expected)

    def _name(self, raw: bytes) -> str:
        whole = re.fullmatch(rb"(\w)" + re.escape(STAMP.strip().encode().join([b"  ", b"\r"])), raw)
        return whole[1].decode() if whole else "half"

    def _append(self, data: bytes, path: Path | None = None) -> None:
        with (path or self.log).open("ab") as file:
            file.write(data)
        self._tick(path or self.log)

    def _tick(self, path: Path) -> None:
        """Give each change a time of its own: a test is faster than the clock of a file system."""
        self.ticks += 1
        os.utime(path, ns=(0, self.ticks * 10**9))

    def _follower(self) -> Follower:
        return Follower(self.folder, "distmgr", self.saved, LogHealth())


@pytest.mark.parametrize("volume", [LocalVolume(), VagueVolume()], ids=["exact", "vague"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str, volume: LocalVolume, tmp_path: Path) -> None:
    stage = Stage(tmp_path, volume)
    for step in SCENARIOS[name].strip().splitlines():
        try:
            stage.play(step)
        except AssertionError as error:
            raise AssertionError(f"{name}: {step.strip()}: {error}") from error


def test_scenarios_hold_every_act_and_every_reason_to_report_a_loss() -> None:
    steps = [step.split() for scenario in SCENARIOS.values() for step in scenario.strip().splitlines()]
    acts = {name for name in vars(Stage) if not name.startswith("_") and name != "play"}
    assert {verb for verb, *_ in steps} == acts
    told = {word.removeprefix("gap:") for _, *words in steps for word in words if word.startswith("gap:")}
    assert told == {"rolled_twice", "truncated", "replaced", "anew"}
