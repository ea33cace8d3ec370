"""Loads the message catalogue from its YAML files, and says clearly what is wrong with an entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from exporter.events.entries import CatalogueError, CatalogueFile, Entry
from exporter.events.messages import Certainty, Era, Message, MessageKind, StatusMessage
from exporter.events.templates import Template, TemplateError, bare, compile_template
from exporter.events.user import CompiledUserTemplate, UserTemplate, UserTemplateError, compile_user_template

_STATUS_FILE = "status_messages.yaml"
_MESSAGE_KEYS = {"name", "text", "meaning", "kind", "era", "source", "certainty", "example", "fields"}
_MESSAGE_OPTIONS = {"components", "seen"}
_STATUS_KEYS = {"number", "name", "component", "meaning", "kind", "source", "certainty"}
_STATUS_OPTIONS = {"first_string", "seen"}


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
        source = CatalogueFile(file.name, file.read_text(encoding="utf-8"))
        if file.name == _STATUS_FILE:
            statuses |= _status_messages(source)
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


def _messages(source: CatalogueFile) -> list[Message]:
    log = source.value("log", "")
    components = source.value("components", None)
    if not isinstance(log, str) or not log or not isinstance(components, list):
        raise CatalogueError(f"{source.file}: it does not say which log and components it is for")
    return [_message(entry, log, tuple(components)) for entry in source.entries("messages")]


def _message(entry: Entry, log: str, components: tuple[str, ...]) -> Message:
    entry.check_keys(_MESSAGE_KEYS, _MESSAGE_OPTIONS)
    return Message(
        name=entry.identifier("name"),
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


def _templates(entry: Entry) -> tuple[Template, ...]:
    templates = []
    for text in entry.texts("text"):
        try:
            templates.append(compile_template(text))
        except TemplateError as error:
            raise entry.fail(f"text {text!r}, {error}") from None
    if not templates:
        raise entry.fail("it has no text")
    return tuple(sorted(templates, key=lambda template: -template.weight))


def _status_messages(source: CatalogueFile) -> dict[int, StatusMessage]:
    found: dict[int, StatusMessage] = {}
    for entry in source.entries("status_messages"):
        status = _status_message(entry)
        if status.number in found:
            raise entry.fail(f"number {status.number} is described twice")
        if status.name in {other.name for other in found.values()}:
            raise entry.fail(f"name {status.name} is given twice")
        found[status.number] = status
    return found


def _status_message(entry: Entry) -> StatusMessage:
    entry.check_keys(_STATUS_KEYS, _STATUS_OPTIONS)
    if entry.text("first_string") not in {"", "package_name"}:
        raise entry.fail("first_string can only be package_name")
    return StatusMessage(
        number=entry.number("number"),
        name=entry.identifier("name"),
        component=entry.text("component"),
        meaning=entry.text("meaning"),
        kind=entry.choice("kind", MessageKind),
        sources=entry.sources(),
        certainty=entry.choice("certainty", Certainty),
        seen=entry.text("seen"),
        names_package=bool(entry.text("first_string")),
    )
