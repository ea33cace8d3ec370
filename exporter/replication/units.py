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

import ntpath
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from exporter.events.event import Event
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
_NAMELESS = "program_reference_missing"
"""The line that names another package than its unit's: the one that is missing."""
_PROOFS = _FAILED_ELSEWHERE | {"program_reference_missing", "package_program_not_updated", "newer_version_required"}
_TELLING = _PROOFS | {"contents_added", "package_info_updated"}
LINES: Final = _OPENS_LOOSE | {"incoming_file", "contents_added", "package_unlocked"}
"""Names of the events that a unit is made of."""


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
    lines: list[tuple[bool, Evidence]] = field(default_factory=list)
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
        if len(self.fresh) > MAX_EVIDENCE:
            self.settle()
        if event.name in _TELLING:
            self._note(event)

    def settle(self) -> None:
        """Keep what is to be kept of the fresh lines."""
        for event in self.fresh:
            self.lines.append((event.name in _PROOFS, evidence_of(event)))
            if len(self.lines) > MAX_EVIDENCE:
                # A line that proves a failure outlives those that only show the unit's course.
                plain = [i for i, (proves, _) in enumerate(self.lines[:-1]) if not proves]
                del self.lines[plain[-1] if plain else -1]
        self.fresh.clear()

    def _note(self, event: Event) -> None:
        """Note what a line tells besides that it was written."""
        name = event.name
        if name == "contents_added":
            self.version = integer(event, "version")
        elif name == "package_info_updated":
            self.stored = True
        elif name == "program_reference_missing":
            self._lack(Reference(text(event, "package"), text(event, "program")), event.time)
        elif name == "package_program_not_updated":
            self._fail_program(integer(event, "error"), event.time)
        elif name == "newer_version_required":
            self.skipped = True
            self.definition = self.definition or base_name(text(event, "file")) or None
        elif name in _FAILED_ELSEWHERE:
            self.failed = True
            if name == "package_server_not_updated":
                self.refused = evidence_of(event)

    def _lack(self, reference: Reference, time: float | None) -> None:
        if self.failed_at is None:
            self.failed_at = time
        if reference not in self.missing and len(self.missing) < MAX_REFERENCES:
            self.missing += (reference,)

    def _fail_program(self, error: int | None, time: float | None) -> None:
        if self.failed_at is None:
            self.failed_at = time
        self.program_failed = True
        self.error = error

    @property
    def outcome(self) -> Outcome:
        """How it ended, once its last line was seen."""
        if self.missing or self.program_failed:
            return _BLOCKED
        if self.skipped:
            return _SKIPPED
        if self.failed:
            return _FAILED
        return _APPLIED if self.begun and self.package else _UNKNOWN


class Ended(NamedTuple):
    """A unit that is over, and how."""

    unit: Unit
    outcome: Outcome


