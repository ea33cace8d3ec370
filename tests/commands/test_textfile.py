"""The metrics as a file, read by Debian's node_exporter."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exporter.process.textfile import NAME, SAMPLES, Textfile
from tests.commands.conftest import Command
from tests.commands.running import Running
from tests.lines import applied
from tests.waiting import until

_BLOCKED = 'configmgr_site_blocked_task_sequences{site="CHI"}'


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """The folder that the collector reads."""
    folder = tmp_path / "collected"
    folder.mkdir()
    return folder


@contextmanager
def _node_exporter(directory: Path, log: Path) -> Iterator[str]:
    """Debian's node_exporter with its textfile collector and the metrics of its own process; gives its address."""
    program = shutil.which("prometheus-node-exporter")
    assert program, "prometheus-node-exporter is not installed: see requirements/debian.txt"
    options = ["--collector.disable-defaults", "--collector.textfile", f"--collector.textfile.directory={directory}"]
    with log.open("wb") as out:
        process = subprocess.Popen([program, *options, "--web.listen-address=127.0.0.1:0"], stderr=out)
    try:
        yield until(lambda: _address(log.read_text(encoding="utf-8")))
    finally:
        process.terminate()
        process.wait()


def _address(said: str) -> str:
    found = re.search(r'Listening on"? address=([\d.:]+)', said)
    return f"http://{found[1]}" if found else ""


def _samples(text: str) -> dict[str, float]:
    lines = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
    return {series: float(value) for series, _, value in lines}


def _ours(samples: dict[str, float]) -> set[str]:
    return {series.partition("{")[0] for series in samples if series.startswith("configmgr_")}


def _scraped(address: str) -> dict[str, float]:
    with urllib.request.urlopen(f"{address}/metrics", timeout=30) as answer:  # noqa: S310 - our own server, over http
        return _samples(answer.read().decode())


def test_node_exporter_serves_what_is_blocked_until_it_clears(tmp_path: Path, logs: Path, directory: Path) -> None:
    options = (logs, "--textfile.directory", directory, "--textfile.interval", "1s")
    with Running(tmp_path / "log", *options) as service, _node_exporter(directory, tmp_path / "node.log") as address:
        written = "configmgr_exporter_textfile_last_write_successful"
        until(lambda: written in _scraped(address))  # in the second file: while the first is made, it is not known
        before = _scraped(address)
        assert before[written] == 1
        assert before[_BLOCKED] == 1
        assert before["node_textfile_scrape_error"] == 0
        assert before["process_open_fds"] > 0, "those of node_exporter itself, which ours would clash with"
        assert _ours(before) == _ours(_samples(service.get("/metrics")[1]))

        with (logs / "distmgr.log").open("ab") as log:
            log.write(applied("CEN00021", 60))
        until(lambda: _scraped(address)[_BLOCKED] == 0)
        assert service.metric(written) == {"": 1}
        assert service.end(signal.SIGTERM) == 0
    assert list(directory.iterdir()) == [directory / NAME]


def test_last_thing_that_was_read_is_written_at_the_stop(tmp_path: Path, logs: Path, directory: Path) -> None:
    options = (logs, "--textfile.directory", directory, "--textfile.interval", "1h")
    with Running(tmp_path / "log", *options) as service:
        file = directory / NAME
        until(file.exists)
        with (logs / "distmgr.log").open("ab") as log:
            log.write(applied("CEN00021", 60))
        until(lambda: service.metric("configmgr_site_blocked_task_sequences") == {'{site="CHI"}': 0})
        assert _samples(file.read_text())[_BLOCKED] == 1
        assert service.end(signal.SIGTERM) == 0
    assert _samples(file.read_text())[_BLOCKED] == 0


def _make(directory: Path, unready: str = "") -> tuple[Textfile, list[bool]]:
    noted: list[bool] = []
    return Textfile(directory, lambda: b"configmgr_test 1\n", lambda: unready, noted.append), noted


def test_file_can_be_read_by_others_whatever_the_umask(directory: Path) -> None:
    textfile, _ = _make(directory)
    before = os.umask(0o077)
    try:
        textfile.write()
    finally:
        os.umask(before)

    assert textfile.path.stat().st_mode & 0o777 == 0o644


def test_nothing_is_written_before_the_logs_have_been_read(directory: Path) -> None:
    (directory / NAME).write_text("of an earlier run\n")
    textfile, noted = _make(directory, "still reading the logs of CHI for the first time")

    textfile.write()

    assert (directory / NAME).read_text() == "of an earlier run\n"
    assert noted == []


def test_failure_is_noted_and_told_once_and_leaves_the_old_file(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    textfile, noted = _make(directory)
    textfile.write()
    shown = directory.rename(directory.with_name("moved"))

    textfile.write()
    textfile.write()
    assert caplog.text.count("The textfile cannot be written; trying again until it can: [Errno 2]") == 1
    assert (shown / NAME).read_bytes() == b"configmgr_test 1\n"

    directory.mkdir()
    textfile.write()
    assert "The textfile is written again" in caplog.text
    assert noted == [True, False, False, True]


def test_file_that_cannot_be_replaced_leaves_nothing_behind(directory: Path) -> None:
    textfile, noted = _make(directory)
    (directory / NAME).mkdir()  # a rename over a folder fails

    textfile.write()

    assert noted == [False]
    assert [path.name for path in directory.iterdir()] == [NAME]


def test_names_of_every_process_are_left_out() -> None:
    assert "configmgr_task_sequence_block_duration_seconds_bucket" in SAMPLES
    assert {name.partition("_")[0] for name in SAMPLES} == {"configmgr"}


def test_folder_that_is_not_there(command: Command, logs: Path, tmp_path: Path) -> None:
    result = command("run", logs, "--textfile.directory", tmp_path / "nowhere")

    assert result.status == 2
    assert "'--textfile.directory'" in result.err
    assert "does not exist" in result.err


@pytest.mark.parametrize(
    ("text", "words"), [("15", "is no duration: write a number and a unit"), ("10ms", "less than")]
)
def test_interval_that_is_none(command: Command, logs: Path, directory: Path, text: str, words: str) -> None:
    result = command("run", logs, "--textfile.directory", directory, "--textfile.interval", text)

    assert result.status == 2
    assert words in result.err
