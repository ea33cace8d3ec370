"""Lines of one unit of work on an incoming definition, joined by the thread that wrote them.

A unit is opened by "Processing incoming file ... .PKG", named by the first line that names its package and closed by
"Removing package P from the active package array". One replication thread handles the incoming files one after
another, and package processing threads write between its lines; so lines are joined by log and thread, or by their
order alone in text that lacks threads.

A unit whose beginning was not seen (the log starts in the middle, or a person pasted the failing lines only) is
*loose*. Its failing lines state the failure by themselves, so it can show a block; the lines that would have shown one
may be missing, so it never is an all-clear. Package processing threads lock packages too, and look like this.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from exporter.events.event import Event
from exporter.replication.fields import base_name, integer, key_of, text
from exporter.replication.limits import MAX_EVIDENCE, MAX_OPEN, MAX_REFERENCES, evidence_of
from exporter.replication.state import Evidence, Outcome, Reference

# Before Python 3.12, looking a member up in its enum costs as much as five calls.
_APPLIED, _BLOCKED, _SKIPPED, _FAILED, _UNKNOWN = (
    Outcome.APPLIED,
    Outcome.BLOCKED,
    Outcome.SKIPPED,
    Outcome.FAILED,
    Outcome.UNKNOWN,
)

_DEFINITION = ".PKG"
DISTRIBUTION_MANAGER: Final = "SMS_DISTRIBUTION_MANAGER"

_FAILED_ELSEWHERE = frozenset({"package_not_updated", "package_server_not_updated"})
_OPENS_LOOSE = _FAILED_ELSEWHERE | {
    "package_locked",
    "package_info_updated",
    "program_reference_missing",
    "package_program_not_updated",
    "newer_version_required",
}
NAMELESS: Final = "program_reference_missing"
"""The line that names another package than its unit's: the one that is missing."""
_PROOFS = _FAILED_ELSEWHERE | {"program_reference_missing", "package_program_not_updated", "newer_version_required"}
LINES: Final = _OPENS_LOOSE | {"contents_added", "package_unlocked"}
"""Names of the events that a unit is made of, but the one that it begins with."""


@dataclass(slots=True)
class Unit:
    """One try to store one definition.

    Attributes:
        definition: name of the `.PKG` file, or None when no line told it.
        package: the package that the definition describes, or "" while no line has named it.
        begun: whether its first line was seen.
        version: the version of the definition, as "Adding these contents" tells it.
        stored: whether the package's own row was written ("Updated replicated package info").
        missing: the references that its inserts lacked.
        program_failed: whether "Cannot update the package program" was seen, `error` being its code.
        failed: whether it failed at the package's row or at a distribution point's.
        skipped: whether it was put off because content of a newer version has not come.
        failed_at: log time of the first line that shows the program step failing.
        last: log time of its latest line.
        lines: its lines, each with whether it proves a failure, but those that are `fresh`.
        refused: the line that says that a distribution point's row was refused.
        fresh: its latest lines, as events, for most units are over and forgotten before anybody asks for their lines.
    """

    definition: str | None
    package: str
    begun: bool
    version: int | None = None
    stored: bool = False
    missing: tuple[Reference, ...] = ()
    program_failed: bool = False
    error: int | None = None
    failed: bool = False
    skipped: bool = False
    failed_at: float | None = None
    last: float | None = None
    lines: tuple[tuple[bool, Evidence], ...] = ()
    refused: Evidence | None = None
    fresh: list[Event] = field(default_factory=list, init=False)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Its lines in the order of the log."""
        self.settle()
        return tuple([line for _, line in self.lines])

    def add(self, event: Event) -> None:
        """Take one of its lines."""
        if event.time is not None:
            self.last = event.time
        self.fresh.append(event)
        note = _NOTES.get(event.name)
        if note is not None:
            note(self, event)

    def settle(self) -> None:
        """Keep what is to be kept of the fresh lines; after every block of a log at the latest."""
        lines = list(self.lines)
        for event in self.fresh:
            lines.append((event.name in _PROOFS, evidence_of(event)))
            if len(lines) > MAX_EVIDENCE:
                # A line that proves a failure outlives those that only show the unit's course.
                plain = [i for i, (proves, _) in enumerate(lines[:-1]) if not proves]
                del lines[plain[-1] if plain else -1]
        self.lines = tuple(lines)
        self.fresh.clear()

    def add_contents(self, event: Event) -> None:
        """Note the version that "Adding these contents" tells."""
        self.version = integer(event, "version")

    def store(self, _: Event) -> None:
        """Note that the package's own row is written."""
        self.stored = True

    def lack(self, event: Event) -> None:
        """Note a reference that an insert lacked."""
        if self.failed_at is None:
            self.failed_at = event.time
        reference = _reference(text(event, "package"), text(event, "program"))
        if reference not in self.missing and len(self.missing) < MAX_REFERENCES:
            self.missing += (reference,)

    def fail_program(self, event: Event) -> None:
        """Note that the program step failed."""
        if self.failed_at is None:
            self.failed_at = event.time
        self.program_failed = True
        self.error = integer(event, "error")

    def skip(self, event: Event) -> None:
        """Note that it is put off, and what its file is called."""
        self.skipped = True
        self.definition = self.definition or base_name(text(event, "file")) or None

    def fail(self, _: Event) -> None:
        """Note that it failed at another step."""
        self.failed = True

    def refuse(self, event: Event) -> None:
        """Note that it failed at a distribution point's row."""
        self.failed = True
        self.refused = evidence_of(event)

    @property
    def outcome(self) -> Outcome:
        """How it ended, once its last line was seen."""
        if self.program_failed or self.missing:
            return _BLOCKED
        if self.skipped:
            return _SKIPPED
        if self.failed:
            return _FAILED
        return _APPLIED if self.begun and self.package else _UNKNOWN


