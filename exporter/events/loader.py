"""Loads the message catalogue from its YAML files, and says clearly what is wrong with an entry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final, TypeVar

import yaml

from exporter.events.messages import Certainty, Era, Message, MessageKind, StatusMessage
from exporter.events.templates import Template, TemplateError, bare, compile_template
from exporter.events.user import CompiledUserTemplate, UserTemplate, UserTemplateError, compile_user_template

_Choice = TypeVar("_Choice", bound=StrEnum)
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_STATUS_FILE = "status_messages.yaml"
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one where libyaml is there
_MESSAGE_KEYS = {"name", "text", "meaning", "kind", "era", "source", "certainty", "example", "fields"}
_MESSAGE_OPTIONS = {"components", "seen"}
_STATUS_KEYS = {"number", "component", "meaning", "kind", "source", "certainty"}
_STATUS_OPTIONS = {"first_string"}


class CatalogueError(ValueError):
    """An entry of the catalogue that cannot be used; the text names file, line and entry."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All messages that are known.

    Attributes:
        messages: by log, in the order of the files.
        status_messages: those that matter here, by number.
        components: the components whose logs the catalogue covers.
        user: the templates of the configuration file.
    """

    messages: tuple[Message, ...]
    status_messages: Mapping[int, StatusMessage]
    components: frozenset[str]
    user: tuple[CompiledUserTemplate, ...] = ()

    def without_excerpt(self) -> tuple[Message, ...]:
        """Return the messages that no real excerpt backs, for the coverage report."""
        return tuple(message for message in self.messages if not message.seen)


def load_catalogue(extra: Sequence[UserTemplate] = ()) -> Catalogue:
    """Load the catalogue that is part of the program, whose examples are checked by its tests.

    Args:
        extra: templates from the configuration file.

    Raises:
        CatalogueError: an entry of the catalogue is wrong.
        exporter.events.user.UserTemplateError: a template of the configuration file is wrong.
    """
    return _load(shipped_files(), extra)


def shipped_files() -> list[Traversable]:
    """Return the files of the catalogue that is part of the program."""
    folder = resources.files("exporter.events") / "catalogue"
    return sorted(folder.iterdir(), key=lambda entry: entry.name)


def load_folder(files: Iterable[Traversable], extra: Sequence[UserTemplate] = ()) -> Catalogue:
    """Load a catalogue from YAML files and check its examples; see `load_catalogue`."""
    catalogue = _load(files, extra)
    check_examples(catalogue.messages)
    return catalogue


def _load(files: Iterable[Traversable], extra: Sequence[UserTemplate]) -> Catalogue:
    messages: list[Message] = []
    statuses: dict[int, StatusMessage] = {}
    for file in files:
        if not file.name.endswith(".yaml"):
            continue
        source = _Source(file.name, file.read_text(encoding="utf-8"))
        if file.name == _STATUS_FILE:
            statuses |= {status.number: status for status in _status_messages(source)}
        else:
            messages += _messages(source)
    _refuse_repeated_names(messages)
    return Catalogue(
        messages=tuple(messages),
        status_messages=statuses,
        components=frozenset(name for message in messages for name in message.components),
        user=_user_templates(extra),
    )


def best_match(messages: Iterable[Message], text: str) -> tuple[Message, dict[str, str | int]] | None:
    """Find the message of a line the plain way: try every template and take the most specific that matches.

    The matcher gives the same answer at less cost.
    """
    message = bare(text)
    best: tuple[int, Message, dict[str, str | int]] | None = None
    for entry in messages:
        for template in entry.templates:
            fields = template.match(message)
            if fields is not None and (best is None or template.weight > best[0]):
                best = (template.weight, entry, fields)
    return best[1:] if best else None


def check_examples(messages: Sequence[Message]) -> None:
    """Check that every entry's example is its own and gives the event it promises.

    Raises:
        CatalogueError: an example does not match, gives other fields, or belongs as much to another entry.
    """
    by_head = _by_first_character(messages)
    for entry in messages:
        text = bare(entry.example)
        own = best_match([entry], text)
        if own is None:
            raise CatalogueError(f"{entry.where}: {entry.name}: its example does not match its text")
        if own[1] != dict(entry.fields):
            raise CatalogueError(
                f"{entry.where}: {entry.name}: its example gives the fields {own[1]}, not {dict(entry.fields)}"
            )
        weight = max(t.weight for t in entry.templates if t.match(text) is not None)
        for other in by_head.get(text[:1], []) + by_head.get("", []):
            if other is not entry and any(t.weight >= weight and t.match(text) for t in other.templates):
                raise CatalogueError(
                    f"{entry.where}: {entry.name}: its example is as much one of {other.name} ({other.where})"
                )


def _by_first_character(messages: Iterable[Message]) -> dict[str, list[Message]]:
    found: dict[str, list[Message]] = {}
    for entry in messages:
        for first in {template.head[:1] for template in entry.templates}:
            found.setdefault(first, []).append(entry)
    return found


def _refuse_repeated_names(messages: Iterable[Message]) -> None:
    seen: dict[str, str] = {}
    for message in messages:
        if message.name in seen:
            raise CatalogueError(f"{message.where}: {message.name}: the name is taken by {seen[message.name]}")
        seen[message.name] = message.where


def _user_templates(extra: Sequence[UserTemplate]) -> tuple[CompiledUserTemplate, ...]:
    names = [template.name for template in extra]
    for name in names:
        if names.count(name) > 1:
            raise UserTemplateError(name, "the name is taken twice")
    return tuple(compile_user_template(template) for template in extra)


class _Source:
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

    def entries(self, key: str) -> Iterable[_Entry]:
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
            yield _Entry(where, data, known)


class _Entry:
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


def _messages(source: _Source) -> list[Message]:
    log = source.value("log", "")
    components = source.value("components", None)
    if not isinstance(log, str) or not log or not isinstance(components, list):
        raise CatalogueError(f"{source.file}: it does not say which log and components it is for")
    return [_message(entry, log, tuple(components)) for entry in source.entries("messages")]


def _message(entry: _Entry, log: str, components: tuple[str, ...]) -> Message:
    entry.check_keys(_MESSAGE_KEYS, _MESSAGE_OPTIONS)
    if _NAME.fullmatch(entry.text("name")) is None:
        raise entry.fail("its name is not one of small letters, digits and underscores")
    return Message(
        name=entry.text("name"),
        log=log,
        components=frozenset(entry.texts("components") or components),
        templates=_templates(entry),
        meaning=entry.text("meaning"),
        kind=entry.choice("kind", MessageKind),
        eras=entry.choices("era", Era),
        sources=entry.sources(),
        certainty=entry.choice("certainty", Certainty),
        example=entry.text("example"),
        fields=entry.fields(),
        seen=entry.text("seen"),
        where=entry.where,
    )


def _templates(entry: _Entry) -> tuple[Template, ...]:
    templates = []
    for text in entry.texts("text"):
        try:
            templates.append(compile_template(text))
        except TemplateError as error:
            raise entry.fail(f"text {text!r}, {error}") from None
    if not templates:
        raise entry.fail("it has no text")
    return tuple(sorted(templates, key=lambda template: -template.weight))


def _status_messages(source: _Source) -> Iterable[StatusMessage]:
    for entry in source.entries("status_messages"):
        entry.check_keys(_STATUS_KEYS, _STATUS_OPTIONS)
        if entry.text("first_string") not in {"", "package_name"}:
            raise entry.fail("first_string can only be package_name")
        yield StatusMessage(
            number=entry.number("number"),
            component=entry.text("component"),
            meaning=entry.text("meaning"),
            kind=entry.choice("kind", MessageKind),
            sources=entry.sources(),
            certainty=entry.choice("certainty", Certainty),
            names_package=bool(entry.text("first_string")),
        )
