"""One process per directory, by a lock that the operating system lets go of when the process dies."""

from __future__ import annotations

import errno
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

if sys.platform == "win32":
    import msvcrt

    # Windows forbids others to read locked bytes, and who holds the lock must stay readable.
    _LOCKED_BYTE: Final = 1 << 20
    _HELD: Final = {errno.EACCES, 0}  # Wine leaves the number out

    def _lock(descriptor: int) -> bool:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno in _HELD:
                return False
            raise
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


_READ_ONLY: Final = {errno.EROFS, errno.EACCES, errno.EPERM}


class LockedError(Exception):
    """Another process holds the lock. `holder` says which, as far as it is known."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"in use by {holder}")
        self.holder = holder


class Lock:
    """A lock file, locked from the making of this object until `release`; the file stays.

    One that is there is enough: it can be locked on a disk that is full or read-only, too.

    Args:
        path: the lock file; it and its folder are made if they do not exist.

    Raises:
        LockedError: another process, or another `Lock` of this one, holds it.
        OSError: the file cannot be opened or locked.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = _open(path)
        try:
            self._take()
        except BaseException:
            os.close(self._descriptor)
            raise

    def release(self) -> None:
        """Let go of the lock."""
        os.close(self._descriptor)

    def _take(self) -> None:
        if not _lock(self._descriptor):
            text = os.read(self._descriptor, 200).decode(errors="replace").strip()
            raise LockedError(text or "another process")
        with suppress(OSError):  # on a full or read-only disk nobody can say who holds it, but it is held
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        if error.errno not in _READ_ONLY or not path.exists():
            raise
        return os.open(path, os.O_RDONLY)
