"""`simulate`: only the logs of a hierarchy with an incident, and the truth beside them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import click

from exporter.commands.progress import counting_bar
from exporter.simulator import DEMO_START, demo_plan, run_live


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, writable=True, path_type=Path))
@click.option("--mended", is_flag=True, help="Mend the incident after five of the six hours, so that all clears.")
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help="Write at N times the pace of a clock, for following; without it, as fast as it goes.",
)
@click.option(
    "--now", is_flag=True, help="Begin now, in 2010 otherwise; the stamps are those of the clock, whatever N."
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="Another seed gives another course of the same story."
)
def command(folder: Path, mended: bool, speed: float | None, now: bool, seed: int) -> None:
    """Write the logs of a simulated hierarchy with an incident into FOLDER.

    Six sites write SMS_<SITE>/Logs/*.log as ConfigMgr 2007 does; truth.json says what is really so. Three task
    sequences are blocked at every child site, because their owner cannot read the source of one package. Exit status:
    0 they were written, 2 they could not be.

    \b
    configmgr-exporter simulate /tmp/hierarchy && configmgr-exporter explain /tmp/hierarchy
    configmgr-exporter simulate --mended --now --speed 6 /tmp/hierarchy
    """
    if now and speed is None:
        raise click.UsageError("--now needs --speed, for what is written at once has no time to pass.")
    with counting_bar("Simulating") as show:
        try:
            plan = demo_plan(datetime.now(UTC) if now else DEMO_START, seed, mended=mended)
            run_live(folder, plan, time.sleep, speed or float("inf"), show, real_stamps=now)
        except OSError as error:
            raise click.ClickException(f"{error.filename or folder}: {error.strerror}") from None
    click.echo(f"Six hours of a hierarchy are in {folder}. Next: configmgr-exporter explain {folder}")
