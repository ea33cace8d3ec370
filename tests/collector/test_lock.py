from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from exporter.collector.lock import Lock, LockedError

HOLD = """
import sys
from pathlib import Path
from exporter.collector.lock import Lock

lock = Lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def hold(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_lock_is_refused_while_another_process_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "lock"
    with hold(path) as holder:
        with pytest.raises(LockedError, match=f"in use by process {holder.pid} on "):
            Lock(path)
        holder.kill()
    Lock(path).release()


def test_lock_is_refused_to_the_same_process(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "lock")
    with pytest.raises(LockedError, match=f"process {os.getpid()} "):
        Lock(tmp_path / "lock")
    lock.release()
    Lock(tmp_path / "lock").release()


def test_lock_file_of_a_process_that_is_gone_does_not_lock(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("process 1 on elsewhere\nand a longer text that was there before")
    Lock(tmp_path / "lock").release()
    assert (tmp_path / "lock").read_text().startswith(f"process {os.getpid()} on ")
    assert (tmp_path / "lock").read_text().count("\n") == 1


def test_lock_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        Lock(tmp_path / "file" / "lock")


def test_lock_that_cannot_be_written_is_held_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a disk that is full, or was remounted read-only after an error."""

    def full(_descriptor: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    lock = Lock(tmp_path / "lock")
    with pytest.raises(LockedError, match="another process"):
        Lock(tmp_path / "lock")
    lock.release()


def test_lock_that_is_there_can_be_taken_on_a_read_only_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def read_only(path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_RDWR:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return real(path, flags, mode)

    Lock(tmp_path / "lock").release()
    monkeypatch.setattr(os, "open", read_only)
    lock = Lock(tmp_path / "lock")
    with pytest.raises(LockedError):
        Lock(tmp_path / "lock")
    lock.release()
    with pytest.raises(OSError, match="Read-only"):
        Lock(tmp_path / "another")
