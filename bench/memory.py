"""Memory: of a backlog that is streamed, and of each further site."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.results import Figure, Part, Table, Target
from bench.running import running, status_megabytes
from exporter.events.loader import load_catalogue
from exporter.events.matcher import Matcher
from exporter.logs.block import Block
from exporter.logs.clock import Clock
from exporter.logs.records import RecordReader
from exporter.replication.ledger import Ledger
from exporter.simulator.load import write_benchmark_log

_MARKS = 10
_PIECE = 20.0
_LOG = 0.2


def memory(folder: Path, gigabytes: float, sites: Sequence[int]) -> Part:
    """Stream a backlog in a process of its own, and watch the memory that it takes; then that of many sites."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.memory", str(gigabytes)], capture_output=True, text=True, check=True
    )
    points = [[float(word) for word in line.split()] for line in done.stdout.splitlines()]
    first, last = points[1][1], points[-1][1]
    table = Table("Memory while a backlog is read", ("GB read", "memory MB"), points)
    figure = Figure("memory", "Memory while a backlog is read", "GB read", "MB", {"memory": points})
    target = Target(
        f"a backlog of {points[-1][0]:.3g} GB",
        "constant memory",
        f"{last - first:+.1f} MB after a tenth",
        last - first < 5,
    )
    many = [[count, _of_sites(folder / str(count), count)] for count in sites]
    each = (many[-1][1] - many[0][1]) / max(1, many[-1][0] - many[0][0]) * 1000
    of_sites = Table(
        f"Memory of a running exporter, each site with a log of {_LOG:g} MB that holds fifty blocked task sequences",
        ("sites", "memory MB"),
        many,
    )
    few = Target(
        f"memory, {many[-1][0]:g} sites", "at most 250 kB for each further site", f"{each:.0f} kB", each <= 250
    )
    how = f"Matcher and ledger of one site; a log of {_PIECE:g} MB streamed again and again, with further line numbers."
    return Part("memory", "Memory", how, [table, of_sites], [figure], [target, few])


def _of_sites(folder: Path, count: int) -> float:
    """Return the megabytes of an exporter that has read the logs of so many sites."""
    folder.mkdir()
    write_benchmark_log(folder / "distmgr.log", _LOG)
    named = []
    for place in range(count):
        site = folder / f"{0xA00 + place:03X}"
        site.mkdir()
        (site / "distmgr.log").hardlink_to(folder / "distmgr.log")
        named.append(f"{site.name}={site}")
    with running(*named) as exporter:
        exporter.wait("/-/ready")
        return exporter.memory()


def stream(gigabytes: float) -> None:
    """Read so much, and print how much memory is in use after each tenth."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "distmgr.log"
        write_benchmark_log(path, min(_PIECE, gigabytes * 1000))
        matcher, ledger = Matcher(load_catalogue(), RecordReader(Clock())), Ledger("CHI")
        total = line = told = 0
        while told <= _MARKS:
            with path.open("rb") as file:
                rest = b""
                while data := file.read(1 << 20):
                    if total >= told / _MARKS * gigabytes * 1e9 and told <= _MARKS:
                        print(f"{total / 1e9:.3f} {status_megabytes('self', 'VmRSS'):.1f}", flush=True)
                        told += 1
                    scan = matcher.scan(Block(rest + data, "distmgr.log", line + 1), "distmgr")
                    ledger.apply(scan.events)
                    total, line = total + len(data), line + scan.lines
                    rest = (rest + data)[scan.consumed :]


if __name__ == "__main__":
    stream(float(sys.argv[1]))
