"""The steps of the build, from nothing to the zip."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from exporter import __version__
from install.windows.archive import zip_folder
from install.windows.errors import LackingError
from install.windows.folder import make_folder
from install.windows.programs import make_prefix
from install.windows.python import compile_modules, install_project, make_python

NAME = f"configmgr-exporter-{__version__}-windows-amd64"


def build(directory: Path, say: Callable[[str], None]) -> Path:
    """Build the zip in a directory, and return its path.

    Args:
        directory: where the zip goes; made if need be.
        say: is told of each step.

    Raises:
        LackingError: something that is needed cannot be had.
        install.windows.licences.LicenceError: the licence of something in it is not known.
    """
    if shutil.which("wine") is None:
        raise LackingError("not installed: wine (apt-get install wine)")
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / f"{NAME}.zip"
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        say("Getting CPython for Windows and the locked packages")
        make_python(scratch / "python")
        say("Building and installing the exporter")
        install_project(scratch / "python")
        say("Compiling, under Wine")
        make_prefix(scratch / "prefix")
        compile_modules(scratch / "python", scratch / "prefix")
        say("Packing")
        make_folder(scratch / NAME, scratch / "python")
        zip_folder(scratch / NAME, target)
    return target
