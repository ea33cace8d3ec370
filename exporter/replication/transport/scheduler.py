"""sched.log: jobs become send requests, or are given up.

The lines of one job stand on the scheduler's thread one after another; only the first names the package.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from exporter.events.event import Event
from exporter.replication.fields import key_of, text
from exporter.replication.limits import MAX_OPEN, count
from exporter.replication.packages import Packages, fact_of
from exporter.replication.state import FactKind, LinkBasis, SiteState, Tally, TroubleKind
from exporter.replication.transport.requests import MAX_REQUESTS, finish, link, remember_job, request_of
from exporter.replication.transport.troubles import Troubles

NAMES = frozenset(
    {
        "job_activating",
        "job_destination",
        "job_transfer_root",
        "send_request_created",
        "send_request_state",
        "send_request_checking",
        "send_request_completed",
        "send_request_deleting",
        "address_missing",
        "address_unavailable",
        "routing_instruction_failed",
        "minijob_skipped",
        "send_request_refused",
        "secondary_source_unreachable",
        "job_transfer_failed",
    }
)


@dataclass(slots=True)
class Job:
    """The job that a thread of the scheduler is at work on.

    Attributes:
        job: its ID.
        package: the package it carries.
        destination: where it goes, once a line said so.
        dropped: whether a line said that it is given up: the lines after that say it again.
        checked: the request that is being looked at.
    """

    job: str = ""
    package: str = ""
    destination: str = ""
    dropped: bool = False
    checked: str = ""


@dataclass(slots=True)
class Scheduler:
    """What the threads of the scheduler are at, and where each open request goes, by this log alone."""

    threads: dict[tuple[str, int | None], Job] = field(default_factory=dict)
    destinations: dict[str, str] = field(default_factory=dict)

    def take(self, state: SiteState, packages: Packages, troubles: Troubles, event: Event) -> None:
        """Take one line of the scheduler (`NAMES`)."""
        job = self._job(event)
        match event.name:
            case "job_activating":
                job.job, job.package = text(event, "job"), text(event, "package")
                job.destination, job.dropped = "", False
                remember_job(state, job.job, job.package)
            case "job_destination":
                job.destination = text(event, "site")
            case "job_transfer_root":
                if job.job:
                    remember_job(state, job.job, job.package, content=True)
            case "send_request_created":
                self._created(state, troubles, event, job)
            case "send_request_state":
                self._listed(state, event)
            case "send_request_checking":
                job.checked = text(event, "request")
            case "send_request_completed":
                self._completed(state, event, job)
            case "send_request_deleting":
                self._finish(state, text(event, "request"), event.time)
            case _:
                self._refused(state, packages, troubles, event)

    def interrupted(self, log: str) -> None:
        """Forget what the threads were at: lines were lost."""
        for key in [key for key in self.threads if key[0] == log]:
            del self.threads[key]

    def _job(self, event: Event) -> Job:
        key = key_of(event)
        if key not in self.threads:
            if len(self.threads) >= MAX_OPEN:
                del self.threads[next(iter(self.threads))]
            self.threads[key] = Job()
        return self.threads[key]

    def _created(self, state: SiteState, troubles: Troubles, event: Event, job: Job) -> None:
        name = text(event, "request")
        request = request_of(state, name, event.time)
        request.package = request.package or job.package
        request.job = request.job or job.job
        request.destination = request.destination or job.destination
        self._remember(name, job.destination)
        _lead(state, job.package, job.destination)
        count(state, Tally.SCHEDULER_REQUESTS, (job.destination, "created"))
        troubles.clear(state, event, "", TroubleKind.NO_REQUEST_ID, TroubleKind.SCHEDULER_STOPPED)
        if job.destination:
            troubles.clear(state, event, job.destination, TroubleKind.NO_ADDRESS)

    def _listed(self, state: SiteState, event: Event) -> None:
        name = text(event, "request")
        request = request_of(state, name, event.time)
        request.package = text(event, "package") or request.package
        request.job = text(event, "job") or request.job
        request.destination = text(event, "site") or request.destination
        if event.time is None or request.state_time is None or event.time >= request.state_time:
            request.state, request.state_time = text(event, "state"), event.time
        remember_job(state, request.job, request.package)
        self._remember(name, request.destination)
        _lead(state, request.package, request.destination)

    def _completed(self, state: SiteState, event: Event, job: Job) -> None:
        count(state, Tally.SCHEDULER_REQUESTS, (self.destinations.get(job.checked, ""), "completed"))
        if job.checked:
            self._finish(state, job.checked, event.time)

    def _finish(self, state: SiteState, name: str, time: float | None) -> None:
        self.destinations.pop(name, None)
        finish(request_of(state, name, time), time)

    def _refused(self, state: SiteState, packages: Packages, troubles: Troubles, event: Event) -> None:
        """Take a line that says that a job has no way to go, or gets no request ID."""
        job, site = self._job(event), text(event, "site")
        match event.name:
            case "address_unavailable":
                troubles.add(state, event, (TroubleKind.NO_ADDRESS, site, ""))
            case "address_missing":
                troubles.add(state, event, (TroubleKind.NO_ADDRESS, site, ""))
                _drop(state, packages, event, job, (TroubleKind.NO_ADDRESS, site))
            case "secondary_source_unreachable" | "job_transfer_failed":
                troubles.add(state, event, (TroubleKind.SCHEDULER_STOPPED, "", ""))
            case "routing_instruction_failed":
                _drop(state, packages, event, job, (TroubleKind.NO_ADDRESS, job.destination))
            case _:
                troubles.add(state, event, (TroubleKind.NO_REQUEST_ID, "", ""))
                _drop(state, packages, event, job, (TroubleKind.NO_REQUEST_ID, ""))

    def _remember(self, name: str, destination: str) -> None:
        self.destinations[name] = destination or self.destinations.get(name, "")
        if len(self.destinations) > MAX_REQUESTS:
            del self.destinations[next(iter(self.destinations))]


def _lead(state: SiteState, package: str, site: str) -> None:
    """Note that packages go to a site: they only go down the tree, so that even a job given up shows a child."""
    if package:
        link(state, state.site, site, LinkBasis.INFERRED)


def _drop(state: SiteState, packages: Packages, event: Event, job: Job, why: tuple[TroubleKind, str]) -> None:
    """Note that a job is given up; what was dropped is not sent again by itself."""
    if job.dropped:
        return
    job.dropped = True
    kind, site = why
    count(state, Tally.SCHEDULER_JOBS_DROPPED, (site, kind.value))
    _lead(state, job.package, site)
    if job.package:
        packages.fact(state, job.package, fact_of(FactKind.JOB_DROPPED, event, site))
