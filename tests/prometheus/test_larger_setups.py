"""Agent mode and federation as docs/prometheus.md shows them: what an exporter tells reaches the centre."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.servers import Prometheus, exporter, free_port, serving, wait_until
from exporter.simulator import demo_plan, run_batch
from tests.alerts.servers import GENERATIONS, ROOT, program

_PAGE = (ROOT / "docs" / "prometheus.md").read_text(encoding="utf-8")
_AGENT = {"installed": "--enable-feature=agent", "next": "--agent"}
_FAST = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}}


def _shown(heading: str) -> dict[str, Any]:
    """Return the configuration that stands first under a heading of the page."""
    found = re.search(rf"^### {heading}\n.*?^```yaml\n(.*?)^```$", _PAGE, re.MULTILINE | re.DOTALL)
    assert found, heading
    configuration: dict[str, Any] = yaml.safe_load(found[1])
    return configuration


@contextmanager
def _server(folder: Path, generation: str, configuration: dict[str, Any], flags: Sequence[str]) -> Iterator[Prometheus]:
    folder.mkdir()
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    command = [
        program("prometheus", generation),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--web.listen-address={address}",
        *flags,
    ]
    with serving(command, f"http://{address}/-/ready", folder / "prometheus.log"):
        yield Prometheus(f"http://{address}")


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("exporter")
    run_batch(folder / "logs", demo_plan(mended=False))
    with exporter([folder / "logs"], folder / "state", folder / "exporter.log") as address:
        yield address


def _arrives(store: Prometheus, target: str) -> None:
    """Wait until the state of all sites and `up` are at the centre, under the exporter's own labels."""
    labels = f'{{job="configmgr",instance="{target}"}}'
    wait_until(lambda: len(store.query(f"configmgr_site_blocked_task_sequences{labels}")) == 6, "all sites")
    wait_until(lambda: bool(store.query(f"up{labels} == 1")), "up")
    assert len(store.query(f'configmgr_task_sequence_blocked{{package="CEN00012",instance="{target}"}}')) == 9


@pytest.mark.parametrize("generation", GENERATIONS)
def test_an_agent_sends_what_the_centre_cannot_fetch(generation: str, target: str, tmp_path: Path) -> None:
    store_flags = [f"--storage.tsdb.path={tmp_path / 'store' / 'data'}", "--web.enable-remote-write-receiver"]
    with _server(tmp_path / "store", generation, _FAST, store_flags) as store:
        configuration = _FAST | _shown("Behind a firewall: agent mode")
        configuration["scrape_configs"][0]["static_configs"] = [{"targets": [target]}]
        (tmp_path / "password").write_text("s3cret", encoding="utf-8")
        (sending,) = configuration["remote_write"]
        sending["url"] = f"{store.url}/api/v1/write"
        sending["basic_auth"]["password_file"] = str(tmp_path / "password")
        flags = [_AGENT[generation], f"--storage.agent.path={tmp_path / 'agent' / 'data'}"]
        with _server(tmp_path / "agent", generation, configuration, flags):
            _arrives(store, target)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_federation_takes_what_the_rules_need(generation: str, target: str, tmp_path: Path) -> None:
    regional = _FAST | {"scrape_configs": [{"job_name": "configmgr", "static_configs": [{"targets": [target]}]}]}
    flags = [f"--storage.tsdb.path={tmp_path / 'region' / 'data'}"]
    with _server(tmp_path / "region", generation, regional, flags) as region:
        configuration = _FAST | _shown("Federation")
        address = region.url.removeprefix("http://")
        configuration["scrape_configs"][0]["static_configs"] = [{"targets": [address]}]
        flags = [f"--storage.tsdb.path={tmp_path / 'centre' / 'data'}"]
        with _server(tmp_path / "centre", generation, configuration, flags) as centre:
            _arrives(centre, target)
