"""What the catalogue knows of a message, as plain data: for the matcher, for pages and for documentation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from exporter.events.templates import Template


class MessageKind(StrEnum):
    """What a message says of the work it belongs to."""

    START = "start"
    PROGRESS = "progress"
    SUCCESS = "success"
    INFO = "info"
    RETRY = "retry"
    ERROR = "error"
    ROOT_CAUSE = "root-cause"


class Era(StrEnum):
    """Versions of the product whose logs hold a message."""

    SMS1 = "sms1"
    SMS2 = "sms2"
    SMS2003 = "sms2003"
    CM2007 = "cm2007"
    CM2012 = "cm2012"
    CURRENT_BRANCH = "cb"


class Certainty(StrEnum):
    """How well a wording or meaning is known. An unconfirmed wording is documented but never matched."""

    CONFIRMED = "confirmed"
    INFERRED = "inferred"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a component.

    Attributes:
        name: the name of its events.
        log: the log that the message belongs to (`distmgr`), or `common`.
        components: the components that write it; empty for any.
        templates: its wordings, the most specific first.
        meaning: what it says, for an administrator.
        eras: versions of the product it was seen in.
        sources: where the wording comes from: addresses, or words where there is none.
        example: a line that it matches, with the fields of its event.
        seen: the real excerpt that holds the message, or "".
        where: file and line of the entry, for messages about it.
    """

    name: str
    log: str
    components: frozenset[str]
    templates: tuple[Template, ...]
    meaning: str
    kind: MessageKind
    eras: tuple[Era, ...]
    sources: tuple[str, ...]
    certainty: Certainty
    example: str
    fields: Mapping[str, str | int]
    seen: str
    where: str

    @property
    def is_matched(self) -> bool:
        """Whether lines are compared with it."""
        return self.certainty is not Certainty.UNCONFIRMED


@dataclass(frozen=True, slots=True)
class StatusMessage:
    """One status message that matters here.

    Attributes:
        number: its ID.
        name: a name for it, as messages of logs have.
        component: who reports it.
        seen: the real excerpt that holds one, or "".
        names_package: whether its first insertion string is the name of the package.
    """

    number: int
    name: str
    component: str
    meaning: str
    kind: MessageKind
    sources: tuple[str, ...]
    certainty: Certainty
    seen: str
    names_package: bool
