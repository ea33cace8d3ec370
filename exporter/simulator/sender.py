"""The sender: carries compressed files and instructions to a child, and leaves a child alone that it cannot reach."""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

from exporter.simulator import incidents
from exporter.simulator.despool import execute
from exporter.simulator.engine import Process, Wait
from exporter.simulator.names import HOUR, MINUTE, SECOND, SENDER
from exporter.simulator.server import Server
from exporter.simulator.world import Shipment, ShipmentState

MAX_THREADS = 3
# A large package gives thousands of these lines; a few dozen show what they do to a log.
_MOST_WRITES = 40


class _File(NamedTuple):
    """A file to send: where it is, where it goes, and its bytes."""

    local: str
    remote: str
    size: int


def send(server: Server, job: Shipment) -> Process:
    """Send one request, however long that takes."""
    child = job.destination
    while True:
        while server.sending[child] >= MAX_THREADS or _left_alone(server, child):
            yield 5 * SECOND
        main = server.threads[SENDER]
        taken = server.engine.now
        server.log(SENDER, main, f"Found send request.  ID: {job.request}, Dest Site: {child}~")
        server.tables.moved["sender_requests", child, "taken"] += 1
        used = server.sending[child]
        server.tables.threads["sender", child] = used, MAX_THREADS
        text = f"Checking for site-specific sending capacity.  Used {used} out of {MAX_THREADS}.~"
        server.log(SENDER, main, text)
        thread = server.new_thread()
        server.log(SENDER, main, f"~Created sending thread (Thread ID = {thread:X})")
        server.sending[child] += 1
        yield server.pause(50, 500)
        server.log(SENDER, thread, "~Trying the No. 1 address (out of 1)")
        connected = yield from _connect(server, job, thread)
        if connected:
            break
        server.sending[child] -= 1
        job.state = ShipmentState.PUT_ASIDE
        yield HOUR
    job.state = ShipmentState.TRAVELLING
    yield from _transfer(server, job, thread)
    server.tables.moved["sender_requests", child, "completed"] += 1
    server.tables.moved["send_milliseconds", child] += server.engine.now - taken
    server.sending[child] -= 1
    peer = server.peers[child]
    server.engine.spawn(execute(peer, job), server.pause(2 * SECOND, 30 * SECOND))


def _left_alone(server: Server, child: str) -> bool:
    """Return whether the child is put aside. It is no more when it can be reached again.

    The product says "for an hour or until there are no active send requests"; here the second is taken to be at hand
    as soon as the line is back, while a request that has failed keeps its own hour.
    """
    down = incidents.connection_error(server.plan, server.code, child, server.seconds)
    return bool(down) and server.put_aside.get(child, 0) > server.engine.now


def _connect(server: Server, job: Shipment, thread: int) -> Generator[Wait, None, bool]:
    """Connect to the child: two retries, a minute apart, before the child is put aside for an hour."""
    child, peer = job.destination, server.peers[job.destination]
    for attempt in range(3):
        error = incidents.connection_error(server.plan, server.code, child, server.seconds)
        if not error:
            return True
        if attempt:
            yield MINUTE
        server.world.fail_to_reach("connection_failed", server.code, child, error)
        server.tables.moved["sender_connection_failures", child, str(error)] += 1
        server.log(SENDER, thread, rf"Error during WNetAddConnection2 to \\{peer.site.server}\SMS_SITE ({error}).")
        server.log(SENDER, thread, "There is no existing connection, Win32 error = 0")
        server.log(SENDER, thread, "Operation is retryable.")
    now = server.engine.now
    server.put_aside[child] = now + HOUR
    server.world.fail_to_reach("put_aside", server.code, child, error)
    server.tables.moved["sender_sites_put_aside", child] += 1
    server.tables.moved["sender_requests", child, "failed"] += 1
    server.log(
        SENDER,
        thread,
        rf"Cannot connect to server \\{peer.site.server} at remote site {child}, won't try send requests going to site "
        f"{child} for an hour or until there are no active send requests.",
    )
    server.log(SENDER, thread, "Could not establish connection.")
    server.log(SENDER, thread, "Attempt to connect failed.")
    server.log(SENDER, thread, "No need to disconnect")
    server.log(SENDER, thread, f"Restart time = {server.local_time_text(now + HOUR)}")
    return False


def _transfer(server: Server, job: Shipment, thread: int) -> Process:
    peer = server.peers[job.destination]
    remote = rf"\\{peer.site.server}\SMS_SITE\{job.request}"
    instruction = rf"{server.inboxes}\schedule.box\tosend\{job.job}.Icl"
    root = rf"E:\SMSPKG\{job.definition.id}.PCK"
    server.log(SENDER, thread, "~Passed the xmit file test, use the existing connection")
    if job.content:
        server.log(SENDER, thread, f"~Package file = {root}")
    server.log(SENDER, thread, f"~Instruction file = {instruction}")
    for suffix in ("PCK", "SNI", "TMP"):
        server.log(SENDER, thread, f"~Checking for remote file {remote}.{suffix}")
    yield server.pause(50, 500)
    if job.content:
        size = job.definition.package.size_kb * 768
        yield from _write(server, job, thread, _File(root, f"{remote}.PCK", size))
    yield from _write(server, job, thread, _File(instruction, f"{remote}.TMP", server.pause(1500, 9000)))
    server.log(SENDER, thread, f"~Renaming remote file {remote}.TMP to {remote}.SNI")
    server.log(SENDER, thread, f"~Rename completed [{remote}.TMP]")
    server.log(SENDER, thread, "~Sending completed successfully")
    del server.tables.requests[job.request]


def _write(server: Server, job: Shipment, thread: int, file: _File) -> Process:
    definition = job.definition
    server.log(SENDER, thread, f"~Attempt to create/open the remote file {file.remote}")
    server.log(SENDER, thread, f"~Created/opened the remote file {file.remote}")
    server.log(SENDER, thread, f"~Sending Started [{file.local}]")
    position = 0
    chunk = max(1024, -(-file.size // _MOST_WRITES))
    while position < file.size:
        part = min(chunk, file.size - position)
        server.log(SENDER, thread, f"~Attempt to write {part} bytes to {file.remote} at position {position}")
        yield server.pause(20, 2000)
        server.log(SENDER, thread, f"~Wrote {part} bytes to {file.remote} at position {position}")
        server.tables.moved["sender_bytes", job.destination] += part
        position += part
    version = definition.content_version if job.content else definition.version
    server.log(SENDER, thread, f"~Sending completed [{file.local}]")
    text = f"~Finished sending SWD package {definition.id} version {version} to site {job.destination}"
    server.log(SENDER, thread, text)
    server.world.reached(server.code, job.destination)
