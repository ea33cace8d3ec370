"""Units whose lines stand together, told at once: nearly all of a backlog, for one file is handled after another.

A unit among whose lines another event stands, or that takes another course, is put together line by line (`units`).
Both come to the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Final

from exporter.events.event import Event
from exporter.replication.fields import integer, text
from exporter.replication.units import NAMELESS, Unit, definition_in

_FIRST: Final = "incoming_file"
_LAST: Final = "package_unlocked"
_APPLIED: Final = [_FIRST, "package_locked", "contents_added", "package_info_updated", _LAST]
_BLOCKED: Final = [*_APPLIED[:-1], NAMELESS, "package_program_not_updated", _LAST]
_CONTENTS, STORED, _LACKED, _FAILED = 2, 3, 4, 5  # places in these

_MOST: Final = 256
_name, _fields, _log, _thread = (itemgetter(Event._fields.index(name)) for name in ("name", "fields", "log", "thread"))


class Wholes:
    """Finds units of which no line but their own stands between their first and last.

    It remembers what the words of a unit came to: a definition is tried again and again.
    """

    def __init__(self) -> None:
        self._told: dict[tuple[object, int], tuple[list[Mapping[str, str | int]], Unit]] = {}

    def find(self, events: Sequence[Event]) -> Iterator[tuple[int, Unit]]:
        """Find the whole units among some events, in their order.

        Returns:
            Where each begins, and the unit, all of whose lines are `fresh`. It is to be taken before the next one is
            asked for: a definition that is tried again is told by the same unit.
        """
        # 80 ns a line of a log with all that follows; going over the lines of each unit from Python took 140.
        names, threads, logs = [*map(_name, events)], [*map(_thread, events)], [*map(_log, events)]
        begin = -1
        for _ in range(names.count(_FIRST) if logs.count(logs[0]) == len(logs) else 0):
            begin = names.index(_FIRST, begin + 1)
            for course in (_BLOCKED, _APPLIED):
                end = begin + len(course)
                if names[begin:end] == course and threads[begin:end].count(threads[begin]) == len(course):
                    unit = self._unit(events[begin:end])
                    if unit is not None:
                        yield begin, unit

    def _unit(self, lines: Sequence[Event]) -> Unit | None:
        """Return the unit that lines of one thread are, or None when they are not of one package."""
        fields = [*map(_fields, lines)]
        time = lines[-1].time
        key = fields[-1].get("package"), len(lines)
        known = self._told.get(key)
        # Words that came before have the very same fields, which is told without looking into them.
        unit = known[1] if known is not None and known[0] == fields else _read(lines)
        if unit is None or time is None:
            return None
        if known is None or known[1] is not unit:
            if len(self._told) >= _MOST:
                self._told.clear()
            self._told[key] = fields, unit
        unit.last, unit.lines, unit.fresh = time, (), list(lines)
        if unit.program_failed:
            lacked = lines[_LACKED].time
            unit.failed_at = lacked if lacked is not None else lines[_FAILED].time
        return unit


def _read(lines: Sequence[Event]) -> Unit | None:
    """Return what the words of some lines come to."""
    package, definition = lines[-1].fields.get("package"), definition_in(text(lines[0], "file"))
    named = [event.fields.get("package") for event in lines[1:] if event.name != NAMELESS]
    if not isinstance(package, str) or not definition or named.count(package) != len(named):
        return None
    unit = Unit(definition, package, begun=True, version=integer(lines[_CONTENTS], "version"), stored=True)
    if len(lines) == len(_BLOCKED):
        unit.lack(lines[_LACKED])
        unit.fail_program(lines[_FAILED])
    return unit
