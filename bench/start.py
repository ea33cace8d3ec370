"""Starting: from the command to the first scrape, and what each command imports."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from bench.measure import cpu, exporter, in_turns, process
from bench.results import Cell, Part, Table, Target
from bench.running import running
from exporter.simulator.load import write_benchmark_log

_COMMANDS = ("", "explain", "records", "run", "check")


def start(folder: Path, megabytes: float, repeats: int) -> Part:
    """Measure starts with nothing, a usual log, and a state that a long log left."""
    rows: list[list[Cell]] = []
    for title, size, keeps in (("empty log", 0.0, False), ("log of 2 MB", 2.0, False), ("long log", megabytes, True)):
        logs, state = folder / title / "logs", folder / title / "state"
        logs.mkdir(parents=True)
        write_benchmark_log(logs / "distmgr.log", size)
        rows.append([title, *_first_scrape(logs, state)])
        if keeps:
            rows.append([f"{title}, with the state of the run before", *_first_scrape(logs, state)])
        shutil.rmtree(folder / title)
    helps = in_turns(
        {
            name or "configmgr-exporter": partial(process, exporter(*([name] if name else []), "--help"))
            for name in _COMMANDS
        },
        repeats,
    )
    tables = [
        Table("Start of `run`, wall time", ("", "to the first scrape, s", "to ready, s"), rows),
        Table(
            "CPU time of `--help`, which is that of the imports",
            ("command", "ms"),
            [(name, cpu(each) * 1000) for name, each in helps.items()],
        ),
    ]
    first = float(rows[0][1] or 0)
    return Part(
        "start",
        "Starting",
        "The exporter itself, asked every 10 ms.",
        tables,
        targets=[Target("first scrape, empty log", "within 2 s", f"{first:.2f} s", first <= 2)],
    )


def _first_scrape(logs: Path, state: Path) -> tuple[float, float]:
    with running(f"CHI={logs}", "--state.dir", state) as started:
        return started.wait("/metrics"), started.wait("/-/ready")
