"""State to JSON-able data and back, exactly.

A dataclass or named tuple is written as the list of its fields in their order, a mapping as a list of pairs (its keys
may be tuples), a word of an enumeration as its value. The types of the fields say how to read it back, so that nothing
but plain data is ever read, and data that does not fit is refused as a whole. Converters are made once per type. A
field that a dataclass is not made with (`init=False`) is not written: it holds what can be done without.

A field that is added at the end of a dataclass, with a default, leaves what was written before readable. Any other
change needs another `FORMAT` of what is written, so that old data is refused and not misread.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
_Converter = Callable[[Any], Any]


class CodecError(ValueError):
    """The data was not written by this version of the state, or is damaged."""


def encode(value: object) -> Any:  # noqa: ANN401 - JSON-able data has no narrower type
    """Return a dataclass as data that `json.dumps` takes."""
    return _encoder(cast("Hashable", type(value)))(value)


def decode(kind: type[T], data: object) -> T:
    """Return what `encode` was given.

    Raises:
        CodecError: `data` does not have the shape of `kind`.
    """
    try:
        return cast("T", _decoder(cast("Hashable", kind))(data))
    except (TypeError, ValueError, KeyError, IndexError) as error:
        raise CodecError(f"cannot be read as {kind.__name__}: {error}") from error


def _same(value: Any) -> Any:  # noqa: ANN401
    return value


@cache
def _encoder(kind: Any) -> _Converter:  # noqa: ANN401, PLR0911 - one return for each shape
    origin, arguments = get_origin(kind), get_args(kind)
    if _names(kind):
        return _class_encoder(kind)
    if origin in {Union, types.UnionType}:
        inner = _encoder(_optional(arguments))
        return _same if inner is _same else lambda value: None if value is None else inner(value)
    if origin is dict:
        key, item = _encoder(arguments[0]), _encoder(arguments[1])
        return lambda value: [[key(k), item(v)] for k, v in value.items()]
    if origin is list or (origin is tuple and arguments[-1] is Ellipsis):
        each = _encoder(arguments[0])
        return list if each is _same else lambda value: [each(v) for v in value]
    if origin is tuple:
        parts = [_encoder(argument) for argument in arguments]
        return lambda value: [part(v) for part, v in zip(parts, value, strict=True)]
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return str.__str__
    return _same


def _names(kind: Any) -> tuple[str, ...]:  # noqa: ANN401
    """Return the fields that a dataclass or named tuple is made with, and none of another type."""
    if is_dataclass(kind):
        return tuple(field.name for field in fields(kind) if field.init)
    return getattr(kind, "_fields", ())


def _class_encoder(kind: type) -> _Converter:
    hints = get_type_hints(kind)
    parts = [(name, _encoder(hints[name])) for name in _names(kind)]
    return lambda value: [part(getattr(value, name)) for name, part in parts]


@cache
def _decoder(kind: Any) -> _Converter:  # noqa: ANN401, PLR0911 - one return for each shape
    origin, arguments = get_origin(kind), get_args(kind)
    if _names(kind):
        return _class_decoder(kind)
    if origin in {Union, types.UnionType}:
        inner = _decoder(_optional(arguments))
        return lambda data: None if data is None else inner(data)
    if origin is dict:
        key, item = _decoder(arguments[0]), _decoder(arguments[1])
        return lambda data: {key(k): item(v) for k, v in _list(data)}
    if origin is list:
        each = _decoder(arguments[0])
        return lambda data: [each(v) for v in _list(data)]
    if origin is tuple and arguments[-1] is Ellipsis:
        each = _decoder(arguments[0])
        return lambda data: tuple(each(v) for v in _list(data))
    if origin is tuple:
        parts = [_decoder(argument) for argument in arguments]
        return lambda data: tuple(part(v) for part, v in zip(parts, _list(data), strict=True))
    if issubclass(kind, StrEnum):
        return cast("_Converter", kind)
    return _plain(kind)


def _class_decoder(kind: type) -> _Converter:
    hints = get_type_hints(kind)
    parts = [_decoder(hints[name]) for name in _names(kind)]

    def read(data: Any) -> Any:  # noqa: ANN401
        if len(_list(data)) > len(parts):
            raise ValueError(f"{kind.__name__} has {len(parts)} fields, not {len(data)}")
        return kind(*(part(value) for part, value in zip(parts, data, strict=False)))

    return read


def _optional(arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401
    (kind,) = (argument for argument in arguments if argument is not types.NoneType)
    return kind


def _list(data: Any) -> list[Any]:  # noqa: ANN401
    if not isinstance(data, list):
        raise TypeError(f"a list was expected, not {type(data).__name__}")
    return data


def _plain(kind: type) -> _Converter:
    def check(data: Any) -> Any:  # noqa: ANN401
        # A float that is a whole number may come back from other JSON writers as an integer.
        if kind is float and type(data) is int:
            return float(data)
        if type(data) is not kind:
            raise TypeError(f"{kind.__name__} was expected, not {type(data).__name__}")
        return data

    return check