@dataclass(slots=True)
class Units:
    """The open units of one site, oldest first."""

    open: dict[tuple[str, int | None], Unit] = field(default_factory=dict)

    def take(self, event: Event) -> Sequence[Ended]:
        """Take one line of a unit (`LINES`); return the units that it ended, in their order."""
        name, key = event.name, (event.log, event.thread)
        if name == "incoming_file":
            return self._begin(event)
        unit = self.open.get(key)
        if unit is None or not unit.begun:
            return self._take_loose(event, unit)
        named = event.fields.get("package")
        if named != unit.package and name != _NAMELESS:
            if unit.package:
                return self._foreign(event, unit, text(event, "package"))
            # In text without threads the contents of another package may be written between the lines of this unit.
            if key[1] is None and name == "contents_added":
                return ()
            unit.package = text(event, "package")
        unit.add(event)
        if name != "package_unlocked":
            return ()
        del self.open[key]
        return (Ended(unit, unit.outcome),)

    def _take_loose(self, event: Event, unit: Unit | None) -> list[Ended]:
        """Take a line of a unit whose beginning was not seen."""
        named = "" if event.name == _NAMELESS else text(event, "package")
        if unit is not None and named and unit.package and named != unit.package:
            return self._foreign(event, unit, named)
        ended: list[Ended] = []
        if unit is None or _starts_another(unit, event):
            if event.name not in _OPENS_LOOSE:
                return []
            ended = self._close_open(event)
            unit = self._open(event, Unit(None, named, begun=False), ended)
        if named and not unit.package and (event.thread is not None or event.name != "contents_added"):
            unit.package = named
        elif named != unit.package and event.name == "contents_added":
            return ended
        unit.add(event)
        return ended + self._end(event, unit)

    def interrupted(self, log: str) -> list[Ended]:
        """Close the open units of one log: lines were lost, or the component started anew."""
        return [Ended(self.open.pop(key), _UNKNOWN) for key in [key for key in self.open if key[0] == log]]

    def settle(self) -> None:
        """Keep what is to be kept of the open units' fresh lines."""
        for unit in self.open.values():
            unit.settle()

    def joins(self, event: Event) -> Unit | None:
        """Return the open unit of the line's thread."""
        return self.open.get(key_of(event))

    def _begin(self, event: Event) -> list[Ended]:
        ended = self._close_open(event)
        file = base_name(text(event, "file"))
        if file.upper().endswith(_DEFINITION):
            self._open(event, Unit(file, "", begun=True), ended).add(event)
        return ended

    def _open(self, event: Event, unit: Unit, ended: list[Ended]) -> Unit:
        if len(self.open) >= MAX_OPEN:
            # Package processing threads may leave loose units behind; they must not push out a real one.
            loose = (key for key, other in self.open.items() if not other.begun)
            ended.append(Ended(self.open.pop(next(loose, next(iter(self.open)))), _UNKNOWN))
        self.open[key_of(event)] = unit
        return unit

    def _close_open(self, event: Event) -> list[Ended]:
        unit = self.open.pop(key_of(event), None)
        return [] if unit is None else [Ended(unit, _UNKNOWN)]

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
        ended = self._close_open(event)
        other = self._open(event, Unit(None, named, begun=False), ended)
        if failing and unit.missing and not unit.program_failed:
            # The reference line does not say whose it is; the line that follows it does.
            other.missing = unit.missing[-1:]
            unit.settle()
            other.lines = [line for line in unit.lines if line[0]][-1:]
        other.add(event)
        return ended + self._end(event, other)

    def _end(self, event: Event, unit: Unit) -> list[Ended]:
        """End a unit at its last line; a loose one at the line that states its failure, whose end may be missing."""
        if event.name != "package_unlocked" and (unit.begun or not unit.program_failed):
            return []
        del self.open[key_of(event)]
        return [Ended(unit, unit.outcome)]


def _starts_another(unit: Unit, event: Event) -> bool:
    """Whether the line belongs to a later unit than the open one, both loose: each failing try names its reference."""
    return not unit.begun and event.name == "program_reference_missing" and bool(unit.missing)


def is_own_start(event: Event) -> bool:
    """Whether a line tells that the distribution manager started, and not another component that shares its log."""
    return event.name != "component_started" or text(event, "component") in {"", DISTRIBUTION_MANAGER}


def key_of(event: Event) -> tuple[str, int | None]:
    """Return what joins the lines of one thread."""
    return event.log, event.thread


@lru_cache(maxsize=1024)  # the same definition is tried again and again
def base_name(path: str) -> str:
    """Return the last part of a path as Windows writes it, without the full stop that ends the sentence around it."""
    return ntpath.basename(path.strip()).rstrip(".")


def server_of(nal_path: str) -> str:
    r"""Return the server that a NAL path names last, as in `["Display=\\DP1\\"]MSWNET:["SMS_SITE=PS1"]\\\\DP1\\`."""
    return nal_path.rpartition("]")[2].strip("\\ .…").partition("\\")[0]


def text(event: Event, name: str) -> str:
    """Return a field as text, "" when the line lacks it."""
    value = event.fields.get(name, "")
    return value if isinstance(value, str) else str(value)


def integer(event: Event, name: str) -> int | None:
    """Return a field as a number, None when the line lacks it or has a word there (`version <x>` in an article)."""
    value = event.fields.get(name)
    if isinstance(value, int):
        return value
    try:
        return None if value is None else int(value)
    except ValueError:
        return None
