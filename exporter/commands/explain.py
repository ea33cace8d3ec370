"""`explain`: read logs once, keep no state, and say what is stuck, why, and what to do."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import click

from exporter.cli import NOT_DONE
from exporter.collector.site import Site
from exporter.commands.options import MomentType, code_page_option, find, local_logs, zone_option
from exporter.commands.output import new_console, on_paper, to_json
from exporter.commands.progress import reading_bar
from exporter.events.loader import load_catalogue
from exporter.events.matcher import Matcher
from exporter.logs.clock import Clock
from exporter.logs.discovery import KNOWN_LOGS
from exporter.logs.records import RecordReader
from exporter.places import Place, misnamed, sites_of
from exporter.report.doubts import doubts_of, is_blind, left_out, unnamed
from exporter.report.hierarchy import Filter, report

if TYPE_CHECKING:
    from exporter.report.terminal import Reading

SOMETHING_IS_STUCK = 1
_TURNS = 8  # blocks between two looks at the progress bar


@click.command()
@click.argument("logs", nargs=-1, metavar="[SITE=]FOLDER...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
@click.option("--site", "sites", multiple=True, metavar="CODE", help="Only what is stuck at this site; repeatable.")
@click.option("--package", "packages", multiple=True, metavar="ID", help="Only what concerns this package; repeatable.")
@click.option(
    "--since", "since", type=MomentType(), help="Only what was last seen since this time, in UTC, or so long ago: 12h."
)
@click.option(
    "--config.file",
    "config_file",
    type=click.Path(path_type=Path),
    help="YAML file, as for `run`: its sites, which is whose parent, names and messages; see docs/configuration.md.",
)
@click.option("--inventory", type=click.Path(path_type=Path), help="CSV or YAML file with the names of packages.")
@zone_option
@code_page_option
def command(
    logs: Sequence[str],
    as_json: bool,
    sites: Sequence[str],
    packages: Sequence[str],
    since: datetime | None,
    config_file: Path | None,
    inventory: Path | None,
    zone: tzinfo | None,
    code_page: str,
) -> None:
    """Say which task sequences and packages are stuck, why, since when, and what to do.

    Reads the logs once, rolled ones (.lo_) first, keeps no state and changes nothing. Exit status: 0 nothing is stuck,
    1 something is, 2 it could not be done, or a log that might tell could not be read.

    \b
    configmgr-exporter explain D:\\SMS\\Logs
    configmgr-exporter explain CEN=\\\\cen01\\SMS_CEN\\Logs CHI=\\\\chi01\\SMS_CHI\\Logs
    configmgr-exporter explain --config.file configmgr-exporter.yml
    """
    given = _typed(logs, zone, code_page) if config_file is None else _configured(logs, config_file, zone, code_page)
    names = {**given.names, **_names(inventory)}
    read = given.sites
    wanted = frozenset(site.upper() for site in sites)
    unknown = wanted - {site.code for site in read}
    if unknown:
        raise click.ClickException(f"no logs of {', '.join(sorted(unknown))} are among those named.")
    read_once(read)
    only = Filter(_posix(since), {*packages, *map(str.upper, packages)}, wanted)
    mixed_up = misnamed((site.code, site.folders) for site in read)
    doubts = (*doubts_of(read), *mixed_up, *unnamed(packages, read), *left_out(read, only))
    states = {site.code: site.ledger.state for site in read}
    answer = report(states, {site.code: site.gaps for site in read}, given.tree, only, names)
    if as_json:
        click.echo(to_json({**answer.to_json(), "doubts": doubts}, indent=2))
    else:
        from exporter.report.terminal import print_report  # noqa: PLC0415  # JSON needs nothing of what draws

        console = new_console()
        with on_paper(console):
            print_report(console, answer, reading_of(read, doubts, narrowed=bool(sites or packages or since)))
    raise click.exceptions.Exit(SOMETHING_IS_STUCK if answer.stuck else NOT_DONE if is_blind(read) else 0)


def sites_at(places: Sequence[Place], matcher: Matcher) -> list[Site]:
    """Make the sites whose logs lie at some places."""
    return [Site(code, folders, matcher, once=True) for code, folders in sites_of(places).items()]


def read_once(sites: Sequence[Site]) -> None:
    """Read all logs of some sites from their beginning to their end, showing progress on a terminal."""
    with reading_bar(sum(Place(site.code, folder).size() for site in sites for folder in site.folders)) as show:
        for site in sites:
            while site.poll(time.time(), turns=_TURNS):
                show(sum(each.bytes_read for each in sites))


def reading_of(sites: Sequence[Site], doubts: Sequence[str], *, narrowed: bool = False) -> Reading:
    """Say what stands behind a report on these sites, and whether it was asked for a part of what is stuck only."""
    from exporter.report.terminal import Reading  # noqa: PLC0415  # JSON needs nothing of what draws

    logs = [health for site in sites for health in site.logs.values() if health.lines]
    until = max((health.last_record for health in logs if health.last_record is not None), default=None)
    return Reading([site.code for site in sites], len(logs), until, doubts, is_blind(sites), narrowed)


class _Given(NamedTuple):
    """What is to be read, and what is known beside: the parents of sites, and names of packages."""

    sites: Sequence[Site]
    tree: Mapping[str, str] = MappingProxyType({})
    names: Mapping[str, str] = MappingProxyType({})


def _typed(logs: Sequence[str], zone: tzinfo | None, code_page: str) -> _Given:
    places = find(logs or _local_logs(), KNOWN_LOGS)
    return _Given(sites_at(places, Matcher(load_catalogue(), RecordReader(Clock(zone), code_page))))


def _configured(logs: Sequence[str], file: Path, zone: tzinfo | None, code_page: str) -> _Given:
    # Few have a file, and the schema takes longer to load than many logs to read.
    from exporter.config.located_yaml import FileError  # noqa: PLC0415
    from exporter.events.entries import CatalogueError  # noqa: PLC0415
    from exporter.places import PlaceError  # noqa: PLC0415
    from exporter.process.assembly import Request, set_up  # noqa: PLC0415

    try:
        setup = set_up(Request(logs, file, zone, code_page, local_logs()))
    except (FileError, PlaceError, CatalogueError) as error:
        raise click.ClickException(str(error)) from None
    sites = [Site(each.site, each.folders, setup.matcher(each), once=True) for each in setup.sources]
    return _Given(sites, setup.tree, setup.config.inventory)


def _names(inventory: Path | None) -> Mapping[str, str]:
    if inventory is None:
        return {}
    from exporter.config.inventory import read_inventory  # noqa: PLC0415  # few have one
    from exporter.config.located_yaml import FileError  # noqa: PLC0415

    try:
        return read_inventory(inventory)
    except FileError as error:
        raise click.ClickException(str(error)) from None


def _local_logs() -> Sequence[str]:
    if not (found := local_logs()):
        raise click.UsageError("Missing argument '[SITE=]FOLDER...': this computer is no site server.")
    return found


def _posix(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
