"""The Windows service manager installs, starts, stops and removes the exporter, and hears why it does not start."""

import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from install.windows.programs import windows_path
from install.windows.python import ROOT
from tests.waiting import until
from tests.windows.environment import Finished, WindowsPython

PATIENCE = 60
BLOCKED = re.compile(r'^configmgr_task_sequence_blocked\{.*site="CHI".*\} 1', re.MULTILINE)
LINES = re.compile(r'^configmgr_log_lines_total\{log="distmgr",site="CHI"\} (\d+)', re.MULTILINE)


class Service:
    """The command `service`, and what the event log hears."""

    def __init__(self, windows: WindowsPython, program: Path) -> None:
        self._windows = windows
        self._program = program
        self._before = windows.events.stat().st_size
        self.is_there = False

    def __call__(self, *arguments: str | Path) -> Finished:
        done = self._windows.run("service", *arguments, program=self._program)
        self.is_there = (self.is_there or arguments[0] == "install") and (arguments[0], done.status) != ("remove", 0)
        return done

    def events(self) -> str:
        """What was reported since the test began, as Wine writes it: every letter beyond ASCII by its number."""
        return self._windows.events.read_bytes()[self._before :].decode()


@pytest.fixture
def service(windows: WindowsPython, program: Path, one_computer: None) -> Iterator[Service]:  # noqa: ARG001 - alone on it
    service = Service(windows, program)
    service("remove")  # of a run that was killed
    yield service
    if service.is_there:
        service("remove")


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    simulated = tmp_path / "simulated"
    subprocess.run([sys.executable, "-m", "exporter", "simulate", simulated], cwd=ROOT, check=True, capture_output=True)
    folder = tmp_path / "Büro's logs" / "Logs"
    folder.mkdir(parents=True)
    shutil.copy(simulated / "SMS_CHI" / "Logs" / "distmgr.log", folder)
    return folder


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    return port


def scrape(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as answer:
        text: str = answer.read().decode()
    return text


def test_service_from_its_installation_to_its_removal(service: Service, logs: Path, tmp_path: Path) -> None:
    port = free_port()
    lines = (logs / "distmgr.log").read_bytes().count(b"\n")
    options = ("--web.listen-address", f"127.0.0.1:{port}", "--zone", "UTC", "--state.dir", tmp_path / "state")
    installed = service("install", *options, f"CHI={windows_path(logs)}")
    assert installed.status == 0, installed.err
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o750  # Wine's way to say: nobody else
    again = service("install", *options, f"CHI={windows_path(logs)}")
    assert again.status == 2
    assert "installed already" in again.err

    started = service("start")
    assert "configmgr-exporter is running (process " in started.out
    assert started.status == 0
    until(lambda: BLOCKED.search(scrape(port)), PATIENCE)
    until(lambda: LINES.findall(scrape(port)) == [str(lines)], PATIENCE)
    assert 'L"configmgr-exporter' in service.events()

    stopped = service("stop")
    assert stopped.out.strip() == "configmgr-exporter is stopped."
    assert stopped.status == 0
    assert 'L"Stopped."' in service.events()

    (logs / "distmgr.log").write_bytes(b"")  # what it knows from now on, it knows from its state
    assert service("start").status == 0
    until(lambda: BLOCKED.search(scrape(port)), PATIENCE)
    assert int(LINES.findall(scrape(port))[0]) == lines

    assert service("remove").status == 0
    assert "the service is not installed" in service("status").err


def test_service_that_cannot_start_says_why(service: Service, tmp_path: Path) -> None:
    stranger = service("install", "--account", r"CONTOSO\stranger$", "--state.dir", tmp_path / "state", "CHI=C:\\Logs")
    assert "there is no such account" in stranger.err
    assert stranger.status == 2  # and nothing is left of it: the next one can be installed
    config = tmp_path / "config.yml"
    config.write_text("sites: [{site: CHI, logs: 'C:\\Logs'}]\n")
    assert service("install", "--config.file", config).status == 0
    config.write_text("sites: 7\n")
    started = service("start")
    assert started.status == 2
    assert "configmgr-exporter is stopped." in started.out
    assert "It ended with error 2." in started.err
    assert "wevtutil" in started.err
    assert 'err:eventlog:ReportEventW L"It could not start: ' in service.events()
    assert "config.yml" in service.events()
    asked = service("status")
    assert "It ended with error 2." in asked.err
    assert asked.status == 2


def test_manager_hears_of_it_before_much_is_loaded(windows: WindowsPython) -> None:
    # It waits 30 seconds, also while Windows starts and everything is slow.
    asked = windows.run("-c", "import sys, exporter.commands.service_host; print(*sys.modules)")
    loaded = set(asked.out.split())
    assert "servicemanager" in loaded
    assert loaded.isdisjoint({"aiohttp", "pydantic", "yaml", "rich", "sqlite3", "exporter.process.runner"})
