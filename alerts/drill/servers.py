"""Prometheus and Alertmanager with the rules and routes that are shipped, and the exporters that they watch."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import requests
import yaml

from alerts.build import ALERTS, RECORDING, ROUTES
from alerts.build import main as build_rules
from alerts.drill.inbox import Inbox, inbox
from alerts.faster import shorter
from alerts.thresholds import SCRAPE_INTERVAL
from dashboards.servers import Prometheus, free_port, run_command, serving

# Durations that Prometheus itself has, with their defaults: the five minutes in which it finds a value, and what it
# does when it sends alerts again or was away.
_OF_PROMETHEUS: Final = {
    "query.lookback-delta": "5m",
    "rules.alert.resend-delay": "1m",
    "rules.alert.for-grace-period": "10m",
    "rules.alert.for-outage-tolerance": "1h",
}


@dataclass(frozen=True, slots=True)
class Programs:
    """The two programs: names on the path, or paths."""

    name: str = "installed"
    prometheus: str = "prometheus"
    alertmanager: str = "prometheus-alertmanager"


@dataclass(frozen=True, slots=True)
class Stack:
    """A Prometheus with the rules, its Alertmanager, and where that sends."""

    name: str
    prometheus: Prometheus
    alertmanager: str
    inbox: Inbox

    def versions(self) -> str:
        """Return what the programs say they are."""
        server = requests.get(f"{self.prometheus.url}/api/v1/status/buildinfo", timeout=30).json()["data"]["version"]
        routes = requests.get(f"{self.alertmanager}/api/v2/status", timeout=30).json()["versionInfo"]["version"]
        return f"Prometheus {server.partition('+')[0]}, Alertmanager {routes.partition('+')[0]}"

    def alerts(self) -> list[dict[str, Any]]:
        """Return the alerts that Alertmanager has, those that are held back included."""
        found: list[dict[str, Any]] = requests.get(f"{self.alertmanager}/api/v2/alerts", timeout=30).json()
        return found


@contextmanager
def stack(folder: Path, programs: Programs, targets: Sequence[str], faster: float) -> Iterator[Stack]:
    """Run Prometheus and Alertmanager with what is shipped, all durations divided.

    Args:
        folder: gets their configuration, logs and data.
        programs: which ones.
        targets: host and port of each exporter.
        faster: what durations are divided by.

    Raises:
        NotStartedError: one of them ended instead of answering.
    """
    with ExitStack() as running:
        received = running.enter_context(inbox())
        alertmanager = f"127.0.0.1:{free_port()}"
        routes = folder / "routes" / ROUTES
        build_rules(["--faster", str(faster), "--out", str(routes.parent)])
        _address(routes, received)
        command = [
            programs.alertmanager,
            f"--config.file={routes}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address={alertmanager}",
            "--cluster.listen-address=",
        ]
        ready = f"http://{alertmanager}/-/ready"
        running.enter_context(serving(command, ready, folder / "alertmanager.log"))
        server, _ = running.enter_context(prometheus(folder, programs, targets, alertmanager, faster))
        yield Stack(programs.name, server, f"http://{alertmanager}", received)


@contextmanager
def prometheus(
    folder: Path, programs: Programs, targets: Sequence[str], alertmanager: str | None, faster: float
) -> Iterator[tuple[Prometheus, subprocess.Popen[bytes]]]:
    """Run Prometheus with the rules that are shipped, all durations divided; gives its process too.

    Args:
        folder: gets its configuration, log and data.
        programs: which one.
        targets: host and port of each exporter.
        alertmanager: host and port; None for none.
        faster: what durations are divided by.

    Raises:
        NotStartedError: it ended instead of answering.
    """
    build_rules(["--faster", str(faster), "--out", str(folder / "rules")])
    address = f"127.0.0.1:{free_port()}"
    command = [
        programs.prometheus,
        f"--config.file={_prometheus_yml(folder, targets, alertmanager, faster)}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
        *(f"--{flag}={shorter(value, faster)}" for flag, value in _OF_PROMETHEUS.items()),
    ]
    with serving(command, f"http://{address}/-/ready", folder / "prometheus.log") as process:
        yield Prometheus(f"http://{address}"), process


def _address(routes: Path, received: Inbox) -> None:
    """Put our addresses in the place of the example's: the one thing that every user changes."""
    data = yaml.safe_load(routes.read_text(encoding="utf-8"))
    data["global"] |= {"smtp_smarthost": received.smarthost, "smtp_require_tls": False}
    for receiver in data["receivers"]:
        for webhook in receiver.get("webhook_configs", ()):
            webhook["url"] = received.url
    routes.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")


def _prometheus_yml(folder: Path, targets: Sequence[str], alertmanager: str | None, faster: float) -> Path:
    interval = shorter(SCRAPE_INTERVAL, faster)
    configuration = {
        "global": {"scrape_interval": interval, "scrape_timeout": interval},
        "rule_files": [f"rules/{RECORDING}", f"rules/{ALERTS}"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager] if alertmanager else []}]}]},
        "scrape_configs": [{"job_name": "configmgr", "static_configs": [{"targets": list(targets)}]}],
    }
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(configuration), encoding="utf-8")
    return path


class Watcher:
    """An exporter of some sites, at an address that stays, that can be killed and started again.

    Args:
        sites: folders of their logs.
        folder: gets its state, anew for each start that forgets, and its log.
        seconds: how long it may take to start.
    """

    def __init__(self, sites: Sequence[Path], folder: Path, seconds: float = 60.0) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self._sites = sites
        self._folder = folder
        self._seconds = seconds
        self._lives = 0
        self._life = ExitStack()
        self._process: subprocess.Popen[bytes]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._life.close()

    def start(self, *, forgetting: bool = False) -> None:
        """Start it, and wait until it has read what there is; without the state of its former life, if wanted."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lives += forgetting
        command = run_command(self._sites, self._folder / f"state{self._lives}", self.address)
        ready = f"http://{self.address}/-/ready"
        log = self._folder / "exporter.log"
        self._process = self._life.enter_context(serving(command, ready, log, seconds=self._seconds))

    def kill(self) -> None:
        """End it as a crash does."""
        self._process.kill()
        self._life.close()

    @property
    def pid(self) -> int:
        """ID of its process."""
        return self._process.pid

    @contextmanager
    def hangs(self) -> Iterator[None]:
        """Let it answer nothing, for as long as the block takes."""
        os.kill(self._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._process.pid, signal.SIGCONT)


def held_back(stack: Stack, alertname: str) -> bool | None:
    """Return whether another alert holds back this one; None while it has not reached Alertmanager."""
    states = [each["status"] for each in stack.alerts() if each["labels"]["alertname"] == alertname]
    return all(state["inhibitedBy"] for state in states) if states else None
