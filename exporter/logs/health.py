"""How well each log is being read: filled by the reader of files, shown by metrics, pages and `check`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class GapReason(StrEnum):
    """How lines came to be lost before they were read."""

    ROLLED_TWICE = "rolled_twice"
    TRUNCATED = "truncated"
    DELETED = "deleted"
    REPLACED = "replaced"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Gap:
    """Lines of one log that were lost unread, so that what they said is not known.

    Attributes:
        log: the log's name (`distmgr`).
        reason: how they were lost.
        noticed: wall time at which the loss was seen, POSIX seconds.
        after: log time of the last record read before the gap, when known.
        before: log time of the first record read after it, when known. Behind a record that carries no time in a known
            zone, that of the first that does.
        unread_bytes: how many bytes were certainly lost, or None when that cannot be known.
    """

    log: str
    reason: GapReason
    noticed: float
    after: float | None
    before: float | None
    unread_bytes: int | None


@dataclass(slots=True)
class LogHealth:
    """Counts and positions of one log, over all the files it has rolled through.

    Attributes:
        up: whether the last attempt to read it went well.
        error: what went wrong at the last attempt, in words for a person, or "".
        size: bytes of the current file.
        position: bytes of the current file that have been read and acted on.
        last_record: log time of the latest record, POSIX seconds.
        lines: physical lines read; `events`: those the catalogue knows.
        unmatched: lines with a word of failure, in a component the catalogue knows, that no template matches.
        samples: the latest few of those lines.
        stampless: lines that carry no stamp in a file whose other lines do.
        undecodable: lines that are valid neither as UTF-8 nor in the configured code page.
        overlong: records of which only the start and the end were kept.
        template_timeouts: lines on which a template of the configuration file ran out of time.
        read_delay: seconds from the stamp of the latest record to its reading; negative when the server's clock is
            ahead of this machine's.
        read_errors: failed attempts by reason (an errno name, `sharing_violation` apart).
    """

    up: bool = False
    error: str = ""
    size: int = 0
    position: int = 0
    last_record: float | None = None
    lines: int = 0
    events: int = 0
    unmatched: int = 0
    samples: list[str] = field(default_factory=list)
    stampless: int = 0
    undecodable: int = 0
    overlong: int = 0
    template_timeouts: int = 0
    read_delay: float | None = None
    rollovers: int = 0
    sharing_violations: int = 0
    read_errors: dict[str, int] = field(default_factory=dict)
    gaps: dict[str, int] = field(default_factory=dict)
