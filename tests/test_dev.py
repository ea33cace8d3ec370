"""The script that sets up, tries and tests the project. That it runs the tests, this test run shows."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from hashlib import sha256
from pathlib import Path

import pytest

from tests.test_project import tracked_files

ROOT = Path(__file__).resolve().parent.parent
UNIT = re.findall(
    r"^```text\n(.*?)^```$",
    (ROOT / "docs" / "how-to-read-a-blocked-task-sequence.md").read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)[0]


def dev(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # A width of its own: the report must not be folded differently by the terminal that runs the tests.
    variables = os.environ | {"COLUMNS": "200", "TMPDIR": str(folder)}
    return subprocess.run(
        [str(ROOT / "dev"), *arguments],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_alone_it_says_what_it_can_do(tmp_path: Path) -> None:
    answer = dev(tmp_path)
    assert answer.returncode == 0
    for command in ("explain", "test", "lock", "setup"):
        assert f"\n  {command}" in answer.stdout


def test_unknown_command_is_refused(tmp_path: Path) -> None:
    answer = dev(tmp_path, "tset")
    assert answer.returncode == 1
    assert answer.stderr.endswith("dev: no such command: tset\n")


def test_simulated_hierarchy_is_explained_and_nothing_left_behind(tmp_path: Path) -> None:
    answer = dev(tmp_path, "explain")
    assert answer.returncode == 0, answer.stderr
    assert re.search(r"^\d+ task sequences? stuck at \d+ sites? because of 1 missing program", answer.stdout)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("named", ["CHI=My Logs", "./My Logs"])
def test_folder_is_found_from_where_the_user_stands(tmp_path: Path, named: str) -> None:
    folder = tmp_path / "My Logs"
    folder.mkdir()
    (folder / "distmgr.log").write_text(UNIT, encoding="utf-8")
    answer = dev(tmp_path, "explain", named)
    assert answer.returncode == 1, answer.stderr
    assert answer.stdout.startswith("1 task sequence stuck at 1 site because of 1 missing program.")


def test_scanner_is_compiled_once_what_it_takes_is_there(tmp_path: Path) -> None:
    root = tmp_path / "a checkout"
    for path in tracked_files():
        if path.relative_to(ROOT).parts[0] in {
            "dev",
            "exporter",
            "hatch_build.py",
            "pyproject.toml",
            "README.md",
            "LICENSE",
        }:
            (root / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, root / path.relative_to(ROOT))
    (root / "requirements").mkdir()
    lock = root / "requirements" / "dev.txt"
    lock.write_text("# is installed already\n", encoding="utf-8")
    venv.create(root / ".venv")
    (root / ".venv" / "locked.sha256").write_text(f"{sha256(lock.read_bytes()).hexdigest()}  -\n", encoding="utf-8")
    library = Path("lib", f"python{sys.version_info.major}.{sys.version_info.minor}", "site-packages")
    (root / ".venv" / library / "here.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")

    def set_up(**variables: str) -> str:
        command = [str(root / "dev"), "setup"]
        done = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, check=True)
        return done.stderr

    for _ in range(2):
        assert "!! The scanner was not compiled" in set_up(CC="no-such-compiler")
    assert set_up() == ""
    assert len(list((root / "exporter" / "events").glob("scanner.*.so"))) == 1
    assert set_up(CC="no-such-compiler") == ""
