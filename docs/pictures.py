"""Makes the pictures of the terminal in the documentation: `python -m docs.pictures`."""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

from rich.console import Console

from exporter.commands.explain import read_once, reading_of, sites_at
from exporter.events.loader import load_catalogue
from exporter.events.matcher import Matcher
from exporter.logs.clock import Clock
from exporter.logs.discovery import KNOWN_LOGS
from exporter.logs.records import RecordReader
from exporter.places import find_places
from exporter.report.doubts import doubts_of
from exporter.report.hierarchy import report
from exporter.report.terminal import print_report
from exporter.simulator import demo_plan, run_batch

IMAGES = Path(__file__).parent / "images"
WIDTH = 120


def explain_picture() -> str:
    """Return an SVG of what `explain` says about the simulated hierarchy."""
    with tempfile.TemporaryDirectory() as name:
        run_batch(Path(name), demo_plan(mended=False))
        sites = sites_at(find_places([name], KNOWN_LOGS), Matcher(load_catalogue(), RecordReader(Clock())))
        read_once(sites)
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, highlight=False)
    console.print("$ configmgr-exporter explain /mnt/hierarchy", style="bold")
    print_report(
        console, report({site.code: site.ledger.state for site in sites}), reading_of(sites, tuple(doubts_of(sites)))
    )
    svg = console.export_svg(title="configmgr-exporter explain")
    return re.sub(r"\s*@font-face \{[^}]*\}", "", svg)  # a picture that fetches fonts from elsewhere is no picture


def main() -> None:
    """Write every picture."""
    IMAGES.mkdir(exist_ok=True)
    (IMAGES / "explain.svg").write_text(explain_picture(), encoding="utf-8")


if __name__ == "__main__":
    main()
