"""Message templates: a line as ConfigMgr words it, with typed placeholders, compiled to a pattern.

A template reads like the line that it matches::

    Failed to insert SMS Program ID {text:program_id} because the referenced program {package}-{program} is not
    present in the PkgPrograms table. Will try later.

`{type:field}` captures one value; `{package}` alone captures into a field of that name; `{int:_}` must be there but
is not kept; `{{` and `}}` stand for braces. What a template does not insist on, because eras and copies differ in it:

* `~` (the logs' sign for a line break), blanks and line breaks before and after the message, and full stops after it;
* how many blanks or line breaks stand where the template has a blank;
* straight or curly apostrophes.

A free value (`text`, `path`, ...) ends at the first place where the words that follow it in the template stand. It is
never tried again with a longer value, so that the work is bounded by the length of the line, whatever the line holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from exporter.logs.forms import STRIPPED

EDGE = STRIPPED
"""Characters around a message that say nothing."""

HEAD_LENGTH = 12
"""Characters at the start of a message by which templates are looked up."""

_TAIL = EDGE + ".\u2026"
_APOSTROPHES = "'\u2019"
_BLANK = r"[ \t\r\n~]{1,64}+"
_MAX_LENGTH = 2000
_MIN_LITERAL = 3
_PLACEHOLDER = re.compile(r"\{(?P<kind>[^{}:]*)(?::(?P<field>[^{}]*))?\}")
_FIELD = re.compile(r"[a-z][a-z0-9_]*|_")


class TemplateError(ValueError):
    """A template that cannot be used.

    Attributes:
        column: where in the template's text the fault is, from 1.
    """

    def __init__(self, reason: str, column: int = 1) -> None:
        super().__init__(f"column {column}: {reason}")
        self.column = column


class Kind(StrEnum):
    """The types of placeholders."""

    PACKAGE = "package"
    PROGRAM = "program"
    SITE = "site"
    PATH = "path"
    NAL = "nal"
    TEXT = "text"
    WORD = "word"
    REST = "rest"
    INT = "int"
    HEX = "hex"


# Articles are pasted into forums and tickets as they are, so a value may be a documentation placeholder in angle
# brackets; package IDs are also written as these bare words.
_DOCUMENTATION = r"<[^<>\n]{1,80}>"
_FIXED = {
    Kind.PACKAGE: rf"[0-9A-Za-z]{{3}}[0-9A-Fa-f]{{5}}|{_DOCUMENTATION}|PackageID|PKGID",
    Kind.SITE: rf"[0-9A-Za-z]{{3}}|{_DOCUMENTATION}",
    Kind.INT: rf"-?[0-9]{{1,18}}|{_DOCUMENTATION}",
    Kind.HEX: rf"(?:0[xX])?[0-9A-Fa-f]{{1,16}}|{_DOCUMENTATION}",
}
_FREE = {
    Kind.PROGRAM: r"[^\n]+",
    Kind.PATH: r"[^\n]+",
    Kind.NAL: r"[^\n]+",
    Kind.TEXT: r"[^\n]+",
    Kind.WORD: r"[^\s~]+",
    Kind.REST: r"[^\n]*",
}
_NAMED_BY_TYPE = {Kind.PACKAGE, Kind.PROGRAM, Kind.SITE, Kind.PATH, Kind.NAL}
_RADIX = {Kind.INT: 10, Kind.HEX: 16}


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One placeholder: its type, the field that keeps its value (`_` for none) and its column in the text."""

    kind: Kind
    field: str
    column: int


