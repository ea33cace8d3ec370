"""A log is followed while another Windows process writes it: nobody is hindered, no line is lost or given twice.

Windows refuses to rename, replace or delete a file that somebody has open without sharing its deletion, and what the
writer is refused is noted. The same reader with Python's own `open` shows that a refusal would be seen.
"""

import json
from pathlib import Path
from typing import Any

from tests.windows.environment import WindowsPython

INSIDE = Path(__file__).resolve().parent / "inside"
SHARING_VIOLATION = 32


def follow(windows: WindowsPython, scenario: str, folder: Path, *options: str) -> dict[str, Any]:
    done = windows.run(INSIDE / "follow.py", scenario, folder, *options)
    assert done.status == 0, done.err
    answer: dict[str, Any] = json.loads(done.out)
    return answer


def test_follower_hundreds_of_rollovers(windows: WindowsPython, tmp_path: Path) -> None:
    answer = follow(windows, "storm", tmp_path)
    assert answer["refusals"] == []
    assert answer["numbers"] == list(range(1, answer["written"] + 1))
    assert answer["gaps"] == {}
    assert answer["rollovers"] >= 200
    assert answer["polls"] > answer["rollovers"]


def test_nothing_is_refused_while_the_log_is_open(windows: WindowsPython, tmp_path: Path) -> None:
    answer = follow(windows, "rolls_while_open", tmp_path)
    assert answer["refusals"] == []
    assert answer["numbers"] == list(range(1, answer["written"] + 1))


def test_plain_open_hinders_the_writer(windows: WindowsPython, tmp_path: Path) -> None:
    answer = follow(windows, "rolls_while_open", tmp_path, "plain")
    assert answer["refusals"] == [[what, SHARING_VIOLATION] for what in ("rename", "replace", "delete")]


def test_follower_holds_nothing_between_polls(windows: WindowsPython, tmp_path: Path) -> None:
    answer = follow(windows, "rolls_between_polls", tmp_path)
    assert answer["refusals"] == []
    # Of the three files that came between two polls, the first was gone before anybody looked. That is told.
    lost = {number for number in range(1, 401) if (number - 1) // 5 % 4 == 1}
    assert answer["numbers"] == [number for number in range(1, 401) if number not in lost]
    assert answer["gaps"] == {"rolled_twice": 20}


def test_follower_log_deleted_and_begun_anew(windows: WindowsPython, tmp_path: Path) -> None:
    answer = follow(windows, "deleted", tmp_path)
    assert answer["refusals"] == []
    assert answer["numbers"] == list(range(1, answer["written"] + 1))


def test_follower_log_that_is_not_shared(windows: WindowsPython, tmp_path: Path) -> None:
    answer = follow(windows, "held", tmp_path)
    assert answer["refusals"] == []
    assert answer["numbers"] == list(range(1, answer["written"] + 1))
    assert answer["sharing_violations"] >= 30
    assert answer["read_errors"] == {}
    assert answer["gaps"] == {}
    assert answer["up"]
