"""What is known of one site's replication: plain data that the ledger changes and that pages, metrics and files show.

Times are POSIX seconds in UTC as the log tells them, or None where the log does not. Everything here can be written
as JSON and read back unchanged (`codec`). Everything here is bounded: `limits` holds the budgets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

_PACKAGE_ID = re.compile(r"[0-9A-Za-z]{3}[0-9A-Fa-f]{5}")


@lru_cache(maxsize=1024)  # the same packages are named again and again
def owner_of(package: str) -> str:
    """Return the site that owns a package: the first three characters of its ID, or "" when it is not a real ID."""
    return package[:3].upper() if _PACKAGE_ID.fullmatch(package) else ""


class Reference(NamedTuple):
    """A program of a package that a task sequence refers to."""

    package: str
    program: str


class Evidence(NamedTuple):
    """One log line that shows something; a named tuple, because every event of a unit of work makes one."""

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
        definitions_tried: how many times the `.PKG` name changed during this block, plus one.
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
    definitions_tried: int = 1


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
    COMPRESSION = "compression_failed"


@dataclass(slots=True)
class SourceError:
    """A package whose source this site, its owner, cannot read.

    `until` is the time of the line that showed the source to be read again; it is set only in `past_source_errors`.
    """

    package: str
    reason: SourceReason
    source_path: str
    win32_error: int | None
    since: float | None
    last_seen: float | None
    evidence: tuple[Evidence, ...]
    until: float | None = None


@dataclass(slots=True)
class Versions:
    """Versions of one package that this site's logs told.

    Attributes:
        definition: of the package's properties (its row). At a site that receives the package: the version that a
            unit told, once its "Updated replicated package info" line showed the row to be written, even if the
            unit then failed at the programs. At the owner: the version whose contents it wrote last.
        content: of the content stored at this site.
        source: of the source, as the site believes it to be at the owner.
    """

    definition: int | None = None
    content: int | None = None
    source: int | None = None


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


class FactKind(StrEnum):
    """What a line told about one package, kept for the search for causes. The subject is in brackets."""

    PROCESSED = "processed"  # status 2301 here
    PROCESSING_FAILED = "processing_failed"  # status 2302 here
    NOTIFIED = "notified"  # the database told that the package changed: so a definition comes since 2012
    ADDED = "added"  # "Start adding package"
    UPDATED = "updated"  # "Start updating the package"
    CHANGED = "changed"  # a program was added or removed
    REPLICATING = "replicating"  # "is new or has changed, replicating to all applicable sites"
    INFORMATION_SENT = "information_sent"  # (site) status 2339: the definition handed to the scheduler
    MINIJOB_CREATED = "minijob_created"  # (site) the content handed to the scheduler
    SITE_LEFT_OUT = "site_left_out"  # (site) not sent there, because the site is not active
    JOB_DROPPED = "job_dropped"  # (site, or "" where the line does not name it) the scheduler gave a job up
    SENT = "sent"  # (site) the sender finished
    PROGRAM_DELETED = "program_deleted"  # (program) "no longer exists, delete it"
    DELETED = "deleted"  # the package was deleted here
    DEFINITION_APPLIED = "definition_applied"  # an incoming definition went through here
    DEFINITION_REFUSED = "definition_refused"  # one was written here, but refused at a distribution point's row
    CONTENT_WRITTEN = "content_written"  # the owner wrote the contents of a version
    CONTENT_STORED = "content_stored"  # the despooler stored a version
    INFORMATION_AWAITED = "information_awaited"  # the despooler holds a version of the content back for it


class Fact(NamedTuple):
    """The newest line of one kind about one package (and one site or program, when the kind has a subject)."""

    kind: FactKind
    subject: str
    version: int | None
    evidence: Evidence


class TroubleKind(StrEnum):
    """What keeps packages from getting on: between sites, at a site, or to its distribution points."""

    SITE_NOT_ACTIVE = "site_not_active"
    NO_ADDRESS = "no_address"
    NO_REQUEST_ID = "no_request_id"  # the scheduler cannot number send requests: nothing is sent to anybody
    PUT_ASIDE = "put_aside"  # the sender leaves the site alone for an hour
    CONNECTION_FAILED = "connection_failed"
    DESPOOLER_RETRY = "despooler_retry"  # what came from the site cannot be carried out yet
    CONTENT_BEFORE_DEFINITION = "content_before_definition"  # the despooler waits for the package's information
    INSTRUCTION_LOST = "instruction_lost"  # the despooler failed with what came, and does not say that it tries again
    SCHEDULER_STOPPED = "scheduler_stopped"  # the scheduler cannot take up jobs: nothing is sent to anybody
    DEFINITION_REFUSED = "definition_refused"  # SQL refuses a row of a package, again and again
    CONTENT_NOT_UNPACKED = "content_not_unpacked"  # the content came, and cannot be unpacked
    DISTRIBUTION_POINT_UNREACHABLE = "distribution_point_unreachable"  # of the site
    TRANSFER_FAILED = "transfer_failed"  # content does not get to a distribution point


@dataclass(slots=True)
class Trouble:
    """Something that keeps packages from getting on, until a later success shows it gone.

    Attributes:
        kind: what it is.
        site: the site at the other end, or "" when the line does not name one.
        job: for the despooler's kinds, the sending site's job or what its file is called, else "".
        package: the package concerned, or "" when the line does not tell, or when every package is.
        win32_error: the Win32 code that the latest line gives.
        since: the first such line since the last success.
        last_seen: the latest.
        attempts: how many.
        evidence: the latest lines.
        point: the server of the distribution point concerned, or "".
    """

    kind: TroubleKind
    site: str
    job: str
    package: str
    win32_error: int | None
    since: float | None
    last_seen: float | None
    attempts: int
    evidence: tuple[Evidence, ...]
    point: str = ""


@dataclass(slots=True)
class ThreadUse:
    """Threads of one component in use, of how many, as its latest line tells."""

    used: int
    limit: int
    time: float | None


@dataclass(frozen=True, slots=True)
class Failure:
    """A line that says that sending failed, and the Win32 code that it gives."""

    line: Evidence
    win32_error: int | None


@dataclass(slots=True)
class SendRequest:
    """What scheduler and sender tell of one send request; each field as far as it is known.

    Attributes:
        destination: the site it goes to.
        package: the package it carries.
        job: the scheduler's job that it belongs to.
        state: as the scheduler lists it.
        since: log time of the first line about it.
        state_time: of the line that told `state`.
        taken: of the sender's latest try.
        finished: of the latest line that says that it has been sent.
        done: whether it has been sent since it was last tried.
        failures: the newest failing lines since it was last sent.
    """

    destination: str = ""
    package: str = ""
    job: str = ""
    state: str = ""
    since: float | None = None
    state_time: float | None = None
    taken: float | None = None
    finished: float | None = None
    done: bool = False
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class SendJob:
    """A job of the scheduler: the package it carries, and whether a line showed that it carries the content.

    The definition of a package travels as a job of its own, of which no line says so.
    """

    package: str
    content: bool = False


class LinkBasis(StrEnum):
    """How one site is known to be the parent of another."""

    STATED = "stated"  # "Parent site of X is Y"
    INFERRED = "inferred"  # packages were sent from the one to the other


@dataclass(slots=True)
class TransportState:
    """What the logs of scheduler, sender, despooler and package transfer manager say is so now.

    Attributes:
        troubles: by kind, site, and what tells two of a kind apart: a job, a package, a distribution point, or "".
        threads: use of threads, by component: `distmgr`, `despool`, `sender/XYZ` for one destination.
        jobs: the scheduler's latest jobs, by ID.
        requests: the latest send requests, done ones among them.
        links: parents and children as (parent, child), as far as this site's lines show them.
        send_durations: from taking a request to its end, by destination.
    """

    troubles: dict[tuple[TroubleKind, str, str], Trouble] = field(default_factory=dict)
    threads: dict[str, ThreadUse] = field(default_factory=dict)
    jobs: dict[str, SendJob] = field(default_factory=dict)
    requests: dict[str, SendRequest] = field(default_factory=dict)
    links: dict[tuple[str, str], LinkBasis] = field(default_factory=dict)
    send_durations: dict[str, Histogram] = field(default_factory=dict)


class Tally(StrEnum):
    """What is counted, and the values that each count is kept by. A site or point that is not known is ""."""

    REFERENCE_FAILURES = "reference_failures"  # (package that is missing,)
    DEFINITIONS = "definitions"  # (outcome,)
    PACKAGE_PROCESSING = "package_processing"  # (outcome,)
    STATUS_MESSAGES = "status_messages"  # (component, message ID, severity)
    USER_MESSAGES = "user_messages"  # (log, name of the user's template)
    SENDER_REQUESTS = "sender_requests"  # (destination site, outcome: taken, completed, failed)
    SENDER_BYTES = "sender_bytes"  # (destination site,)
    SENDER_CONNECTION_FAILURES = "sender_connection_failures"  # (destination site, Win32 error)
    SENDER_SITES_PUT_ASIDE = "sender_sites_put_aside"  # (destination site,)
    SCHEDULER_REQUESTS = "scheduler_requests"  # (destination site, outcome: created, completed)
    SCHEDULER_JOBS_DROPPED = "scheduler_jobs_dropped"  # (destination site, reason: a TroubleKind)
    DESPOOLER_INSTRUCTIONS = "despooler_instructions"  # (source site, outcome: executed, failed, retried)
    DESPOOLER_THREAD_WAITS = "despooler_thread_waits"  # ()
    REPLICATION_FILES = "replication_files"  # (outcome: found, discarded)
    PACKAGE_TRANSFERS = "package_transfers"  # (distribution point, outcome: started, completed, failed, postponed)
    DROPPED = "dropped"  # (what did not fit its budget,)


class ProcessingOutcome(StrEnum):
    """How a package processing thread ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    WAITING = "waiting"  # the content had not arrived
    ENDED = "ended"  # without a word of success or failure
    UNKNOWN = "unknown"  # its end was not seen


