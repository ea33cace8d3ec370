"""Checks the values of a YAML file against a schema, and tells each fault at its place, in words for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from exporter.config.located_yaml import Document, FileError, KeyPath, Problem, Value, did_you_mean

_Model = TypeVar("_Model", bound=BaseModel)

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


class Section(BaseModel):
    """A mapping of a file, whose keys are all known."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


def check(
    document: Document, data: Value, model: type[_Model], context: Mapping[str, Any], *, quoting: bool = True
) -> tuple[_Model | None, list[Problem]]:
    """Return the values of a file and no problems, or None and what is wrong with them.

    Args:
        document: the file.
        data: what it holds, as far as it is to be checked.
        model: its schema.
        context: what validators of the schema ask for.
        quoting: whether a problem may repeat the value that it is about; not where one may be a secret.
    """
    try:
        return model.model_validate(data, context=dict(context)), []
    except ValidationError as error:
        return None, [
            problem for details in error.errors() for problem in _problems(document, details, model, quoting=quoting)
        ]


def without_nulls(value: Value) -> Value:
    """Drop keys without a value: what is commented out below a key leaves one."""
    if isinstance(value, dict):
        return {key: without_nulls(below) for key, below in value.items() if below is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def _problems(document: Document, details: ErrorDetails, model: type[BaseModel], *, quoting: bool) -> Iterator[Problem]:
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
        known = _keys_at(model, path[:-1])
        hint = did_you_mean(str(path[-1]), known) or f": known here are {', '.join(known)}"
        yield document.problem(path, f"unknown key{hint}")
    else:
        words = _WORDS.get(details["type"], details["msg"]).format_map(context)
        yield document.problem(path, f"{words}, not {given!r}" if quoting and isinstance(given, str) else words)


def _keys_at(model: type[BaseModel], path: KeyPath) -> list[str]:
    """Return the keys that may stand in the section at a path below a model."""
    for part in path:
        if isinstance(part, str):
            annotation = model.model_fields[part].annotation
            model = next(kind for kind in (annotation, *get_args(annotation)) if _is_section(kind))
    return list(model.model_fields)


def _is_section(kind: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
