"""Writes a log as a component of ConfigMgr does, rolls it, and notes whatever Windows refuses it meanwhile.

It is told what to do by lines on its standard input and answers each with one line of JSON: the number of the last
line that it wrote, and what was refused since it started, as pairs of the deed and Windows' error code.

    write COUNT             append lines
    roll HOW                `rename`, `replace` or `copy` (and cut off)
    delete                  delete the log
    try WHAT                `rename`, `replace` or `delete` the log, once, whether or not Windows lets us
    storm LAST LINES        append up to line LAST, and roll by each way in turn after so many lines. It runs at most
                            that many lines ahead of the reader, who says on further lines how far he has read.
    hold                    append a line and keep the log open without sharing it
    release                 let go of it
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, TypeVar

assert sys.platform == "win32"

import _winapi  # noqa: E402
import msvcrt  # noqa: E402

STAMP = b"  $$<SMS_DISTRIBUTION_MANAGER><06-14-2018 06:26:25.828-60><thread=9112 (0x2398)>\r\n"
WAYS = ("rename", "replace", "copy")
TRIES = 10_000
GENERIC_WRITE = 0x40000000
OPEN_ALWAYS = 4
Result = TypeVar("Result")


class Writer:
    """Writes one log.

    Args:
        log: path of the `.log`.
    """

    def __init__(self, log: Path) -> None:
        self.number = 0
        self.refusals: list[tuple[str, int | None]] = []
        self._log = log
        self._rolled = log.with_suffix(".lo_")
        self._held: int | None = None

    def write(self, count: int) -> None:
        """Append lines; the log is open meanwhile, sharing reading and writing, as C programs open it."""
        with self._attempt("open", lambda: self._log.open("ab", buffering=0)) as file:
            for _ in range(count):
                self._append(file)

    def roll(self, how: str) -> None:
        """Make `.lo_` of the log."""
        if how == "rename":
            self._attempt("delete .lo_", lambda: self._rolled.unlink(missing_ok=True))
            self._attempt("rename", lambda: self._log.rename(self._rolled))
        elif how == "replace":
            self._attempt("replace", lambda: self._log.replace(self._rolled))
        else:
            self._attempt("copy", lambda: shutil.copyfile(self._log, self._rolled))
            self._attempt("cut off", lambda: os.truncate(self._log, 0))

    def delete(self) -> None:
        """Delete the log."""
        self._attempt("delete", self._log.unlink)

    def try_once(self, what: str) -> None:
        """Try to rename, replace or delete the log."""
        new = self._log.with_suffix(".new")
        deeds: dict[str, Callable[[], object]] = {
            "rename": lambda: self._log.rename(new),
            "replace": lambda: self._log.replace(self._rolled),
            "delete": self._log.unlink,
        }
        try:
            deeds[what]()
        except OSError as error:
            self.refusals.append((what, error.winerror))

    def storm(self, last: int, lines: int) -> None:
        """Write and roll as fast as the reader follows."""
        read = self.number
        rolls = 0
        while self.number < last:
            with self._attempt("open", lambda: self._log.open("ab", buffering=0)) as file:
                for _ in range(min(lines, last - self.number)):
                    while self.number >= read + lines - 1:
                        read = int(sys.stdin.readline())
                    self._append(file)
            if self.number < last:
                self.roll(WAYS[rolls % len(WAYS)])
                rolls += 1

    def hold(self) -> None:
        """Append a line and keep the log open, letting nobody else in."""
        handle = _winapi.CreateFile(str(self._log), GENERIC_WRITE, 0, 0, OPEN_ALWAYS, 0, 0)
        self._held = msvcrt.open_osfhandle(handle, 0)
        os.lseek(self._held, 0, os.SEEK_END)
        self.number += 1
        os.write(self._held, line(self.number))

    def release(self) -> None:
        """Let go of the log."""
        if self._held is not None:
            os.close(self._held)

    def _append(self, file: IO[bytes]) -> None:
        self.number += 1
        text = line(self.number)
        half = len(text) // 2 if self.number % 5 == 0 else 0  # a reader sees torn lines too
        self._attempt("write", lambda: file.write(text[:half]))
        self._attempt("write", lambda: file.write(text[half:]))

    def _attempt(self, what: str, action: Callable[[], Result]) -> Result:
        """Do something again and again until Windows lets us, and note each refusal."""
        for _ in range(TRIES):
            try:
                return action()
            except OSError as error:
                self.refusals.append((what, error.winerror))
        raise SystemExit(f"{what} was refused {TRIES} times: {self.refusals[-1]}")


def line(number: int) -> bytes:
    """Make the line of a number; lengths vary."""
    return b"#%d %b%b" % (number, b"x" * (number * 37 % 101), STAMP)


def main() -> None:
    writer = Writer(Path(sys.argv[1]))
    for command in iter(sys.stdin.readline, ""):
        deed, *words = command.split()
        getattr(writer, {"try": "try_once"}.get(deed, deed))(*(int(word) if word.isdigit() else word for word in words))
        sys.stdout.write(json.dumps({"number": writer.number, "refusals": writer.refusals}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
