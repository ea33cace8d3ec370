"""What goes wrong at a moment of the plan: look-ups for the components, and what starts by itself.

An incident with a start and an end is a condition of the world that the components meet. `mending` gives what an
administrator does when it is over.
"""

from __future__ import annotations

from typing import Final

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


def source_error(plan: Plan, package: str, at: int) -> int:
    """Return the Win32 error that the owner meets at a package's source, or 0."""
    return next(
        (
            bad.win32_error
            for bad in plan.incidents
            if isinstance(bad, BadSource) and bad.package == package and bad.start <= at < bad.end
        ),
        0,
    )


def snapshot_fails(plan: Plan, package: str, at: int) -> bool:
    """Return whether the owner cannot take a snapshot of a package."""
    return any(
        isinstance(bad, SnapshotFails) and bad.package == package and bad.start <= at < bad.end
        for bad in plan.incidents
    )


def content_held_until(plan: Plan, package: str, destination: str, at: int) -> int:
    """Return until when the scheduler holds content back, or 0."""
    return next(
        (
            late.end
            for late in plan.incidents
            if isinstance(late, LateContent)
            and (late.package, late.destination) == (package, destination)
            and late.start <= at < late.end
        ),
        0,
    )


def not_sent(plan: Plan, site: str, destination: str, package: str, at: int) -> NeverSent | None:
    """Return the incident that makes the scheduler drop a job, if there is one."""
    return next(
        (
            lost
            for lost in plan.incidents
            if isinstance(lost, NeverSent)
            and (lost.site, lost.destination) == (site, destination)
            and lost.package in (None, package)
            and lost.start <= at < lost.end
        ),
        None,
    )


def not_active(plan: Plan, site: str, destination: str, at: int) -> bool:
    """Return whether a site holds a child for not active."""
    return any(
        isinstance(bad, NotActive) and (bad.site, bad.destination) == (site, destination) and bad.start <= at < bad.end
        for bad in plan.incidents
    )


def definition_held_until(plan: Plan, package: str, destination: str, at: int) -> int:
    """Return until when SQL replication holds a definition back, or 0."""
    return next(
        (
            late.end
            for late in plan.incidents
            if isinstance(late, LateDefinition)
            and (late.package, late.destination) == (package, destination)
            and late.start <= at < late.end
        ),
        0,
    )


def connection_error(plan: Plan, site: str, destination: str, at: int) -> int:
    """Return the Win32 error with which the sender fails to connect to a child, or 0."""
    return next(
        (
            cut.win32_error
            for cut in plan.incidents
            if isinstance(cut, CutOff)
            and (cut.site, cut.destination) == (site, destination)
            and cut.start <= at < cut.end
        ),
        0,
    )


def despooler_fails(plan: Plan, site: str, package: str, at: int) -> bool:
    """Return whether the despooler of a site cannot execute the instructions of a package."""
    return any(
        isinstance(bad, DespoolerRetries) and (bad.site, bad.package) == (site, package) and bad.start <= at < bad.end
        for bad in plan.incidents
    )


def refused_site(plan: Plan, site: str, package: str, at: int) -> str:
    """Return the site that a site does not know and that a package has a distribution point at, or ""."""
    return next(
        (
            bad.unknown_site
            for bad in plan.incidents
            if isinstance(bad, ServerRefused)
            and (bad.site, bad.package) == (site, package)
            and bad.start <= at < bad.end
        ),
        "",
    )


def broken(plan: Plan, what: Fault, site: str, package: str, at: int) -> bool:
    """Return whether something does not work at a site, for a package."""
    return any(
        isinstance(bad, Broken)
        and (bad.what, bad.site) == (what, site)
        and bad.package in {"", package}
        and bad.start <= at < bad.end
        for bad in plan.incidents
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
