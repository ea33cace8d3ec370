"""The incident of the demo, in its third hour: three task sequences are blocked at three sites."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from docs.screens import HOUR, Stage
from exporter.report.picture import Given
from exporter.web.app import make_app
from exporter.web.server import Server

LINKS = {
    "Grafana": "https://grafana.example/d/hierarchy",
    "Dashboard of the site": "https://grafana.example/d/site?var-site={site}",
    "Ticket": "https://tickets.example/new?what={task_sequence}&where={site}",
}


@pytest.fixture(scope="session")
def incident(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """What nobody may change: it is read once for all tests."""
    given = Given({"CHI": "CEN"}, {"CEN00012": "Laptop drivers (inventory)"}, LINKS, {"CHI": "localhost"})
    stage = Stage(tmp_path_factory.mktemp("incident"), given=given)
    stage.play(3 * HOUR)
    return stage


@pytest.fixture(scope="session")
def incident_port(incident: Stage) -> Iterator[int]:
    server = Server(make_app(incident.backend()), ["127.0.0.1:0"])
    server.start()
    yield server.addresses[0].port
    server.stop()
