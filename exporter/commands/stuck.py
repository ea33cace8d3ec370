"""`stuck`: the report of `explain` for the whole hierarchy, from what Prometheus holds."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from exporter.cli import NOT_DONE
from exporter.commands.explain import SOMETHING_IS_STUCK
from exporter.commands.options import MomentType, server_options
from exporter.commands.output import new_console, on_paper, to_json
from exporter.prometheus.client import Access, Client, PrometheusError
from exporter.prometheus.reader import Observed, observe
from exporter.report.hierarchy import Filter, report
from exporter.report.terminal import Reading, print_report

PASSWORD: Final = "CONFIGMGR_EXPORTER_PROMETHEUS_PASSWORD"  # noqa: S105 - the name of a variable, not a password
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--prometheus", "url", required=True, metavar="URL", help="Address of the server, with its path prefix.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
@click.option("--site", "sites", multiple=True, metavar="CODE", help="Only what is stuck at this site; repeatable.")
@click.option("--package", "packages", multiple=True, metavar="ID", help="Only what concerns this package; repeatable.")
@click.option(
    "--time",
    "moment",
    type=MomentType(),
    help="What was stuck at this moment, in UTC, or so long ago: 12h.  [default: now]",
)
@click.option(
    "--match",
    "labels",
    multiple=True,
    metavar="LABEL=VALUE",
    help="Only series with this label, to choose one of several hierarchies; repeatable.",
)
@server_options
@click.option("--password-file", type=_FILE, help=f"File that holds the password.  [default: the variable {PASSWORD}]")
@click.option("--bearer-token-file", type=_FILE, help="File that holds a token.")
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), default=30.0, show_default=True, help="Seconds to wait."
)
def command(
    url: str,
    as_json: bool,
    sites: Sequence[str],
    packages: Sequence[str],
    moment: datetime | None,
    labels: Sequence[str],
    user: str | None,
    password_file: Path | None,
    bearer_token_file: Path | None,
    ca_file: Path | None,
    cert_file: Path | None,
    key_file: Path | None,
    insecure: bool,
    timeout: float,
) -> None:
    """Say what is stuck in the whole hierarchy, from what Prometheus scraped of all exporters.

    The same report as that of explain, without log lines. Exit status: 0 nothing is stuck, 1 something is, 2 it could
    not be done, or a part of the hierarchy is not seen now.

    \b
    configmgr-exporter stuck --prometheus http://localhost:9090
    configmgr-exporter stuck --prometheus https://prometheus.example.org --user me --password-file secret.txt
    """
    if user and bearer_token_file:
        raise click.UsageError("--user and --bearer-token-file are two ways to log in: give one.")
    if key_file and not cert_file:
        raise click.UsageError("--tls.key-file is the key of --tls.cert-file, which is missing.")
    access = Access(
        url, user or "", _password(password_file), bearer_token_file, ca_file, cert_file, key_file, insecure, timeout
    )
    at = time.time() if moment is None else moment.timestamp()
    seen = _observe(access, _pairs(labels), at)
    wanted = frozenset(site.upper() for site in sites)
    unknown = wanted - seen.states.keys()
    if unknown:
        raise click.ClickException(f"no exporter reports {', '.join(sorted(unknown))}.")
    answer = report(seen.states, seen.gaps, only=Filter(None, {*packages, *map(str.upper, packages)}, wanted))
    if as_json:
        click.echo(to_json({**_without_tries(answer.to_json()), "doubts": seen.doubts}, indent=2))
    else:
        reading = Reading(
            sorted(seen.states), seen.logs, seen.records_until, seen.doubts, seen.blind, bool(sites or packages)
        )
        console = new_console()
        with on_paper(console):
            print_report(console, answer, reading)
    raise click.exceptions.Exit(SOMETHING_IS_STUCK if answer.stuck else NOT_DONE if seen.blind else 0)


def _observe(access: Access, labels: Sequence[tuple[str, str]], at: float) -> Observed:
    try:
        with Client(access) as client:
            seen = observe(lambda expression: client.query(expression, at), labels)
            seen.doubts += [f"The server warns: {warning}" for warning in client.warnings]
            seen.blind |= bool(client.warnings)
    except PrometheusError as error:
        raise click.ClickException(f"{error}.") from None
    return seen


def _password(path: Path | None) -> str:
    if path is None:
        return os.environ.get(PASSWORD, "")
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"the password file {path} cannot be read: {error}.") from None


def _pairs(labels: Sequence[str]) -> list[tuple[str, str]]:
    pairs = [label.partition("=") for label in labels]
    wrong = next((whole for whole, pair in zip(labels, pairs, strict=True) if not _is_label(*pair[:2])), None)
    if wrong is not None:
        raise click.UsageError(f"--match {wrong}: give a label and its value, such as hierarchy=production.")
    return [(name, value) for name, _, value in pairs]


def _is_label(name: str, equals: str) -> bool:
    return bool(equals) and name.isascii() and name.isidentifier()


def _without_tries(answer: dict[str, Any]) -> dict[str, Any]:
    """Say that the number of tries is not known, which metrics do not carry."""
    for site in answer["sites"].values():
        for stuck in (*site["blocked"], *site["waiting"]):
            stuck["attempts"] = None
    return answer
