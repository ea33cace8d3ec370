"""What begins and what ends: two reports compared, and the latest of such changes kept for whoever asks.

A client asks for all that came after the cursor it was given last. Cursors grow, over restarts too: the first one is
the time of the start. Changes are kept in memory and are bounded in number; a client that asks too late, or with a
cursor from before a restart, is told that it missed some, and reads the whole state instead.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Final

from exporter.replication.state import Reference
from exporter.report.hierarchy import Report

MAX_CHANGES: Final = 2_000


class What(StrEnum):
    """What a change is about."""

    BLOCK = "block"
    WAIT = "wait"
    SOURCE_ERROR = "source_error"


class Turn(StrEnum):
    """Which way it went."""

    BEGAN = "began"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Standing:
    """One thing that is stuck, as far as a change tells of it.

    Attributes:
        what: what it is.
        site: where.
        package: the task sequence that is blocked, or the package whose content is late or source unreadable.
        reason: for late content and sources, why; else "".
        from_site: for late content, where it should come from; else "".
        since: log time at which it began, as far as it is known.
        missing: for a block, what it waits for.
    """

    what: What
    site: str
    package: str
    reason: str = ""
    from_site: str = ""
    since: float | None = None
    missing: tuple[Reference, ...] = ()

    @property
    def key(self) -> tuple[What, str, str, str, str]:
        """What makes it the same one in another report."""
        return self.what, self.site, self.package, self.reason, self.from_site


@dataclass(frozen=True, slots=True)
class Change:
    """Something began or ended.

    Attributes:
        cursor: its place among all changes.
        turn: which way it went.
        standing: what began, or what stood last before it ended.
        noticed: wall time at which it was seen, POSIX seconds. Log lines tell when a thing began, not when it ended.
    """

    cursor: int
    turn: Turn
    standing: Standing
    noticed: float


@dataclass(frozen=True, slots=True)
class Page:
    """Changes after a cursor.

    Attributes:
        changes: oldest first.
        cursor: to ask with next.
        missed: whether some that came after the cursor are no longer known.
        more: whether there are more than these.
    """

    changes: Sequence[Change]
    cursor: int
    missed: bool
    more: bool


def standing_in(report: Report) -> Iterator[Standing]:
    """Give all that is stuck in a report."""
    for code, site in report.sites.items():
        for error in site.source_errors:
            yield Standing(What.SOURCE_ERROR, code, error.package, error.reason.value, since=error.since)
        for waiting in site.waiting:
            yield Standing(
                What.WAIT, code, waiting.package, waiting.reason.value, waiting.from_site, since=waiting.since
            )
        for block in site.blocked:
            yield Standing(What.BLOCK, code, block.task_sequence, since=block.since, missing=block.missing)


class History:
    """The latest changes.

    Args:
        start: wall time of the start, POSIX seconds.
        limit: how many changes are kept.
    """

    def __init__(self, start: float, limit: int = MAX_CHANGES) -> None:
        # Milliseconds: there would have to be a thousand changes in each second for a restart to give one out twice.
        self._start = self._cursor = self._oldest = int(start * 1000)
        self._changes: deque[Change] = deque(maxlen=limit)
        self._standing: Mapping[tuple[What, str, str, str, str], Standing] = {}

    @property
    def cursor(self) -> int:
        """Cursor of the latest change."""
        return self._cursor

    @property
    def latest_first(self) -> Iterator[Change]:
        """All changes that are known."""
        return reversed(self._changes)

    def note(self, report: Report, now: float) -> None:
        """Note what differs from the report before; ends go before beginnings.

        The first report is compared with a hierarchy in which nothing is stuck, so that all changes, put together,
        give the present state.
        """
        standing = {thing.key: thing for thing in standing_in(report)}
        for key, thing in self._standing.items():
            if key not in standing:
                self._add(Turn.ENDED, thing, now)
        for key, thing in standing.items():
            if key not in self._standing:
                self._add(Turn.BEGAN, thing, now)
        self._standing = standing

    def _add(self, turn: Turn, thing: Standing, now: float) -> None:
        self._cursor += 1
        if len(self._changes) == self._changes.maxlen:
            self._oldest = self._changes[0].cursor
        self._changes.append(Change(self._cursor, turn, thing, now))

    def after(self, cursor: int | None, limit: int) -> Page:
        """Return the changes after a cursor, or since the start without one, at most so many."""
        cursor = self._start if cursor is None else cursor
        # A cursor that was never given out is of another time: the clock may have been put back.
        missed = not self._oldest <= cursor <= self._cursor
        later = (change for change in self._changes if missed or change.cursor > cursor)
        found = list(islice(later, limit + 1))
        more = len(found) > limit
        found = found[:limit]
        return Page(found, found[-1].cursor if more else self._cursor, missed, more)
