"""Waiting: what it costs to follow logs in which nothing is written, and how soon a line is seen."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from statistics import quantiles

from bench.results import Cell, Part, Table, Target
from bench.running import Running, running
from exporter.config.schema import Defaults
from exporter.logs.discovery import KNOWN_LOGS

_REQUEST = 50.0
# Of Windows and of shares it is not known that an entry which has not changed proves a file that has not.
_OPENING = "from exporter.logs import volume; volume._EXACT_KINDS = frozenset(); from exporter.cli import main; main()"
_WAYS = {"by its entry": ("-m", "exporter"), "opened, as on Windows": ("-c", _OPENING)}
_LINE = "Nothing to do.  $$<SMS_DISTRIBUTION_MANAGER><06-14-2018 06:26:25.828-60><thread=9112 (0x2398)>\r\n"


def idle(folder: Path, logs: Sequence[int], seconds: float, lines: int) -> Part:
    """Measure running exporters."""
    rows: list[list[Cell]] = []
    targets = []
    for (how, program), count in product(_WAYS.items(), logs):
        named = _write(folder / how / str(count), count)
        with running(*named, program=program) as exporter:
            exporter.wait("/-/ready")
            time.sleep(min(seconds, 3.0))
            begun = exporter.cpu()
            time.sleep(seconds)
            share = (exporter.cpu() - begun) / seconds
            calls = _calls(exporter, seconds)
            delays = [_delay(exporter, Path(named[0].partition("=")[2]) / f"{KNOWN_LOGS[0]}.log") for _ in range(lines)]
            half, nearly_all = (quantiles(delays, n=100)[place] * 1000 for place in (49, 98))
            rows.append([count, how, share * 100, calls, half, nearly_all, exporter.memory()])
        if count == 100:
            target = f"idle, 100 logs, {how}"
            targets.append(Target(target, "at most 1 % of a core", f"{share:.2%}", share <= 0.01))
        wanted = Defaults().poll_interval * 1000
        # A request takes some milliseconds, and the next is made ten later.
        targets.append(
            Target(
                f"a line in one of {count:,} logs, {how}",
                f"in /metrics within {wanted:g} ms and a request's time",
                f"{nearly_all:.0f} ms",
                nearly_all <= wanted + _REQUEST,
            )
        )
    columns = ("logs", "looked at", "% of a core", "system calls/s", "line to /metrics, half, ms", "99 of 100, ms")
    table = Table("Nothing written but the lines that are timed", (*columns, "memory MB"), rows)
    text = (
        f"The exporter itself, seven logs to a site; CPU time over {seconds:g} s, system calls by strace, and {lines} "
        "lines, each written when the one before had been seen, at a time of its own. Pages are asked for every 10 ms. "
        "Of a log on a disk of Linux, the entry in its folder tells that it has not changed; on Windows and on shares "
        "each log is opened, and read only if it is not as long as before, or at every eleventh look."
    )
    return Part("idle", "Waiting for lines", text, [table], targets=targets)


def _write(folder: Path, count: int) -> list[str]:
    named = []
    for place in range(0, count, len(KNOWN_LOGS)):
        code = f"{0xA00 + place // len(KNOWN_LOGS):03X}"
        site = folder / code
        site.mkdir(parents=True)
        for log in KNOWN_LOGS[: count - place]:
            (site / f"{log}.log").write_text(_LINE * 20, encoding="utf-8", newline="")
        named.append(f"{code}={site}")
    return named


def _calls(exporter: Running, seconds: float) -> float | None:
    """Return system calls a second, or None where they cannot be counted."""
    strace = shutil.which("strace")
    if strace is None:
        return None
    tracing = subprocess.Popen(
        [strace, "-c", "-f", "-p", str(exporter.pid)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    time.sleep(seconds)
    tracing.send_signal(signal.SIGINT)
    _, report = tracing.communicate()
    total = re.search(r"^\s*100\.00\s+[\d.]+\s+\d+\s+(\d+)\b.*\btotal$", report, re.MULTILINE)
    return int(total[1]) / seconds if total else None


def _delay(exporter: Running, log: Path) -> float:
    """Write a line and wait until it is counted."""
    before = _count(exporter)
    time.sleep(time.perf_counter() % 0.4)  # so that lines do not come in step with the looks at the log
    begun = time.perf_counter()
    with log.open("a", encoding="utf-8", newline="") as file:
        file.write(_LINE)
    while _count(exporter) == before:
        time.sleep(0.01)
    return time.perf_counter() - begun


def _count(exporter: Running) -> float:
    _, body = exporter.get("/metrics?name[]=configmgr_log_lines_total")
    return sum(float(line.rsplit(b" ", 1)[1]) for line in body.splitlines() if not line.startswith(b"#"))
