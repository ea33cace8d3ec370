"""The scheduler: turns jobs into send requests, and drops those that it cannot send."""

from __future__ import annotations

from exporter.simulator import incidents
from exporter.simulator.engine import Process
from exporter.simulator.names import DISTMGR, MINUTE, SCHEDULER, SECOND
from exporter.simulator.plan import Drop, Fault
from exporter.simulator.sender import send
from exporter.simulator.server import Server, StatusMessage
from exporter.simulator.tables import Definition
from exporter.simulator.world import Shipment, ShipmentState, Trouble


def package_file(server: Server, definition: Definition) -> str:
    """Return the path of a package's compressed content."""
    number = "" if server.old else f".{definition.content_version}"
    return rf"E:\SMSPKG\{definition.id}.PCK{number}"


def ship(server: Server, definition: Definition, destination: str, *, content: bool) -> None:
    """Hand a job to the scheduler."""
    server.jobs.append(_shipment(server, definition, destination, content=content))
    server.world.troubles.discard(Trouble("site_not_active", server.code, destination))
    server.job_arrived.fire(server.engine)


def leave_out(server: Server, definition: Definition, destination: str, thread: int, *, content: bool) -> None:
    """Hand no job to the scheduler, for the child is not active."""
    shipment = _shipment(server, definition, destination, content=content)
    shipment.state = ShipmentState.NEVER_SENT
    server.world.drop(shipment)
    server.world.troubles.add(Trouble("site_not_active", server.code, destination))
    server.log(DISTMGR, thread, f"{destination} is not an active site, ignore it")


def _shipment(server: Server, definition: Definition, destination: str, *, content: bool) -> Shipment:
    shipment = Shipment(
        definition=definition,
        origin=server.code,
        destination=destination,
        content=content,
        job=server.new_job(),
        request=f"{server.new_name(5)}{server.code}",
        file=server.new_name(8),
    )
    sent = server.world.content_sent if content else server.world.sent
    shipment.before = sent.get((definition.id, destination))
    sent[definition.id, destination] = shipment
    return shipment


def scheduler_thread(server: Server, thread: int) -> Process:
    """Work on new jobs as they come."""
    while True:
        yield server.job_arrived
        yield server.pause(2 * SECOND, 20 * SECOND)
        server.log(SCHEDULER, thread, "========  Processing Jobs  ========")
        jobs, server.jobs = server.jobs, []
        yield from _stopped(server, jobs, thread)
        for job in jobs:
            yield from _activate(server, job, thread)


def _stopped(server: Server, jobs: list[Shipment], thread: int) -> Process:
    """Wait while no job gets past the scheduler; those that wait are not lost."""
    while incidents.broken(server.plan, Fault.SCHEDULER, server.code, "", server.seconds):
        for job in jobs:
            job.state = ShipmentState.NEVER_SENT
        server.world.troubles.add(Trouble("scheduler_stopped", server.code))
        server.log(SCHEDULER, thread, "Could not transfer job from secondary to primary source")
        yield MINUTE
    for job in jobs:
        job.state = ShipmentState.TRAVELLING


