"""`backfill`: the metrics that Prometheus would have scraped, had it been there, from old logs."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Final

import click

from exporter.cli import NOT_DONE
from exporter.collector.history import Reading, Span, replay, tell
from exporter.commands.options import DurationType, MomentType, code_page_option, zone_option
from exporter.commands.progress import reading_bar
from exporter.config.located_yaml import FileError
from exporter.events.entries import CatalogueError
from exporter.logs.volume import VolumeError
from exporter.metrics.timeline import TOLD_FAMILIES, Timeline
from exporter.metrics.views import SiteView
from exporter.places import Place, PlaceError
from exporter.process.assembly import Request, Setup, Source, set_up
from exporter.report.words import printable, when

_LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_TAKEN: Final = frozenset(label for family in TOLD_FAMILIES for label in family.labels) | {"le", "__name__"}
_LABELS: Final = {"job": "configmgr", "instance": "backfill"}


@click.command()
@click.argument("logs", nargs=-1, metavar="[SITE=]FOLDER...")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    help="Where to write; a file that is there is replaced.",
)
@click.option(
    "--step",
    type=DurationType(),
    default="1m",
    show_default=True,
    metavar="DURATION",
    help="Time between two samples. Prometheus forgets a series after five minutes without one.",
)
@click.option(
    "--since", type=MomentType(), help="Write nothing before this time, in UTC, or so long ago; earlier lines count."
)
@click.option("--until", type=MomentType(), help="Write nothing after this time, in UTC.  [default: now]")
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="NAME=VALUE",
    help='What each sample carries besides; repeatable.  [default: job="configmgr", instance="backfill"]',
)
@click.option(
    "--config.file", "config_file", type=click.Path(path_type=Path), help="YAML file; see docs/configuration.md."
)
@zone_option
@code_page_option
def command(
    logs: Sequence[str],
    output: Path,
    step: float,
    since: datetime | None,
    until: datetime | None,
    labels: Sequence[str],
    config_file: Path | None,
    zone: tzinfo | None,
    code_page: str,
) -> None:
    """Write what old logs tell as samples with timestamps, to be loaded into Prometheus.

    Reads the logs in the order of their own time, and writes the state at each step: what was blocked then, and how
    far the counters had come since the first line. Exit status: 0 it was written, 2 it was not, or a log could not be
    read, or told no time.

    \b
    configmgr-exporter backfill --output history.om CHI=/archive/chi/Logs
    promtool tsdb create-blocks-from openmetrics history.om /var/lib/prometheus/metrics2
    """
    now = time.time()
    span = Span(step, _posix(since, -math.inf), min(now, _posix(until, now)))
    try:
        setup = set_up(Request(logs, config_file, zone, code_page))
    except (FileError, PlaceError, CatalogueError) as error:
        raise click.ClickException(str(error)) from None
    made = output.with_name(f"{output.name}.part")
    try:
        with made.open("wb") as out:
            backfill = _Backfill(setup, span, Timeline(out, _pairs(labels) or _LABELS))
            backfill.write()
        if backfill.last is not None:
            made.replace(output)
    except OSError as error:
        raise click.ClickException(f"{error.filename or made}: {error.strerror}") from None
    finally:
        made.unlink(missing_ok=True)
    for problem in backfill.problems:
        click.echo(printable(f"Warning: {problem}"), err=True)
    if backfill.last is None:
        raise click.ClickException(
            "nothing was written: no line that is known has a time in a known zone, within the times asked for."
        )
    click.echo(f"{backfill.samples} samples, {when(backfill.first)} to {when(backfill.last)}, are in {output}. Next:")
    click.echo(f"promtool tsdb create-blocks-from openmetrics {output} DATA_DIRECTORY_OF_PROMETHEUS")
    click.get_current_context().exit(NOT_DONE if backfill.problems else 0)


class _Backfill:
    """One run over all sites.

    Attributes:
        first, last: times of the first and of the last sample, POSIX seconds; None when there is none.
        samples: how many there are.
        problems: what could not be read.
    """

    def __init__(self, setup: Setup, span: Span, timeline: Timeline) -> None:
        self.first: float | None = None
        self.last: float | None = None
        self.problems: list[str] = []
        self._setup = setup
        self._span = span
        self._timeline = timeline

    @property
    def samples(self) -> int:
        return self._timeline.samples

    def write(self) -> None:
        """Write the samples of every site, one site after another, showing progress on a terminal."""
        places = [Place(source.site, folder) for source in self._setup.sources for folder in source.folders]
        done = 0
        with reading_bar(sum(place.size() for place in places)) as show:
            for source in self._setup.sources:
                reading = Reading()
                self._write_site(source, reading, partial(_show_sum, show, done, reading))
                done += reading.bytes_read
        self._timeline.end()

    def _write_site(self, source: Source, reading: Reading, show: Callable[[], None]) -> None:
        def sample(view: SiteView, at: float) -> None:
            self._timeline.write(view, at)
            self.first = at if self.first is None else min(self.first, at)
            self.last = at if self.last is None else max(self.last, at)
            show()

        told = tell(source.folders, self._setup.matcher(source), self._span.until, reading)
        try:
            replay(source.site, told, self._span, sample)
        except VolumeError as error:
            self.problems.append(f"{source.site}: {error}")
        self.problems += [
            f"{source.site} {log} was not read: {health.error}" for log, health in reading.logs.items() if health.error
        ]


def _show_sum(show: Callable[[int], None], done: int, reading: Reading) -> None:
    show(done + reading.bytes_read)


def _posix(moment: datetime | None, otherwise: float) -> float:
    return otherwise if moment is None else moment.timestamp()


def _pairs(labels: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for label in labels:
        name, equals, value = label.partition("=")
        if not equals or not _LABEL.fullmatch(name) or name in _TAKEN:
            text = "give a name that is not taken, and its value, such as job=configmgr."
            raise click.UsageError(f"--label {label}: {text}")
        pairs[name] = value
    return pairs
