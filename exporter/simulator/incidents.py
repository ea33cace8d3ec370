"""What goes wrong at a moment of the plan: look-ups for the components, and what starts by itself.

An incident with a start and an end is a condition of the world that the components meet. `mending` gives the changes
by which an administrator ends it; the plain ones start processes of their own.
"""

from __future__ import annotations

from exporter.simulator.plan import (
    BadSource,
    Change,
    CutOff,
    DespoolerRetries,
    Incident,
    LateContent,
    NeverSent,
    Plan,
    SnapshotFails,
    Touch,
)


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


def mending(incident: Incident) -> tuple[Change, ...]:
    """Return what an administrator does when an incident ends, so that the package goes out again."""
    match incident:
        case BadSource() | SnapshotFails():
            return (Touch(incident.end, incident.package, refresh=True),)
        case NeverSent(package=str() as package):
            return (Touch(incident.end, package),)
        case _:
            return ()
