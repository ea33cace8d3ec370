"""Budgets of the state: a log that repeats itself for years, or lies, must not grow the process."""

from __future__ import annotations

from collections.abc import Sequence

from exporter.events.event import Event
from exporter.replication.state import Evidence, SiteState, Tally

MAX_PACKAGES = 10_000
"""Packages of one site that anything is kept about. Large hierarchies hold a few thousand."""

MAX_FACTS = 64
"""Facts of one package: thirteen kinds, and five more for each child site."""

MAX_ALL_FACTS = 100_000
"""Facts of all packages of one site: some 50 MB. A site of 3,000 packages and five child sites has 75,000 at most."""

MAX_EVIDENCE = 12
"""Lines kept for one finding: a blocked unit has seven."""

MAX_TEXT = 2_000
"""Characters kept of one line of evidence."""

MAX_REFERENCES = 32
"""Missing references of one unit. The insert is believed to stop at the first."""

MAX_OPEN = 64
"""Units, and package processing threads, that are open at one time: one file is worked on at a time."""

MAX_TRIES = 256
"""Times of tries kept per late content, so that a success read later from another log can be put between them."""

MAX_STANDING = 10_000
"""Late contents, troubles, send requests, links: each."""

MAX_KEYS = 5_000
"""Different values that one tally keeps a count for."""


def evidence_of(event: Event) -> Evidence:
    """Return the line of an event as evidence, its text cut to the budget with a mark that says so."""
    _, _, _, file, line, time, _, _, text = event
    if len(text) > MAX_TEXT:
        text = f"{text[:MAX_TEXT]} [... {len(text) - MAX_TEXT} characters cut]"
    # Many events come here; calling the class would cost twice as much.
    return tuple.__new__(Evidence, (file, line, time, text))


def newest(lines: Sequence[Evidence], line: Evidence) -> tuple[Evidence, ...]:
    """Return `lines` and `line`, of more than the budget the newest, but the first line always."""
    every = (*lines, line)
    return every if len(every) <= MAX_EVIDENCE else (every[0], *every[-(MAX_EVIDENCE - 1) :])


def count(state: SiteState, tally: Tally, key: tuple[str, ...], by: int = 1) -> None:
    """Add to a tally; a key that does not fit the budget is counted as dropped."""
    counts = state.tallies[tally]
    known = counts.get(key)
    if known is not None:
        counts[key] = known + by
    elif len(counts) < MAX_KEYS:
        counts[key] = by
    else:
        dropped, what = state.tallies[Tally.DROPPED], (tally.value,)
        dropped[what] = dropped.get(what, 0) + 1


def earliest(a: float | None, b: float | None) -> float | None:
    """Return the earlier of two times, of which either may be unknown."""
    return b if a is None else a if b is None or a <= b else b


def latest(a: float | None, b: float | None) -> float | None:
    """Return the later of two times, of which either may be unknown."""
    return b if a is None else a if b is None or a >= b else b
