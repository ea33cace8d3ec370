"""`simulate`: a hierarchy at work, now."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path

from tests.commands.conftest import Command


def test_stamps_of_a_hierarchy_of_today_are_those_of_the_clock(command: Command, tmp_path: Path) -> None:
    began = time.time()
    result = command("simulate", "--mended", "--now", "--speed", 50_000, tmp_path)
    ended = time.time()

    assert result.status == 0, result.err
    records = command("records", *tmp_path.glob("SMS_*/Logs/distmgr.log")).out.splitlines()
    times = [datetime.fromisoformat(json.loads(record)["time"]).timestamp() for record in records]
    assert len(times) > 1000
    assert began - 1 <= min(times) <= max(times) <= ended + 1


def test_now_needs_a_pace(command: Command, tmp_path: Path) -> None:
    result = command("simulate", "--now", tmp_path)

    assert result.status == 2
    assert "--now needs --speed" in result.err