@dataclass(frozen=True)
class Template:
    """A template ready for use.

    Attributes:
        text: the template as it was written.
        expression: what a whole bare message has to match, as a regular expression with a group for each field.
        numbers: the fields that are numbers, each with its radix.
        optional: the fields that may be empty, whose blanks do not count.
        head: how a bare message begins that can match, blanks as one blank, at most `HEAD_LENGTH` ASCII characters;
            "" when it begins with a placeholder.
        words: runs of ASCII characters that every matching message holds unchanged.
        weight: how many characters the template fixes: the more, the more specific it is.
    """

    text: str
    expression: str
    numbers: tuple[tuple[str, int], ...]
    optional: tuple[str, ...]
    head: str
    words: tuple[str, ...]
    weight: int

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The compiled expression. Compiling all of a catalogue takes longer than loading it; a log needs few."""
        return re.compile(self.expression)

    def match(self, message: str) -> dict[str, str | int] | None:
        """Return the values in a bare message by field, or None when it is not this template's.

        A number is an integer, unless it is written as a documentation placeholder: then it stays text.
        """
        found = self.pattern.match(message)
        if found is None:
            return None
        captured = found.groupdict()
        return self.values(captured) if self.numbers or self.optional else captured

    def values(self, captured: dict[str, str | Any]) -> dict[str, str | int]:
        """Return what the pattern captured with numbers as integers. Takes `captured` over."""
        for field, radix in self.numbers:
            text = captured[field]
            if not text.startswith("<"):
                captured[field] = int(text, radix)
        for field in self.optional:
            captured[field] = captured[field].strip(EDGE)
        return captured


def bare(message: str) -> str:
    """Return a message without what eras and copies put around it."""
    return message.strip(EDGE).rstrip(_TAIL)


def compile_template(text: str) -> Template:
    """Compile a template.

    Raises:
        TemplateError: when the text cannot be a template; it says why and where.
    """
    if len(text) > _MAX_LENGTH:
        raise TemplateError(f"longer than {_MAX_LENGTH} characters", _MAX_LENGTH)
    parts = _bared(_parse(text))
    _check(parts)
    literals = [part for part in parts if isinstance(part, str)]
    weight = sum(not character.isspace() for literal in literals for character in literal)
    if weight < _MIN_LITERAL:
        raise TemplateError(f"fixes fewer than {_MIN_LITERAL} characters, so that it would match almost any line")
    kept = [part for part in parts if isinstance(part, Placeholder) and part.field != "_"]
    return Template(
        text=text,
        expression=_pattern(parts) + r"\Z",
        numbers=tuple((part.field, _RADIX[part.kind]) for part in kept if part.kind in _RADIX),
        optional=tuple(part.field for part in kept if part.kind is Kind.REST),
        head=_head(parts),
        words=_words(literals),
        weight=weight,
    )


_Part = str | Placeholder


def _parse(text: str) -> list[_Part]:
    """Cut a template's text into literals and placeholders, which alternate."""
    parts: list[_Part] = []
    literal = ""
    at = 0
    while at < len(text):
        if text[at : at + 2] in {"{{", "}}"}:
            literal += text[at]
            at += 2
        elif text[at] == "{":
            found = _PLACEHOLDER.match(text, at)
            if found is None:
                raise TemplateError(
                    "'{' opens a placeholder that is not closed (a brace itself is written '{{')", at + 1
                )
            if literal:
                parts.append(literal)
            literal = ""
            parts.append(_placeholder(found))
            at = found.end()
        elif text[at] == "}":
            raise TemplateError("'}' closes nothing (a brace itself is written '}}')", at + 1)
        else:
            literal += text[at]
            at += 1
    if literal:
        parts.append(literal)
    return parts


def _placeholder(found: re.Match[str]) -> Placeholder:
    column = found.start() + 1
    try:
        kind = Kind(found["kind"])
    except ValueError:
        known = ", ".join(Kind)
        raise TemplateError(f"unknown placeholder type {found['kind']!r} (known: {known})", column) from None
    field = found["field"]
    if field is None:
        if kind not in _NAMED_BY_TYPE:
            raise TemplateError(f"{{{kind}}} needs the name of a field, such as {{{kind}:value}}", column)
        field = kind.value
    if _FIELD.fullmatch(field) is None:
        raise TemplateError(f"field {field!r} is not a name of small letters, digits and underscores", column)
    return Placeholder(kind, field, column)


def _bared(parts: list[_Part]) -> list[_Part]:
    """Take from both ends what `bare` takes from a message."""
    if parts and isinstance(parts[-1], str):
        parts[-1:] = [parts[-1].rstrip(_TAIL)] if parts[-1].rstrip(_TAIL) else []
    if parts and isinstance(parts[0], str):
        parts[:1] = [parts[0].lstrip(EDGE)] if parts[0].lstrip(EDGE) else []
    return parts


def _check(parts: list[_Part]) -> None:
    fields: set[str] = set()
    for before, part in zip([None, *parts], parts, strict=False):
        if isinstance(part, str):
            continue
        if isinstance(before, Placeholder):
            raise TemplateError("two placeholders need text between them, or the first has no end", part.column)
        if part.field in fields and part.field != "_":
            raise TemplateError(f"field {part.field!r} is captured twice", part.column)
        fields.add(part.field)


def _pattern(parts: list[_Part]) -> str:
    pattern = ""
    rest = iter([*parts, None])
    for part in rest:
        if part is None:
            break
        if isinstance(part, str):
            pattern += _literal(part)
            continue
        opening = "(?:" if part.field == "_" else f"(?P<{part.field}>"
        if part.kind in _FIXED:
            pattern += f"{opening}{_FIXED[part.kind]})"
            continue
        following = next(rest)
        if following is None:
            return f"{pattern}{opening}{_FREE[part.kind]})"
        # Atomic: the first place where the following words stand ends the value for good. Backtracking into longer
        # values would let a hostile line cost time that grows with a power of its length.
        pattern += f"(?>{opening}{_FREE[part.kind]}?){_literal(str(following))})"
    return pattern


def _literal(text: str) -> str:
    words = [re.escape(word).replace("'", f"[{_APOSTROPHES}]") for word in _split_blanks(text)]
    return _BLANK.join(words)


def _split_blanks(text: str) -> list[str]:
    return re.split(r"[ \t\r\n~]+", text.replace(_APOSTROPHES[1], "'"))


def _head(parts: list[_Part]) -> str:
    if not parts or not isinstance(parts[0], str):
        return ""
    words = " ".join(_split_blanks(parts[0]))
    found = re.match(r"[\x20-\x26\x28-\x7e]*", words)  # printable ASCII but the apostrophe, which may be curly
    return found[0][:HEAD_LENGTH] if found else ""


def _words(literals: list[str]) -> tuple[str, ...]:
    runs = (run for text in literals for run in re.split(rf"[^\x21-\x7e]|[{_APOSTROPHES}~]", text))
    return tuple(dict.fromkeys(run for run in runs if run))
