"""A volume in memory that behaves as badly as real ones do, on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from exporter.logs.volume import Entry, Listing, Trouble, VolumeError


def nothing(_call: str, _name: str) -> None:
    """Let a call pass."""


@dataclass
class MemoryFile:
    """The bytes of a file, whatever it is called; also an open handle to it."""

    number: int
    volume: MemoryVolume
    data: bytearray = field(default_factory=bytearray)
    modified: int = 0

    @property
    def identity(self) -> str | None:
        return f"m:{self.number}" if self.volume.identities else None

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, offset: int, size: int) -> bytes:
        self.volume.call("read", "")
        return bytes(self.data[offset : offset + size])


class MemoryVolume:
    """One folder.

    Attributes:
        files: by name.
        hook: called before every call with its kind (`list`, `open`, `read`) and the file's name; may change the
            files, as another process would, or raise what the call is to raise.
        exact: whether listings are; if not, entries of files ending in `.log` tell nothing.
        identities: whether open files have any.
        calls: kinds of the calls so far.
    """

    def __init__(self, *, exact: bool = True, identities: bool = True) -> None:
        self.files: dict[str, MemoryFile] = {}
        self.hook: Callable[[str, str], None] = nothing
        self.exact = exact
        self.identities = identities
        self.calls: list[str] = []
        self._tick = 0

    # What a reader does

    def call(self, kind: str, name: str) -> None:
        self.calls.append(kind)
        self.hook(kind, name)

    def list(self, folder: str, wanted: Callable[[str], bool]) -> Listing:
        self.call("list", folder)
        entries = (self._entry(name, file) for name, file in self.files.items() if wanted(name))
        return Listing({entry.name: entry for entry in entries}, self.exact)

    @contextmanager
    def open(self, folder: str, name: str) -> Iterator[MemoryFile]:
        self.call("open", name)
        if name not in self.files:
            raise VolumeError(f"{folder}/{name}", Trouble.MISSING, "ENOENT", "No such file or directory")
        yield self.files[name]

    def split(self, path: str) -> tuple[str, str]:
        folder, _, name = path.rpartition("/")
        return folder, name

    def _entry(self, name: str, file: MemoryFile) -> Entry:
        if not self.exact and name.endswith(".log"):
            return Entry(name, 0, None, 0)
        return Entry(name, file.size, file.identity if self.exact else None, file.modified)

    # What a writer does

    def write(self, name: str, data: bytes) -> None:
        if name not in self.files:
            taken = {file.number for file in self.files.values()}
            number = next(n for n in range(len(taken) + 1) if n not in taken)  # reused as soon as it can be
            self.files[name] = MemoryFile(number, self)
        self.files[name].data += data
        self.touch(self.files[name])

    def truncate(self, name: str, size: int = 0) -> None:
        del self.files[name].data[size:]
        self.touch(self.files[name])

    def rename(self, old: str, new: str) -> None:
        self.files[new] = self.files.pop(old)

    def delete(self, name: str) -> None:
        del self.files[name]

    def touch(self, file: MemoryFile) -> None:
        self._tick += 1
        file.modified = self._tick
