"""A text that somebody pasted: lines without stamps stand alone, and long ones were wrapped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from exporter.events.event import Event
from exporter.events.interpreter import MAX_JOINED, Interpreter, Source
from exporter.events.statmsg import MARK, continues, is_whole
from exporter.logs.records import RecordReader, Segments

MAX_WRAPPED: Final = 4
"""Lines that any other message than a status message may have been wrapped to."""


class Pasted:
    """Finds the events of pasted text.

    Args:
        reader: reads records.
        interpreter: finds what they say.
    """

    def __init__(self, reader: RecordReader, interpreter: Interpreter) -> None:
        self._reader = reader
        self._interpreter = interpreter

    def events(self, segments: Segments, source: Source) -> tuple[list[Event], list[bool]]:
        """Return the events, and tell of each record whether it gave none."""
        raws, lines = segments.raws, segments.lines
        events: list[Event] = []
        unknown = [True] * len(raws)
        at = 0
        while at < len(raws):
            found, used = self._unwrapped(raws, lines, at, source)
            if found:
                events += found
                unknown[at : at + used] = [False] * used
            at += used
        return events, unknown

    def _unwrapped(
        self, raws: Sequence[bytes], lines: Sequence[int], at: int, source: Source
    ) -> tuple[list[Event], int]:
        """Return the events that begin at a line of a pasted text, and how many lines they take."""
        record = self._reader.parse(raws[at], source.file, lines[at])
        if record.message.startswith(MARK):
            used = _statmsg_lines(record.message, raws, lines, at)
            record = self._reader.parse(b"\n".join(raws[at : at + used]), source.file, lines[at])
            event = self._interpreter.event_of(record, None, source)
            return ([event] if event else []), used
        event = self._interpreter.event_of(record, None, source)
        if event is not None:
            return [event], 1
        if b"\n" in raws[at]:
            return list(self._interpreter.glued(raws[at], lines[at], source)), 1
        if not record.message or source.table.of_message(record.message):
            for used in range(2, MAX_WRAPPED + 1):
                if not _follow(lines, at, used):
                    break
                record = self._reader.parse(b"\n".join(raws[at : at + used]), source.file, lines[at])
                event = self._interpreter.event_of(record, source.table.of_message(record.message), source)
                if event is not None:
                    return [event], used
        return [], 1


def _follow(lines: Sequence[int], at: int, count: int) -> bool:
    """Tell whether the last of so many records stands right below the others."""
    return at + count <= len(lines) and lines[at + count - 1] == lines[at] + count - 1


def _statmsg_lines(message: str, raws: Sequence[bytes], lines: Sequence[int], at: int) -> int:
    """Return over how many lines of a pasted text a status message is wrapped."""
    used = 1
    while not is_whole(message) and used < MAX_JOINED and _follow(lines, at, used + 1):
        further = raws[at + used].decode("latin-1")
        if not continues(further):
            break
        message += "\n" + further
        used += 1
    return used
