"""`init`: from nothing to a configuration file and the next command."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from exporter.commands.options import find, local_logs
from exporter.config.starter import starter
from exporter.logs.discovery import KNOWN_LOGS
from exporter.places import Place, PlaceError, find_places
from exporter.report.words import printable

_SEARCHED: Final = (".", "/mnt", "/media", "/srv")
_STATE_DIR: Final = r"C:\ProgramData\configmgr-exporter" if sys.platform == "win32" else "/var/lib/configmgr-exporter"
_SCRAPE_JOB: Final = """\
scrape_configs:
  - job_name: configmgr
    static_configs:
      - targets: ["localhost:10048"]"""


@click.command()
@click.argument("logs", nargs=-1, metavar="[SITE=]FOLDER...")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default="configmgr-exporter.yml",
    show_default=True,
    metavar="FILE",
    help="Where to write.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def command(logs: Sequence[str], output: Path, force: bool) -> None:
    """Find logs, write a configuration file for them, and say what to do next.

    Takes the folders that are named. Without any, it takes the logs of the site server that this computer is, or else
    looks for folders such as SMS_CHI/Logs here and below /mnt, /media and /srv. Exit status: 0 the file was written,
    2 it was not.

    \b
    configmgr-exporter init
    configmgr-exporter init CEN=\\\\cen01\\SMS_CEN\\Logs CHI=\\\\chi01\\SMS_CHI\\Logs
    """
    places = find(logs or local_logs(), KNOWN_LOGS) or list(_search())
    if not places:
        raise click.ClickException(
            f"no logs of a site server here, nor below {', '.join(_SEARCHED[1:])}. Name the Logs folder: SITE=FOLDER."
        )
    nameless = next((place.folder.path for place in places if not place.site), None)
    if nameless is not None:
        raise click.ClickException(
            f"{nameless}: neither the path nor the logs tell the site code. Name it: SITE=FOLDER."
        )
    _write(output, starter([_absolute(place) for place in places], _STATE_DIR), force=force)
    for place in places:
        click.echo(printable(f"{place.site}  {place.folder.path}"))
    click.echo(printable(f"\nThe configuration is in {output}. Next:\n"))
    click.echo(printable(f"  configmgr-exporter check --config.file {output}"))
    click.echo(printable(f"  configmgr-exporter run --config.file {output} --state.dir {_STATE_DIR}"))
    click.echo(f"\nand in prometheus.yml, with the name of this computer:\n\n{_SCRAPE_JOB}")


def _search() -> Iterator[Place]:
    seen = set()
    for root in _SEARCHED:
        with suppress(PlaceError):  # nothing there
            for place in find_places([root], KNOWN_LOGS):
                if place.site and place.site not in seen:  # of two copies, the nearer one
                    seen.add(place.site)
                    yield place


def _absolute(place: Place) -> Place:
    """Return a place that means the same wherever the file is read from."""
    path = place.folder.path
    if "://" in path or path.startswith("\\\\"):
        return place
    return Place(place.site, replace(place.folder, path=str(Path(path).absolute())))


def _write(path: Path, text: str, *, force: bool) -> None:
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise click.ClickException(
            f"{path} is there already. Name another with --output, or replace it with --force."
        ) from None
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from None
