"""The command of the drill: what it prints and keeps. What it runs is tested in test_run.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from alerts.drill import __main__ as command
from alerts.drill.inbox import Page
from alerts.drill.run import Outcome
from alerts.page import STEPS

_TIMES = dict.fromkeys(STEPS, 1.23456)
_MESSAGE = {"status": "firing", "alerts": [{"annotations": {"description": "CEN00012 is missing."}}]}


def _outcome(*pages: str) -> Outcome:
    mine = Outcome("installed", "Prometheus 9, Alertmanager 8", times=_TIMES)
    mine.pages = [Page(0, {**_MESSAGE, "status": status}) for status in pages]
    return mine


def test_a_drill_that_did_not_end_well_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "drill", lambda *_, **__: [_outcome("firing", "firing", "resolved")])
    answer = CliRunner().invoke(command.main)
    assert answer.exit_code == 1
    assert "NOT SO one page, then one resolve" in answer.output
    assert "CEN00012 is missing." in answer.output


def test_times_are_kept_once_for_programs_and_pace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "drill", lambda *_, **__: [_outcome("firing", "resolved")])
    monkeypatch.setattr(command, "MEASURED", tmp_path / "measured.json")
    for faster in ("60", "2", "60"):
        CliRunner().invoke(command.main, ["--record", "--faster", faster])
    kept = json.loads((tmp_path / "measured.json").read_text())
    assert [run["faster"] for run in kept] == [2, 60]
    assert kept[0]["seconds"] == dict.fromkeys(STEPS, 1.23)


def test_programs_that_are_not_here_are_named() -> None:
    answer = CliRunner().invoke(command.main, ["--prometheus", "no-such-prometheus"])
    assert answer.exit_code == 1
    assert "no-such-prometheus is not here: on Debian, install" in answer.output
