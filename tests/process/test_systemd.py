"""What is told to systemd, with a test that plays systemd's socket."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.process.systemd import Systemd
from tests.commands.running import Running
from tests.lines import blocked
from tests.waiting import until


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """The socket of a service manager."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(0)
        yield listening


def _heard(manager: socket.socket) -> list[str]:
    heard = []
    while True:
        try:
            heard.append(manager.recv(4096).decode())
        except BlockingIOError:
            return heard


def test_all_that_is_told(manager: socket.socket) -> None:
    environment = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "180000000", "HOME": "/root"}
    systemd = Systemd(environment)

    systemd.ready()
    systemd.alive()

    assert _heard(manager) == ["READY=1", "WATCHDOG=1"]
    assert systemd.alive_seconds == 90
    assert environment == {"HOME": "/root"}, "what we start is not the service"


def test_socket_outside_the_file_system() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("")  # Linux chooses a name
        name = manager.getsockname()[1:].decode()
        Systemd({"NOTIFY_SOCKET": f"@{name}"}).ready()
        assert manager.recv(4096) == b"READY=1"


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}, {"WATCHDOG_USEC": "soon"}])
def test_no_manager_that_wants_to_be_told(environment: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    systemd = Systemd(environment)

    systemd.ready()

    assert systemd.alive_seconds is None
    assert caplog.text == ""


def test_manager_that_is_gone_ends_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Systemd({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready()

    assert "systemd could not be told READY=1: [Errno 2] No such file or directory" in caplog.text


def test_service_under_a_watchdog(tmp_path: Path, manager: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    logs = tmp_path / "SMS_CHI" / "Logs"
    logs.mkdir(parents=True)
    (logs / "distmgr.log").write_bytes(blocked("CEN00021"))
    monkeypatch.setenv("NOTIFY_SOCKET", manager.getsockname())
    monkeypatch.setenv("WATCHDOG_USEC", "2000000")
    heard: list[str] = []

    def listen() -> list[str]:
        heard.extend(_heard(manager))
        return heard

    with Running(tmp_path / "log", logs) as service:
        until(lambda: listen().count("WATCHDOG=1") >= 2)
        service.send(signal.SIGHUP)
        until(lambda: "The configuration was reloaded" in service.said)
        assert service.end(signal.SIGTERM) == 0

    assert listen()[0] == "READY=1"
    assert set(heard[1:]) == {"WATCHDOG=1"}
