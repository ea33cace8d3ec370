"""Send requests, as scheduler and sender tell of them, each in its own log and in either order of reading."""

from __future__ import annotations

from exporter.events.event import Event
from exporter.replication.limits import MAX_EVIDENCE, count, earliest, evidence_of, latest
from exporter.replication.state import Failure, LinkBasis, SendJob, SendRequest, SiteState, Tally

MAX_REQUESTS = 5_000
"""Requests, and jobs, that are remembered: a despooler may speak of a job hours after it was sent."""

MAX_LINKS = 2_000
"""Pairs of parent and child."""


def request_of(state: SiteState, request: str, time: float | None) -> SendRequest:
    """Return a request, which is made if it was not heard of before."""
    requests = state.transport.requests
    found = requests.get(request)
    if found is None:
        if len(requests) >= MAX_REQUESTS:
            oldest = next((name for name, known in requests.items() if known.done), next(iter(requests)))
            if not requests.pop(oldest).done:
                count(state, Tally.DROPPED, ("send_requests",))
        found = requests[request] = SendRequest()
    found.since = earliest(found.since, time)
    return found


def take(request: SendRequest, time: float | None) -> None:
    """Note that the sender tries a request."""
    request.taken = latest(request.taken, time)
    if time is None or request.finished is None or time > request.finished:
        request.done = False


def fail(request: SendRequest, event: Event, win32_error: int | None) -> None:
    """Note a failing line of the sender, unless the request was sent later."""
    take(request, event.time)
    if event.time is not None and request.finished is not None and event.time <= request.finished:
        return
    request.failures = (*request.failures, Failure(evidence_of(event), win32_error))[-MAX_EVIDENCE:]


def finish(request: SendRequest, time: float | None) -> None:
    """Note that a request has been sent. Scheduler and sender both say so, and either may be read first."""
    request.finished = latest(request.finished, time)
    if time is None or request.taken is None or request.taken <= time:
        request.done = True
    request.failures = tuple(failure for failure in request.failures if not _over(failure, time))


def _over(failure: Failure, time: float | None) -> bool:
    return failure.line.time is None or time is None or failure.line.time <= time


def remember_job(state: SiteState, job: str, package: str, *, content: bool = False) -> None:
    """Keep which package a job carries, and whether it is content, if any line about the job showed it."""
    jobs = state.transport.jobs
    known = jobs.pop(job, None)
    content = content or (known is not None and known == SendJob(package, content=True))
    jobs[job] = SendJob(package, content)
    if len(jobs) > MAX_REQUESTS:
        del jobs[next(iter(jobs))]


def link(state: SiteState, parent: str, child: str, basis: LinkBasis) -> None:
    """Note that a line shows one site to be another's parent."""
    links = state.transport.links
    if not parent or not child or parent == child:
        return
    if (parent, child) not in links and len(links) >= MAX_LINKS:
        count(state, Tally.DROPPED, ("links",))
    elif basis is LinkBasis.STATED or (parent, child) not in links:
        links[parent, child] = basis
