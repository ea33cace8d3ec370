"""Follows a log that another Windows process writes, rolls, replaces, deletes or keeps to itself.

    follow.py SCENARIO FOLDER [plain]

With `plain`, files are opened with Python's own `open`, as a reader would that knows nothing of Windows: the scenario
must show that the writer is hindered then.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from exporter.logs.block import Block
from exporter.logs.clock import Clock
from exporter.logs.discovery import Folder, LogFiles
from exporter.logs.follower import Follower
from exporter.logs.health import LogHealth
from exporter.logs.records import RecordReader
from exporter.logs.volume import LocalVolume, OpenFile, volume_error

PATIENCE = 100.0
NUMBER = re.compile(rb"#(\d+) ")


class PlainFile:
    """A file opened with Python's own `open`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        found = os.fstat(descriptor)
        self.identity: str | None = f"{found.st_dev:x}:{found.st_ino:x}"
        self.size = found.st_size

    def read(self, offset: int, size: int) -> bytes:
        os.lseek(self._descriptor, offset, os.SEEK_SET)
        return os.read(self._descriptor, size)


class PlainVolume(LocalVolume):
    """Opens files with Python's own `open`."""

    @contextmanager
    def open(self, folder: str, name: str) -> Iterator[OpenFile]:  # type: ignore[override]  # a file without its own end
        path = Path(folder, name)
        try:
            file = path.open("rb", buffering=0)
        except OSError as error:
            raise volume_error(str(path), error) from None
        with file:
            yield PlainFile(file.fileno())


class OtherProcess:
    """The writer."""

    def __init__(self, log: Path) -> None:
        script = Path(__file__).with_name("writer.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script), str(log)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.answer: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=PATIENCE)

    def say(self, words: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{words}\n")
        self._process.stdin.flush()

    def hear(self) -> None:
        assert self._process.stdout
        self.answer = json.loads(self._process.stdout.readline())

    def do(self, words: str) -> None:
        self.say(words)
        self.hear()


class Reader:
    """Follows the log, and keeps the number of every line."""

    def __init__(self, folder: Path, *, plain: bool) -> None:
        self.health = LogHealth()
        self.numbers: list[int] = []
        self.polls = 0
        self.folder = Folder(PlainVolume() if plain else LocalVolume(), str(folder))
        self._follower = Follower(self.folder, "distmgr", None, self.health)
        self._records = RecordReader(Clock())

    @property
    def last(self) -> int:
        return self.numbers[-1] if self.numbers else 0

    def poll(self) -> None:
        self.polls += 1
        files = self.folder.scan().get("distmgr") or LogFiles("distmgr")
        for item in self._follower.poll(files, time.time()):
            if isinstance(item, Block):
                segments = self._records.segment(item)
                for raw in segments.raws:
                    number = NUMBER.match(raw)
                    self.numbers.append(int(number[1]) if number else -1)
                self._follower.advance(segments.consumed, segments.line_count)

    def poll_until(self, done: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not done():
            if time.monotonic() > end:
                raise SystemExit(f"not done in time: {self.numbers[-3:]}, {self.health}")
            self.poll()


def storm(writer: OtherProcess, reader: Reader) -> None:
    """Hundreds of rolls, while the reader opens and reads as often as it can.

    The writer learns late what has been read, so that two polls pass between a roll and the next. That is the one thing
    in which it is gentler than a component: while `.lo_` is open, for some milliseconds in the two polls after a roll,
    Windows refuses to put another file in its place.
    """
    last = 5_100
    writer.say(f"storm {last} 25")
    read = [0, 0, 0]

    def read_all() -> bool:
        read.append(reader.last)
        if read[-4] < read[-3] < last:
            writer.say(str(read[-3]))
        return reader.last >= last

    reader.poll_until(read_all)
    writer.hear()
    reader.poll()


def rolls_between_polls(writer: OtherProcess, reader: Reader) -> None:
    """A handle kept from one poll to the next would make the second rename fail."""
    for _ in range(20):
        writer.do("write 5")
        reader.poll_until(lambda: reader.last == writer.answer["number"])
        for _ in range(3):
            writer.do("roll rename")
            writer.do("write 5")
        reader.poll_until(lambda: reader.last == writer.answer["number"])


def deleted(writer: OtherProcess, reader: Reader) -> None:
    """Somebody deletes logs that have been read; the component begins new ones."""
    for _ in range(50):
        writer.do("write 5")
        reader.poll_until(lambda: reader.last == writer.answer["number"])
        writer.do("delete")
        reader.poll()


def rolls_while_open(writer: OtherProcess, reader: Reader) -> None:
    """The log is renamed, replaced or deleted at the very moment at which it is being read."""
    for what in ("rename", "replace", "delete"):
        writer.do("write 5")
        first = writer.answer["number"] - 4
        with reader.folder.volume.open(reader.folder.path, "distmgr.log") as file:
            writer.do("write 1")
            writer.do(f"try {what}")
            reader.numbers += [int(number) for number in NUMBER.findall(file.read(0, 4096)) if int(number) >= first]


def held(writer: OtherProcess, reader: Reader) -> None:
    """The writer opens the log without sharing it, and lets go of it after a while."""
    writer.do("write 5")
    reader.poll_until(lambda: reader.last == writer.answer["number"])
    for _ in range(10):
        before = reader.health.sharing_violations
        writer.do("hold")
        reader.poll_until(lambda before=before: reader.health.sharing_violations >= before + 3)  # type: ignore[misc]
        writer.do("release")
        reader.poll_until(lambda: reader.last == writer.answer["number"])


SCENARIOS = {scenario.__name__: scenario for scenario in (storm, rolls_while_open, rolls_between_polls, deleted, held)}


def main() -> None:
    scenario, folder, *plain = sys.argv[1:]
    reader = Reader(Path(folder), plain=bool(plain))
    with OtherProcess(Path(folder, "distmgr.log")) as writer:
        SCENARIOS[scenario](writer, reader)
    health = reader.health
    answer = {
        "written": writer.answer["number"],
        "refusals": writer.answer["refusals"],
        "numbers": reader.numbers,
        "polls": reader.polls,
        "rollovers": health.rollovers,
        "sharing_violations": health.sharing_violations,
        "read_errors": health.read_errors,
        "gaps": health.gaps,
        "up": health.up,
    }
    sys.stdout.write(f"{json.dumps(answer)}\n")


if __name__ == "__main__":
    main()
