"""One YAML file of the catalogue: its entries, read key by key, and clear errors that name file, line and entry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

import yaml

_Choice = TypeVar("_Choice", bound=StrEnum)
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one where libyaml is there


class CatalogueError(ValueError):
    """An entry of the catalogue that cannot be used; the text names file, line and entry."""


class CatalogueFile:
    """The text of one catalogue file, and its entries with the lines they stand on."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self._loader = _LOADER(text)
        try:
            root = self._loader.get_single_node()
        except yaml.YAMLError as error:
            raise CatalogueError(f"{file}: {error}") from None
        if not isinstance(root, yaml.MappingNode):
            raise CatalogueError(f"{file}: it is not a mapping")
        self._sections = {str(key.value): value for key, value in root.value}

    def value(self, key: str, default: object) -> Any:  # noqa: ANN401  # whatever the file holds
        """Return what stands under a key of the file."""
        node = self._sections.get(key)
        return default if node is None else self._loader.construct_object(node, deep=True)

    def entries(self, key: str) -> Iterable[Entry]:
        """Return the entries of the list under a key."""
        node = self._sections.get(key)
        if not isinstance(node, yaml.SequenceNode):
            raise CatalogueError(f"{self.file}: it has no list of {key}")
        known = self.value("sources", {})
        for item in node.value:
            where = f"{self.file}:{item.start_mark.line + 1}"
            data = self._loader.construct_object(item, deep=True)
            if not isinstance(data, dict):
                raise CatalogueError(f"{where}: an entry of {key} is not a mapping")
            yield Entry(where, data, known)


class Entry:
    """One entry as the file has it, read key by key."""

    def __init__(self, where: str, data: dict[str, Any], sources: Mapping[str, str]) -> None:
        self.where = where
        self._data = data
        self._sources = sources

    def fail(self, reason: str) -> CatalogueError:
        """Return an error that names the entry."""
        name = self._data.get("name", self._data.get("number", "(no name)"))
        return CatalogueError(f"{self.where}: {name}: {reason}")

    def check_keys(self, needed: set[str], optional: set[str]) -> None:
        """Check that no key is missing or unknown."""
        missing = sorted(needed - self._data.keys())
        unknown = sorted(str(key) for key in self._data.keys() - needed - optional)
        if missing:
            raise self.fail(f"it lacks {', '.join(missing)}")
        if unknown:
            raise self.fail(f"it has keys that nobody knows: {', '.join(unknown)}")

    def text(self, key: str) -> str:
        """Return a text, or "" for an optional one that is not there."""
        value = self._data.get(key, "")
        if not isinstance(value, str):
            raise self.fail(f"{key} is not a text (put it in quotes)")
        return value

    def identifier(self, key: str) -> str:
        """Return a name of small letters, digits and underscores."""
        if _NAME.fullmatch(self.text(key)) is None:
            raise self.fail(f"its {key} is not one of small letters, digits and underscores")
        return self.text(key)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts, also of a single one."""
        value = self._data.get(key, [])
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
            raise self.fail(f"{key} is neither a text nor a list of texts")
        return tuple(values)

    def sources(self) -> tuple[str, ...]:
        """Return the addresses behind the entry's short names of sources."""
        for name in self.texts("source"):
            if name not in self._sources:
                raise self.fail(f"source {name!r} is not among the file's sources")
        return tuple(self._sources[name] for name in self.texts("source"))

    def number(self, key: str) -> int:
        """Return a whole number."""
        value = self._data.get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.fail(f"{key} is not a whole number")
        return value

    def fields(self) -> dict[str, str | int]:
        """Return the fields of the entry's event."""
        value = self._data["fields"]
        if not isinstance(value, dict):
            raise self.fail("fields is not a mapping (an event without fields has {})")
        for name, item in value.items():
            if not isinstance(item, str | int) or isinstance(item, bool):
                raise self.fail(f"field {name} is neither a text nor a whole number (put it in quotes)")
        return {str(name): item for name, item in value.items()}

    def choice(self, key: str, choices: type[_Choice]) -> _Choice:
        """Return one of a few words."""
        return self._one_of(key, self.text(key), choices)

    def choices(self, key: str, choices: type[_Choice]) -> tuple[_Choice, ...]:
        """Return some of a few words."""
        return tuple(self._one_of(key, text, choices) for text in self.texts(key))

    def _one_of(self, key: str, text: str, choices: type[_Choice]) -> _Choice:
        try:
            return choices(text)
        except ValueError:
            raise self.fail(f"{key} {text!r} is none of {', '.join(choices)}") from None
