"""A simulated incident as Prometheus sees it: what the dashboards are tried on and pictured with."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from exporter import __version__
from exporter.collector.site import Site
from exporter.events.loader import load_catalogue
from exporter.events.matcher import Matcher
from exporter.logs.clock import Clock
from exporter.logs.discovery import Folder
from exporter.logs.records import RecordReader
from exporter.logs.volume import LocalVolume
from exporter.metrics.exposition import Exposition, Form
from exporter.metrics.process import read_process
from exporter.metrics.views import ExporterFacts, SiteView, Snapshot
from exporter.simulator import Plan, Simulation, demo_plan
from exporter.simulator.disk import Disk
from exporter.simulator.hierarchy import Era, Package, Reference
from exporter.simulator.plan import (
    BadSource,
    Create,
    CutOff,
    DespoolerRetries,
    LateContent,
    NeverSent,
    SnapshotFails,
    Touch,
)

JOB: Final = "configmgr"
INSTANCE: Final = "configmgr01:10048"
_HOUR: Final = 3600
_FOR_EVER: Final = 100 * _HOUR


def incident_plan(end: datetime | None = None) -> Plan:
    """Return six hours in which much goes wrong, and one thing is mended.

    The central site cannot read the source of the laptop drivers, to the end. It could not take the snapshot of the
    printers either; that is mended after three hours. Between sites a link breaks twice, jobs are given up, content is
    late, and a despooler retries.

    Args:
        end: when it ends; now, if it is not said.
    """
    plan = demo_plan(mended=False)
    plan = demo_plan((end or datetime.now(UTC)) - plan.duration, mended=False)
    printing = Package("CEN00024", "Set up print servers", references=(Reference("CEN00013", "Setup Drucker"),))
    return replace(
        plan,
        name="incident",
        sites=tuple(replace(site, era=Era.CM2012) if site.code == "PAR" else site for site in plan.sites),
        changes=(
            *plan.changes,
            Create(2 * _HOUR, printing),
            Touch(2 * _HOUR + 2400, "CEN00001", refresh=True),
            Touch(3 * _HOUR + 600, "CEN00013", refresh=True),
            Touch(3 * _HOUR + 1800, "CEN00001", refresh=True),
            Touch(4 * _HOUR + 1800, "CEN00004"),
            Touch(5 * _HOUR, "CEN00001", refresh=True),
        ),
        incidents=(
            *plan.incidents,
            SnapshotFails("CEN00013", 0, 3 * _HOUR),
            BadSource("CEN00013", 0, 300, win32_error=53),
            CutOff("CEN", "NYC", _HOUR, 2 * _HOUR + 1800),
            CutOff("LON", "PAR", 4 * _HOUR, _FOR_EVER, win32_error=64),
            LateContent("CEN00001", "CHI", 3 * _HOUR + 1700, _FOR_EVER),
            DespoolerRetries("DEN", "CHI00003", 0, 2 * _HOUR),
            NeverSent("CEN", "NYC", 4 * _HOUR + 1700, 4 * _HOUR + 2400, _FOR_EVER, "CEN00004"),
        ),
    )


def write_incident(folder: Path, plan: Plan, pauses: dict[int, Callable[[], None]]) -> None:
    """Write the logs of a plan.

    Args:
        folder: gets `SMS_<SITE>/Logs`.
        plan: what happens.
        pauses: what is done, with all earlier lines on disk, when so many seconds of the plan are over.
    """
    due = sorted(pauses)
    with Disk(folder, plan.sites, plan.max_log_bytes) as disk:
        for record in Simulation(plan).run():
            while due and record.time >= plan.start_ms + due[0] * 1000:
                disk.flush()
                pauses[due.pop(0)]()
            disk.write(record)
        disk.flush()
        for second in due:
            pauses[second]()


class History:
    """The metrics of an exporter that follows a plan, written down as OpenMetrics at every step.

    Attributes:
        text: path of what was written; `promtool tsdb create-blocks-from openmetrics` makes blocks of it.
    """

    def __init__(self, folder: Path, plan: Plan, step: int) -> None:
        self.text = folder / "history.openmetrics"
        self._plan = plan
        self._folder = folder
        self._step = step
        self._now = 0.0
        self._facts = ExporterFacts(__version__, platform.python_version(), checkpoint_ok=True)
        catalogue = load_catalogue()
        self._sites = [
            Site(
                site.code,
                [Folder(LocalVolume(), str(folder / f"SMS_{site.code}" / "Logs"))],
                Matcher(catalogue, RecordReader(Clock())),
            )
            for site in plan.sites
        ]
        self._exposition = Exposition(self._look)

    def write(self) -> None:
        """Write the logs, and what is to be seen of them at every step."""
        seconds = range(self._step, int(self._plan.duration.total_seconds()) + 1, self._step)
        with self.text.open("w", encoding="utf-8") as out:

            def look(second: int) -> Callable[[], None]:
                return lambda: out.writelines(self._scrape(self._plan.start_ms / 1000 + second))

            write_incident(self._folder, self._plan, {second: look(second) for second in seconds})
            out.write("# EOF\n")

    def _look(self) -> Snapshot:
        views = [SiteView(site.ledger.state, site.logs, site.revision, site.gaps, site.lock) for site in self._sites]
        return Snapshot(views, self._facts)

    def _scrape(self, now: float) -> Iterator[str]:
        started = time.perf_counter()
        for site in self._sites:
            while site.poll(now):
                pass
        polled = time.perf_counter()
        first = self._facts.reload_time or now
        self._facts = replace(
            self._facts,
            reload_time=first,
            checkpoint_time=now,
            scans=self._facts.scans + 1,
            scan_seconds=self._facts.scan_seconds + polled - started,
            last_scan=now,
            process=dict(read_process(), process_start_time_seconds=first),
        )
        lines = self._exposition.page(Form.OPENMETRICS).decode().splitlines()
        samples = [line for line in lines if not line.startswith("#")]
        taken = time.perf_counter() - polled
        own = [
            "up 1",
            f"scrape_samples_scraped {len(samples)}",
            f"scrape_duration_seconds {taken}",
        ]
        target = f'job="{JOB}",instance="{INSTANCE}"'
        for line in [*samples, *own]:
            metric, _, value = line.rpartition(" ")
            named = f"{metric[:-1]},{target}}}" if metric.endswith("}") else f"{metric}{{{target}}}"
            yield f"{named} {value} {now:.3f}\n"