class Outcome(StrEnum):
    """How a unit of work on an incoming definition ended."""

    APPLIED = "applied"
    BLOCKED = "blocked"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


BLOCK_DURATION_BOUNDS = (300.0, 900.0, 3600.0, 14400.0, 43200.0, 86400.0, 259200.0, 604800.0, 2592000.0)
SEND_DURATION_BOUNDS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 43200.0, 86400.0)


def histogram(bounds: tuple[float, ...]) -> Histogram:
    """Return an empty histogram."""
    return Histogram(bounds, [0] * (len(bounds) + 1))


def _block_durations() -> Histogram:
    return histogram(BLOCK_DURATION_BOUNDS)


@dataclass(slots=True)
class SiteState:
    """All that one site's logs have told."""

    site: str
    blocked: dict[str, Blocked] = field(default_factory=dict)
    waiting: dict[tuple[str, str, WaitReason], Waiting] = field(default_factory=dict)
    source_errors: dict[tuple[str, SourceReason], SourceError] = field(default_factory=dict)
    past_source_errors: dict[tuple[str, SourceReason], SourceError] = field(default_factory=dict)
    versions: dict[str, Versions] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    tallies: dict[Tally, dict[tuple[str, ...], int]] = field(default_factory=lambda: {t: {} for t in Tally})
    block_durations: Histogram = field(default_factory=_block_durations)
    facts: dict[str, dict[tuple[FactKind, str], Fact]] = field(default_factory=dict)
    transport: TransportState = field(default_factory=TransportState)
