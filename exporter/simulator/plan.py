"""What happens: to which hierarchy, what administrators do, and what goes wrong. Plain data.

Every time in a plan is a number of whole seconds from the plan's start.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from exporter.simulator.hierarchy import Package, Reference, Site


@dataclass(frozen=True, slots=True)
class Create:
    """An administrator creates a package at its owner."""

    at: int
    package: Package


@dataclass(frozen=True, slots=True)
class Alter:
    """An administrator gives a package other properties; the package's ID stays. `refresh` is as in Touch."""

    at: int
    package: Package
    refresh: bool = False


@dataclass(frozen=True, slots=True)
class Touch:
    """An administrator changes a property and changes it back, so that the package is sent again.

    `refresh` has the owner read the source files again as well, which makes a new version of the content.
    """

    at: int
    package: str
    refresh: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """An administrator deletes a package at its owner."""

    at: int
    package: str


Change = Create | Alter | Touch | Delete


@dataclass(frozen=True, slots=True)
class BadSource:
    """The owner cannot read a package's source: Win32 error 5 access, 2 and 3 not found, 53 network."""

    package: str
    start: int
    end: int
    win32_error: int = 5


@dataclass(frozen=True, slots=True)
class SnapshotFails:
    """The owner reads the source folder, but cannot take the snapshot."""

    package: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class LateContent:
    """Content of a package stays pending at the scheduler of the sending site."""

    package: str
    destination: str
    start: int
    end: int


class Drop(StrEnum):
    """Why a scheduler drops jobs."""

    NO_REQUEST_ID = "no_request_id"  # its files of request IDs are gone (KB Q266195)
    NO_ADDRESS = "no_address"  # status 3400 (KB Q215130)
    SILENT = "silent"  # no line tells of it


@dataclass(frozen=True, slots=True)
class NeverSent:
    """The scheduler of a site drops the jobs to one child. What is dropped is not sent again by itself.

    Attributes:
        resent: when an administrator has noticed and sends it all again.
        package: limits this to one package; None means all of them.
        how: why it is dropped, and so which lines are written.
    """

    site: str
    destination: str
    start: int
    end: int
    resent: int
    package: str | None = None
    how: Drop = Drop.NO_REQUEST_ID


@dataclass(frozen=True, slots=True)
class NotActive:
    """A site holds one child for not active, and its distribution manager leaves the child out.

    The line is known from Current Branch. What is left out is not sent again by itself (memlabs). Definitions that
    travel by SQL replication do not go through distribution manager.

    Attributes:
        resent: when an administrator has noticed and sends it all again.
    """

    site: str
    destination: str
    start: int
    end: int
    resent: int


@dataclass(frozen=True, slots=True)
class LateDefinition:
    """SQL replication to a site, as it brings definitions since 2012, holds those of one package back."""

    package: str
    destination: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class CutOff:
    """The sender of a site cannot connect to one child."""

    site: str
    destination: str
    start: int
    end: int
    win32_error: int = 53


@dataclass(frozen=True, slots=True)
class DespoolerRetries:
    """The despooler of a site cannot execute the instructions of one package, and tries every five minutes."""

    site: str
    package: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ProgramDeleted:
    """A site loses a program's row by itself, as third-tier sites did (KB 837658), until the package is sent again."""

    site: str
    reference: Reference
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ServerRefused:
    """A site cannot store a distribution point row of a package, whose site it does not know (KB Q319189)."""

    site: str
    package: str
    start: int
    end: int
    unknown_site: str = "OLD"


class Fault(StrEnum):
    """What does not work at a site, for one package or for all."""

    COMPRESSION = "compression"  # the owner cannot write the compressed copy, in 2007 and before (KB Q316316)
    SCHEDULER = "scheduler"  # no job gets past the scheduler (KB Q185901); of all packages
    INSTRUCTION = "instruction"  # the despooler fails with the content for good, and does not try again
    UNPACKING = "unpacking"  # the content comes and cannot be unpacked (KB Q267977)
    POINT = "point"  # the distribution point cannot be reached, since 2012
    TRANSFER = "transfer"  # content does not get to the distribution point, since 2012


@dataclass(frozen=True, slots=True)
class Broken:
    """Something does not work at a site."""

    what: Fault
    site: str
    package: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Restart:
    """Distribution manager restarts at a site; `mid_unit` waits until a definition is being worked on."""

    site: str
    start: int
    mid_unit: bool = True


@dataclass(frozen=True, slots=True)
class Burst:
    """A flood of lines in distmgr.log; `mid_unit` waits until a definition is being worked on."""

    site: str
    start: int
    lines: int = 1500
    mid_unit: bool = True


Incident = (
    BadSource
    | SnapshotFails
    | LateContent
    | NeverSent
    | NotActive
    | LateDefinition
    | CutOff
    | DespoolerRetries
    | ProgramDeleted
    | ServerRefused
    | Broken
    | Restart
    | Burst
)


@dataclass(frozen=True)
class Plan:
    """A whole simulation.

    Attributes:
        standing: packages that every site under their owner has at the start, content included.
        start: virtual time of the first record, with a time zone.
        noise: share of uninteresting lines.
        max_log_bytes: size at which a log rolls; 250,000 is the documented default of `MaxFileSize`.
        unread: sites whose logs nobody reads: they work as the others do, and write none.
    """

    name: str
    sites: tuple[Site, ...]
    start: datetime
    duration: timedelta
    standing: tuple[Package, ...] = ()
    changes: tuple[Change, ...] = ()
    incidents: tuple[Incident, ...] = ()
    seed: int = 1
    noise: float = 0.7
    max_log_bytes: int = 250_000
    unread: tuple[str, ...] = ()

    @property
    def start_ms(self) -> int:
        """The start in milliseconds since 1970, UTC."""
        return round(self.start.timestamp() * 1000)

    @property
    def end_ms(self) -> int:
        """The end in milliseconds since 1970, UTC."""
        return self.start_ms + round(self.duration.total_seconds() * 1000)

    def site(self, code: str) -> Site:
        """Return a site by its code."""
        return self._sites[code]

    def children(self, code: str) -> tuple[str, ...]:
        """Return the codes of a site's child sites, in the plan's order."""
        return self._children[code]

    def path(self, ancestor: str, site: str) -> tuple[str, ...]:
        """Return the sites from an ancestor down to a site, both included; empty when there is no such way."""
        steps = [site]
        while steps[-1] != ancestor:
            parent = self.site(steps[-1]).parent
            if parent is None:
                return ()
            steps.append(parent)
        return tuple(reversed(steps))

    def below(self, code: str) -> tuple[str, ...]:
        """Return every site under a site, at any depth."""
        return self._below[code]

    def needs_content(self, site: str, package: Package) -> bool:
        """Return whether a site gets the content: for its own distribution point, or to send it on to one below."""
        return bool(package.source) and any(code in package.content_sites for code in (site, *self.below(site)))

    # The tree is asked for at every step of the simulation and never changes.

    @cached_property
    def _sites(self) -> dict[str, Site]:
        return {site.code: site for site in self.sites}

    @cached_property
    def _children(self) -> dict[str, tuple[str, ...]]:
        return {code: tuple(site.code for site in self.sites if site.parent == code) for code in self._sites}

    @cached_property
    def _below(self) -> dict[str, tuple[str, ...]]:
        return {code: tuple(c for c in self._sites if c != code and self.path(code, c)) for code in self._sites}
