"""What is read about the process is what the contract promises."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from exporter.metrics.contract import PROCESS_FAMILIES
from exporter.metrics.process import read_process


def test_every_promised_number_is_read_where_there_is_proc() -> None:
    assert set(read_process()) == (set(PROCESS_FAMILIES) if sys.platform == "linux" else set())


def test_the_numbers_are_of_this_process() -> None:
    before = read_process()
    with Path(__file__).open(encoding="utf-8"):
        after = read_process()
    if sys.platform == "linux":
        assert 0 < before["process_start_time_seconds"] < time.time()
        assert after["process_open_fds"] == before["process_open_fds"] + 1
        assert before["process_resident_memory_bytes"] < before["process_virtual_memory_bytes"]
