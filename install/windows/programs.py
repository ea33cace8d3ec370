"""Running other programs, and those of Windows under Wine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path, PureWindowsPath
from typing import Final

from install.windows.errors import LackingError

_PATIENCE: Final = 600  # seconds for one step, on a slow line


def output_of(
    command: Sequence[str | Path], *, cwd: Path | None = None, variables: Mapping[str, str] | None = None
) -> str:
    """Run a program and return what it writes.

    Raises:
        LackingError: it cannot be run, or fails; the message has what it said.
    """
    try:
        done = subprocess.run(  # noqa: S603 - programs of this module's callers
            command,
            cwd=cwd,
            env={**os.environ, **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise LackingError(f"{error}\n{getattr(error, 'output', '') or ''}") from None
    return done.stdout


def wine_variables(prefix: Path) -> dict[str, str]:
    """Return the environment of programs under Wine whose drives and registry are in `prefix`."""
    return {
        "WINEPREFIX": str(prefix),
        "WINEARCH": "win64",
        # Wine keeps no event log: what is written to it is seen only here.
        "WINEDEBUG": "-all,+eventlog",
        "WINEDLLOVERRIDES": "mscoree,mshtml=",  # else a new prefix asks whether it may download .NET and a browser
        "DISPLAY": "",
    }


def make_prefix(prefix: Path) -> None:
    """Make a Windows.

    Raises:
        LackingError: Wine cannot.
    """
    output_of(["wine", "wineboot", "--init"], variables=wine_variables(prefix))
    if not (prefix / "system.reg").exists():
        raise LackingError(f"Wine made no prefix in {prefix}")


def windows_path(path: Path) -> str:
    """Name a file of this machine as a Windows program under Wine does."""
    return str(PureWindowsPath("Z:/", *path.absolute().parts[1:]))
