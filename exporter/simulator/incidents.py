"""What goes wrong at a moment of the plan: look-ups for the components, and what starts by itself.

An incident with a start and an end is a condition of the world that the components meet. `mending` gives what an
administrator does when it is over.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol, TypeVar

from exporter.simulator.plan import (
    BadSource,
    Broken,
    CutOff,
    DespoolerRetries,
    Fault,
    Incident,
    LateContent,
    LateDefinition,
    NeverSent,
    NotActive,
    Plan,
    ProgramDeleted,
    ServerRefused,
    SnapshotFails,
    Touch,
)
from exporter.simulator.world import World


class _Lasting(Protocol):
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


_Kind = TypeVar("_Kind", bound=_Lasting)


def _lasting(plan: Plan, kind: type[_Kind], at: int) -> Iterator[_Kind]:
    """Give the incidents of a kind that last at a moment, in the order of the plan."""
    return (each for each in plan.incidents if isinstance(each, kind) and each.start <= at < each.end)


def source_error(plan: Plan, package: str, at: int) -> int:
    """Return the Win32 error that the owner meets at a package's source, or 0."""
    return next((bad.win32_error for bad in _lasting(plan, BadSource, at) if bad.package == package), 0)


def snapshot_fails(plan: Plan, package: str, at: int) -> bool:
    """Return whether the owner cannot take a snapshot of a package."""
    return any(bad.package == package for bad in _lasting(plan, SnapshotFails, at))


def content_held_until(plan: Plan, package: str, destination: str, at: int) -> int:
    """Return until when the scheduler holds content back, or 0."""
    held = (package, destination)
    return next((late.end for late in _lasting(plan, LateContent, at) if (late.package, late.destination) == held), 0)


def not_sent(plan: Plan, site: str, destination: str, package: str, at: int) -> NeverSent | None:
    """Return the incident that makes the scheduler drop a job, if there is one."""
    way = (site, destination)
    drops = (lost for lost in _lasting(plan, NeverSent, at) if (lost.site, lost.destination) == way)
    return next((lost for lost in drops if lost.package in {None, package}), None)


def not_active(plan: Plan, site: str, destination: str, at: int) -> bool:
    """Return whether a site holds a child for not active."""
    return any((bad.site, bad.destination) == (site, destination) for bad in _lasting(plan, NotActive, at))


def definition_held_until(plan: Plan, package: str, destination: str, at: int) -> int:
    """Return until when SQL replication holds a definition back, or 0."""
    held = (package, destination)
    lasting = _lasting(plan, LateDefinition, at)
    return next((late.end for late in lasting if (late.package, late.destination) == held), 0)


def connection_error(plan: Plan, site: str, destination: str, at: int) -> int:
    """Return the Win32 error with which the sender fails to connect to a child, or 0."""
    way = (site, destination)
    return next((cut.win32_error for cut in _lasting(plan, CutOff, at) if (cut.site, cut.destination) == way), 0)


def despooler_fails(plan: Plan, site: str, package: str, at: int) -> bool:
    """Return whether the despooler of a site cannot execute the instructions of a package."""
    return any((bad.site, bad.package) == (site, package) for bad in _lasting(plan, DespoolerRetries, at))


def refused_site(plan: Plan, site: str, package: str, at: int) -> str:
    """Return the site that a site does not know and that a package has a distribution point at, or ""."""
    refused = (site, package)
    lasting = _lasting(plan, ServerRefused, at)
    return next((bad.unknown_site for bad in lasting if (bad.site, bad.package) == refused), "")


def broken(plan: Plan, what: Fault, site: str, package: str, at: int) -> bool:
    """Return whether something does not work at a site, for a package."""
    return any(
        (bad.what, bad.site) == (what, site) and bad.package in {"", package} for bad in _lasting(plan, Broken, at)
    )


_RESENT: Final = frozenset({Fault.COMPRESSION, Fault.INSTRUCTION, Fault.UNPACKING})
"""After these an administrator has the package sent again; the others go on by themselves."""


def mended_at(incident: Incident) -> int | None:
    """Return when an administrator mends what an incident has left, or None when there is nothing to do."""
    match incident:
        case NeverSent(resent=moment) | NotActive(resent=moment):
            return moment
        case BadSource(end=moment) | SnapshotFails(end=moment) | ProgramDeleted(end=moment):
            return moment
        case Broken(what=what, end=moment) if what in _RESENT:
            return moment
        case _:
            return None


def mending(incident: Incident, world: World) -> tuple[Touch, ...]:
    """Return what an administrator does to mend: the packages that the incident kept back are sent again."""
    match incident:
        case BadSource(package=package) | SnapshotFails(package=package):
            return (Touch(incident.end, package, refresh=True),)
        case NeverSent() | NotActive():
            dropped = world.dropped.pop((incident.site, incident.destination), set())
            return tuple(Touch(incident.resent, package, refresh=True) for package in sorted(dropped))
        case ProgramDeleted():
            return (Touch(incident.end, incident.reference.package),)
        case Broken(package=package):
            return (Touch(incident.end, package, refresh=True),)
        case _:
            return ()
