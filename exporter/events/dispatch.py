"""Finds, from the first bytes of a line, the few templates that it can be an instance of.

What a beginning can be is worked out once and remembered, since a log has few different beginnings. So a line costs
one look-up however many templates there are, and the slow part may be as exact as it likes about `~`, blanks and the
marks of other forms.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import regex

from exporter.events.loader import Catalogue
from exporter.events.memo import Memo
from exporter.events.messages import Message
from exporter.events.statmsg import MARK
from exporter.events.templates import EDGE, HEAD_LENGTH, Template
from exporter.logs.forms import CCM_START

_LIMIT: Final = 16384
_SHORT: Final = 4  # a word of fewer characters is part of too many others
_BLANKS: Final = re.compile(r"[ \t\r\n~]+")

# A line of a pasted text may begin with its component (whole or cut off here), so that the message's beginning is not
# seen yet.
_COMPONENT: Final = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\s.*|[A-Z][A-Z0-9_]*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Wording:
    """One wording of a message.

    Attributes:
        word: bytes that every line of it holds, and few other lines.
    """

    message: Message
    template: Template
    word: bytes


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a line with a certain beginning can be.

    Attributes:
        wordings: those whose message can begin so, the most specific first.
        user_words: bytes of which a line of a further template holds one: one for each template that can begin so.
        is_open: whether the line has to be read before anything can be said: it may begin with something else than
            its message, or be a status message.
    """

    wordings: tuple[Wording, ...]
    user_words: tuple[bytes, ...]
    is_open: bool


class Dispatch(dict[bytes, Candidates | None]):
    """Candidates by the first `HEAD_LENGTH` bytes of a line; None for a beginning that nothing has.

    Args:
        messages: what lines are compared with.
        user: further templates.
        read_all: whether every line has to be read.
    """

    def __init__(self, messages: Iterable[Message], user: Iterable[Template] = (), *, read_all: bool = False) -> None:
        super().__init__()
        self._read_all = read_all
        wordings = [(message, template) for message in messages for template in message.templates]
        known = Counter(word for _, template in wordings for word in template.words)
        self._user = _Heads((template, _rarest(template, known)) for template in user)
        self._catalogue = _Heads(
            (template, Wording(message, template, _rarest(template, known))) for message, template in wordings
        )

    def __missing__(self, beginning: bytes) -> Candidates | None:
        if len(self) >= _LIMIT:
            self.clear()
        found = self[beginning] = self._work_out(beginning.decode("latin-1").lstrip(EDGE)) if beginning else None
        return found

    def of_message(self, message: str) -> tuple[Wording, ...]:
        """Return the wordings that a message, already read, can be an instance of."""
        found = self[message[:HEAD_LENGTH].encode("latin-1", "replace")]
        return found.wordings if found else ()

    def _work_out(self, text: str) -> Candidates | None:
        plain = _BLANKS.sub(" ", text)
        wordings = sorted(self._catalogue.matching(plain), key=_by_weight)
        user_words = tuple(self._user.matching(plain))
        is_open = self._read_all or _is_hidden(text)
        return Candidates(tuple(wordings), user_words, is_open) if wordings or user_words or is_open else None


class Tables:
    """The tables of a catalogue, made when they are asked for, and the same for all who read logs with it.

    Lanes may use them at once: what one of them adds the others would come to as well. What records were found to say
    is shared, too: the logs of all sites speak of the same packages.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._messages = tuple(message for message in catalogue.messages if message.is_matched)
        self._user = catalogue.user
        self._made: dict[frozenset[str], Dispatch] = {}
        self._memos: dict[str, Memo] = {}

    def of_log(self, log: str) -> Dispatch:
        """Return the table for a log: one and the same, but for templates of the configuration file for that log."""
        user = [each for each in self._user if each.source.log in {"", log}]
        names = frozenset(each.source.name for each in user)
        table = self._made.get(names)
        if table is None:
            table = self._made[names] = Dispatch(
                self._messages,
                [each.template for each in user if each.template],
                read_all=any(each.template is None for each in user),
            )
        return table

    def memo(self, code_page: str) -> Memo:
        """Return what is remembered of records that are read in a code page."""
        return self._memos.setdefault(code_page, Memo())


def _rarest(template: Template, known: Counter[str]) -> bytes:
    """Return the word of a template, if possible behind its head, that fewest templates have."""
    rank = {word: (word in template.head, len(word) < _SHORT, known[word], -len(word)) for word in template.words}
    return min(rank, key=rank.__getitem__, default="").encode("ascii")


def _by_weight(wording: Wording) -> tuple[int, str]:
    return -wording.template.weight, wording.message.name


def _is_hidden(text: str) -> bool:
    """Tell whether a line that begins so may hold a message that begins otherwise, or a status message."""
    return (
        not "!" <= text[:1] <= "~"
        or text.startswith((CCM_START, MARK[: len(text)]))
        or _COMPONENT.fullmatch(text) is not None
    )


_Item = TypeVar("_Item")


class _Heads(Generic[_Item]):
    """Things that have a template, by the beginnings of its instances."""

    def __init__(self, items: Iterable[tuple[Template, _Item]]) -> None:
        self._whole: dict[str, list[_Item]] = {}
        self._cut: dict[str, list[_Item]] = {}
        self._without: list[tuple[regex.Pattern[str], _Item]] = []
        for template, item in items:
            head = template.head
            if not head:
                self._without.append((regex.compile(template.expression), item))
                continue
            self._whole.setdefault(head, []).append(item)
            for length in range(1, len(head) + 1):
                self._cut.setdefault(head[:length], []).append(item)

    def matching(self, text: str) -> list[_Item]:
        """Return those that have an instance that begins with a text of at most `HEAD_LENGTH` characters."""
        found = list(self._cut.get(text, ()))
        for length in range(1, len(text)):
            found += self._whole.get(text[:length], ())
        # A template that begins with a placeholder costs nothing on lines whose beginning does not fit it.
        found += [item for pattern, item in self._without if pattern.fullmatch(text, partial=True)]
        return found
