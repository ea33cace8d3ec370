"""The tables of one simulated site, and what a definition, a snapshot or a stored package does to them.

Nothing here knows of log lines: the truth is told from these tables, the lines are written by the components.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from exporter.simulator.hierarchy import Package, Reference

# Distribution manager's own codes in "error = n" (40 beside a missing reference, 8 beside a newer version,
# 3 beside a row that SQL refuses).
MISSING_REFERENCE = 40
NEWER_VERSION = 8
SQL_REFUSED = 3


@dataclass(frozen=True, slots=True)
class Definition:
    """The properties of a package in one version, as they travel.

    Attributes:
        version: rises with every change.
        content_version: the version in which the source files last changed: what the content has to be.
    """

    package: Package
    version: int
    content_version: int

    @property
    def id(self) -> str:
        """The package's ID."""
        return self.package.id


@dataclass(frozen=True, slots=True)
class DefinitionFile:
    """A `.PKG` file in the incoming folder of a site; `name` is random and has no suffix."""

    name: str
    definition: Definition


class Outcome(StrEnum):
    """How a unit of work on a `.PKG` file ended."""

    APPLIED = "applied"
    BLOCKED = "blocked"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Try:
    """One unit of work on a `.PKG` file.

    Attributes:
        missing: the reference that the program step lacked.
        skipped: whether newer content has to come first.
        refused: whether the distribution point step failed.
        failed: the time of the line that says that it failed.
    """

    file: DefinitionFile
    opened: int
    missing: Reference | None = None
    skipped: bool = False
    refused: bool = False
    failed: int = 0


@dataclass(slots=True)
class BlockedSequence:
    """A task sequence whose last completed try failed; `files` counts the changes of the file's name."""

    task_sequence: str
    missing: Reference
    since: int
    last_attempt: int
    attempts: int
    version: int
    file: str
    files: int


@dataclass(slots=True)
class LateContent:
    """Content that is waited for; `version` is the one that is wanted."""

    package: str
    from_site: str
    reason: str
    since: int
    last_seen: int
    attempts: int
    version: int


@dataclass(slots=True)
class SourceTrouble:
    """A source that its owner cannot read, or not take a snapshot of (`win32_error` 0)."""

    package: str
    reason: str
    source_path: str
    win32_error: int
    since: int
    last_seen: int


