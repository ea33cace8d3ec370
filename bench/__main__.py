"""Run benchmarks: `./dev bench`, or `python -m bench`."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
from rich.console import Console

from bench import page
from bench.results import Part, print_part, read, write
from bench.scan import scan


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much work there is to do."""

    megabytes: float
    repeats: int


FULL = Sizes(megabytes=100, repeats=5)
SMALL = Sizes(megabytes=1, repeats=1)

_BENCHES: Mapping[str, Callable[[Path, Sizes, bool], Part]] = {
    "scan": lambda folder, sizes, download: scan(folder, sizes.megabytes, sizes.repeats, download=download),
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(_BENCHES)), metavar="[BENCH...]")
@click.option("--small", is_flag=True, help="Sizes at which nothing is measured well, to see that all of it runs.")
@click.option("--download/--no-download", default=True, help="Whether to fetch Debian sid's mtail.")
@click.option("--json", "results", type=click.Path(path_type=Path), help="Add what is found to this file.")
@click.option("--docs", is_flag=True, help="Write the page and the pictures of the documentation anew.")
def main(*, names: Sequence[str], small: bool, download: bool, results: Path | None, docs: bool) -> None:
    """Measure what the exporter costs. Without BENCH: all of it."""
    console = Console(highlight=False)
    sizes = SMALL if small else FULL
    parts = []
    for name in names or _BENCHES:
        with tempfile.TemporaryDirectory() as folder:
            part = replace(_BENCHES[name](Path(folder), sizes, download), machine=_machine())
        print_part(console, part)
        parts.append(part)
        if results:
            write(results, parts)
    if docs:
        write(page.RESULTS, parts)
        page.write(read(page.RESULTS))


def _machine() -> dict[str, str]:
    return {"python": platform.python_version(), "system": platform.system(), "processor": _processor()}


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.machine()
    return next((line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name")), "")


if __name__ == "__main__":
    main()
