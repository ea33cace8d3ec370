"""Failing tries that a success in another log ends.

A site writes several logs, and they are read one after another or as they grow: "content has not arrived" stands in
distmgr.log, "stored" in despool.log. So that the order of reading does not change the state, the times of the tries
are kept, and a success ends those that are not later than it, whichever is read first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from exporter.events.event import Event
from exporter.replication.limits import MAX_EVIDENCE, MAX_TRIES, earliest, evidence_of, latest
from exporter.replication.state import Evidence

Try = tuple[float | None, int | None]
"""Log time of a failing try, and the version that it wanted, each when known."""


class Standing(Protocol):
    """A finding that stands while tries fail."""

    since: float | None
    last_seen: float | None
    attempts: int
    evidence: tuple[Evidence, ...]


def add_try(finding: Standing, tries: list[Try], event: Event, version: int | None = None) -> None:
    """Count one more failing try. The newest lines are its evidence."""
    tries.insert(_place([time for time, _ in tries], event.time), (event.time, version))
    if len(tries) > MAX_TRIES:
        del tries[0]
    lines = list(finding.evidence)
    lines.insert(_place([line.time for line in lines], event.time), evidence_of(event))
    finding.evidence = tuple(lines[-MAX_EVIDENCE:])
    finding.since = earliest(finding.since, event.time)
    finding.last_seen = latest(finding.last_seen, event.time)
    finding.attempts += 1


def _place(times: Sequence[float | None], time: float | None) -> int:
    """Return where a line belongs by its time: nearly always at the end, but two logs may tell of one finding."""
    place = len(times)
    while place and time is not None and (before := times[place - 1]) is not None and before > time:
        place -= 1
    return place


def end_tries(finding: Standing, tries: list[Try], ended: Callable[[Try], bool]) -> bool:
    """Take away the tries that a success ended; return whether none is left.

    Exact while no more than `MAX_TRIES` were seen. Of more, the oldest are not known one by one: if the success falls
    among those, the finding is taken to stand since the oldest that is known.
    """
    left = [attempt for attempt in tries if not ended(attempt)]
    if not left:
        return True
    forgotten = finding.attempts > len(tries)
    if len(left) == len(tries) and not (forgotten and ended((finding.since, None))):
        return False
    tries[:] = left
    times = [time for time, _ in left]
    known = [time for time in times if time is not None]
    finding.since = min(known, default=None)
    finding.last_seen = max(known, default=None)
    finding.attempts = len(left)
    finding.evidence = tuple(line for line in finding.evidence if line.time in times)
    return False
