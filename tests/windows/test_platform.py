"""What is different on Windows, besides its files: time zones, locks, paths."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.windows.environment import WindowsPython

INSIDE = Path(__file__).resolve().parent / "inside"


def ask(windows: WindowsPython, question: str, *arguments: str | Path) -> Any:
    done = windows.run(INSIDE / "platform_facts.py", question, *arguments)
    assert done.status == 0, done.err
    return json.loads(done.out)


def test_zones_of_stamps_are_known_without_a_zone_database_in_the_system(windows: WindowsPython) -> None:
    times = ask(
        windows,
        "times",
        "Fri Oct 15 17:09:46.507 1999 Pacific Daylight Time",
        "Thu Mar 04 10:15:32.123 2010 Eastern Standard Time",
        "06-14-2018 06:26:25.828-60",
        "Mon Jul 04 12:00:00.000 2016",
    )
    assert [datetime.fromtimestamp(time, UTC) for time in times] == [
        datetime(1999, 10, 16, 0, 9, 46, 507000, UTC),
        datetime(2010, 3, 4, 15, 15, 32, 123000, UTC),
        datetime(2018, 6, 14, 5, 26, 25, 828000, UTC),
        datetime(2016, 7, 4, 10, 0, tzinfo=UTC),
    ]


def test_one_process_per_state_directory(windows: WindowsPython, tmp_path: Path) -> None:
    answer = ask(windows, "lock", tmp_path)
    assert "exporter.collector.lock.LockedError: in use by process " in answer["while_held"]
    assert answer["again"].startswith("in use by process ")
    assert answer["afterwards"] == ""


def test_paths_of_shares_and_drives(windows: WindowsPython) -> None:
    share = r"\\cen01.example.com\SMS_CEN\Logs"
    assert ask(windows, "split", rf"{share}\distmgr.log", r"D:\SMS\Logs\distmgr.lo_", "D:/SMS/Logs/sched.log") == [
        [share, "distmgr.log"],
        [r"D:\SMS\Logs", "distmgr.lo_"],
        [r"D:\SMS\Logs", "sched.log"],
    ]
