"""A file tells its size when it is opened, and may have grown when it is read: while a copy of it is being made."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from exporter.logs.block import Block
from exporter.logs.discovery import Folder, LogFiles
from exporter.logs.follower import Follower
from exporter.logs.health import LogHealth
from tests.logs.memory import MemoryFile, MemoryVolume

STAMP = b"  $$<SMS_DISTRIBUTION_MANAGER><06-14-2018 06:26:25.828-60><thread=1 (0x1)>\r\n"


@dataclass
class OpenedEarly:
    """A file that was empty when it was opened."""

    file: MemoryFile
    size: int = 0

    @property
    def identity(self) -> str | None:
        return self.file.identity

    def read(self, offset: int, size: int) -> bytes:
        return self.file.read(offset, size)


class SlowVolume(MemoryVolume):
    """Opens the files named in `early` just before they are filled."""

    early: frozenset[str] = frozenset()

    @contextmanager
    def open(self, folder: str, name: str) -> Iterator[MemoryFile]:
        with super().open(folder, name) as file:
            yield OpenedEarly(file) if name in self.early else file  # type: ignore[misc]  # it reads as one


def lines(first: int, last: int) -> bytes:
    return b"".join(b"#%d some words%b" % (number, STAMP) for number in range(first, last + 1))


def poll(folder: Folder, follower: Follower) -> list[int]:
    numbers = []
    for item in follower.poll(folder.scan().get("distmgr") or LogFiles("distmgr"), 0.0):
        assert isinstance(item, Block)
        numbers += [int(line.split()[0][1:]) for line in item.data.splitlines()]
        follower.advance(len(item.data), item.data.count(b"\n"))
    return numbers


def test_follower_copy_filled_after_it_was_opened() -> None:
    volume = SlowVolume(exact=False)
    folder = Folder(volume, "Logs")
    follower = Follower(folder, "distmgr", None, LogHealth())
    volume.write("distmgr.log", lines(1, 40))
    assert poll(folder, follower) == list(range(1, 41))

    volume.write("distmgr.log", lines(41, 45))
    volume.write("distmgr.lo_", lines(1, 45))
    volume.truncate("distmgr.log")
    volume.write("distmgr.log", lines(46, 50))
    volume.early = frozenset({"distmgr.lo_"})
    read = poll(folder, follower)
    volume.early = frozenset()
    while more := poll(folder, follower):
        read += more
    assert read == list(range(41, 51))
    assert follower.health.gaps == {}
