"""Options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import TypeVar

import click

from exporter.config.duration import seconds_of
from exporter.logs.discovery import Folder
from exporter.logs.encoding import check_code_page
from exporter.logs.zones import zone_named
from exporter.places import Place, PlaceError, find_folders, find_places
from exporter.windows.registry import this_computer
from exporter.windows.site_server import find_site_server


class ZoneType(click.ParamType[tzinfo]):
    """A time zone by its Windows or IANA name."""

    name = "zone"

    def convert(self, value: str | tzinfo, param: click.Parameter | None, ctx: click.Context | None) -> tzinfo:
        """Turn the name into the zone; click reports what is not one."""
        if isinstance(value, tzinfo):
            return value
        try:
            return zone_named(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class CodePageType(click.ParamType[str]):
    """The ANSI code page of a server, as Python names it."""

    name = "code page"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the name; click reports what is not one."""
        try:
            check_code_page(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return value


class DurationType(click.ParamType[float]):
    """A duration as Prometheus writes it, in seconds; at least one."""

    name = "duration"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Turn the text into seconds; click reports what is not one."""
        try:
            seconds = seconds_of(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if seconds < 1:
            self.fail(f"{value!r} is less than a second", param, ctx)
        return seconds


class MomentType(click.ParamType[datetime]):
    """A date, or a date and a time, as ISO 8601 writes it, in UTC unless it tells its zone; or how long ago it was."""

    name = "time"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Turn the text into a time with a zone; click reports what is not one."""
        if isinstance(value, str):
            with suppress(ValueError, OverflowError):
                return datetime.now(UTC) - timedelta(seconds=seconds_of(value))
        try:
            moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            example = '2010-03-04, "2010-03-04 13:30" or 2010-03-04T08:30:50-05:00'
            self.fail(
                f"{value!r} is no date or time: write {example}; without a zone it is UTC. "
                "Or how long ago: 90m, 12h or 7d",
                param,
                ctx,
            )
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


zone_option = click.option(
    "--zone",
    type=ZoneType(),
    metavar="NAME",
    help="Zone of the servers' clocks, for stamps that name none, such as 'Eastern Standard Time' or Europe/Paris.",
)
code_page_option = click.option(
    "--code-page",
    type=CodePageType(),
    default="cp1252",
    show_default=True,
    metavar="NAME",
    help="ANSI code page of the servers, for lines that are not UTF-8.",
)
web_config_option = click.option(
    "--web.config.file",
    "web_config_file",
    type=click.Path(path_type=Path),
    help="TLS, users, headers and limits of the HTTP server; see docs/web-configuration.md.",
)


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SERVER_OPTIONS = (
    click.option("--user", help="User for basic authentication."),
    click.option("--tls.ca-file", "ca_file", type=_FILE, help="Certificates that the server's must come from."),
    click.option("--tls.cert-file", "cert_file", type=_FILE, help="Our own certificate."),
    click.option("--tls.key-file", "key_file", type=_FILE, help="Its key, when it is not in the same file."),
    click.option("--tls.insecure", "insecure", is_flag=True, help="Take any certificate of the server."),
)
_Command = TypeVar("_Command", bound=Callable[..., None])


def server_options(command: _Command) -> _Command:
    """Add the options that say who we are to a server, and which server we trust."""
    for option in reversed(_SERVER_OPTIONS):
        command = option(command)
    return command


def find(arguments: Sequence[str], logs: Iterable[str]) -> list[Place]:
    """Find the sites whose logs were named on the command line, or end with what is wrong and what to do."""
    with _told():
        return find_places(arguments, logs)


def find_each(arguments: Sequence[str], logs: Iterable[str]) -> list[Folder]:
    """Find the logs that were named on the command line, or end with what is wrong and what to do."""
    with _told():
        return find_folders(arguments, logs)


def local_logs() -> Sequence[str]:
    """Name the logs of the site server of this computer as `[SITE=]FOLDER`; nothing where there is none."""
    registry = this_computer()
    server = find_site_server(registry) if registry else None
    return [server.argument] if server else []


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except PlaceError as error:
        raise click.ClickException(str(error)) from None
