"""`demo`: the whole story, with the programs of Debian and without them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from exporter.commands import demo_alerting
from exporter.commands.demo_alerting import LackingError, alerting

_MINUTES = 0.5


def _demo(*options: object, path: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "exporter", "demo", "--web.listen-address", "127.0.0.1:0", *map(str, options)],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "200"} | ({} if path is None else {"PATH": path}),
        timeout=300,
    )


def _kinds(out: str) -> list[str]:
    """Return what kind of thing each line of the story tells, repetitions left out."""
    found = re.findall(r"^\d\d:\d\d:\d\d +(?:[A-Z]{3} +)?(begins|ended|cause|do|PAGE|resolved) ", out, re.MULTILINE)
    return [kind for place, kind in enumerate(found) if place == 0 or kind != found[place - 1]]


def test_incident_begins_is_explained_pages_is_mended_and_clears() -> None:
    done = _demo("--minutes", _MINUTES)

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    kinds = _kinds(done.stdout)
    first = [kinds.index(kind) for kind in ("begins", "cause", "do", "PAGE")]
    assert first == sorted(first), done.stdout
    after = kinds[kinds.index("PAGE") :]  # on the way, content may be late for a moment
    assert after.index("ended") < after.index("resolved"), done.stdout
    assert (kinds.count("PAGE"), kinds.count("resolved")) == (1, 1), done.stdout
    page = " ".join(done.stdout[done.stdout.index("PAGE") :].split())
    assert (
        'Program "Install drivers" of package CEN00012 ("Laptop drivers") is missing at 3 sites: CHI, LON, NYC' in page
    )
    assert "CEN cannot read its source" in page
    assert "ended     CEN00021 is no longer blocked" in done.stdout
    assert done.stdout.endswith("The story has ended.\n")


def test_story_is_told_without_the_programs(tmp_path: Path) -> None:
    done = _demo("--minutes", 0.05, path=str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert "Without alerts: Prometheus is not installed." in done.stdout
    assert set(_kinds(done.stdout)) == {"begins", "cause", "do", "ended"}
    assert done.stdout.endswith("The story has ended.\n")


def test_package_without_the_rules_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_alerting, "_CHECKOUT", tmp_path)

    with pytest.raises(LackingError, match="in a checkout of the project"), alerting(tmp_path, "127.0.0.1:1", 60):
        pytest.fail("there are no rules")


def test_program_that_does_not_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    for name in ("prometheus", "alertmanager"):
        (tmp_path / "bin" / name).write_text("#!/bin/sh\necho the disk is full\nexit 1\n")
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")

    with (
        pytest.raises(LackingError, match="alertmanager does not start: the disk is full"),
        alerting(tmp_path, "127.0.0.1:1", 60),
    ):
        pytest.fail("it does not start")
