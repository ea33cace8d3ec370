from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_exporter_that_is_killed_ends_where_one_that_lives_ends() -> None:
    """`python -m bench.kills` does so a thousandfold."""
    words = [sys.executable, "-m", "bench.kills", "--runs", "25"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)

    assert done.returncode == 0, done.stdout + done.stderr
    figures = {what.strip(): int(figure) for what, figure in re.findall(r"│ ([^│]+) │ +(\d+) │", done.stdout)}
    assert sum(number for what, number in figures.items() if what.startswith("killed at")) >= 25
    assert figures["lives that had saved something"] > 5
    assert figures["differences in state or counters"] == 0
