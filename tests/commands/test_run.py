"""`run`, by what a service manager, an administrator and Prometheus do to it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from exporter import __version__
from exporter.collector.checkpoint import DATABASE, Checkpoint
from tests.commands.running import Running
from tests.lines import applied, blocked, line
from tests.waiting import until

_BLOCKED = "configmgr_site_blocked_task_sequences"
_SINCE = "configmgr_task_sequence_blocked_since_timestamp_seconds"
_DEFINITIONS = "configmgr_incoming_definitions_total"
_RELOADED = "configmgr_exporter_config_last_reload_successful"
_SAVED = "configmgr_exporter_checkpoint_last_save_successful"


def _append(folder: Path, data: bytes) -> None:
    with (folder / "distmgr.log").open("ab") as log:
        log.write(data)


def _roll(folder: Path, data: bytes) -> None:
    (folder / "distmgr.log").replace(folder / "distmgr.lo_")
    (folder / "distmgr.log").write_bytes(data)


def test_life_of_a_service_with_a_configuration_file(tmp_path: Path, logs: Path) -> None:
    london = tmp_path / "SMS_LON" / "Logs"
    london.mkdir(parents=True)
    (london / "distmgr.log").write_bytes(applied("CEN00020", 5))
    file = tmp_path / "config.yml"
    chicago_only = f"sites:\n  - site: CHI\n    logs: {logs}\n"
    both = f"{chicago_only}  - site: LON\n    logs: {london}\n"
    file.write_text(chicago_only)

    with Running(tmp_path / "log", "--config.file", file, "--state.dir", tmp_path / "state") as service:
        assert f"configmgr-exporter {__version__} follows the logs of 1 site: CHI" in service.said
        assert service.metric(_BLOCKED) == {'{site="CHI"}': 1}
        _append(logs, blocked("CEN00021", 60))
        until(lambda: service.metric(_DEFINITIONS)['{outcome="blocked",site="CHI"}'] == 2)

        file.write_text(both)
        service.send(signal.SIGHUP)
        until(lambda: service.metric(_BLOCKED) == {'{site="CHI"}': 1, '{site="LON"}': 0})
        assert service.metric(_RELOADED) == {"": 1}

        file.write_text(f"{both}typo: 1\n")
        status, words = service.get("/-/reload", "POST")
        assert status == 500
        assert f"{file}:6:1" in words
        assert "unknown key" in words
        assert service.metric(_RELOADED) == {"": 0}
        assert service.metric(_BLOCKED).keys() == {'{site="CHI"}', '{site="LON"}'}, "the old one stays in use"
        service.send(signal.SIGHUP)
        until(lambda: service.said.count("The configuration was not reloaded") == 2)

        file.write_text(chicago_only)
        assert service.get("/-/reload", "POST")[0] == 200
        assert service.metric(_RELOADED) == {"": 1}
        assert service.metric(_BLOCKED) == {'{site="CHI"}': 1}
        assert service.metric(_DEFINITIONS)['{outcome="blocked",site="CHI"}'] == 2, "nothing is counted twice"

        assert service.end(signal.SIGTERM) == 0
        assert "Stopped; the state is saved" in service.said
        assert "Traceback" not in service.said
    with Checkpoint(tmp_path / "state") as checkpoint:
        assert set(checkpoint.load().sites) == {"CHI", "LON"}


def test_configuration_file_that_changes_is_read_again_if_asked(tmp_path: Path, logs: Path) -> None:
    file = tmp_path / "config.yml"
    file.write_text(f"sites:\n  - site: CHI\n    logs: {logs}\n")

    with Running(tmp_path / "log", "--config.file", file, "--config.watch") as service:
        file.write_text(f"sites:\n  - site: C02\n    logs: {logs}\n")
        until(lambda: service.metric(_BLOCKED) == {'{site="C02"}': 1})
        file.write_text("sites: [\n")
        until(lambda: service.metric(_RELOADED) == {"": 0})
        assert service.metric(_BLOCKED) == {'{site="C02"}': 1}

        assert service.end(signal.SIGINT) == 0
        assert "msg=Stopped" in service.said


def test_kill_and_rollover_lose_nothing_and_count_nothing_twice(tmp_path: Path, logs: Path) -> None:
    arguments = (f"CHI={logs}", "--state.dir", tmp_path / "state")
    with Running(tmp_path / "log", *arguments) as first:
        before = first.metric(_SINCE)
        assert list(before.values()) == [pytest.approx(1267711205)]
        assert first.get("/-/reload", "POST")[0] == 200  # saves at once

        rival = subprocess.run(
            [sys.executable, "-m", "exporter", "run", "--web.listen-address", "127.0.0.1:0", *map(str, arguments)],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert rival.returncode == 2
        assert f"the state directory is in use by process {first.process.pid} on" in rival.stderr
        assert "stop that one, or give this one a directory of its own" in rival.stderr

        _append(logs, blocked("CEN00021", 60))  # read, and not saved
        until(lambda: first.metric(_DEFINITIONS)['{outcome="blocked",site="CHI"}'] == 2)
        assert first.end(signal.SIGKILL) == -signal.SIGKILL

    _append(logs, blocked("CEN00021", 120))
    _roll(logs, line("the first line of the new file", 130) + blocked("CEN00021", 180))
    with Running(tmp_path / "log", *arguments) as second:
        assert second.metric(_SINCE) == before
        assert second.metric(_DEFINITIONS)['{outcome="blocked",site="CHI"}'] == 4
        assert second.metric("configmgr_log_lines_total")['{log="distmgr",site="CHI"}'] == 29
        assert second.metric("configmgr_log_rollovers_total")['{log="distmgr",site="CHI"}'] == 1
        assert set(second.metric("configmgr_log_gaps_total").values()) == {0}
        _append(logs, applied("CEN00021", 240))
        until(lambda: second.metric(_BLOCKED) == {'{site="CHI"}': 0})
        assert second.end(signal.SIGTERM) == 0

    (logs / "distmgr.lo_").unlink()
    (logs / "distmgr.log").write_bytes(b"")
    with Running(tmp_path / "log", *arguments) as third:
        assert third.metric(_BLOCKED) == {'{site="CHI"}': 0}
        assert third.metric(_DEFINITIONS)['{outcome="applied",site="CHI"}'] == 1
        assert third.metric(_DEFINITIONS)['{outcome="blocked",site="CHI"}'] == 4


def test_damaged_state_is_put_aside_and_said(tmp_path: Path, logs: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / DATABASE).write_bytes(b"this is no database" * 1000)

    with Running(tmp_path / "log", f"CHI={logs}", "--state.dir", state) as service:
        assert service.metric(_BLOCKED) == {'{site="CHI"}': 1}
        (kept,) = state.glob("*.damaged-*")
        assert f"It was kept as {kept}" in service.said
        assert service.end(signal.SIGTERM) == 0
        assert "the state is saved" in service.said


def test_state_directory_that_cannot_be_written_keeps_nobody_from_serving(tmp_path: Path, logs: Path) -> None:
    (tmp_path / "mount").write_text("not a folder")

    with Running(tmp_path / "log", f"CHI={logs}", "--state.dir", tmp_path / "mount" / "state") as service:
        assert service.metric(_BLOCKED) == {'{site="CHI"}': 1}
        assert service.metric(_SAVED) == {"": 0}
        assert "The state cannot be kept" in service.said
        assert service.end(signal.SIGTERM) == 0
        assert "the state could not be saved" in service.said
        assert "Traceback" not in service.said


def test_address_that_is_in_use(logs: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = subprocess.run(
            [sys.executable, "-m", "exporter", "run", f"CHI={logs}", "--web.listen-address", f"127.0.0.1:{port}"],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )

    assert result.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}: the address is in use; is another exporter running?" in result.stderr
    assert "Traceback" not in result.stderr
