"""A zip whose bytes depend on nothing but the names and the contents of its files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

_TIME: Final = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say
_MODE: Final = 0o100644 << 16


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Put a few files, by name, into a zip in memory."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name in sorted(files):
            archive.writestr(_entry(name), files[name])
    return memory.getvalue()


def zip_folder(folder: Path, target: Path) -> None:
    """Write a zip of a folder, under the folder's name."""
    with zipfile.ZipFile(target, "w", compresslevel=9) as archive:
        for name, path in sorted(_files(folder)):
            archive.writestr(_entry(name), path.read_bytes())


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.relative_to(folder.parent).as_posix(), path


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _TIME)
    entry.external_attr = _MODE
    entry.create_system = 3  # as the mode is one of Unix, on whatever system this runs
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
