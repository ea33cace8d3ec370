"""An event: one log line whose meaning the catalogue knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

USER_PREFIX: Final = "user:"
"""What the names of events begin with whose template stands in the configuration file."""


class Event(NamedTuple):
    """What one line of a log says; a named tuple, because making one takes a third of a frozen dataclass's time.

    Attributes:
        name: the catalogue's name of the message, such as `program_reference_missing`.
        fields: the values of the placeholders, by name; `{int}` and `{hex}` placeholders are integers,
            unless the line has a documentation placeholder such as `<x>` there, which stays text.
        log: the log's name without folder and suffix, lower case (`distmgr`).
        file: the file that held the line.
        line: number of the record's first line in that file, from 1.
        time: POSIX seconds in UTC, or None when the line has no stamp or its zone is not known.
        thread: the thread that wrote the line, or None when the text lacks it.
        component: the component that wrote the line, or "" when the text lacks it.
        text: the message as the log has it, decoded, without the stamp.
    """

    name: str
    fields: Mapping[str, str | int]
    log: str
    file: str
    line: int
    time: float | None
    thread: int | None
    component: str
    text: str
