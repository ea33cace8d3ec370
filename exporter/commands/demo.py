"""`demo`: a simulated hierarchy with an incident, followed, served and alerted on while it happens."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from exporter.collector.lanes import Watch
from exporter.collector.service import Service
from exporter.collector.site import Site
from exporter.commands.demo_alerting import LackingError, Notice, alerting
from exporter.commands.output import new_console
from exporter.events.loader import load_catalogue
from exporter.events.matcher import Matcher
from exporter.logs.clock import Clock
from exporter.logs.discovery import Folder
from exporter.logs.records import RecordReader
from exporter.logs.volume import LocalVolume
from exporter.metrics.exposition import Exposition
from exporter.process.own_log import start_logging
from exporter.report.hierarchy import Report, report
from exporter.report.words import printable
from exporter.simulator import Plan, demo_plan, run_live
from exporter.web.addresses import ListenError
from exporter.web.app import Backend, make_app
from exporter.web.server import Server

_POLL_SECONDS = 0.2
_ALERTS_FASTER = 60.0
"""The rules wait a quarter of an hour, which must fit into the four hours, or forty seconds, of the incident."""
_RESOLVE_SECONDS = 60.0
_Finding = tuple[str, str]


class _Words(NamedTuple):
    """What is said of a finding when it begins and when it has ended."""

    begun: str
    ended: str


@click.command()
@click.option(
    "--minutes", type=click.FloatRange(min=0.05), default=1.0, show_default=True, help="How long the six hours take."
)
@click.option(
    "--web.listen-address",
    "listen",
    multiple=True,
    default=["127.0.0.1:10048"],
    show_default=True,
    metavar="[HOST]:PORT",
)
@click.option(
    "--alerts/--no-alerts",
    default=True,
    help="Whether to run Prometheus and Alertmanager, where they are installed.",
)
@click.option("--stay", is_flag=True, help="Serve on after the story has ended, until Ctrl-C.")
def command(minutes: float, listen: Sequence[str], alerts: bool, stay: bool) -> None:
    """Show the whole story of an incident: it begins, is explained, pages somebody, is mended and clears.

    Six simulated sites write their logs as ConfigMgr 2007 does, six hours in a minute; the exporter follows them and
    serves what they tell, as it would on real ones. Prometheus and Alertmanager, where they are installed, scrape it
    and send what would be on the pager, by the rules that are shipped, an hour in a minute. Exit status: 0 the story
    was told to its end, 2 it could not be.

    \b
    configmgr-exporter demo
    configmgr-exporter demo --minutes 5 --stay
    """
    console = new_console()
    start_logging("error", "logfmt")  # that logs are not there yet is no news here
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="configmgr-demo-")))
        service = Service()
        server = _serve(service, listen)
        running.callback(service.stop)
        running.callback(server.stop)
        for address in server.addresses:
            console.print(f"Status pages http://{address}/    metrics http://{address}/metrics")
        notices = _alerting(running, console, folder, server, minutes) if alerts else None
        plan = demo_plan(datetime.now(UTC))
        writer = threading.Thread(target=_write, args=(folder / "sites", plan, minutes), name="simulator", daemon=True)
        writer.start()
        service.watch(lambda _memories: _watches(folder / "sites", plan))
        _Story(console, service, notices).tell(writer, _RESOLVE_SECONDS * minutes)
        if stay:
            console.print("Serving on; Ctrl-C ends it.")
            threading.Event().wait()


def _alerting(
    running: ExitStack, console: Console, folder: Path, server: Server, minutes: float
) -> SimpleQueue[Notice] | None:
    """Start Prometheus and Alertmanager; None, and words why, where that cannot be."""
    (folder / "alerts").mkdir()
    try:
        found = running.enter_context(alerting(folder / "alerts", str(server.addresses[0]), _ALERTS_FASTER / minutes))
    except LackingError as error:
        console.print(Text(printable(f"Without alerts: {error}."), style="dim"))
        return None
    console.print(f"Prometheus {found.prometheus}/alerts    Alertmanager {found.alertmanager}")
    return found.notices


def _write(folder: Path, plan: Plan, minutes: float) -> None:
    run_live(folder, plan, time.sleep, plan.duration.total_seconds() / (minutes * 60), real_stamps=True)


def _serve(service: Service, listen: Sequence[str]) -> Server:
    backend = Backend(service.look, Exposition(service.look), service.unready)
    server = Server(make_app(backend), listen)
    try:
        server.start()
    except ListenError as error:
        raise click.ClickException(str(error)) from None
    return server


def _watches(folder: Path, plan: Plan) -> list[Watch]:
    catalogue = load_catalogue()
    return [
        Watch(
            Site(
                site.code,
                [Folder(LocalVolume(), str(folder / f"SMS_{site.code}" / "Logs"))],
                Matcher(catalogue, RecordReader(Clock())),
            ),
            _POLL_SECONDS,
        )
        for site in plan.sites
    ]


class _Story:
    """What is told while it happens.

    Args:
        console: where to.
        service: what follows the logs.
        notices: what Alertmanager sends; None without it.
    """

    def __init__(self, console: Console, service: Service, notices: SimpleQueue[Notice] | None) -> None:
        self._console = console
        self._service = service
        self._notices = notices
        self._known: dict[_Finding, _Words] = {}
        self._explained: set[str] = set()
        self._paged = False

    def tell(self, writer: threading.Thread, patience: float) -> None:
        """Print what begins and what ends, until the simulation has ended and everything has been read and resolved.

        Args:
            writer: the simulation.
            patience: seconds to wait after its end for the last notice.
        """
        while writer.is_alive():
            time.sleep(_POLL_SECONDS)
            self._look()
        time.sleep(_POLL_SECONDS * 5)
        self._look()
        if self._paged:
            self._console.print(Text("All sites are mended. Waiting for the alert to end.", style="dim"))
        deadline = time.monotonic() + patience
        while self._paged and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            self._look()
        over = not self._known and not self._paged
        self._console.print(Text("The story has ended." if over else "Something is still stuck.", style="bold"))

    def _look(self) -> None:
        answer = _report(self._service)
        now, moment = dict(_findings(answer)), datetime.now(UTC).strftime("%H:%M:%S")
        for finding in sorted(now.keys() - self._known.keys()):
            _say(self._console, moment, finding[0], ("begins", "red"), now[finding].begun)
        for finding in sorted(self._known.keys() - now.keys()):
            _say(self._console, moment, finding[0], ("ended", "green"), self._known[finding].ended)
        self._known = now
        for culprit in answer.culprits:
            if culprit.cause.words not in self._explained:
                self._explained.add(culprit.cause.words)
                _say(self._console, moment, culprit.source_site, ("cause", "yellow"), culprit.cause.words)
                _say(self._console, moment, culprit.source_site, ("do", "cyan"), culprit.remedy[0])
        while self._notices is not None and not self._notices.empty():
            notice = self._notices.get()
            self._paged = notice.firing
            _say(
                self._console,
                moment,
                "",
                ("PAGE", "bold red") if notice.firing else ("resolved", "bold green"),
                notice.words,
            )


def _say(console: Console, moment: str, site: str, what: tuple[str, str], words: str) -> None:
    row = Table.grid(padding=(0, 2, 0, 0))
    row.add_column(no_wrap=True, style="dim")
    row.add_column(no_wrap=True, style="bold", min_width=3)
    row.add_column(no_wrap=True, style=what[1], min_width=8)
    row.add_column(overflow="fold")
    row.add_row(moment, site, what[0], printable(words))
    console.print(row)


def _report(service: Service) -> Report:
    states = {}
    for code, site in service.sites.items():
        with site.lock:
            states[code] = site.memory().ledger.state
    return report(states)


def _findings(answer: Report) -> Iterator[tuple[_Finding, _Words]]:
    for code, site in answer.sites.items():
        for error in site.source_errors:
            source = f"the source of {error.package}"
            yield (code, f"source {error.package}"), _Words(f"{source} cannot be read", f"{source} can be read again")
        for waiting in site.waiting:
            content = f"content of {waiting.package}"
            yield (code, f"waiting {waiting.package}"), _Words(f"{content} is late", f"{content} is no longer late")
        for block in site.blocked:
            waits = ", ".join(f"{missing.package} {missing.program}" for missing in block.missing)
            begun = f"{block.task_sequence} is blocked: {waits} is missing"
            yield (code, f"blocked {block.task_sequence}"), _Words(begun, f"{block.task_sequence} is no longer blocked")
