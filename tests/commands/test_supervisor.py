"""A service manager hears that it answers before the backlog is read, and stops it from another thread."""

import socket
import urllib.error
import urllib.request
from pathlib import Path

from exporter.commands.run import command
from exporter.process.runner import Runner

LINE = "Sleep 3600 seconds...  $$<SMS_DISTRIBUTION_MANAGER><Thu Mar 04 10:15:32.123 2010 GMT><thread=1 (0x1)>\n"


class Manager:
    """What the Windows service manager is to the exporter; it says stop as soon as it hears that it is answered."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.told: list[str] = []

    def start_logging(self, level: str, form: str) -> None:
        self.told.append(f"log {level} {form}")

    def take(self, runner: Runner) -> None:
        self.told.append("take")
        self._runner = runner

    def ready(self) -> None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/-/ready", timeout=30) as answer:
                self.told.append(f"ready {answer.status}")
        except urllib.error.HTTPError as answer:
            self.told.append(f"ready {answer.code} {answer.read().decode().strip()}")
            answer.close()
        self._runner.ask_stop()


def test_manager_hears_and_is_heard(tmp_path: Path) -> None:
    (tmp_path / "Logs").mkdir()
    (tmp_path / "Logs" / "distmgr.log").write_text(LINE * 10)
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    manager = Manager(port)
    options = ["--web.listen-address", f"127.0.0.1:{port}", "--state.dir", str(tmp_path / "state")]
    command.main([*options, f"CHI={tmp_path / 'Logs'}"], standalone_mode=False, obj=manager)
    assert manager.told == ["log info logfmt", "take", "ready 503 Not ready: starting"]
    assert list((tmp_path / "state").iterdir())  # saved when it stopped
