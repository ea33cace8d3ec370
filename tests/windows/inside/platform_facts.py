"""Asks the project what it makes of things that are different on Windows; prints the answers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from exporter.collector.lock import Lock, LockedError
from exporter.logs.clock import Clock
from exporter.logs.volume import LocalVolume
from exporter.logs.zones import zone_named


def times(stamps: list[str]) -> list[float | None]:
    """Read stamps; zones come from the `tzdata` package, for Windows has none of its own."""
    read = [Clock(zone_named("W. Europe Standard Time")).read(stamp) for stamp in stamps]
    return [stamp.utc if stamp else None for stamp in read]


def lock_twice(folder: str) -> dict[str, str]:
    """Lock a folder here, then try it from another process, then again after letting go."""
    path = Path(folder, "exporter.collector.lock")
    try_it = f"from pathlib import Path; from exporter.collector.lock import Lock; Lock(Path({str(path)!r}))"
    lock = Lock(path)
    while_held = subprocess.run([sys.executable, "-c", try_it], capture_output=True, text=True, check=False)
    try:
        Lock(path)
        again = "locked twice"
    except LockedError as error:
        again = str(error)
    lock.release()
    afterwards = subprocess.run([sys.executable, "-c", try_it], capture_output=True, text=True, check=False)
    return {"while_held": while_held.stderr, "again": again, "afterwards": afterwards.stderr}


def split(paths: list[str]) -> list[tuple[str, str]]:
    """Split paths of files into folder and name."""
    return [LocalVolume().split(path) for path in paths]


def main() -> None:
    question, *arguments = sys.argv[1:]
    answers: dict[str, Callable[[], Any]] = {
        "times": lambda: times(arguments),
        "lock": lambda: lock_twice(arguments[0]),
        "split": lambda: split(arguments),
    }
    sys.stdout.write(json.dumps(answers[question]()))


if __name__ == "__main__":
    main()
