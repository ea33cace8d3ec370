"""What is known of one site's replication: plain data that the ledger changes and that pages, metrics and files show.

Times are POSIX seconds in UTC as the log tells them, or None where the log does not. Everything here can be written
as JSON and read back unchanged (`encode`, `decode`).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

_PACKAGE_ID = re.compile(r"[0-9A-Za-z]{3}[0-9A-Fa-f]{5}")


def owner_of(package: str) -> str:
    """Return the site that owns a package: the first three characters of its ID, or "" when it is not a real ID."""
    return package[:3].upper() if _PACKAGE_ID.fullmatch(package) else ""


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """A program of a package that a task sequence refers to."""

    package: str
    program: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """One log line that shows something."""

    file: str
    line: int
    time: float | None
    text: str


@dataclass(slots=True)
class Blocked:
    """A task sequence whose latest complete unit at this site failed at the program step.

    Attributes:
        missing: the references that the latest unit named; empty when it only said that the step failed.
        since: the first failing try of this block.
        attempts: failing tries of this block that were seen.
        version: the version of the definition that cannot be stored, when the unit told it.
        definition: name of the `.PKG` file: the same name again is a retry, a new one a newer version or a resend.
        error: distmgr's own code in "error = n" (not a Win32 one).
        evidence: the lines of the latest failing unit.
    """

    task_sequence: str
    missing: tuple[Reference, ...]
    since: float | None
    last_attempt: float | None
    attempts: int
    version: int | None
    definition: str | None
    error: int | None
    evidence: tuple[Evidence, ...]


class WaitReason(StrEnum):
    """Why content is late, as the line says it."""

    CONTENTS = "contents_not_arrived"
    COMPRESSED = "compressed_files_not_arrived"
    NEWER_VERSION = "newer_version_required"


@dataclass(slots=True)
class Waiting:
    """A package whose content is late at this site. `from_site` is "" when the line does not name it."""

    package: str
    from_site: str
    reason: WaitReason
    since: float | None
    last_seen: float | None
    attempts: int
    version: int | None
    evidence: tuple[Evidence, ...]


class SourceReason(StrEnum):
    """Why the owner of a package cannot read its source."""

    INACCESSIBLE = "source_path_inaccessible"
    SNAPSHOT = "snapshot_failed"


@dataclass(slots=True)
class SourceError:
    """A package whose source this site, its owner, cannot read."""

    package: str
    reason: SourceReason
    source_path: str
    win32_error: int | None
    since: float | None
    last_seen: float | None
    evidence: tuple[Evidence, ...]


@dataclass(slots=True)
class Versions:
    """Versions of one package that this site's logs told.

    Attributes:
        definition: of the package's properties (its row), as an incoming definition told it.
        content: of the content stored at this site.
        source: of the source, as the site believes it to be at the owner.
    """

    definition: int | None = None
    content: int | None = None
    source: int | None = None


class Tally(StrEnum):
    """What is counted, and the values that each count is kept by."""

    REFERENCE_FAILURES = "reference_failures"  # (package that is missing,)
    DEFINITIONS = "definitions"  # (outcome,)
    PACKAGE_PROCESSING = "package_processing"  # (outcome,)
    STATUS_MESSAGES = "status_messages"  # (component, message ID, severity)


class Outcome(StrEnum):
    """How a unit of work on an incoming definition ended."""

    APPLIED = "applied"
    BLOCKED = "blocked"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Histogram:
    """Durations in seconds: `counts[i]` of those at most `bounds[i]`, the last count of those above every bound."""

    bounds: tuple[float, ...]
    counts: list[int]
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        place = next((i for i, bound in enumerate(self.bounds) if seconds <= bound), len(self.bounds))
        self.counts[place] += 1
        self.total += seconds


BLOCK_DURATION_BOUNDS = (300.0, 900.0, 3600.0, 14400.0, 43200.0, 86400.0, 259200.0, 604800.0, 2592000.0)


def _block_durations() -> Histogram:
    return Histogram(BLOCK_DURATION_BOUNDS, [0] * (len(BLOCK_DURATION_BOUNDS) + 1))


@dataclass(slots=True)
class SiteState:
    """All that one site's logs have told."""

    site: str
    blocked: dict[str, Blocked] = field(default_factory=dict)
    waiting: dict[tuple[str, str, WaitReason], Waiting] = field(default_factory=dict)
    source_errors: dict[tuple[str, SourceReason], SourceError] = field(default_factory=dict)
    versions: dict[str, Versions] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    tallies: dict[Tally, Counter[tuple[str, ...]]] = field(default_factory=lambda: {t: Counter() for t in Tally})
    block_durations: Histogram = field(default_factory=_block_durations)
