"""Folders of log files: what can be asked of them, and the answer of this machine's file systems.

Nothing here writes, locks or renames, and no file stays open longer than one `with` block: on Windows an open handle
can make the rename of a log to `.lo_` fail.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

if sys.platform == "win32":
    from exporter.logs.windows import open_shared


class Trouble(StrEnum):
    """Why a file or folder could not be read."""

    MISSING = "missing"
    NOT_A_FOLDER = "not_a_folder"
    DENIED = "denied"
    SHARING = "sharing_violation"
    OTHER = "other"


class VolumeError(Exception):
    """A file or folder could not be read.

    Attributes:
        path: what was asked for.
        trouble: why it was refused.
        code: a short name to count it by: an errno name (`EACCES`), `sharing_violation`, or a volume's own word.
    """

    def __init__(self, path: str, trouble: Trouble, code: str, words: str) -> None:
        super().__init__(f"{path}: {words}")
        self.path = path
        self.trouble = trouble
        self.code = code


@dataclass(frozen=True, slots=True)
class Entry:
    """One file as its folder lists it.

    Attributes:
        name: file name without folder, in the case it has on disk.
        size: bytes. Old news on Windows and shares: an entry is brought up to date when the writer closes the file.
        identity: names the file itself, whatever it is called, or None where a listing does not tell. May be given to
            another file once this one is deleted.
        modified: nanoseconds since 1970, by the clock of the file system.
    """

    name: str
    size: int
    identity: str | None
    modified: int


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a folder.

    Attributes:
        entries: by file name.
        exact: whether an unchanged entry proves an unchanged file. False on Windows and network file systems.
    """

    entries: Mapping[str, Entry]
    exact: bool


class OpenFile(Protocol):
    """A file that is open for reading."""

    @property
    def identity(self) -> str | None:
        """Name of the file itself, comparable with the other identities of its volume; None where there is none."""
        ...

    @property
    def size(self) -> int:
        """Bytes it held when it was opened, asked of the open file and not of its folder."""
        ...

    def read(self, offset: int, size: int) -> bytes:
        """Read up to `size` bytes from `offset`; fewer only at the end of the file.

        Raises:
            VolumeError: reading failed.
        """
        ...


class Volume(Protocol):
    """Folders of files, on this machine or on another."""

    def list(self, folder: str, wanted: Callable[[str], bool]) -> Listing:
        """List the regular files of a folder whose names are wanted, with one pass over the folder.

        Raises:
            VolumeError: the folder could not be read; NOT_A_FOLDER when it is a file.
        """
        ...

    def open(self, folder: str, name: str) -> AbstractContextManager[OpenFile]:
        """Open a file for reading, letting others write, rename and delete it. Close it soon.

        Raises:
            VolumeError: the file could not be opened.
        """
        ...

    def split(self, path: str) -> tuple[str, str]:
        """Split the path of a file into its folder and its name."""
        ...


