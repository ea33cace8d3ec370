"""How a site is, in one word, and what is to be doubted about it. Silence is doubt: a state never ends by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from exporter.collector.site import EXPECTED_LOG
from exporter.logs.health import Gap, LogHealth
from exporter.report.hierarchy import SiteReport
from exporter.report.picture import Picture, SitePicture
from exporter.report.words import duration, gap_words, when

SILENCE_SECONDS: Final = 2 * 3600.0
"""Distribution Manager tries again at the latest after about an hour, and says so. After twice that, a log without a
new line is no longer just a quiet one, and whatever still stands has shown itself again after a gap."""
AHEAD_SECONDS: Final = 300.0
"""Computers of a domain differ by five minutes at most, or they could not log on to one another (Kerberos)."""


class Condition(StrEnum):
    """How a site is, the worst that holds."""

    BLOCKED = "blocked"  # a task sequence cannot be stored there
    ATTENTION = "attention"  # content is late, a source that it owns cannot be read, or files do not move
    DOUBT = "doubt"  # nothing is known to be stuck, but not all that would tell could be read
    CLEAR = "clear"
    NOT_READ = "not_read"  # other sites' logs tell of it, its own are not read here


class DoubtKind(StrEnum):
    """Why less is known than it seems."""

    UNREADABLE = "unreadable"
    SILENT = "silent"
    EMPTY = "empty"
    TIMELESS = "timeless"
    AHEAD = "ahead"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason to doubt what is known of a site.

    Attributes:
        site: the site.
        log: the log that it is about.
        kind: why.
        words: what is so and what it means, in sentences.
    """

    site: str
    log: str
    kind: DoubtKind
    words: str


def condition_of(report: SiteReport, doubts: list[Doubt]) -> Condition:
    """Return how a site is."""
    if report.blocked:
        return Condition.BLOCKED
    if report.waiting or report.source_errors or report.troubles:
        return Condition.ATTENTION
    return Condition.DOUBT if doubts else Condition.CLEAR


def conditions(picture: Picture) -> dict[str, Condition]:
    """Return how each site is: those that are read, and those that only the tree knows."""
    known = {
        code: condition_of(report, list(doubts_of(code, picture.sites[code], picture.taken)))
        for code, report in picture.report.sites.items()
    }
    others = {*picture.tree.parents, *picture.tree.parents.values()} - known.keys()
    return known | dict.fromkeys(sorted(others), Condition.NOT_READ)


def doubts_of(code: str, site: SitePicture, now: float) -> Iterator[Doubt]:
    """Say what may be missing from what is known of a site.

    Args:
        code: the site's code.
        site: what is known of it.
        now: wall time, POSIX seconds.
    """
    for log, health in sorted(site.logs.items()):
        doubt = _doubt_of_log(log, health, now)
        if doubt is not None:
            yield Doubt(code, log, *doubt)
    for gap in site.gaps:
        if _still_hides(gap, site.logs.get(gap.log)):
            yield Doubt(code, gap.log, DoubtKind.GAP, gap_words(gap))


def _doubt_of_log(log: str, health: LogHealth, now: float) -> tuple[DoubtKind, str] | None:
    if not health.up:
        words = f"cannot be read: {health.error or 'it has not been found yet'}."
        if log == EXPECTED_LOG:
            words += " Without it nothing can be said about what is stuck at the site."
        return DoubtKind.UNREADABLE, words
    if log != EXPECTED_LOG:
        return None  # the other components may have nothing to say for days
    if not health.lines:
        return DoubtKind.EMPTY, "is empty: nothing is known yet of what is stuck at the site."
    if health.last_record is None:
        return DoubtKind.TIMELESS, "has no line with a time in a known zone. Name the zone of the server's clock."
    return _doubt_of_time(health.last_record, now)


def _doubt_of_time(last: float, now: float) -> tuple[DoubtKind, str] | None:
    silent = now - last
    if silent < -AHEAD_SECONDS:
        return DoubtKind.AHEAD, (
            f"has a line stamped {when(last)}, {duration(-silent)} ahead of the clock here. One of the two clocks is "
            "wrong, or the zone that is configured for the site: its times are off by as much."
        )
    if silent <= SILENCE_SECONDS:
        return None
    return DoubtKind.SILENT, (
        f"has had no new line for {duration(silent)}, since {when(last)}. Has the component stopped, has its logging "
        "been turned down, or are these old logs?"
    )


def _still_hides(gap: Gap, health: LogHealth | None) -> bool:
    """Whether something that stands may have shown itself in the lost lines only."""
    if health is None or health.last_record is None or gap.before is None:
        return True
    return health.last_record - gap.before < SILENCE_SECONDS
