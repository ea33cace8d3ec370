"""From the text of a configuration file to its values, or to a list of all that is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PureWindowsPath
from typing import Any, TypeGuard, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from exporter.config.located_yaml import (
    Document,
    FileError,
    KeyPath,
    Problem,
    Value,
    did_you_mean,
    parse_yaml,
    read_text,
)
from exporter.config.schema import Config, Defaults

# pydantic's words for these are about Python; a person wrote YAML.
_WORDS = {
    "missing": "this key is needed",
    "string_type": "must be text",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "greater_than_equal": "must be at least {ge}",
    "list_type": "must be a list: lines that begin with `- `",
    "tuple_type": "must be a list: lines that begin with `- `",
    "dict_type": "must hold lines `key: value`",
    "mapping_type": "must hold lines `key: value`",
    "model_type": "must hold lines `key: value`",
    "model_attributes_type": "must hold lines `key: value`",
    "is_instance_of": "must be text",
    "path_type": "must be text",
    "float_type": "must be text such as 15s",
}


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
    data = {} if document.data is None else _without_nulls(document.data)
    folder = path.absolute().parent
    context = {"folder": folder, "defaults": _defaults(data, folder)}
    problems = [*document.problems, *_repeated(document, data), *_circles(document, data)]
    try:
        config = Config.model_validate(data, context=context)
    except ValidationError as error:
        problems += [problem for details in error.errors() for problem in _problems(document, details)]
    if problems:
        raise ConfigError(problems)
    return config


def _without_nulls(value: Value) -> Value:
    """Drop keys without a value: what is commented out below a key leaves one."""
    if isinstance(value, dict):
        return {key: _without_nulls(below) for key, below in value.items() if below is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _defaults(data: Value, folder: Path) -> Mapping[str, Any]:
    """Return the valid values of `defaults`, which sites inherit; what is wrong with them is told with the rest."""
    section = data.get("defaults", {}) if isinstance(data, dict) else {}
    try:
        defaults = Defaults.model_validate(section, context={"folder": folder})
    except ValidationError:
        return {}
    return {name: getattr(defaults, name) for name in defaults.model_fields_set}


def _problems(document: Document, details: ErrorDetails) -> Iterator[Problem]:
    path = tuple(part for part in details["loc"] if part != "[key]")
    given = details["input"]
    context = details.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, FileError):
        for problem in cause.problems:
            named = document.problem(path, f"{problem.file}: {problem.message}")
            yield named if problem.line is None else problem
    elif isinstance(cause, ValueError):
        yield document.problem(path, str(cause))
    elif details["type"] == "extra_forbidden":
        known = _keys_at(path[:-1])
        hint = did_you_mean(str(path[-1]), known) or f": known here are {', '.join(known)}"
        yield document.problem(path, f"unknown key{hint}")
    else:
        words = _WORDS.get(details["type"], details["msg"]).format_map(context)
        yield document.problem(path, f"{words}, not {given!r}" if isinstance(given, str) else words)


def _keys_at(path: KeyPath) -> list[str]:
    """Return the keys that may stand in the section at a path."""
    model: type[BaseModel] = Config
    for part in path:
        if isinstance(part, str):
            annotation = model.model_fields[part].annotation
            model = next(kind for kind in (annotation, *get_args(annotation)) if _is_section(kind))
    return list(model.model_fields)


def _is_section(kind: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


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
