"""The exporter serves on Windows, goes on after a kill where it stood, and is alone on its state."""

import contextlib
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from install.windows.python import ROOT
from tests.windows.environment import WindowsPython

PATIENCE = 60.0
ADDRESS = re.compile(rb"Listening on (http://[^\s\"]+?)/?[\s\"]")
SAVED = "configmgr_exporter_checkpoint_last_success_timestamp_seconds"
LINES = 'configmgr_log_lines_total{log="distmgr",site="CHI"}'


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    simulated = tmp_path / "simulated"
    subprocess.run([sys.executable, "-m", "exporter", "simulate", simulated], cwd=ROOT, check=True, capture_output=True)
    folder = tmp_path / "Logs"
    folder.mkdir()
    shutil.copy(simulated / "SMS_CHI" / "Logs" / "distmgr.log", folder)
    return folder


def start(windows: WindowsPython, logs: Path, state: Path) -> subprocess.Popen[bytes]:
    options = ("--state.dir", state, "--web.listen-address", "127.0.0.1:0", "--zone", "UTC")
    return windows.start("-m", "exporter", "run", *options, "--log.level", "info", f"CHI={logs}")


@contextlib.contextmanager
def serving(windows: WindowsPython, logs: Path, state: Path) -> Iterator[str]:
    """Run the exporter until the end of the block, then kill it."""
    process = start(windows, logs, state)
    try:
        assert process.stderr
        said = b""
        while not (address := ADDRESS.search(said)):
            line = process.stderr.readline()
            assert line, said.decode()
            said += line
        yield address[1].decode()
    finally:
        process.kill()
        process.communicate()


def scrape(address: str) -> dict[str, float]:
    with urllib.request.urlopen(f"{address}/metrics", timeout=PATIENCE) as answer:  # noqa: S310  # our own address
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")}


def scrape_until(address: str, name: str, least: float) -> dict[str, float]:
    end = time.monotonic() + PATIENCE
    while (metrics := scrape(address)).get(name, 0.0) < least:
        assert time.monotonic() < end, f"{name} is {metrics.get(name)}, not {least}"
    return metrics


def test_restart_after_kill_goes_on_where_it_stood(windows: WindowsPython, logs: Path, tmp_path: Path) -> None:
    log = logs / "distmgr.log"
    text = log.read_bytes()
    count = text.count(b"\n")
    with serving(windows, logs, tmp_path / "state") as address:
        scrape_until(address, LINES, count)
        read_at = time.time()
        metrics = scrape_until(address, SAVED, read_at)
        blocked = {name for name in metrics if name.startswith("configmgr_task_sequence_blocked{")}
        assert len(blocked) == 3
    log.rename(log.with_suffix(".lo_"))
    log.write_bytes(text.splitlines(keepends=True)[-1])
    with serving(windows, logs, tmp_path / "state") as address:
        metrics = scrape_until(address, LINES, count + 1)
        assert metrics[LINES] == count + 1
        assert {name for name in metrics if name.startswith("configmgr_task_sequence_blocked{")} == blocked


def test_second_process_on_the_same_state_says_what_is_wrong(
    windows: WindowsPython, logs: Path, tmp_path: Path
) -> None:
    with serving(windows, logs, tmp_path / "state"):
        second = start(windows, logs, tmp_path / "state")
        _, said = second.communicate(timeout=PATIENCE)
        assert second.returncode == 2
        assert b"in use by process" in said
        assert b"Traceback" not in said
