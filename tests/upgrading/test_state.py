"""State that a released version saved is read by this one, which goes on as if nothing had happened."""

import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from exporter.collector.checkpoint import _STEPS, DATABASE
from tests.commands.running import Running
from tests.lines import START
from tests.test_project import ROOT, read
from tests.upgrading.story import LINES, SITE, TASK_SEQUENCE, after_the_upgrade, at_the_upgrade, until_the_upgrade
from tests.waiting import until

KEPT = ROOT / "tests" / "fixtures" / "releases"
RELEASES = sorted(path.name for path in KEPT.iterdir())
SINCE = "configmgr_task_sequence_blocked_since_timestamp_seconds"


def test_state_of_every_release_is_kept() -> None:
    released = re.findall(r"^## \[(\d[^\]]*)\]", read("CHANGELOG.md"), re.MULTILINE)
    assert sorted(released) == RELEASES, "see tests/upgrading/story.py"


@pytest.mark.parametrize("release", RELEASES)
def test_state_of_a_release_goes_on(release: str, tmp_path: Path) -> None:
    state = tmp_path / "state"
    shutil.copytree(KEPT / release, state)
    go_on(tmp_path, state)


def test_state_of_this_version_goes_on(tmp_path: Path) -> None:
    """Or the story proves nothing."""
    until_the_upgrade(tmp_path, tmp_path / "state")
    shutil.rmtree(tmp_path / "logs")
    go_on(tmp_path, tmp_path / "state")


def go_on(folder: Path, state: Path) -> None:
    logs = folder / "logs"
    at_the_upgrade(logs)
    with Running(folder / "new.log", "--state.dir", state, f"{SITE}={logs}") as exporter:
        read_before = LINES["first"] + LINES["second"]
        assert sum(exporter.metric("configmgr_log_lines_total").values()) == read_before
        ((labels, since),) = exporter.metric(SINCE).items()
        assert f'task_sequence="{TASK_SEQUENCE}"' in labels
        assert since == START
        assert sum(exporter.metric("configmgr_program_reference_failures_total").values()) == 2
        assert sum(exporter.metric("configmgr_log_gaps_total").values()) == 0
        after_the_upgrade(logs)
        until(lambda: not exporter.metric(SINCE), 60)
        assert sum(exporter.metric("configmgr_log_lines_total").values()) == read_before + LINES["third"]
        assert sum(exporter.metric("configmgr_task_sequence_block_duration_seconds_sum").values()) == 7200
        assert exporter.end(signal.SIGTERM) == 0


def test_state_of_a_later_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    """After a downgrade: this version says what to do, and writes nothing over what it cannot read."""
    state = tmp_path / "state"
    shutil.copytree(KEPT / RELEASES[-1], state)
    with closing(sqlite3.connect(state / DATABASE)) as database, database:
        database.execute("UPDATE meta SET value = ? WHERE key = 'format'", (str(len(_STEPS) + 1),))
    before = (state / DATABASE).read_bytes()
    at_the_upgrade(tmp_path / "logs")
    log = tmp_path / "new.log"
    with log.open("wb") as err:
        command = [sys.executable, "-m", "exporter", "run", "--web.listen-address", "127.0.0.1:0"]
        process = subprocess.Popen([*command, "--state.dir", state, f"{SITE}={tmp_path / 'logs'}"], stderr=err)
    try:
        until(lambda: "run the version that wrote it, or a newer one" in log.read_text(encoding="utf-8"), 60)
    finally:
        process.terminate()
        process.wait(60)
    assert (state / DATABASE).read_bytes() == before
