"""The compiled scanner for the CPython of the zip, made on Linux."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from install.windows.errors import LackingError
from install.windows.programs import output_of

SOURCE: Final = Path(__file__).resolve().parents[2] / "exporter" / "events" / "scanner.pyx"
COMPILER: Final = "x86_64-w64-mingw32-gcc"
MODULE: Final = "scanner.cp313-win_amd64.pyd"
"""Its name tells Python for which CPython it was made."""
# Without debug information, the time of day and a library of the compiler's own: the same to the byte wherever made.
_OPTIONS: Final = ("-shared", "-O3", "-s", "-static-libgcc", "-Wl,--no-insert-timestamp")


def compile_scanner(python: Path) -> None:
    """Compile the scanner of the exporter that is installed in a folder with CPython, and its headers in `include`.

    Raises:
        LackingError: the compiler cannot be had, or fails.
    """
    if shutil.which(COMPILER) is None:
        raise LackingError(f"not installed: {COMPILER} (apt-get install gcc-mingw-w64-x86-64)")
    folder = python.absolute() / "Lib" / "site-packages" / "exporter" / "events"
    with TemporaryDirectory() as scratch:
        shutil.copyfile(SOURCE, Path(scratch) / SOURCE.name)
        name = "exporter.events.scanner"
        output_of([sys.executable, "-m", "cython", "-3", "--module-name", name, SOURCE.name], cwd=Path(scratch))
        library = python.absolute() / "python313.dll"
        output_of(
            [COMPILER, *_OPTIONS, "-I", python.absolute() / "include", "scanner.c", library, "-o", MODULE],
            cwd=Path(scratch),
        )
        shutil.copyfile(Path(scratch) / MODULE, folder / MODULE)
