"""From the text of a configuration file to its values, or to a list of all that is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PureWindowsPath
from typing import Any

from pydantic import ValidationError

from exporter.config.checking import check, without_nulls
from exporter.config.located_yaml import Document, FileError, Problem, Value, parse_yaml, read_text
from exporter.config.schema import Config, Defaults


class ConfigError(FileError):
    """A configuration that cannot be used; `problems` holds all that is wrong with it, `str()` one line for each."""


def load_config(path: Path) -> Config:
    """Read and check a configuration file. Relative paths in it start from its own folder.

    Raises:
        ConfigError: it cannot be used; nothing of it is.
    """
    try:
        document = parse_yaml(read_text(path), str(path))
    except FileError as error:
        raise ConfigError(error.problems) from error
    data = {} if document.data is None else without_nulls(document.data)
    folder = path.absolute().parent
    context = {"folder": folder, "defaults": _defaults(data, folder)}
    config, faults = check(document, data, Config, context)
    problems = [*document.problems, *_repeated(document, data), *_circles(document, data), *faults]
    if config is None or problems:
        raise ConfigError(problems)
    return config


def _defaults(data: Value, folder: Path) -> Mapping[str, Any]:
    """Return the valid values of `defaults`, which sites inherit; what is wrong with them is told with the rest."""
    section = data.get("defaults", {}) if isinstance(data, dict) else {}
    try:
        defaults = Defaults.model_validate(section, context={"folder": folder})
    except ValidationError:
        return {}
    return {name: getattr(defaults, name) for name in defaults.model_fields_set}


def _repeated(document: Document, data: Value) -> Iterator[Problem]:
    """Tell of what may stand only once in a list, as far as it is well formed, also when other values are wrong."""
    for section, key, same, reason in _ONCE:
        first: dict[str, int] = {}
        for position, entry in _entries(data, section):
            value = _text(entry.get(key))
            other = first.setdefault(same(value), position)
            if value and other != position:
                line = document.problem((section, other, key), "").line
                yield document.problem((section, position, key), f"{value} stands in line {line} already: {reason}")


def _circles(document: Document, data: Value) -> Iterator[Problem]:
    """Tell of sites that are their own parents' parents."""
    parents: dict[str, tuple[int, str]] = {}
    for position, site in _entries(data, "sites"):
        code, parent = (_text(site.get(key)).upper() for key in ("site", "parent"))
        if code and parent:
            parents.setdefault(code, (position, parent))
    for code, (position, _) in parents.items():
        circle = _circle(code, parents)
        if circle and code == min(circle):
            message = f"the parents form a circle: {' -> '.join([*circle, code])}"
            yield document.problem(("sites", position, "parent"), message)


def _entries(data: Value, section: str) -> Iterator[tuple[int, dict[str, Value]]]:
    entries = data.get(section) if isinstance(data, dict) else None
    for position, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield position, entry


def _circle(code: str, parents: Mapping[str, tuple[int, str]]) -> list[str]:
    """Return the sites from `code` up through its parents back to itself, or none if they lead elsewhere."""
    way = [code]
    while way[-1] in parents and len(way) <= len(parents):
        parent = parents[way[-1]][1]
        if parent == code:
            return way
        way.append(parent)
    return []


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""


def _same_folder(logs: str) -> str:
    """Return what two ways to write the same folder have in common."""
    if not logs or "://" in logs:
        return logs.rstrip("/").lower()
    if PureWindowsPath(logs).drive:
        return str(PureWindowsPath(logs)).lower()
    return os.path.normpath(logs)


_ONE_SITE = "one site has one entry and one folder"
_ONCE = (
    ("sites", "site", str.upper, _ONE_SITE),
    ("sites", "logs", _same_folder, _ONE_SITE),
    ("templates", "name", str, "each has a name of its own"),
)
