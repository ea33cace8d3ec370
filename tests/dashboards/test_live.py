"""Every query, asked of a Prometheus that scrapes an exporter while an incident unfolds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from dashboards.incident import incident_plan, write_incident
from dashboards.servers import Prometheus, exporter, prometheus, wait_until
from tests.dashboards.reading import Query, fill, queries, variable_queries

VALUES = {"job": ".+", "instance": ".+", "__rate_interval": "5m", "__range": "5m"}
CHOICES = {
    "site.json": [{"site": "CEN"}, {"site": "CHI"}, {"site": "DEN"}, {"site": "PAR"}],
    "package.json": [{"package": "CEN00012"}, {"package": "CEN00001"}, {"package": "CHI00003"}],
    "transport.json": [{"site": ".+"}],
}
STAGES = (5_400, 9_000, 12_500, 16_200, 21_600)  # seconds into the plan: what comes between two of them is growth

# What gives nothing during this incident, and why. A query that is listed and gives something is a failure too.
EMPTY = {
    **{f"exporter.json / Odd lines / {ref}": "no such line is simulated" for ref in "ABCDE"},
    **{f"exporter.json / Trouble with reading / {ref}": "every read goes well" for ref in "BC"},
    "exporter.json / Age of the saved state / B": "every attempt to save the state succeeds",
    "exporter.json / Series / B": "no series is left out",
    "exporter.json / Series / C": "there is room for all that the logs tell",
    "transport.json / Waits for a despooler thread / A": "every despooler has threads enough",
    "site.json / Messages of your own / A": "no template is configured",
}

# What gives something or not, as the moments of polls and scrapes fall.
UNCERTAIN = {
    "exporter.json / Logs / E": "a log that rolls twice between two polls loses lines: a stage is written at once",
    "exporter.json / Trouble with reading / A": "as above",
    "hierarchy.json / Blocks that end / ": "found on a grid of minutes, of which these seconds may hold none: "
    "test_history.py asks for it",
    "package.json / Blocks that end / ": "as above",
    "site.json / Blocks that end / ": "as above",
}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Give a Prometheus that has scraped the exporter after each stage, with all of it read."""
    folder = tmp_path_factory.mktemp("live")
    plan = incident_plan()
    logs = [folder / f"SMS_{site.code}" / "Logs" for site in plan.sites]
    servers = ExitStack()
    started: list[Prometheus] = []

    def scraped() -> bool:
        written = sum(log.stat().st_size for log in folder.glob("SMS_*/Logs/*.log"))
        return _gives(started[0], f"sum(configmgr_log_position_bytes) == {written}")

    def look() -> None:
        if not started:
            address = servers.enter_context(exporter(logs, folder / "state", folder / "exporter.log"))
            started.append(servers.enter_context(prometheus(folder, [address])))
        wait_until(scraped, "all that is written to be read and scraped")

    with servers:
        write_incident(folder, plan, dict.fromkeys(STAGES, look))
        yield started[0]


def _gives(server: Prometheus, expression: str) -> bool:
    return bool(server.query(expression))


def _filled(query: Query) -> list[str]:
    return [fill(query.expression, VALUES | choice) for choice in CHOICES.get(query.dashboard, [{}])]


def test_every_query_gives_data_during_an_incident(live: Prometheus) -> None:
    empty = {query.key for query in queries() if not any(live.query(each) for each in _filled(query))}
    empty -= UNCERTAIN.keys()
    assert empty <= EMPTY.keys(), sorted(empty - EMPTY.keys())
    assert empty >= EMPTY.keys(), f"no longer empty: {sorted(EMPTY.keys() - empty)}"


def test_every_variable_finds_its_values(live: Prometheus) -> None:
    for query in variable_queries():
        for selector in _filled(query):
            assert live.label_values(query.ref, selector), query.key
