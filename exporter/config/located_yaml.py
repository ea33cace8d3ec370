"""YAML whose every key and value keeps its place in the file, so that whatever is wrong with it can be pointed at."""

from __future__ import annotations

import codecs
import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

KeyPath = tuple[str | int, ...]
"""The way to a value: keys of mappings and, from 0, positions in lists."""

Value = str | list["Value"] | dict[str, "Value"] | None
"""What a file holds. Scalars stay text: whether `010` or `off` is a number, a switch or a site code, its key tells."""

_MAX_VALUES: Final = 200_000  # a file of a few lines can stand for any number of values, through aliases
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("bool", "float", "int", "map", "merge", "null", "seq", "str", "timestamp", "value")
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a file.

    Attributes:
        file: the file's name as the user gave it.
        line: from 1, or None when the file as a whole is meant.
        column: from 1, or None with `line`.
        key: the path of the key (`sites[0].zone`), or "" when no key is meant.
        message: what is wrong and what to write instead.
    """

    file: str
    line: int | None
    column: int | None
    key: str
    message: str

    def __str__(self) -> str:
        """Return `file:line:column: key: message`, as editors and terminals make links of it."""
        place = self.file if self.line is None else f"{self.file}:{self.line}:{self.column}"
        return ": ".join(part for part in (place, self.key, self.message) if part)


class FileError(ValueError):
    """A file that cannot be used.

    Attributes:
        problems: all that is wrong with it, in the order of the file.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: (problem.file, problem.line or 0, problem.column or 0))
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(slots=True)
class Document:
    """A YAML file.

    Attributes:
        file: its name, for problems.
        data: its values.
        problems: faults of single keys; the rest of `data` can be used all the same.
    """

    file: str
    data: Value = None
    problems: list[Problem] = field(default_factory=list)
    _places: dict[KeyPath, tuple[int, int]] = field(default_factory=dict)

    def problem(self, path: KeyPath, message: str) -> Problem:
        """Make a problem of a key, placed at the key or at the nearest thing around it that the file does hold."""
        place = path
        while place not in self._places and place:
            place = place[:-1]
        line, column = self._places.get(place, (None, None))
        return Problem(self.file, line, column, key_text(path), message)

    def add(self, path: KeyPath, node: yaml.Node) -> Value:
        """Take a node and all below it into the places, and return its value."""
        if len(self._places) >= _MAX_VALUES:
            raise _TooMuchError(f"more than {_MAX_VALUES} values")
        self._places.setdefault(path, _place(node.start_mark))
        if node.tag not in _TAGS:
            self.problems.append(self.problem(path, f"the tag {node.tag} means nothing here"))
            return None
        if isinstance(node, yaml.MappingNode):
            return self._add_mapping(path, node)
        if isinstance(node, yaml.SequenceNode):
            return [self.add((*path, position), item) for position, item in enumerate(node.value)]
        is_null = isinstance(node, yaml.ScalarNode) and node.style is None and node.value in _NULLS
        return None if is_null else str(node.value)

    def _add_mapping(self, path: KeyPath, node: yaml.MappingNode) -> Value:
        values: dict[str, Value] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(self._at(key_node, path, "a key must be a word, not a list or a mapping"))
                continue
            key_path = (*path, str(key_node.value))
            if key_path in self._places:
                first = self._places[key_path][0]
                self.problems.append(self._at(key_node, key_path, f"the key stands here twice: first in line {first}"))
                continue
            self._places[key_path] = _place(key_node.start_mark)
            values[str(key_node.value)] = self.add(key_path, value_node)
        return values

    def _at(self, node: yaml.Node, path: KeyPath, message: str) -> Problem:
        return Problem(self.file, *_place(node.start_mark), key_text(path), message)


class _TooMuchError(Exception):
    """The file stands for more than can be meant."""


def key_text(path: KeyPath) -> str:
    """Write a path as people do: `sites[0].zone`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the known word nearest to `word`, or "" when none is near."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    near = difflib.get_close_matches(word.casefold(), by_folded, n=1)
    return f"; did you mean {by_folded[near[0]]!r}?" if near else ""


def read_text(path: Path) -> str:
    """Read a text file that a person wrote: UTF-8 with or without byte order mark, or UTF-16 with one.

    Raises:
        FileError: it cannot be read, or is in another encoding.
    """
    file = str(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise FileError([Problem(file, None, None, "", f"cannot be read: {error.strerror or error}")]) from error
    is_utf16 = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return raw.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        message = f"is not {'UTF-16' if is_utf16 else 'UTF-8'} text: save the file as UTF-8"
        raise FileError([Problem(file, line, column, "", message)]) from error


def parse_yaml(text: str, file: str) -> Document:
    """Parse the text of a YAML file; faults of single keys are left in the document's `problems`.

    Raises:
        FileError: the text is not YAML, so that nothing of it can be used.
    """
    document = Document(file)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is not None:
            document.data = document.add((), node)
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, error.position - before.rfind("\n")
        message = f"the character U+{ord(text[error.position]):04X} cannot stand in a YAML file"
        raise FileError([Problem(file, line, column, "", message)]) from error
    except yaml.MarkedYAMLError as error:
        line, column = _place(error.problem_mark or error.context_mark)
        raise FileError([Problem(file, line, column, "", _syntax(error))]) from error
    except RecursionError as error:
        raise FileError([Problem(file, None, None, "", "is nested too deeply, or holds itself")]) from error
    except _TooMuchError as error:
        raise FileError([Problem(file, None, None, "", f"stands for {error}")]) from error
    return document


def _place(mark: yaml.Mark | None) -> tuple[int, int]:
    return (1, 1) if mark is None else (mark.line + 1, mark.column + 1)


def _syntax(error: yaml.MarkedYAMLError) -> str:
    words = ", ".join(part for part in (error.context, error.problem) if part) or "is not YAML"
    if "unknown escape character" in words:
        words += r" (a backslash in double quotes is an escape: write a path like D:\SMS\Logs in single quotes)"
    if "'\\t'" in words:
        words += " (indent with blanks, not with tabs)"
    return words
