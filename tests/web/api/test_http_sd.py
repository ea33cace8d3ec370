"""Prometheus itself, told where to scrape by the exporter."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

PATIENCE = 60.0
DISCOVERY = """
scrape_configs:
  - job_name: configmgr
    http_sd_configs: [{{url: "http://127.0.0.1:{port}/api/v1/http_sd"}}]
  - job_name: site_servers
    http_sd_configs: [{{url: "http://127.0.0.1:{port}/api/v1/http_sd"}}]
    relabel_configs:
      - {{source_labels: [__meta_configmgr_site_server], regex: "", action: drop}}
      - {{source_labels: [__meta_configmgr_site_server], target_label: __address__, replacement: "${{1}}:9182"}}
      - {{source_labels: [__meta_configmgr_site], target_label: site}}
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def prometheus(folder: Path, config: str) -> Iterator[str]:
    """Run Prometheus and give its address."""
    (folder / "prometheus.yml").write_text(config, encoding="utf-8")
    port = free_port()
    command = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data"]
    with (folder / "log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*command, f"--web.listen-address=127.0.0.1:{port}"], cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE)


def active_targets(address: str, wanted: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            answer = requests.get(f"{address}/api/v1/targets?state=active", timeout=5)
            targets: list[dict[str, Any]] = answer.json()["data"]["activeTargets"]
        except (requests.RequestException, json.JSONDecodeError, KeyError):
            targets = []
        if len(targets) >= wanted:
            return targets
        time.sleep(0.2)
    pytest.fail("Prometheus did not find its targets")


def test_prometheus_scrapes_the_exporter_once_and_finds_the_site_servers(incident_port: int, tmp_path: Path) -> None:
    with prometheus(tmp_path, DISCOVERY.format(port=incident_port)) as address:
        targets = active_targets(address, 2)
    assert sorted((target["scrapePool"], target["scrapeUrl"]) for target in targets) == [
        ("configmgr", f"http://127.0.0.1:{incident_port}/metrics"),
        ("site_servers", "http://localhost:9182/metrics"),
    ]
    assert [target["labels"].get("site") for target in targets if target["scrapePool"] == "site_servers"] == ["CHI"]
