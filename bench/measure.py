"""How things are measured: whole processes or functions, in turns, by the CPU time that they take.

Wall time on a machine that others use says little. CPU time is less disturbed, and what disturbs it (a colder cache,
a slower clock) comes and goes over minutes: so what is compared runs in turns, A B A B, and ratios are taken turn by
turn.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took, in seconds, and what it wrote."""

    wall: float
    cpu: float
    output: bytes = b""
    status: int = 0


Runs = Mapping[str, Sequence[Cost]]

INSTALLED: Final = {"PYTHONDONTWRITEBYTECODE": ""}
"""Makes Python keep its compiled modules, as an installer does, whatever the developer prefers."""


def process(command: Sequence[str | Path], *, environment: Mapping[str, str] | None = None) -> Cost:
    """Run a process to its end."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        running = subprocess.Popen(
            [str(word) for word in command],
            stdout=output,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **INSTALLED, **(environment or {})},
        )
        _, status, usage = os.wait4(running.pid, 0)
        wall = time.perf_counter() - started
        running.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        return Cost(wall, usage.ru_utime + usage.ru_stime, output.read(), running.returncode)


def exporter(*arguments: str | Path) -> Sequence[str | Path]:
    """Return the command that runs the exporter."""
    return [sys.executable, "-m", "exporter", *arguments]


def call(function: Callable[[], object]) -> Cost:
    """Run a function."""
    wall, cpu = time.perf_counter(), time.process_time()
    function()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


def in_turns(contestants: Mapping[str, Callable[[], Cost]], repeats: int) -> dict[str, list[Cost]]:
    """Run each in turn, so many times."""
    runs: dict[str, list[Cost]] = {name: [] for name in contestants}
    for turn in range(repeats):
        for name, run in contestants.items():
            if sys.stderr.isatty():
                print(f"\r\033[K{turn + 1}/{repeats} {name}", end="", file=sys.stderr, flush=True)
            runs[name].append(run())
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    return runs


def cpu(runs: Sequence[Cost]) -> float:
    """Return the median of the CPU seconds."""
    return median(run.cpu for run in runs)


def ratio(more: Sequence[Cost], less: Sequence[Cost]) -> float:
    """Return how many times the CPU time of `less` `more` takes: the median of the turns."""
    return median(a.cpu / b.cpu for a, b in zip(more, less, strict=True))


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Keep this process and those that it starts on one core."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
