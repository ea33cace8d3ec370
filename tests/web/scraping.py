"""Prometheus itself, from Debian."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

PATIENCE = 60.0
Target = dict[str, Any]


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


def active_targets(address: str, wanted: Callable[[list[Target]], bool]) -> list[Target]:
    """Wait until the targets are as they are wanted, and return them."""
    targets: list[Target] = []
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            answer = requests.get(f"{address}/api/v1/targets?state=active", timeout=5)
            targets = answer.json()["data"]["activeTargets"]
        except (requests.RequestException, json.JSONDecodeError, KeyError):
            targets = []
        if wanted(targets):
            return targets
        time.sleep(0.2)
    pytest.fail(f"Prometheus has other targets: {targets}")
