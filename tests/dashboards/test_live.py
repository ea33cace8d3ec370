"""Every query, asked of a Prometheus that scrapes an exporter while an incident unfolds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from dashboards.incident import incident_plan, write_incident
from dashboards.servers import Prometheus, exporter, prometheus, wait_until
from tests.dashboards.reading import Query, fill, queries, variable_queries

VALUES = {"job": ".+", "instance": ".+", "__rate_interval": "20s", "__range": "5m"}
CHOICES = {
    "site.json": [{"site": "CEN"}, {"site": "CHI"}, {"site": "DEN"}, {"site": "PAR"}],
    "package.json": [{"package": "CEN00012"}, {"package": "CEN00001"}, {"package": "CHI00003"}],
    "transport.json": [{"site": ".+"}],
}
WATCHED_FROM = 15_000  # seconds into the plan: what comes later is seen to grow

# What gives nothing during this incident, and why. A query that is listed and gives something is a failure too.
EMPTY: dict[str, str] = {}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("live")
    plan = incident_plan()
    logs = [folder / f"SMS_{site.code}" / "Logs" for site in plan.sites]
    servers = ExitStack()
    started: list[Prometheus] = []

    def start() -> None:
        address = servers.enter_context(exporter(logs, folder / "state", folder / "exporter.log"))
        started.append(servers.enter_context(prometheus(folder, [address])))
        wait_until(lambda: _gives(started[0], "configmgr_site_blocked_task_sequences"), "a first scrape")

    with servers:
        write_incident(folder, plan, {WATCHED_FROM: start})
        read = "sum(configmgr_log_size_bytes - configmgr_log_position_bytes) == 0"
        newest = f"max(configmgr_log_last_record_timestamp_seconds) > {plan.end_ms / 1000 - 600}"
        wait_until(lambda: _gives(started[0], f"({read}) and ({newest})"), "all to be read and scraped")
        yield started[0]


def _gives(server: Prometheus, expression: str) -> bool:
    return bool(server.query(expression))


def _filled(query: Query) -> list[str]:
    return [fill(query.expression, VALUES | choice) for choice in CHOICES.get(query.dashboard, [{}])]


def test_every_query_gives_data_during_an_incident(live: Prometheus) -> None:
    empty = {query.key for query in queries() if not any(live.query(each) for each in _filled(query))}
    assert "\n".join(sorted(empty)) == "\n".join(sorted(EMPTY))


def test_every_variable_finds_its_values(live: Prometheus) -> None:
    for query in variable_queries():
        for selector in _filled(query):
            assert live.label_values(query.ref, selector), query.key