def _activate(server: Server, job: Shipment, thread: int) -> Process:
    title = f"[Software Distribution for {job.definition.package.name}, Package ID = {job.definition.id}]~"
    outbox = rf"\\{server.site.server}\SMS_{server.code}\inboxes\schedule.box"
    server.log(SCHEDULER, thread, f"<Activating JOB {job.job}>{title}")
    yield server.pause(5, 100)
    lost = incidents.not_sent(server.plan, server.code, job.destination, job.definition.id, server.seconds)
    if lost is not None:
        server.world.drop(job)
        job.state = ShipmentState.NEVER_SENT if lost.how is not Drop.SILENT else ShipmentState.LOST
        if lost.how is Drop.NO_ADDRESS:
            server.log(SCHEDULER, thread, f"There is no address defined for site {job.destination}")
            _give_up(server, job.destination, "no_address")
            server.status(SCHEDULER, thread, StatusMessage(3400, (job.destination,), severity="E"))
            server.log(SCHEDULER, thread, "Cannot create the routing instruction.")
        elif lost.how is Drop.NO_REQUEST_ID:
            server.log(SCHEDULER, thread, "Skipping minijob. Could not retrieve the request ID")
            _give_up(server, "", "no_request_id")
            text = "Error. Could not give send request to scheduler. Possibly could not reach the schedule box "
            server.log(SCHEDULER, thread, f"{text}on the site server. Skipping minijob.")
        return
    server.log(SCHEDULER, thread, f"Destination site:  {job.destination}, Preferred Address: *, Priority: 2")
    server.log(SCHEDULER, thread, "Instruction type:  MICROSOFT|SMS|MINIJOBINSTRUCTION|PACKAGE~")
    server.log(SCHEDULER, thread, rf"Creating instruction file: {outbox}\tosend\{job.job}.Icl~")
    if job.content:
        server.log(SCHEDULER, thread, f"Transfer root:  {package_file(server, job.definition)}~")
    server.log(SCHEDULER, thread, f"<Updating JOB {job.job}>{title}")
    server.log(SCHEDULER, thread, f"Created new send request ID:  {job.request}~")
    server.tables.moved["scheduler_requests", job.destination, "created"] += 1
    server.tables.requests[job.request] = job.destination, ""
    server.world.troubles.discard(Trouble("no_address", server.code, job.destination))
    for kind in ("no_request_id", "scheduler_stopped"):
        server.world.troubles.discard(Trouble(kind, server.code))
    yield server.pause(5, 100)
    server.log(SCHEDULER, thread, "====== Updating Send Request List =======")
    _list_request(server, job, thread, "Pending")
    server.engine.spawn(_request(server, job, thread, title), server.pause(2 * SECOND, 30 * SECOND))


def _give_up(server: Server, destination: str, kind: str) -> None:
    server.world.troubles.add(Trouble(kind, server.code, destination))
    server.tables.moved["scheduler_jobs_dropped", destination, kind] += 1


def _list_request(server: Server, job: Shipment, thread: int, state: str) -> None:
    size = job.definition.package.size_kb * 3 // 4 if job.content else 4
    version = job.definition.content_version if job.content else job.definition.version
    server.tables.requests[job.request] = job.destination, state
    server.log(
        SCHEDULER,
        thread,
        f"Send Request {job.request} JobID: {job.job} DestSite: {job.destination} FinalSite: State: {state} Status: "
        f"Action: None Total size: {size}k Remaining: {size}k Heartbeat: 12:23 Start: 12:00 Finish: 12:00 Retry: "
        f"SWD PkgID: {job.definition.id} SWD Pkg Version: {version}",
    )


def _request(server: Server, job: Shipment, thread: int, title: str) -> Process:
    """Follow one send request to its end."""
    while job.content and incidents.content_held_until(server.plan, job.definition.id, job.destination, server.seconds):
        _list_request(server, job, thread, "Pending")
        yield 15 * MINUTE
    yield from send(server, job)
    yield server.pause(5 * SECOND, 60 * SECOND)
    while server.checking:  # one thread looks after all of them, one after another
        yield 10
    server.checking = True
    outbox = rf"\\{server.site.server}\SMS_{server.code}\inboxes\schedule.box"
    server.log(SCHEDULER, thread, "======  Checking Status of All Send Requests  ======")
    server.log(SCHEDULER, thread, rf"~====  Checking send requests for outbox {outbox}\outboxes\LAN.~~")
    server.log(SCHEDULER, thread, f"Checking send request {job.request}~")
    server.log(SCHEDULER, thread, f"Sending completed ({server.pause(50_000, 14_000_000)} bytes/sec).~")
    yield server.pause(5, 100)
    server.log(SCHEDULER, thread, f"<Updating JOB {job.job}>{title}")
    server.log(SCHEDULER, thread, "Send request has successfully completed.~")
    server.tables.moved["scheduler_requests", job.destination, "completed"] += 1
    server.log(SCHEDULER, thread, "<JOB STATUS - COMPLETE>~")
    server.log(SCHEDULER, thread, rf"Deleting instruction file {outbox}\tosend\{job.job}.Icl.~")
    server.log(SCHEDULER, thread, f"Deleting send request with ID: {job.request}.~")
    server.log(SCHEDULER, thread, f"Deleted job {job.job}.~")
    server.checking = False
