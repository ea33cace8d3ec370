"""What stands in a path and a query, checked against what an endpoint takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from exporter.web.api.endpoints import Endpoint, Parameter, by_name
from exporter.web.api.errors import ApiError
from exporter.web.api.schemas import Schema

_BOOLEANS = {"true": True, "false": False}
_MAX_DIGITS = 16


def arguments_of(endpoint: Endpoint, path: Mapping[str, str], query: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return the value of every parameter; one that may be left out and was is its default, or None.

    Raises:
        ApiError: one is unknown, stands twice, or has a value that it cannot have.
    """
    known = by_name(endpoint)
    given = dict(path)
    for name, text in query:
        if name not in known or name in path:
            takes = ", ".join(other for other in known if other not in path)
            words = f"it takes {takes}" if takes else "it takes none"
            raise ApiError(400, "unknown_parameter", f"There is no such parameter here: {words}.")
        if name in given:
            raise ApiError(400, "bad_parameter", f"{name}: may be given once.")
        given[name] = text
    return {name: _value(parameter, given.get(name)) for name, parameter in known.items()}


def _value(parameter: Parameter, text: str | None) -> Any:  # noqa: ANN401 - of the parameter's type
    schema = parameter.schema
    if text is None:
        return schema.get("default")
    if schema["type"] == "boolean" and text in _BOOLEANS:
        return _BOOLEANS[text]
    if schema["type"] == "integer" and _is_number(text) and schema["minimum"] <= int(text) <= schema["maximum"]:
        return int(text)
    if schema["type"] == "string" and schema["minLength"] <= len(text) <= schema["maxLength"]:
        return text
    raise ApiError(400, "bad_parameter", f"{parameter.name}: must be {_wanted(schema)}.")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS


def _wanted(schema: Schema) -> str:
    if schema["type"] == "boolean":
        return "true or false"
    if schema["type"] == "integer":
        return f"a whole number from {schema['minimum']} to {schema['maximum']}"
    return f"a text of {schema['minLength']} to {schema['maxLength']} characters"
