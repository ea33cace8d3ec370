"""The licences of all that is passed on in the zip."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Final

_FILE: Final = re.compile(r"(licen[cs]e|copying|notice|authors)", re.IGNORECASE)
_LINE: Final = "=" * 100


class LicenceError(Exception):
    """Something would be passed on without its licence."""


def of_python(python: Path) -> dict[str, str]:
    """Return the licences of CPython and of each package in it, by name.

    Raises:
        LicenceError: a package has none with it.
    """
    found = {"Python": (python / "LICENSE.txt").read_text(encoding="utf-8")}
    for distribution in metadata.distributions(path=[str(python / "Lib" / "site-packages")]):
        found[distribution.name] = of_distribution(distribution)
    return found


def of_distribution(distribution: metadata.Distribution) -> str:
    """Return the texts of one package's licence.

    Raises:
        LicenceError: it has none with it.
    """
    folder = Path(str(distribution.locate_file(""))) / f"{_folder_name(distribution)}.dist-info"
    files = sorted(path for path in folder.rglob("*") if path.is_file() and _FILE.match(path.name))
    if not files:
        raise LicenceError(f"{distribution.name} {distribution.version}: no file of a licence in {folder}")
    head = f"{distribution.name} {distribution.version}"
    return "\n\n".join([head, *(file.read_text(encoding="utf-8", errors="replace").strip() for file in files)])


def as_text(found: Mapping[str, str]) -> str:
    """Put all licences into one text, in the order of their names."""
    return "".join(f"{_LINE}\n{found[name].strip()}\n\n" for name in sorted(found, key=str.lower))


def _folder_name(distribution: metadata.Distribution) -> str:
    return f"{re.sub(r'[-_.]+', '_', distribution.name).lower()}-{distribution.version}"
