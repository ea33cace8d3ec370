"""The folder that an administrator unpacks: the program, its Python, the script that installs it, the licences."""

from __future__ import annotations

import shutil
from importlib import metadata, resources
from pathlib import Path
from typing import Final

from install.windows import licences
from install.windows.archive import zipped
from install.windows.python import ROOT

HERE: Final = Path(__file__).resolve().parent
PROGRAM: Final = "configmgr-exporter.exe"
# The launcher of distlib, which pip makes all its programs from, looks for Python where this line says. `-I`: what
# other Pythons on the computer are told by variables does not concern this one.
_FIRST_LINE: Final = b'#!"<launcher_dir>\\python\\python.exe" -I\n'
_MAIN: Final = b"from exporter.cli import main\n\nmain()\n"


def make_folder(target: Path, python: Path) -> None:
    """Put the folder together.

    Args:
        target: is made.
        python: CPython with everything installed and compiled; it is moved to `python` in the folder.

    Raises:
        install.windows.licences.LicenceError: the licence of something in it is not known.
    """
    target.mkdir()
    python.rename(target / "python")
    shutil.rmtree(target / "python" / "include")  # it was for compiling
    complete(target)


def complete(folder: Path) -> None:
    """Put beside Python what belongs there, in place of what is older."""
    launcher = (resources.files("distlib") / "t64.exe").read_bytes()
    (folder / PROGRAM).write_bytes(launcher + _FIRST_LINE + zipped({"__main__.py": _MAIN}))
    for name in ("install.ps1", "README.txt"):
        text = (HERE / name).read_text(encoding="utf-8")
        (folder / name).write_text(text, encoding="utf-8-sig", newline="\r\n")  # as Windows' own programs expect
    shutil.copyfile(ROOT / "LICENSE", folder / "LICENSE.txt")
    found = licences.of_python(folder / "python") | {
        "distlib": licences.of_distribution(metadata.distribution("distlib"))
    }
    (folder / "LICENCES.txt").write_text(licences.as_text(found), encoding="utf-8-sig", newline="\r\n")
