"""What to do about a cause: short steps, each with what to look at afterwards.

The ladder is that of Microsoft's article on task sequences that do not replicate: mend the property that is wrong;
else change any property of the package and change it back, so that it is sent anew; else recreate the package and let
the task sequences use the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exporter.replication.cause import Cause, CauseKind, named
from exporter.replication.state import Reference

_MOST_NAMED = 5


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
    def id(self) -> str:
        """The package's ID."""
        return self.reference.package

    @property
    def package(self) -> str:
        """The package as a person would name it."""
        return f'{self.id} ("{self.name}")' if self.name else self.id

    @property
    def at_owner(self) -> str:
        """Where the owner is, in words."""
        return f"on {self.owner}" if self.owner else "on the site that owns it"

    @property
    def at_sites(self) -> str:
        """The sites where it is missing, in words."""
        return _listed([named(site) for site in self.sites])

    @property
    def sequences(self) -> str:
        """The task sequences that it blocks, in words."""
        return _listed(self.task_sequences)


def _listed(names: Sequence[str]) -> str:
    """Return names for a sentence: the first few, and how many more there are."""
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def remedy(patient: Patient, cause: Cause) -> list[str]:
    """Return the steps, in their order."""
    steps = [*_STEPS[cause.kind](patient, cause), *_watch(patient, cause)]
    return [step for step in steps if not (cause.content and step is NOT_CONTENT)]


NOT_CONTENT = (
    "Do not look for the content on distribution points: what is missing is the package's information (its definition "
    "and programs), and sending the content does not bring it."
)


def _touch(patient: Patient) -> list[str]:
    step = (
        f"Change any property of package {patient.package} {patient.at_owner}, apply, and change it back, so that it "
        f'is sent again. Afterwards distmgr.log {patient.at_owner} shows "Package {patient.id} is new or has changed, '
        'replicating to all applicable sites".'
    )
    return [step, NOT_CONTENT]


def _watch(patient: Patient, cause: Cause) -> list[str]:
    """Return the steps that follow, whatever the cause."""
    arrive = (
        f'See it arrive: distmgr.log at {patient.at_sites} shows "Adding package {patient.id} to the active package '
        f'array" without a failing line before "Removing package {patient.id}". The next try of {patient.sequences} '
        "then goes through; idle sites try once an hour."
    )
    recreate = (
        f"If that does not help, recreate package {patient.package} with program {patient.reference.program}, see that "
        f"the new package arrives at {patient.at_sites} as above, and change {patient.sequences} to use it."
    )
    return [arrive] if cause.kind is CauseKind.PROGRAM_DELETED else [arrive, recreate]


def _source(patient: Patient, cause: Cause) -> list[str]:
    if cause.ended:
        return _mended(patient)
    path = cause.source_path or "the source folder"
    mend = (
        f"Mend the data source of package {patient.package} {patient.at_owner}: {path} must exist, and the computer "
        "account of the site server must be able to read it."
    )
    again = (
        "Update the distribution points of the package, so that the source is read again. Afterwards distmgr.log "
        f'{patient.at_owner} shows "Taking package snapshot for package {patient.id}" without an error after it, and '
        "then status message 2301 for the package."
    )
    return [mend, again, NOT_CONTENT]


def _snapshot(patient: Patient, cause: Cause) -> list[str]:
    if cause.ended:
        return _mended(patient)
    path = cause.source_path or "the source folder"
    mend = (
        f'Look in distmgr.log {patient.at_owner} at the lines before "Failed to take snapshot of package {patient.id}" '
        f"and mend what they name: a file in {path} that is open elsewhere or has too long a path, or a full drive."
    )
    again = (
        "Update the distribution points of the package, so that the snapshot is taken again. Afterwards distmgr.log "
        f"{patient.at_owner} shows status message 2301 for the package."
    )
    return [mend, again, NOT_CONTENT]


def _mended(patient: Patient) -> list[str]:
    check = (
        f"The source of package {patient.package} has been read again, so what was wrong there is mended: see in "
        f"sched.log and sender.log {patient.at_owner} that a job and a send request for {patient.id} went out since."
    )
    return [check, *_touch(patient)]


