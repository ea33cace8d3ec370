"""A whole hierarchy under one Prometheus: series, samples, memory, and what the rules cost.

    python -m bench.hierarchy --sites 1000

The logs are simulated: all sites lie below one, and at each of them a task sequence is blocked, which is the worst that
can happen. Exporters, Prometheus and rules are those that users run, with their intervals.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
import requests
from rich.console import Console
from rich.table import Table

from alerts.drill.servers import Programs, Watcher, prometheus
from bench.running import status_megabytes
from dashboards.servers import wait_until
from exporter.simulator import Plan, big_plan
from exporter.simulator.run import run_batch

_BYTES_A_SITE: Final = 0.08  # megabytes, of a site where nothing is changed
_BYTES_A_CHANGE: Final = 0.07
# Each shows that a group has been evaluated on what was scraped: the slow one, the others, the alerts.
_EVALUATED: Final = (
    "package:configmgr_definition_version:max",
    "program:configmgr_blocked_task_sequences:sum",
    'ALERTS{alertname="ConfigMgrTaskSequencesBlocked"}',
)
_PATIENCE: Final = 1200.0
_SAMPLE: Final = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Found:
    """What one size gave. Seconds, megabytes; `rules`: seconds of one evaluation, by group."""

    sites: int
    blocks: int
    series: int
    scrape_bytes: int
    scrape_seconds: float
    exporter_megabytes: float
    prometheus_megabytes: float
    head_series: int
    rules: dict[str, float]
    alerts: int


def measure(folder: Path, sites: int, processes: int, changes: int, faster: float = 1) -> Found:
    """Simulate so many sites, let so many exporters read them, and watch them with Prometheus.

    Args:
        folder: gets the logs and all data.
        sites: how many.
        processes: how many exporters share them.
        changes: how many changes go to every site.
        faster: what every duration of Prometheus and the rules is divided by.
    """
    run_batch(folder / "sites", _plan(sites, changes))
    logs = sorted(folder.glob("sites/SMS_*/Logs"))
    with ExitStack() as running:
        exporters = [
            running.enter_context(Watcher(logs[number::processes], folder / f"exporter{number}", _PATIENCE))
            for number in range(processes)
        ]
        targets = [exporter.address for exporter in exporters]
        for target in targets:
            wait_until(lambda target=target: _read(target), f"{target} to have read all", _PATIENCE)  # type: ignore[misc]
        server, process = running.enter_context(prometheus(folder / "prometheus", Programs(), targets, None, faster))
        scraped = 'scrape_samples_scraped{job="configmgr"}'
        wait_until(lambda: len(server.query(scraped)) == len(targets), "all exporters to be scraped", _PATIENCE)
        wait_until(lambda: all(map(server.query, _EVALUATED)), "all groups to be evaluated", _PATIENCE)
        own = dict(_samples(server.url))
        return Found(
            sites,
            blocks=int(_value(server.query("sum(configmgr_site_blocked_task_sequences)"))),
            series=int(_value(server.query(f"sum({scraped})"))),
            scrape_bytes=sum(len(requests.get(f"http://{target}/metrics", timeout=60).content) for target in targets),
            scrape_seconds=_value(server.query('max(scrape_duration_seconds{job="configmgr"})')),
            exporter_megabytes=sum(status_megabytes(exporter.pid, "VmRSS") for exporter in exporters),
            prometheus_megabytes=status_megabytes(process.pid, "VmRSS"),
            head_series=int(own["prometheus_tsdb_head_series", ""]),
            rules=_durations(own),
            alerts=int(_value(server.query("count(ALERTS)"))),
        )


def _plan(sites: int, changes: int) -> Plan:
    plan = big_plan(sites, sites * (_BYTES_A_SITE + changes * _BYTES_A_CHANGE))
    top, *below = plan.sites
    return replace(
        plan,
        sites=(top, *(replace(site, parent=top.code) for site in below)),
        start=datetime.now(UTC) - plan.duration,
    )


def _value(answer: Sequence[dict[str, tuple[float, str]]]) -> float:
    return float(answer[0]["value"][1]) if answer else 0.0


def _samples(url: str) -> Iterator[tuple[tuple[str, str], float]]:
    for name, labels, value in _SAMPLE.findall(requests.get(f"{url}/metrics", timeout=60).text):
        yield (name, labels), float(value)


def _read(target: str) -> bool:
    """Return whether an exporter has read what its logs hold."""
    behind = [
        value if name.endswith("size_bytes") else -value
        for (name, _), value in _samples(f"http://{target}")
        if name in {"configmgr_log_size_bytes", "configmgr_log_position_bytes"}
    ]
    return bool(behind) and sum(behind) == 0


def _durations(own: dict[tuple[str, str], float]) -> dict[str, float]:
    found = {}
    for (name, labels), value in own.items():
        group = re.search(r";(configmgr-[\w-]+)", labels)
        if name == "prometheus_rule_group_last_duration_seconds" and group:
            found[group[1]] = value
    return found


@click.command()
@click.option("--sites", type=click.IntRange(min=2), multiple=True, default=(100, 1000), show_default=True)
@click.option("--processes", type=click.IntRange(min=1), default=2, show_default=True, help="Exporters.")
@click.option("--changes", type=int, default=1, show_default=True, help="Changes that go to every site.")
def main(sites: Sequence[int], processes: int, changes: int) -> None:
    """Measure what a hierarchy of so many sites costs Prometheus; repeat --sites for several sizes."""
    console = Console(highlight=False)
    found = []
    for count in sites:
        with tempfile.TemporaryDirectory(prefix="hierarchy-") as name, console.status(f"{count} sites"):
            began = time.monotonic()
            found.append(measure(Path(name), count, min(processes, count), changes))
        console.print(f"{count} sites took {time.monotonic() - began:.0f} s")
    console.print(_table(found))


def _table(found: Sequence[Found]) -> Table:
    table = Table(title="One Prometheus with the rules", title_justify="left")
    table.add_column("what")
    for each in found:
        table.add_column(f"{each.sites:,} sites", justify="right")
    rows = {
        "blocked task sequences": [f"{each.blocks:,}" for each in found],
        "series of the exporters": [f"{each.series:,}" for each in found],
        "samples a second, scraped every minute": [f"{each.series / 60:,.0f}" for each in found],
        "text of one scrape of all": [f"{each.scrape_bytes / 1e6:.1f} MB" for each in found],
        "slowest scrape": [f"{each.scrape_seconds:.2f} s" for each in found],
        "memory of the exporters": [f"{each.exporter_megabytes:,.0f} MB" for each in found],
        "memory of Prometheus": [f"{each.prometheus_megabytes:,.0f} MB" for each in found],
        "series in Prometheus, recorded ones and alerts included": [f"{each.head_series:,}" for each in found],
        "alerts, pending and firing": [f"{each.alerts:,}" for each in found],
        **{f"one evaluation of {group}": [f"{each.rules[group]:.3f} s" for each in found] for group in found[0].rules},
        "one evaluation of all groups": [f"{sum(each.rules.values()):.3f} s" for each in found],
    }
    for what, cells in rows.items():
        table.add_row(what, *cells)
    return table


if __name__ == "__main__":
    main()
