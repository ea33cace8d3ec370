"""Run the drill and print what it found: `./dev drill`, or `python -m alerts.drill`."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from alerts.drill.run import Outcome, drill
from alerts.drill.servers import Programs
from alerts.page import MEASURED
from dashboards.servers import NotStartedError
from docs.screens import draw

_STEPS = {
    "scraped": "the block is scraped",
    "pending": "the alert is pending",
    "firing": "the alert fires",
    "page": "the page arrives",
    "cleared": "the last block is scraped",
    "ended": "the alert fires last",
    "resolve": "the resolve arrives",
}


@click.command()
@click.option(
    "--faster",
    type=click.FloatRange(min=1),
    default=60.0,
    show_default=True,
    help="What every duration is divided by; 1 takes two hours.",
)
@click.option("--short", is_flag=True, help="Mend before the owner's ticket is due: an hour less, as shipped.")
@click.option("--record", is_flag=True, help="Keep the times, for docs/alerts.md: python -m alerts.build writes it.")
@click.option("--picture", type=click.Path(path_type=Path), help="Draw the mail that pages into this PNG file, too.")
@click.option("--prometheus", default="prometheus", show_default=True, help="The program.")
@click.option("--alertmanager", default="prometheus-alertmanager", show_default=True, help="The program.")
def main(  # noqa: PLR0913  # each is an option
    *, faster: float, short: bool, record: bool, picture: Path | None, prometheus: str, alertmanager: str
) -> None:
    """Follow one incident from the line in a log to the page, and to its end, on real servers.

    A simulated hierarchy writes logs; three exporters read them; Prometheus and Alertmanager run the rules and the
    routes that are shipped, with every duration divided. Exit status 0: there was one page and one resolve.
    """
    for program in (prometheus, alertmanager):
        if shutil.which(program) is None:
            raise click.ClickException(
                f"{program} is not here: on Debian, install prometheus and prometheus-alertmanager"
            )
    console = Console(highlight=False)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="drill-") as name:
        try:
            (outcome,) = drill(
                Path(name),
                [Programs("installed", prometheus, alertmanager)],
                faster,
                lambda what: console.print(f"{time.monotonic() - began:6.1f} s  {what}"),
                short=short,
            )
        except (NotStartedError, TimeoutError, OSError) as error:
            raise click.ClickException(str(error)) from None
    _print(console, outcome, faster)
    if record:
        _record(outcome, faster)
    if picture:
        draw(outcome.mails[0].body("html"), picture)
    faults = outcome.faults()
    for fault in faults:
        console.print(f"[red]NOT SO[/] {fault}")
    sys.exit(1 if faults else 0)


def _print(console: Console, outcome: Outcome, faster: float) -> None:
    console.print(f"\n{outcome.pages[0].message['alerts'][0]['annotations']['description']}\n")
    table = Table(title="From the line to the page, and from mending to the resolve", title_justify="left")
    table.add_column("step")
    table.add_column("here", justify="right")
    table.add_column("with the durations that are shipped", justify="right")
    for step, what in _STEPS.items():
        seconds = outcome.times[step]
        table.add_row(what, f"{seconds:.1f} s", f"{seconds * faster / 60:.1f} min")
    console.print(table)


def _record(outcome: Outcome, faster: float) -> None:
    """Keep the times, in the place of those that the same programs at the same pace gave before."""
    run = {
        "programs": outcome.programs,
        "faster": faster,
        "seconds": {step: round(time, 2) for step, time in outcome.times.items()},
    }
    kept = json.loads(MEASURED.read_text(encoding="utf-8")) if MEASURED.exists() else []
    others = [each for each in kept if (each["programs"], each["faster"]) != (run["programs"], faster)]
    runs = sorted([*others, run], key=lambda each: (each["faster"], each["programs"]))
    MEASURED.write_text(json.dumps(runs, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