def _deleted(patient: Patient, cause: Cause) -> list[str]:
    program = patient.reference.program
    if cause.site and cause.site != patient.owner:
        check = (
            f"See that program {program} of package {patient.package} still exists {patient.at_owner}: it was deleted "
            f"at {cause.site}, which does not own it."
        )
        return [check, *_touch(patient)]
    create = (
        f"Create program {program} of package {patient.package} again {patient.at_owner}, under the same name; or "
        f"change {patient.sequences} not to use it. Afterwards distmgr.log {patient.at_owner} shows "
        f'"A program for package {patient.id} has been added or removed".'
    )
    return [create, NOT_CONTENT]


def _never_sent(patient: Patient, cause: Cause) -> list[str]:
    there = cause.destination or patient.at_sites
    mend = (
        f"See on {cause.site} that {there} is an active child site and has an address. In sched.log on {cause.site} "
        f'neither "There is no address defined for site {there}" nor "Could not retrieve the request ID" must come '
        "again; what was given up is not sent again by itself."
    )
    return [mend, *_touch(patient)]


def _transport(patient: Patient, cause: Cause) -> list[str]:
    there = cause.destination or patient.at_sites
    if cause.site == there:
        unpack = (
            f"Mend the despooler of {there}: room on its drives, locked files, rights on inboxes\\despoolr.box. "
            f'Afterwards despool.log on {there} shows "Despooler successfully executed one instruction" without '
            '"Created retry instruction" before it; it tries every few minutes.'
        )
        return [unpack, *_touch(patient)]
    if cause.ended:
        wait = (
            f"Wait for the next try: the sender of {cause.site} has reached {there} again, and tries what it had put "
            f'aside within an hour. Then sender.log on {cause.site} shows "Finished sending SWD package '
            f'{patient.id}". If it fails with another error, mend that first.'
        )
        return [wait, *_touch(patient)]
    connect = (
        f"Mend the connection from {cause.site} to {there}: the network, the share SMS_SITE, the account it uses, "
        f'the address. Afterwards sender.log on {cause.site} shows "Finished sending SWD package {patient.id}" and '
        f"despool.log on {there} the instruction carried out; what was put aside is tried again within an hour."
    )
    return [connect, *_touch(patient)]


def _old(patient: Patient, cause: Cause) -> list[str]:
    if cause.refused:
        mend = (
            f'Look in distmgr.log on {cause.site} at "Cannot update the package server ... for package {patient.id}": '
            "remove the distribution point that it names from the package if its site is gone, or mend what keeps "
            f"{cause.site} from storing it. Afterwards {cause.site} stores the definition and sends it on."
        )
        return [mend, *_touch(patient)]
    wait = (
        f"Give the newer definition the time to come from {patient.owner} to {named(cause.site)}: sched.log and "
        f"sender.log {patient.at_owner} show a job and a send request for {patient.id}. Since ConfigMgr 2012 it comes "
        "by SQL replication instead: see in the console, under Database Replication, that the link is active."
    )
    return [wait, *_touch(patient)]


def _late(patient: Patient, cause: Cause) -> list[str]:
    find = (
        f"Find where the content of package {patient.package} stays on its way to {named(cause.site)}: distmgr.log and "
        "sched.log above it show a minijob and a send request, sender.log "
        f'"Finished sending SWD package {patient.id}", '
        f'despool.log on {named(cause.site)} "Stored Package {patient.id}". Here the package\'s information waits for '
        "its content."
    )
    send = (
        f"If no minijob is there, update the distribution points of the package {patient.at_owner}. Afterwards "
        f'distmgr.log {patient.at_owner} shows "Created minijob to send compressed copy of package {patient.id}".'
    )
    return [find, send]


def _not_read(patient: Patient, cause: Cause) -> list[str]:
    where = f"of {cause.site}" if cause.site else "of the site that owns the package"
    how = f" (`explain` takes them as {cause.site}=\\\\SERVER\\SMS_{cause.site}\\Logs)" if cause.site else ""
    read = (
        f"Read the logs {where} too{how}. The cause is usually a wrong property of the package there, such as a source "
        f"folder that cannot be read: look for {patient.id} in its distmgr.log, and mend what the lines name."
    )
    return [read, *_touch(patient)]


def _unknown(patient: Patient, _: Cause) -> list[str]:
    look = (
        f"See whether a property of package {patient.package} is wrong {patient.at_owner}, such as the path of its "
        f"source files, and whether program {patient.reference.program} is there."
    )
    return [look, *_touch(patient)]


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
