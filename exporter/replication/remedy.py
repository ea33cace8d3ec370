"""What to do about a cause: short steps, each with what to look at afterwards.

The ladder is that of Microsoft's article on task sequences that do not replicate: mend the property that is wrong;
else change any property of the package and change it back, so that it is sent anew; else recreate the package and let
the task sequences use the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exporter.replication.diagnosis import Cause, CauseKind
from exporter.replication.state import Reference


@dataclass(frozen=True, slots=True)
class Patient:
    """A culprit as the steps name it.

    Attributes:
        reference: the missing program and its package.
        name: the package's name, "" when not known.
        owner: the site that owns the package, "" when not known.
        sites: where it is missing.
        task_sequences: what is blocked by it.
    """

    reference: Reference
    name: str
    owner: str
    sites: Sequence[str]
    task_sequences: Sequence[str]

    @property
    def package(self) -> str:
        """The package as a person would name it."""
        return f'{self.reference.package} ("{self.name}")' if self.name else self.reference.package

    @property
    def at_owner(self) -> str:
        """Where the owner is, in words."""
        return f"on {self.owner}" if self.owner else "on the site that owns it"

    @property
    def at_sites(self) -> str:
        """The sites where it is missing, in words."""
        return ", ".join(self.sites)


NOT_CONTENT = (
    "This is about the package's *information* (its definition and programs), not about its content on a distribution "
    "point: sending the content to a distribution point does not help."
)


def remedy(patient: Patient, cause: Cause) -> list[str]:
    """Return the steps, in their order."""
    return [*_STEPS[cause.kind](patient, cause), *_ladder(patient, cause)]


def _ladder(patient: Patient, cause: Cause) -> list[str]:
    """Return the steps that follow, whatever the cause."""
    sequences = ", ".join(patient.task_sequences)
    steps = [
        (
            f"Watch {patient.reference.package} arrive: distmgr.log at {patient.at_sites} shows a unit "
            f'"Adding package {patient.reference.package} to the active package array" without a failing line; then the '
            f"next try of {sequences} goes through."
        )
    ]
    if cause.kind in {CauseKind.PROGRAM_DELETED, CauseKind.CONTENT_LATE}:
        return steps
    return [
        *steps,
        (
            f"If it does not arrive, recreate package {patient.package} with a program, see that the new package arrives "
            f"at {patient.at_sites}, and change {sequences} to use it."
        ),
    ]


def _touch(patient: Patient) -> list[str]:
    return [
        (
            f"Change any property of package {patient.package} {patient.at_owner}, apply, and change it back: it is sent "
            f'to the child sites again. distmgr.log {patient.at_owner} then shows "Package {patient.reference.package} is '
            f'new or has changed, replicating to all applicable sites".'
        ),
        NOT_CONTENT,
    ]


def _source(patient: Patient, cause: Cause) -> list[str]:
    path = cause.source_path or "the source folder"
    return [
        (
            f"Open the data source of package {patient.package} {patient.at_owner} and mend it: {path} must exist, and the "
            f"computer account of the site server must be able to read it."
        ),
        (
            f"Update the distribution points of the package, or change any of its properties, so that the source is read "
            f'again. distmgr.log {patient.at_owner} shows "Taking package snapshot for package '
            f'{patient.reference.package}" without an error after it, and status message 2301.'
        ),
        NOT_CONTENT,
    ]


def _snapshot(patient: Patient, cause: Cause) -> list[str]:
    path = cause.source_path or "its source folder"
    return [
        (
            f'Look in distmgr.log {patient.at_owner} at the lines before "Failed to take snapshot of package '
            f'{patient.reference.package}": files of {path} that are open elsewhere, have too long a path, or do not fit '
            f"on the drive stop the snapshot."
        ),
        *_touch(patient),
    ]


def _deleted(patient: Patient, cause: Cause) -> list[str]:
    program = patient.reference.program
    if cause.site and cause.site != patient.owner:
        return [
            (
                f"Program {program} of package {patient.package} was deleted at {cause.site}, which does not own it: see "
                f"{patient.at_owner} whether the program is still there."
            ),
            *_touch(patient),
        ]
    return [
        (
            f"Create program {program} of package {patient.package} again {patient.at_owner}, under the same name; or "
            f"change {', '.join(patient.task_sequences)} not to use it."
        ),
        NOT_CONTENT,
    ]


def _never_sent(patient: Patient, cause: Cause) -> list[str]:
    there = cause.destination or patient.at_sites
    return [
        (
            f"See {patient.at_owner} that {there} is an active child site with an address, and that "
            f"it is not being deleted, restored or upgraded."
        ),
        *_touch(patient),
    ]


def _transport(patient: Patient, cause: Cause) -> list[str]:
    there = cause.destination or patient.at_sites
    return [
        (
            f"Mend the way from {cause.site} to {there}: the address, the account that connects, the share SMS_SITE, the "
            f'network. sender.log on {cause.site} then shows "Sending completed successfully" for {there}.'
        ),
        (
            f"See that what was put off goes on: despool.log at {there} shows instructions carried out, without "
            f'"Created retry instruction".'
        ),
        *_touch(patient),
    ]


def _old(patient: Patient, cause: Cause) -> list[str]:
    return [
        f"Let {patient.at_owner.removeprefix('on ')} send the newer definition to {cause.site}.",
        *_touch(patient),
    ]


def _late(patient: Patient, cause: Cause) -> list[str]:
    return [
        (
            f"Find where the content of {patient.package} stays on its way to {cause.site}: distmgr.log and sched.log "
            f"{patient.at_owner} show a minijob and a send request for it, sender.log "
            f'"Finished sending SWD package {patient.reference.package}", despool.log at {cause.site} "Stored Package '
            f'{patient.reference.package}".'
        ),
        (
            f"If no minijob is there, update the distribution points of the package {patient.at_owner}: here the content "
            f"itself is late, and the package's information waits for it."
        ),
    ]


def _not_read(patient: Patient, cause: Cause) -> list[str]:
    where = f"of {cause.site}" if cause.site else "of the site that owns the package"
    return [
        (
            f"Read the logs {where} too: the cause is usually a wrong property of the package there, such as a source "
            f"folder that cannot be read. Look in its distmgr.log for {patient.reference.package}."
        ),
        *_touch(patient),
    ]


def _unknown(patient: Patient, _: Cause) -> list[str]:
    return [
        f"See whether a property of package {patient.package} is wrong {patient.at_owner}, such as its source folder.",
        *_touch(patient),
    ]


_STEPS: dict[CauseKind, Callable[[Patient, Cause], list[str]]] = {
    CauseKind.SOURCE_PATH_INACCESSIBLE: _source,
    CauseKind.SNAPSHOT_FAILED: _snapshot,
    CauseKind.PROGRAM_DELETED: _deleted,
    CauseKind.NEVER_SENT: _never_sent,
    CauseKind.TRANSPORT: _transport,
    CauseKind.DEFINITION_OLD: _old,
    CauseKind.CONTENT_LATE: _late,
    CauseKind.OWNER_NOT_READ: _not_read,
    CauseKind.UNKNOWN: _unknown,
}