_NOTES: Final[dict[str, Callable[[Unit, Event], None]]] = {
    "contents_added": Unit.add_contents,
    "package_info_updated": Unit.store,
    "program_reference_missing": Unit.lack,
    "package_program_not_updated": Unit.fail_program,
    "newer_version_required": Unit.skip,
    "package_not_updated": Unit.fail,
    "package_server_not_updated": Unit.refuse,
}
"""What is noted of the lines that tell something besides that they were written."""

Ended = tuple[Unit, Outcome]
"""A unit that is over, and how."""


@dataclass(slots=True)
class Units:
    """The open units of one site, oldest first."""

    open: dict[tuple[str, int | None], Unit] = field(default_factory=dict)

    def take(self, event: Event) -> Sequence[Ended]:
        """Take one line of a unit (`LINES`); return the units that it ended, in their order."""
        name, fields, log, _, _, _, thread, _, _ = event
        unit = self.open.get((log, thread))
        if unit is None or not unit.begun:
            return self._take_loose(event, unit)
        if fields.get("package") != unit.package and name != NAMELESS:
            if unit.package:
                return self._foreign(event, unit, text(event, "package"))
            # In text without threads the contents of another package may be written between the lines of this unit.
            if thread is None and name == "contents_added":
                return ()
            unit.package = text(event, "package")
        unit.add(event)
        return self._end(event, unit)

    def _take_loose(self, event: Event, unit: Unit | None) -> list[Ended]:
        """Take a line of a unit whose beginning was not seen."""
        named = "" if event.name == NAMELESS else text(event, "package")
        if unit is not None and named and unit.package and named != unit.package:
            return self._foreign(event, unit, named)
        ended: list[Ended] = []
        if unit is None or _starts_another(unit, event):
            if event.name not in _OPENS_LOOSE:
                return []
            ended = self.close(event)
            unit = self._open(event, Unit(None, named, begun=False), ended)
        if named and not unit.package and (event.thread is not None or event.name != "contents_added"):
            unit.package = named
        elif named != unit.package and event.name == "contents_added":
            return ended
        unit.add(event)
        return ended + self._end(event, unit)

    def interrupted(self, log: str) -> list[Ended]:
        """Close the open units of one log: lines were lost, or the component started anew."""
        return [(self.open.pop(key), _UNKNOWN) for key in [key for key in self.open if key[0] == log]]

    def settle(self) -> None:
        """Keep what is to be kept of the open units' fresh lines."""
        for unit in self.open.values():
            unit.settle()

    def joins(self, event: Event) -> Unit | None:
        """Return the open unit of the line's thread."""
        return self.open.get(key_of(event))

    def begin(self, event: Event) -> list[Ended]:
        """Take the line that an incoming file is worked on; return the unit that was not seen to end."""
        ended = self.close(event)
        file = definition_in(text(event, "file"))
        if file:
            self._open(event, Unit(file, "", begun=True), ended).add(event)
        return ended

    def _open(self, event: Event, unit: Unit, ended: list[Ended]) -> Unit:
        if len(self.open) >= MAX_OPEN:
            ended.append(self._push_out())
        self.open[key_of(event)] = unit
        return unit

    def _push_out(self) -> Ended:
        # Package processing threads may leave loose units behind; they must not push out a real one.
        loose = (key for key, other in self.open.items() if not other.begun)
        return self.open.pop(next(loose, next(iter(self.open)))), _UNKNOWN

    def close(self, event: Event) -> list[Ended]:
        """Close the open unit of the line's thread, whose end was not seen."""
        unit = self.open.pop(key_of(event), None)
        return [] if unit is None else [(unit, _UNKNOWN)]

    def _foreign(self, event: Event, unit: Unit, named: str) -> list[Ended]:
        """Take a line about another package than the open unit's.

        A thread works on one package at a time, so the end of the open unit was not seen. Without threads it is more
        likely a line of a package processing thread; only "Cannot update the package program" cannot be that.
        """
        if event.name not in _OPENS_LOOSE:
            return []
        failing = event.name == "package_program_not_updated"
        if event.thread is None and not failing:
            return []
        ended = self.close(event)
        other = self._open(event, Unit(None, named, begun=False), ended)
        if failing and unit.missing and not unit.program_failed:
            # The reference line does not say whose it is; the line that follows it does.
            other.missing = unit.missing[-1:]
            unit.settle()
            other.lines = tuple([line for line in unit.lines if line[0]][-1:])
        other.add(event)
        return ended + self._end(event, other)

    def _end(self, event: Event, unit: Unit) -> list[Ended]:
        """End a unit at its last line; a loose one at the line that states its failure, whose end may be missing."""
        if event.name != "package_unlocked" and (unit.begun or not unit.program_failed):
            return []
        del self.open[key_of(event)]
        return [(unit, unit.outcome)]


def _starts_another(unit: Unit, event: Event) -> bool:
    """Whether the line belongs to a later unit than the open one, both loose: each failing try names its reference."""
    return not unit.begun and event.name == "program_reference_missing" and bool(unit.missing)


def is_own_start(event: Event) -> bool:
    """Whether a line tells that the distribution manager started, and not another component that shares its log."""
    return event.name != "component_started" or text(event, "component") in {"", DISTRIBUTION_MANAGER}


# The same definition is tried again and again, and lacks the same reference.
_reference = lru_cache(maxsize=1024)(Reference)


@lru_cache(maxsize=1024)
def definition_in(path: str) -> str:
    """Return the name of the file when it is a definition, else ""."""
    file = base_name(path)
    return file if file.upper().endswith(_DEFINITION) else ""