@dataclass(slots=True)
class Tables:
    """The database and the folders of one site.

    Attributes:
        refused: packages whose latest definition is written, but was refused at a distribution point.
        moved: counts what its transport has done.
        threads: in use and allowed when its log last told, by component and, for the sender, destination.
        requests: destination and listed state of the send requests that have not been sent, by ID.
    """

    rows: dict[str, Definition] = field(default_factory=dict)
    programs: dict[str, set[str]] = field(default_factory=dict)
    content: dict[str, int] = field(default_factory=dict)
    incoming: list[DefinitionFile] = field(default_factory=list)
    blocked: dict[str, BlockedSequence] = field(default_factory=dict)
    waiting: dict[str, LateContent] = field(default_factory=dict)
    source_errors: dict[str, SourceTrouble] = field(default_factory=dict)
    lost_programs: set[Reference] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    units: Counter[Outcome] = field(default_factory=Counter)
    processing: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    told_definition: dict[str, int] = field(default_factory=dict)
    told_content: dict[str, int] = field(default_factory=dict)
    told_source: dict[str, int] = field(default_factory=dict)
    told_names: dict[str, str] = field(default_factory=dict)
    moved: Counter[tuple[str, ...]] = field(default_factory=Counter)
    threads: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    requests: dict[str, tuple[str, str]] = field(default_factory=dict)

    def has(self, reference: Reference) -> bool:
        """Return whether the site has the program in its program table."""
        return reference.program in self.programs.get(reference.package, ())

    def first_missing(self, package: Package) -> Reference | None:
        """Return the first reference of a task sequence that the site lacks: the insert goes no further."""
        return next((reference for reference in package.references if not self.has(reference)), None)

    def store_row(self, definition: Definition) -> None:
        """Write the row of a package as its definition gives it: the step before its programs."""
        self.rows[definition.id] = definition
        self.told_definition[definition.id] = definition.version

    def fail_insert(self, attempt: Try, missing: Reference, now: int) -> None:
        """Note that the program step of a try lacks a reference."""
        attempt.missing, attempt.failed = missing, now
        self.failures[missing.package] += 1

    def wants_newer_content(self, definition: Definition) -> bool:
        """Return whether a definition has to wait: the site holds content, but of an older version (KB Q245579)."""
        return 0 < self.content.get(definition.id, 0) < definition.content_version

    def refuses(self, package: str) -> bool:
        """Return whether a definition is written here, but stays where it came in: a distribution point failed."""
        return package in self.refused and package not in self.blocked

    def write_programs(self, package: Package) -> None:
        """Store the program rows of a package."""
        self.programs[package.id] = set(package.programs)
        self.lost_programs = {lost for lost in self.lost_programs if lost.package != package.id}

    def lose_program(self, reference: Reference) -> None:
        """Drop the row of one program."""
        self.programs.get(reference.package, set()).discard(reference.program)
        self.lost_programs.add(reference)

    def close_try(self, attempt: Try) -> Outcome:
        """Take in how a unit of work on a `.PKG` file ended, and return it."""
        definition = attempt.file.definition
        if attempt.missing is not None:
            self._block(attempt, attempt.missing)
            outcome = Outcome.BLOCKED
        elif attempt.skipped:
            outcome = Outcome.SKIPPED
        elif attempt.refused:
            outcome = Outcome.FAILED
            self.refused.add(definition.id)
        else:
            # An older file of the same package that still stands there says nothing new.
            self.incoming = [
                file
                for file in self.incoming
                if file.definition.id != definition.id or file.definition.version > definition.version
            ]
            self.blocked.pop(definition.id, None)
            self.waiting.pop(definition.id, None)
            self.refused.discard(definition.id)
            outcome = Outcome.APPLIED
        self.units[outcome] += 1
        return outcome

    def _block(self, attempt: Try, missing: Reference) -> None:
        definition = attempt.file.definition
        known = self.blocked.get(definition.id)
        self.blocked[definition.id] = BlockedSequence(
            task_sequence=definition.id,
            missing=missing,
            since=known.since if known else attempt.failed,
            last_attempt=attempt.failed,
            attempts=known.attempts + 1 if known else 1,
            version=definition.version,
            file=attempt.file.name,
            files=known.files + (known.file != attempt.file.name) if known else 1,
        )

    def wait_for_content(self, wanted: Definition, from_site: str, reason: str, now: int) -> None:
        """Note that a line said that content of a package is late."""
        known = self.waiting.get(wanted.id)
        if known and known.reason != reason:
            known = None
        self.waiting[wanted.id] = LateContent(
            package=wanted.id,
            from_site=from_site,
            reason=reason,
            since=known.since if known else now,
            last_seen=now,
            attempts=known.attempts + 1 if known else 1,
            version=wanted.content_version,
        )

    def store_content(self, definition: Definition) -> None:
        """Take in content: the wait for it is over."""
        self.content[definition.id] = self.told_content[definition.id] = definition.content_version
        self.waiting.pop(definition.id, None)

    def find_content(self, definition: Definition) -> None:
        """Note that a line shows the content of a definition to be here, whatever a line written too late said."""
        late = self.waiting.get(definition.id)
        if late is not None and late.version <= self.content.get(definition.id, 0) >= definition.content_version:
            del self.waiting[definition.id]

    def fail_source(self, package: Package, reason: str, win32_error: int, now: int) -> None:
        """Note that the owner could not take a package's source."""
        known = self.source_errors.get(package.id)
        since = known.since if known and known.reason == reason else now
        self.source_errors[package.id] = SourceTrouble(package.id, reason, package.source, win32_error, since, now)

    def forget(self, package: str) -> None:
        """Drop all that the site holds of a deleted package, and what its lines have told of it."""
        self.rows.pop(package, None)
        self.programs.pop(package, None)
        self.content.pop(package, None)
        self.blocked.pop(package, None)
        self.waiting.pop(package, None)
        self.source_errors.pop(package, None)
        self.refused.discard(package)
        for told in (self.told_definition, self.told_content, self.told_source):
            told.pop(package, None)
        self.told_names.pop(package, None)
        self.incoming = [file for file in self.incoming if file.definition.id != package]
