"""The systemd unit, judged by systemd itself."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

UNIT = Path(__file__).resolve().parents[2] / "install" / "systemd" / "configmgr-exporter.service"
_WORST = 2.0  # of 10; "OK" in systemd's words


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with the exporter where it is here: systemd refuses a command that does not exist."""
    text = UNIT.read_text(encoding="utf-8")
    installed = "/opt/configmgr-exporter/bin/configmgr-exporter"
    assert installed in text
    path = tmp_path / UNIT.name
    path.write_text(text.replace(installed, str(Path(sys.executable).with_name("configmgr-exporter"))))
    return path


def _analyze(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *map(str, arguments)], check=False, capture_output=True, text=True, timeout=60
    )


def test_systemd_finds_no_fault_in_it(unit: Path) -> None:
    result = _analyze("verify", "--man=no", unit)

    assert (result.stdout, result.stderr, result.returncode) == ("", "", 0)


def test_systemd_finds_a_fault_when_there_is_one(unit: Path) -> None:
    unit.write_text(unit.read_text().replace("ProtectHome=yes", "ProtectHome=perhaps"))

    assert "perhaps" in _analyze("verify", "--man=no", unit).stderr


def test_it_exposes_little(unit: Path) -> None:
    result = _analyze("security", "--offline=true", "--no-pager", unit)

    found = re.search(r"Overall exposure level for configmgr-exporter\.service: ([\d.]+)", result.stdout)
    assert found, result.stderr
    assert float(found[1]) < _WORST


def test_options_of_the_unit_are_options_of_the_command() -> None:
    (line,) = re.findall(r"^ExecStart=(.+)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    shown = subprocess.run(
        [sys.executable, "-m", "exporter", "run", "--help"], check=True, capture_output=True, text=True, timeout=60
    ).stdout

    for option in re.findall(r"--[\w.-]+", line):
        assert option in shown
