"""What is in the zip runs where no Python is, from whatever folder it was unpacked into."""

import json
import re
import subprocess
import sys
import urllib.request
from importlib import metadata
from pathlib import Path

import pytest

from exporter import __version__
from install.windows.python import ROOT
from tests.windows.environment import WindowsPython

ADDRESS = re.compile(r"Listening on (http://127\.0\.0\.1:\d+)")


@pytest.fixture(scope="module")
def hierarchy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hierarchy")
    subprocess.run([sys.executable, "-m", "exporter", "simulate", folder], cwd=ROOT, check=True, capture_output=True)
    return folder


def test_program_starts(windows: WindowsPython, program: Path) -> None:
    asked = windows.run("--version", program=program)
    assert (asked.status, asked.err) == (0, "")
    assert asked.out == f"configmgr-exporter, version {__version__}, scanner compiled\n"


def test_other_pythons_settings_do_not_concern_it(windows: WindowsPython, program: Path, hierarchy: Path) -> None:
    others = {"PYTHONHOME": r"C:\Python27", "PYTHONPATH": r"C:\Python27\Lib"}
    asked = windows.run("explain", "--json", hierarchy, program=program, variables=others)
    assert asked.err == ""
    assert json.loads(asked.out)["sites"]["CHI"]["blocked"]
    assert asked.status == 1


def test_program_serves(windows: WindowsPython, program: Path, hierarchy: Path) -> None:
    logs = hierarchy / "SMS_CHI" / "Logs"
    process = windows.start("run", "--web.listen-address", "127.0.0.1:0", logs, program=program)
    try:
        assert process.stderr
        found = None
        while not found:
            line = process.stderr.readline().decode()
            assert line, "it ended before it listened"
            found = ADDRESS.search(line)
        with urllib.request.urlopen(f"{found[1]}/-/healthy", timeout=60) as answer:  # noqa: S310 - our own address
            assert answer.status == 200
    finally:
        process.kill()
        process.communicate()


def test_every_module_is_compiled_for_it_may_not_do_so_later(program: Path) -> None:
    library = program.parent / "python" / "Lib"
    modules = {path.relative_to(library) for path in (library / "site-packages" / "exporter").rglob("*.py")}
    modules |= {path.relative_to(library) for path in library.glob("*.py")}
    compiled = {path.relative_to(library) for path in library.rglob("*.cpython-313.pyc")}
    assert len(modules) > 300
    assert {path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc" for path in modules} <= compiled


def test_no_part_is_without_its_licence(program: Path) -> None:
    packages = program.parent / "python" / "Lib" / "site-packages"
    names = {each.name for each in metadata.distributions(path=[str(packages)])}
    assert {"configmgr-exporter", "pywin32", "aiohttp"} <= names
    text = (program.parent / "LICENCES.txt").read_text(encoding="utf-8-sig")
    assert {name for name in [*names, "distlib"] if f"\n{name} " not in text} == set()
    assert "PYTHON SOFTWARE FOUNDATION LICENSE" in text
