"""The wheel holds the program, whole, and nothing else. That it can be installed, tests/docs/test_commands.py shows."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

from exporter import __version__
from tests.test_project import ROOT, tracked_files

COMPILED = "exporter/events/scanner."


def build(
    out: Path, whether: str, root: Path = ROOT, target: str = "wheel", **variables: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(out)]
    environment = {**os.environ, "CONFIGMGR_EXPORTER_COMPILED": whether, **variables}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as files:
        return {name for name in files.namelist() if ".dist-info/" not in name}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    done = build(out, "always")
    assert done.returncode == 0, done.stderr
    (built,) = out.iterdir()
    return built


def test_wheel_holds_catalogue_templates_and_all_else_of_the_package(wheel: Path) -> None:
    package = {str(path.relative_to(ROOT)) for path in tracked_files() if path.is_relative_to(ROOT / "exporter")}
    assert {name for name in package if not name.endswith(".py")}
    (compiled,) = names_in(wheel) - package
    assert compiled.startswith(COMPILED)
    assert names_in(wheel) == {*package, compiled}


def test_wheel_is_the_same_whenever_it_is_built(wheel: Path, tmp_path: Path) -> None:
    assert build(tmp_path, "always").returncode == 0
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


def test_wheel_without_compiler_is_for_every_machine_and_building_it_says_what_is_lacking(tmp_path: Path) -> None:
    done = build(tmp_path, "", CC="no-such-compiler")
    assert done.returncode == 0
    assert "The scanner was not compiled: " in done.stderr
    assert "no-such-compiler" in done.stderr
    assert "(Debian: gcc and python3-dev)" in done.stderr
    (built,) = tmp_path.iterdir()
    assert built.name == f"configmgr_exporter-{__version__}-py3-none-any.whl"
    assert {name for name in names_in(built) if name.startswith(COMPILED)} == {f"{COMPILED}pyi", f"{COMPILED}pyx"}


def test_wheel_that_must_be_compiled_is_not_built_without_compiler(tmp_path: Path) -> None:
    assert build(tmp_path, "always", CC="no-such-compiler").returncode != 0
    assert not list(tmp_path.iterdir())


def test_wheel_is_not_built_by_a_word_that_means_nothing(tmp_path: Path) -> None:
    done = build(tmp_path, "allways")
    assert "CONFIGMGR_EXPORTER_COMPILED is 'allways', neither always nor never" in done.stderr
    assert not list(tmp_path.iterdir())


def test_wheel_that_must_not_be_compiled_is_not(tmp_path: Path) -> None:
    assert build(tmp_path, "never").stderr.count("scanner") == 0
    assert [each.name for each in tmp_path.iterdir()] == [f"configmgr_exporter-{__version__}-py3-none-any.whl"]


def test_module_of_a_checkout_is_not_used_when_its_source_has_changed(tmp_path: Path) -> None:
    root, out = tmp_path / "a checkout", tmp_path / "out"
    for path in tracked_files():
        name = path.relative_to(ROOT)
        if name.parts[0] == "exporter" or str(name) in {"pyproject.toml", "hatch_build.py", "README.md", "LICENSE"}:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, root / name)

    def version() -> str:
        command = [sys.executable, "-m", "exporter", "--version"]
        return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout

    assert "scanner not compiled" in version()
    assert build(out, "always", root, "wheel:editable").returncode == 0
    assert "scanner compiled" in version()
    source = root / "exporter" / "events" / "scanner.pyx"
    original = source.read_text(encoding="utf-8")
    source.write_text(f"{original}# as after a pull\n", encoding="utf-8")
    assert "scanner not compiled" in version()
    source.write_text(original, encoding="utf-8")
    assert "scanner compiled" in version()
    assert build(out, "", root, "wheel:editable", CC="no-such-compiler").returncode == 0
    assert "scanner not compiled" in version()


def test_source_distribution_is_made_without_compiler_and_holds_nothing_compiled(tmp_path: Path) -> None:
    done = build(tmp_path, "always", target="sdist", CC="no-such-compiler")
    assert done.returncode == 0, done.stderr
    (built,) = tmp_path.iterdir()
    with tarfile.open(built) as files:
        names = {name.partition("/")[2] for name in files.getnames()}
    assert {name for name in names if name.startswith(COMPILED)} == {f"{COMPILED}pyi", f"{COMPILED}pyx"}
    assert "hatch_build.py" in names


def test_wheel_says_what_it_is(wheel: Path) -> None:
    python = f"cp{sys.version_info.major}{sys.version_info.minor}"
    assert wheel.name.startswith(f"configmgr_exporter-{__version__}-{python}-{python}-linux_")
    folder = f"configmgr_exporter-{__version__}.dist-info"
    with zipfile.ZipFile(wheel) as files:
        about = message_from_string(files.read(f"{folder}/METADATA").decode("utf-8"))
        scripts = files.read(f"{folder}/entry_points.txt").decode("utf-8")
        licence = files.read(f"{folder}/licenses/LICENSE").decode("utf-8")
    assert (about["License-Expression"], about["Requires-Python"]) == ("Apache-2.0", ">=3.11")
    assert scripts.split() == ["[console_scripts]", "configmgr-exporter", "=", "exporter.cli:main"]
    assert "Apache License" in licence
