"""`demo`: a simulated hierarchy with an incident, followed and served while it happens."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from exporter.commands.output import new_console
from exporter.events.loader import load_catalogue
from exporter.events.matcher import Matcher
from exporter.hierarchy import Report, report
from exporter.logs.clock import Clock
from exporter.logs.discovery import Folder
from exporter.logs.records import RecordReader
from exporter.logs.volume import LocalVolume
from exporter.metrics.exposition import Exposition
from exporter.service import Service, Watch
from exporter.simulator import Plan, demo_plan, run_live
from exporter.site import Site
from exporter.web.addresses import ListenError
from exporter.web.app import Backend, make_app
from exporter.web.server import Server
from exporter.words import printable

_POLL_SECONDS = 0.2
_Finding = tuple[str, str]


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
@click.option("--stay", is_flag=True, help="Serve on after the story has ended, until Ctrl-C.")
def command(minutes: float, listen: Sequence[str], stay: bool) -> None:
    """Show the whole story of an incident: it begins, is explained, is mended and clears.

    Six simulated sites write their logs as ConfigMgr 2007 does, six hours in a minute; the exporter follows them and
    serves what they tell, as it would on real ones. Exit status: 0 the story was told to its end, 2 it could not be.

    \b
    configmgr-exporter demo
    configmgr-exporter demo --minutes 5 --stay
    """
    console = new_console()
    plan = demo_plan()
    plan = demo_plan(datetime.now(UTC) - plan.duration)
    with tempfile.TemporaryDirectory(prefix="configmgr-demo-") as name:
        folder = Path(name)
        service = Service()
        server = _serve(service, listen, _clock(plan, minutes))
        try:
            for address in server.addresses:
                console.print(f"Serving on http://{address}/ and http://{address}/metrics")
            writer = threading.Thread(target=_write, args=(folder, plan, minutes), name="simulator", daemon=True)
            writer.start()
            service.watch(lambda _memories: _watches(folder, plan))
            _tell(console, service, writer)
            if stay:
                console.print("Serving on; Ctrl-C ends it.")
                threading.Event().wait()
        finally:
            server.stop()
            service.stop()


def _write(folder: Path, plan: Plan, minutes: float) -> None:
    run_live(folder, plan, time.sleep, plan.duration.total_seconds() / (minutes * 60))


def _clock(plan: Plan, minutes: float) -> Callable[[], float]:
    """Return the clock of the simulated world: it runs fast until the story has ended, and is the real one then."""
    began = time.time()
    start, speed = plan.start.timestamp(), plan.duration.total_seconds() / (minutes * 60)
    return lambda: min(time.time(), start + (time.time() - began) * speed)


def _serve(service: Service, listen: Sequence[str], wall: Callable[[], float]) -> Server:
    backend = Backend(service.look, Exposition(service.look), service.unready, wall=wall)
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


def _tell(console: Console, service: Service, writer: threading.Thread) -> None:
    """Print what begins and what ends, until the simulation has ended and everything has been read."""
    known: dict[_Finding, str] = {}
    explained: set[str] = set()
    ended = False
    while not ended:
        ended = not writer.is_alive()
        time.sleep(_POLL_SECONDS * (5 if ended else 1))
        answer = _report(service)
        now = dict(_findings(answer))
        moment = _log_time(service)
        for finding in sorted(now.keys() - known.keys()):
            _say(console, moment, finding[0], ("begins", "red"), now[finding])
        for finding in sorted(known.keys() - now.keys()):
            _say(console, moment, finding[0], ("ended", "green"), known[finding])
        for culprit in answer.culprits:
            if culprit.cause.words not in explained:
                explained.add(culprit.cause.words)
                _say(console, moment, culprit.source_site, ("cause", "yellow"), culprit.cause.words)
                _say(console, moment, culprit.source_site, ("do", "cyan"), culprit.remedy[0])
        known = now
    console.print(Text("The story has ended." if not known else "Something is still stuck.", style="bold"))


def _say(console: Console, moment: str, site: str, what: tuple[str, str], words: str) -> None:
    row = Table.grid(padding=(0, 2, 0, 0))
    row.add_column(no_wrap=True, style="dim")
    row.add_column(no_wrap=True, style="bold", min_width=3)
    row.add_column(no_wrap=True, style=what[1], min_width=6)
    row.add_column(overflow="fold")
    row.add_row(moment, site, what[0], printable(words))
    console.print(row)


def _log_time(service: Service) -> str:
    times = [health.last_record for site in service.sites.values() for health in list(site.logs.values())]
    latest = max((time for time in times if time is not None), default=None)
    return "     " if latest is None else datetime.fromtimestamp(latest, UTC).strftime("%H:%M")


def _report(service: Service) -> Report:
    states = {}
    for code, site in service.sites.items():
        with site.lock:
            states[code] = site.memory().ledger.state
    return report(states)


def _findings(answer: Report) -> Iterator[tuple[_Finding, str]]:
    for code, site in answer.sites.items():
        for error in site.source_errors:
            yield (code, f"source {error.package}"), f"the source of {error.package} cannot be read"
        for waiting in site.waiting:
            yield (code, f"waiting {waiting.package}"), f"content of {waiting.package} is late"
        for block in site.blocked:
            waits = ", ".join(f"{missing.package} {missing.program}" for missing in block.missing)
            yield (code, f"blocked {block.task_sequence}"), f"{block.task_sequence} is blocked: {waits} is missing"
