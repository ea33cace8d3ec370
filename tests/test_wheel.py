"""The wheel holds the program, whole, and nothing else. That it can be installed, tests/docs/test_commands.py shows."""

import subprocess
import sys
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

from exporter import __version__
from tests.test_project import ROOT, tracked_files


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = out.iterdir()
    return built


def test_wheel_holds_catalogue_templates_and_all_else_of_the_package(wheel: Path) -> None:
    package = {str(path.relative_to(ROOT)) for path in tracked_files() if path.is_relative_to(ROOT / "exporter")}
    assert {name for name in package if not name.endswith(".py")}
    with zipfile.ZipFile(wheel) as files:
        held = {name for name in files.namelist() if ".dist-info/" not in name}
    assert held == package


def test_wheel_says_what_it_is(wheel: Path) -> None:
    assert wheel.name == f"configmgr_exporter-{__version__}-py3-none-any.whl"
    folder = f"configmgr_exporter-{__version__}.dist-info"
    with zipfile.ZipFile(wheel) as files:
        about = message_from_string(files.read(f"{folder}/METADATA").decode("utf-8"))
        scripts = files.read(f"{folder}/entry_points.txt").decode("utf-8")
        licence = files.read(f"{folder}/licenses/LICENSE").decode("utf-8")
    assert (about["License-Expression"], about["Requires-Python"]) == ("Apache-2.0", ">=3.11")
    assert scripts.split() == ["[console_scripts]", "configmgr-exporter", "=", "exporter.cli:main"]
    assert "Apache License" in licence
