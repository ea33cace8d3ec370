"""A short story in three logs, to be interrupted by an upgrade.

A task sequence is tried and blocked in the first log; the reader is there, and the log rolls. It is tried again in the
second: the reader saves its state and ends. The upgrade comes, and the first log is gone. Only the state still knows
since when, how often, and how many lines there were. At last the missing program arrives.

`python -m tests.upgrading.story FOLDER` makes the state with the code that runs it and leaves it in FOLDER. To keep one
of a release, run it in a checkout of that release, and add the folder under `tests/fixtures/releases/` by the release's
version. Never make one anew: it is the proof that what that release wrote can be read.
"""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Final

from exporter.collector.checkpoint import DATABASE
from tests.commands.running import Running
from tests.lines import applied, blocked, line
from tests.waiting import until

SITE: Final = "CHI"
TASK_SEQUENCE: Final = "CEN00021"
LINES: Final = {"first": 7 + 1, "second": 7, "third": 5}
"""How many lines each log has, and the third part adds to the second log."""
_FIRST: Final = blocked(TASK_SEQUENCE, 0) + line("Sleep 3600 seconds...", 5)
_SECOND: Final = blocked(TASK_SEQUENCE, 3600)
_THIRD: Final = applied(TASK_SEQUENCE, 7200)


def until_the_upgrade(scratch: Path, state: Path) -> None:
    """Live through the story with this code up to the upgrade, and leave the state."""
    logs = scratch / "logs"
    logs.mkdir()
    (logs / "distmgr.log").write_bytes(_FIRST)
    with Running(scratch / "own.log", "--state.dir", state, f"{SITE}={logs}") as exporter:
        _read(exporter, LINES["first"])
        (logs / "distmgr.log").rename(logs / "distmgr.lo_")
        (logs / "distmgr.log").write_bytes(_SECOND)
        _read(exporter, LINES["first"] + LINES["second"])
        assert exporter.end(signal.SIGTERM) == 0


def at_the_upgrade(logs: Path) -> None:
    """Lay out the logs as the new code finds them: the first is gone, the second as it was read."""
    logs.mkdir()
    (logs / "distmgr.log").write_bytes(_SECOND)


def after_the_upgrade(logs: Path) -> None:
    """Let the missing program have arrived."""
    with (logs / "distmgr.log").open("ab") as log:
        log.write(_THIRD)


def _read(exporter: Running, lines: int) -> None:
    until(lambda: sum(exporter.metric("configmgr_log_lines_total").values()) == lines, 60)


def main() -> None:
    """Make the state of this release."""
    target = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as scratch:
        until_the_upgrade(Path(scratch), Path(scratch) / "state")
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(scratch) / "state" / DATABASE, target / DATABASE)


if __name__ == "__main__":
    main()
