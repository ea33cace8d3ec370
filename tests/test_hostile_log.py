"""A log in which somebody has written what may harm whoever reads it, on every surface of a running exporter."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.commands.running import Running
from tests.lines import blocked, line, status_message
from tests.web.html import read_page

_SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>'\"`"
_STEERS = "\x1b[2J\x1b]0;owned\x07\x9b31m\x00\x08\r\u202egnp.exe\u2066\u200b\ufeff\u2028\x7f"
_NAME = f"{_SCRIPT}{_STEERS}{{{{ 7*7 }}}}"
_HUGE = "A" * 1_000_000
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_LARGEST = 8_000_000  # bytes of an answer or of an output


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log: a harmful name and an endless one, in each place of a message that the exporter shows."""
    made = tmp_path_factory.mktemp("SMS_CHI")
    lines = b""
    for number, name in enumerate((b"NAME", b"HUGE")):
        task_sequence = f"CEN0002{number}"
        lines += blocked(task_sequence, number, missing=f"CEN0001{number}-{name.decode()}")
        lines += status_message(2300, task_sequence, name=name.decode())
        lines += line(
            f"The source directory \\\\srv\\{name.decode()} doesn't exist or the SMS service cannot access it"
        )
        lines += line(
            f"The contents for the package CEN0001{number} hasn't arrived from site CEN yet, will retry later."
        )
        lines += line(f"Something failed: {name.decode()}")
    # Line breaks would end the record.
    harmful = _NAME.replace("\r", "").encode()
    (made / "distmgr.log").write_bytes(lines.replace(b"NAME", harmful).replace(b"HUGE", _HUGE.encode()))
    return made


@pytest.fixture(scope="module")
def exporter(folder: Path) -> Iterator[Running]:
    with Running(folder / "said", f"CHI={folder}", "--log.level", "debug") as running:
        yield running


def test_pages_show_it_as_text(exporter: Running) -> None:
    for path in ("/", "/logs", "/site/CHI", "/package/CEN00010", "/package/CEN00011", "/task-sequence/CHI/CEN00020"):
        status, page = exporter.get(path)
        assert status == 200
        read_page(page)  # one script, no inline anything, nothing that steers a screen
        assert "<script>alert" not in page
        assert len(page) < _LARGEST
    assert "&lt;script&gt;alert(1)" in exporter.get("/site/CHI")[1]


def test_the_api_tells_it_as_data(exporter: Running) -> None:
    for path in ("hierarchy", "blocked", "packages", "packages/CEN00010", "sites/CHI", "evidence", "events", "http_sd"):
        status, answer = exporter.get(f"/api/v1/{path}")
        assert status == 200
        assert not _STEERING.search(answer)
        assert answer.isascii()
        json.loads(answer)
        assert len(answer) < _LARGEST


def test_metrics_can_be_parsed_and_are_short(exporter: Running) -> None:
    _, text = exporter.get("/metrics")
    families = list(text_string_to_metric_families(text))
    labels = [value for family in families for sample in family.samples for value in sample.labels.values()]
    assert any("<script>" in value for value in labels)  # it is data there: what shows it must escape it
    assert not [value for value in labels if _STEERING.search(value)]
    assert max(map(len, labels)) < 1000


@pytest.mark.parametrize("arguments", [("explain",), ("explain", "--json"), ("check",)])
def test_a_terminal_shows_it_and_is_not_steered(folder: Path, arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "exporter", *arguments, f"CHI={folder}"]
    shown = subprocess.run(command, capture_output=True, check=False, timeout=120)
    assert shown.returncode in {0, 1, 2}
    assert b"Traceback" not in shown.stderr
    for output in (shown.stdout, shown.stderr):
        assert not _STEERING.search(output.decode())
        assert len(output) < _LARGEST


def test_the_exporters_own_log_is_not_steered(exporter: Running) -> None:
    assert not _STEERING.search(exporter.said)
    assert len(exporter.said) < 100_000
