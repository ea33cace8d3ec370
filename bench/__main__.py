"""Run benchmarks: `./dev bench`, or `python -m bench`."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
from rich.console import Console

from bench import page
from bench.growth import growth
from bench.idle import idle
from bench.load import load
from bench.memory import memory
from bench.results import Part, print_part, read, write
from bench.scan import scan
from bench.scrape import scrape
from bench.start import start


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much work there is to do."""

    megabytes: float
    repeats: int
    series: tuple[int, ...]
    logs: tuple[int, ...]
    seconds: float
    lines: int
    gigabytes: float
    sites: tuple[int, ...]


FULL = Sizes(100, 3, (1_000, 10_000, 100_000), (1, 100, 2_000), 10.0, 50, 2.0, (1, 100, 500))
SMALL = Sizes(0.5, 1, (200,), (2,), 0.5, 2, 0.002, (1, 2))

_BENCHES: Mapping[str, Callable[[Path, Sizes, bool], Part]] = {
    "scan": lambda folder, sizes, download: scan(folder, sizes.megabytes, sizes.repeats, download=download),
    "growth": lambda folder, sizes, _: growth(folder, sizes.megabytes, sizes.repeats),
    "scrape": lambda _folder, sizes, _: scrape(sizes.series, sizes.repeats),
    "idle": lambda folder, sizes, _: idle(folder, sizes.logs, sizes.seconds, sizes.lines),
    "memory": lambda folder, sizes, _: memory(folder, sizes.gigabytes, sizes.sites),
    "load": lambda folder, sizes, _: load(folder, sizes.seconds / 2),
    "start": lambda folder, sizes, _: start(folder, sizes.megabytes, sizes.repeats),
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(_BENCHES)), metavar="[BENCH...]")
@click.option("--small", is_flag=True, help="Sizes at which nothing is measured well, to see that all of it runs.")
@click.option("--download/--no-download", default=True, help="Whether to fetch Debian sid's mtail.")
@click.option("--json", "results", type=click.Path(path_type=Path), help="Add what is found to this file.")
@click.option("--gigabytes", type=float, help="Size of the backlog of `memory`, instead of 2.")
@click.option("--docs", is_flag=True, help="Write the page and the pictures of the documentation anew.")
def main(  # noqa: PLR0913 - click: an option is a parameter
    *, names: Sequence[str], small: bool, download: bool, results: Path | None, gigabytes: float | None, docs: bool
) -> None:
    """Measure what the exporter costs. Without BENCH: all of it."""
    console = Console(highlight=False)
    sizes = SMALL if small else FULL
    sizes = replace(sizes, gigabytes=gigabytes or sizes.gigabytes)
    parts = []
    for name in names or _BENCHES:
        with tempfile.TemporaryDirectory() as folder:
            machine = _machine()
            part = replace(_BENCHES[name](Path(folder), sizes, download), machine=machine)
        print_part(console, part)
        parts.append(part)
        for file in [results, page.RESULTS if docs else None]:
            if file:
                write(file, parts)
    if docs:
        page.write(read(page.RESULTS))


def _machine() -> dict[str, str]:
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "load": load,
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.machine()
    return next((line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name")), "")


if __name__ == "__main__":
    main()
