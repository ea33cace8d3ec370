"""A Prometheus server and an exporter as processes of their own, on loopback, for trying dashboards."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import requests
import yaml

_START_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.1


class NotStartedError(Exception):
    """A server did not answer in time; the text holds what it said."""


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(true: Callable[[], bool], what: str, seconds: float = _START_SECONDS) -> None:
    """Wait for another process.

    Raises:
        TimeoutError: it took longer than that.
    """
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s in vain: {what}")
        time.sleep(_POLL_SECONDS)


@contextmanager
def serving(
    command: Sequence[str],
    ready: str,
    log: Path,
    answers: Callable[[str], bool] | None = None,
    seconds: float = _START_SECONDS,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server for as long as the block takes, which begins when the server answers.

    Args:
        command: what runs it.
        ready: the address at which it answers when it is ready.
        log: gets what it says.
        answers: whether it answers there; without it, an answer without error to a plain request is one.
        seconds: how long to wait for that.

    Raises:
        NotStartedError: it ended instead of answering.
    """
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)  # noqa: S603 - our own commands
    try:
        wait_until(
            lambda: process.poll() is not None or (answers or _answers)(ready), f"{command[0]} at {ready}", seconds
        )
        if process.poll() is not None:
            raise NotStartedError(log.read_text(encoding="utf-8", errors="replace"))
        yield process
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


@contextmanager
def exporter(folders: Sequence[Path], state: Path, log: Path) -> Iterator[str]:
    """Run an exporter on these folders; gives its address.

    Raises:
        NotStartedError: it ended instead of answering.
    """
    address = f"127.0.0.1:{free_port()}"
    with serving(run_command(folders, state, address), f"http://{address}/-/ready", log):
        yield address


def run_command(folders: Sequence[Path], state: Path, address: str) -> list[str]:
    """Return the command that runs an exporter on these folders."""
    command = [sys.executable, "-m", "exporter", "run", *map(str, folders), "--state.dir", str(state)]
    return [*command, "--web.listen-address", address]


class Prometheus:
    """A client of a Prometheus server.

    Attributes:
        url: where it answers.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()

    def query(self, expression: str, when: float | None = None) -> list[dict[str, Any]]:
        """Return the series that an expression gives at one time.

        Raises:
            ValueError: the server refuses the query; the text says why.
        """
        return self._result("query", {"query": expression, **({"time": when} if when is not None else {})})

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[dict[str, Any]]:
        """Return the series that an expression gives over time.

        Raises:
            ValueError: the server refuses the query; the text says why.
        """
        return self._result("query_range", {"query": expression, "start": start, "end": end, "step": step})

    def label_values(self, label: str, selector: str) -> list[str]:
        """Return the values that a label has in the series of a selector."""
        answer = self._get(f"label/{label}/values", {"match[]": selector})
        return [str(value) for value in answer["data"]]

    def _result(self, path: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        result: list[dict[str, Any]] = self._get(path, parameters)["data"]["result"]
        return result

    def _get(self, path: str, parameters: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self._session.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=30).json()
        if answer["status"] != "success":
            raise ValueError(f"{answer['error']}: {parameters}")
        return answer


@contextmanager
def prometheus(folder: Path, targets: Sequence[str] = (), job: str = "configmgr") -> Iterator[Prometheus]:
    """Run Debian's Prometheus, which scrapes these targets every second.

    Args:
        folder: gets its configuration, its log and, in `data`, what it stores.
        targets: host and port of each exporter.
        job: name of the scrape job.

    Raises:
        NotStartedError: it ended instead of answering.
    """
    address = f"127.0.0.1:{free_port()}"
    configuration = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": [{"job_name": job, "static_configs": [{"targets": list(targets)}]}] if targets else [],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
    ]
    with serving(command, f"http://{address}/-/ready", folder / "prometheus.log"):
        yield Prometheus(f"http://{address}")


def load_history(text: Path, folder: Path) -> None:
    """Make blocks of a text in OpenMetrics' format where `prometheus` with this folder finds them."""
    subprocess.run(  # noqa: S603 - Debian's promtool
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", str(text), str(folder / "data")],  # noqa: S607
        check=True,
        capture_output=True,
    )