_SHARING_VIOLATIONS: Final = {32, 33}  # ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION
_TROUBLE: Final = {
    errno.ENOENT: Trouble.MISSING,
    errno.ENOTDIR: Trouble.NOT_A_FOLDER,
    errno.EACCES: Trouble.DENIED,
    errno.EPERM: Trouble.DENIED,
}
# Kinds of Linux file system that show a change of a file in its inode at once. Of any other, network file systems
# above all, an entry may be old news.
_EXACT_KINDS: Final = {"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "tmpfs", "overlay"}


def volume_error(path: str, error: OSError) -> VolumeError:
    """Say in the words of this module why the operating system refused."""
    winerror = getattr(error, "winerror", None)
    words = error.strerror or str(error)
    if winerror in _SHARING_VIOLATIONS:
        return VolumeError(path, Trouble.SHARING, Trouble.SHARING.value, words)
    number = error.errno or 0
    # Windows says ERROR_DIRECTORY (267) as EINVAL when asked to list a file.
    trouble = Trouble.NOT_A_FOLDER if winerror == 267 else _TROUBLE.get(number, Trouble.OTHER)  # noqa: PLR2004
    return VolumeError(path, trouble, errno.errorcode.get(number, f"E{winerror or number}"), words)


class LocalVolume:
    """Folders that the operating system can reach by a path, mounted shares and UNC paths among them."""

    def list(self, folder: str, wanted: Callable[[str], bool]) -> Listing:
        """List the regular files of a folder whose names are wanted; see `Volume.list`."""
        try:
            found = Path(folder).stat()
            if not stat.S_ISDIR(found.st_mode):  # asked here, for systems word it differently when told to list a file
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            exact = _shows_changes_at_once(found.st_dev)
            with os.scandir(folder) as items:
                entries = (_entry(item) for item in items if wanted(item.name))
                return Listing({entry.name: entry for entry in entries if entry}, exact)
        except OSError as error:
            raise volume_error(folder, error) from None

    def open(self, folder: str, name: str) -> LocalFile:
        """Open a file for reading; see `Volume.open`."""
        return LocalFile(os.path.join(folder, name))  # noqa: PTH118  # runs for every log at every poll

    def split(self, path: str) -> tuple[str, str]:
        """Split the path of a file into its folder and its name."""
        return str(Path(path).parent), Path(path).name


class LocalFile:
    """A file of this machine, open for reading until the end of the `with` block.

    Raises:
        VolumeError: it could not be opened, or is no regular file.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        try:
            self._descriptor = _open(path)
        except OSError as error:
            raise volume_error(path, error) from None
        try:
            found = os.fstat(self._descriptor)
        except OSError as error:
            os.close(self._descriptor)
            raise volume_error(path, error) from None
        if not stat.S_ISREG(found.st_mode):
            os.close(self._descriptor)
            raise VolumeError(path, Trouble.OTHER, "not_a_file", "not a regular file")
        self.identity = _identity(found)
        self.size = found.st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def read(self, offset: int, size: int) -> bytes:
        """Read up to `size` bytes from `offset`; see `OpenFile.read`."""
        try:
            data = _read_at(self._descriptor, offset, size)
            while len(data) < size and (more := _read_at(self._descriptor, offset + len(data), size - len(data))):
                data += more
        except OSError as error:
            raise volume_error(self._path, error) from None
        return data


def _entry(item: os.DirEntry[str]) -> Entry | None:
    try:
        if not item.is_file():
            return None
        found = item.stat()
    except FileNotFoundError:
        return None
    except OSError:
        return Entry(item.name, 0, None, 0)  # opening it will say what is wrong
    return Entry(item.name, found.st_size, _identity(found), found.st_mtime_ns)


def _identity(found: os.stat_result) -> str | None:
    """Name the file itself; Windows leaves the index out of a listing, and some file systems have none."""
    return f"{found.st_dev:x}:{found.st_ino:x}" if found.st_ino else None


if sys.platform == "win32":

    def _open(path: str) -> int:
        return open_shared(path)

    def _read_at(descriptor: int, offset: int, size: int) -> bytes:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, size)

    def _shows_changes_at_once(_device: int) -> bool:
        return False  # NTFS brings the entry up to date when the writer closes the file

else:

    def _open(path: str) -> int:
        # O_NONBLOCK: a pipe by the name of a log must not hold up every other log.
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)

    def _read_at(descriptor: int, offset: int, size: int) -> bytes:
        return os.pread(descriptor, size, offset)

    @lru_cache(maxsize=1024)
    def _shows_changes_at_once(device: int) -> bool:
        wanted = f"{os.major(device)}:{os.minor(device)}"
        try:
            mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return False
        kinds = {
            line.partition(" - ")[2].split(" ", 1)[0] for line in mounts.splitlines() if line.split(" ", 3)[2] == wanted
        }
        return bool(kinds) and kinds <= _EXACT_KINDS
