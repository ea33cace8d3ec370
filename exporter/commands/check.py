"""`check`: whether everything that is configured can be read, and what to mend."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from exporter.cli import NOT_DONE
from exporter.collector.site import EXPECTED_LOG, Site
from exporter.commands.options import code_page_option, local_logs, web_config_option, zone_option
from exporter.commands.output import new_console
from exporter.config.located_yaml import FileError
from exporter.events.entries import CatalogueError
from exporter.logs.health import LogHealth
from exporter.places import PlaceError, misnamed
from exporter.process.assembly import Request, Setup, Source, set_up
from exporter.report.words import printable, when
from exporter.web.access.load import load_access
from exporter.windows.registry import this_computer
from exporter.windows.site_server import find_site_server, is_same_folder, what_logs_lack


@click.command()
@click.argument("logs", nargs=-1, metavar="[SITE=]FOLDER...")
@click.option(
    "--config.file", "config_file", type=click.Path(path_type=Path), help="YAML file; see docs/configuration.md."
)
@click.option(
    "--state.dir", "state_dir", type=click.Path(path_type=Path), help="The folder that `run` will keep state in."
)
@web_config_option
@zone_option
@code_page_option
def command(
    logs: Sequence[str],
    config_file: Path | None,
    state_dir: Path | None,
    web_config_file: Path | None,
    zone: tzinfo | None,
    code_page: str,
) -> None:
    """Check the configuration and the access to every log, and say what to mend.

    Reads each log once, as the account that runs it: run it as the account that the service will have. Changes
    nothing. Exit status: 0 all is well, 2 something is to be mended.

    \b
    configmgr-exporter check --config.file configmgr-exporter.yml --web.config.file web.yml
    """
    try:
        warnings = () if web_config_file is None else load_access(web_config_file).warnings
        setup = _setup(Request(logs, config_file, zone, code_page, local_logs()), is_needed=web_config_file is None)
    except (FileError, PlaceError, CatalogueError) as error:
        raise click.ClickException(str(error)) from None
    console = new_console()
    to_mend = [] if setup is None else _check_logs(console, setup)
    to_mend += [*_state_problems(state_dir or (None if setup is None else setup.config.state_dir)), *warnings]
    if not to_mend:
        console.print(Text("All is well.", style="bold green"))
        return
    console.print(Text("To mend", style="bold red"))
    for problem in to_mend:
        console.print(Text(f"  - {printable(problem)}"))
    click.get_current_context().exit(NOT_DONE)


def _setup(request: Request, *, is_needed: bool) -> Setup | None:
    """Set up what is to be read; nothing when no logs are named, and what else there is may be checked alone."""
    if not is_needed and not request.logs and request.config_file is None and not request.local:
        return None
    return set_up(request)


def _check_logs(console: Console, setup: Setup) -> list[str]:
    read = [(source, _read(setup, source)) for source in setup.sources]
    console.print(_table(read))
    return [
        *(problem for source, site in read for problem in _problems(source, site)),
        *misnamed((source.site, source.folders) for source in setup.sources),
        *_registry_problems(setup),
    ]


def _read(setup: Setup, source: Source) -> Site:
    site = Site(source.site, source.folders, setup.matcher(source), once=True)
    while site.poll(time.time()):
        pass
    return site


def _table(read: Sequence[tuple[Source, Site]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for column in ("site", "log", "lines", "known messages", "latest record", "not understood"):
        table.add_column(
            column, header_style="dim", justify="right" if column in {"lines", "known messages"} else "left"
        )
    for source, site in read:
        for log, health in sorted(site.logs.items()):
            state = printable(health.error) if not health.up else when(health.last_record)
            doubtful = f"{health.unmatched} suspicious" if health.unmatched else ""
            table.add_row(source.site, log, str(health.lines), str(health.events), state, doubtful)
    return table


def _problems(source: Source, site: Site) -> Iterator[str]:
    for log, health in sorted(site.logs.items()):
        for problem in _problems_of_log(log, health):
            yield f"{source.site} {log} in {source.folders[0].path}: {problem}"


def _problems_of_log(log: str, health: LogHealth) -> Iterator[str]:
    if not health.up:
        yield f"{health.error or 'there is no such log'}. The account that runs the exporter needs to read it."
        if log == EXPECTED_LOG:
            yield "without this log nothing can be said about what is stuck at the site."
    elif health.lines and health.last_record is None:
        yield "no line has a time in a zone that is known. Name the zone of the server's clock: zone."
    if health.undecodable:
        yield f"{health.undecodable} lines are neither UTF-8 nor in the code page. Name the server's: code_page."


def _registry_problems(setup: Setup) -> Iterator[str]:
    """Look whether the site server of this computer, if its logs are among those read, writes what is needed."""
    registry = this_computer()
    server = find_site_server(registry) if registry else None
    if registry and server and _is_read(server.logs, setup):
        yield from what_logs_lack(registry, server, setup.catalogue.components)


def _is_read(logs: str, setup: Setup) -> bool:
    return any(is_same_folder(folder.path, logs) for source in setup.sources for folder in source.folders)


def _state_problems(directory: Path | None) -> Iterator[str]:
    """Look at the state directory without opening what is in it, which a running exporter may be using."""
    if directory is None:
        return
    nearest = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    if not nearest.is_dir():
        yield f"{directory}: {nearest} is not a folder."
    elif not os.access(nearest, os.W_OK | os.X_OK):
        yield f"{directory}: the account that runs this may not write in {nearest}."
