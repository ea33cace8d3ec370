"""Programs of two generations of Prometheus and Alertmanager: Debian's installed ones, and the next that Debian has."""

from __future__ import annotations

import functools
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.alerts.prometheus3 import prepare

ROOT: Final = Path(__file__).resolve().parents[2]
RULE_FILES: Final = (ROOT / "alerts" / "recording.rules.yml", ROOT / "alerts" / "alerts.rules.yml")
GENERATIONS: Final = ("installed", "next")


@functools.cache
def program(name: str, generation: str) -> str:
    """Return the path of a program.

    Raises:
        LackingError: the next generation cannot be had.
        AssertionError: the installed one is not installed.
    """
    if generation == "next":
        return str(prepare() / name)
    found = shutil.which(name)
    assert found is not None, f"{name} is not installed: see requirements/debian.txt"
    return found


def said(command: Sequence[str], stdin: str | None = None) -> tuple[int, str]:
    """Run a program to its end and return its status and all that it printed."""
    done = subprocess.run(
        command,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout
