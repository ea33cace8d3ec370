"""The despooler: unpacks what a parent has sent, and puts it where distribution manager finds it."""

from __future__ import annotations

from exporter.simulator import incidents
from exporter.simulator.engine import Process
from exporter.simulator.names import DESPOOLER, DISTMGR, MINUTE, SECOND
from exporter.simulator.notices import receive_file, request_processing
from exporter.simulator.plan import Fault
from exporter.simulator.server import Server, StatusMessage
from exporter.simulator.tables import DefinitionFile
from exporter.simulator.world import Shipment, ShipmentState, Trouble

MAX_THREADS = 3
_RETRY = 5 * MINUTE
_TYPE = "MICROSOFT|SMS|MINIJOBINSTRUCTION|PACKAGE"


def execute(server: Server, job: Shipment) -> Process:
    """Execute one instruction, again and again until it goes through."""
    main = server.threads[DESPOOLER]
    while True:
        while server.despooling >= MAX_THREADS:
            server.log(DESPOOLER, main, "Waiting for an available despooling thread")
            server.tables.moved["despooler_thread_waits",] += 1
            yield 10 * SECOND
        server.despooling += 1
        thread = server.new_thread()
        folder = rf"{server.inboxes}\despoolr.box\receive"
        server.log(DESPOOLER, main, f"~Found ready instruction {job.request}.sni")
        server.tables.threads["despool", ""] = server.despooling - 1, MAX_THREADS
        server.log(DESPOOLER, main, f"~Used {server.despooling - 1} out of {MAX_THREADS} despooling threads")
        server.log(DESPOOLER, main, f"~Created a new despooling thread {thread:X}")
        yield server.pause(50, 500)
        text = rf"~Verifying signature for instruction {folder}\ds_{job.request.lower()}.ist of type {_TYPE}"
        server.log(DESPOOLER, thread, text)
        text = f"~Signature checked out OK for instruction coming from site {job.origin}, "
        server.log(DESPOOLER, thread, f"{text}proceed with the instruction execution.")
        server.log(DESPOOLER, thread, f"~Executing instruction of type {_TYPE}")
        yield server.pause(50, 2000)
        server.despooling -= 1
        trouble = _trouble(server, job, thread)
        if not trouble:
            break
        if trouble == "instruction_lost":
            _lose(server, job, thread)
            return
        server.world.put_off(job, trouble)
        server.tables.moved["despooler_instructions", job.origin, "retried"] += 1
        server.tables.moved["despooler_instructions", job.origin, "failed"] += 1
        server.log(DESPOOLER, thread, f"~Created retry instruction for job {job.job}")
        server.log(DESPOOLER, thread, "~Despooler failed to execute the instruction, error code = 12")
        till = server.local_time_text(server.engine.now + _RETRY)
        server.log(
            DESPOOLER, thread, rf"~Instruction {folder}\ds_{job.request.lower()}.sni won't be processed till {till}"
        )
        yield _RETRY
    yield from _store(server, job, thread)
    server.log(DESPOOLER, thread, "~Despooler successfully executed one instruction.")
    server.world.carried_out(job)
    server.tables.moved["despooler_instructions", job.origin, "executed"] += 1


def _trouble(server: Server, job: Shipment, thread: int) -> str:
    """Return why an instruction cannot be carried out now, "" when it can."""
    definition = job.definition
    if incidents.despooler_fails(server.plan, server.code, definition.id, server.seconds):
        job.state = ShipmentState.DESPOOLER_RETRY
        return "despooler_retry"
    if job.content and incidents.broken(server.plan, Fault.INSTRUCTION, server.code, definition.id, server.seconds):
        return "instruction_lost"
    job.state = ShipmentState.TRAVELLING
    if not job.content or definition.id in server.world.deleted:
        return ""
    row = server.tables.rows.get(definition.id)
    # In 2007 the definition of a newer version waits for the content, so the content must not wait for it.
    known = row is not None and (server.old or row.content_version >= definition.content_version)
    if not known:
        text = f"~This package[{definition.id}]'s information hasn't arrived yet for this version "
        server.log(DESPOOLER, thread, f"{text}[{definition.content_version}]. Retry later ...")
    return "" if known else "content_before_definition"


def _lose(server: Server, job: Shipment, thread: int) -> None:
    """Fail with an instruction and not try again. The lines name no job; the file is called after the request."""
    job.state = ShipmentState.LOST
    server.world.troubles.add(Trouble("instruction_lost", server.code, job.origin, job.request.lower()))
    server.tables.moved["despooler_instructions", job.origin, "failed"] += 1
    server.log(DESPOOLER, thread, "~Despooler failed to execute the instruction, error code = 5")


def _not_unpacked(server: Server, job: Shipment) -> None:
    """Hand the content to the distribution manager, which up to SMS 2003 unpacks it, and cannot."""
    job.state, package, thread = ShipmentState.LOST, job.definition.id, server.new_thread()
    server.log(DISTMGR, thread, "Failed to write to the output file, Win32 Error = 13")
    server.world.troubles.add(Trouble("content_not_unpacked", server.code, package=package))
    text = rf"Cannot decompress package D:\SMSPKG\{package}.PCK to D:\_S M4YZ5.TMP, CTool return code = 4"
    server.log(DISTMGR, thread, text)


def _store(server: Server, job: Shipment, thread: int) -> Process:
    definition, tables = job.definition, server.tables
    package, version = definition.id, definition.content_version
    job.state = ShipmentState.DELIVERED
    if not job.content:
        receive_file(server, DefinitionFile(job.file, definition))
        return
    folder = rf"{server.inboxes}\despoolr.box\receive"
    server.log(
        DESPOOLER,
        thread,
        rf"~Received package {package} version {version}. Compressed file -  E:\SMSPKG\{package}.PCK as "
        rf"{folder}\ds_{job.request.lower()}.pkg",
    )
    yield server.pause(100, 5000)
    if incidents.broken(server.plan, Fault.UNPACKING, server.code, package, server.seconds):
        _not_unpacked(server, job)
        return
    if package in server.world.deleted or tables.content.get(package, 0) > version:
        return
    tables.store_content(definition)
    server.log(DESPOOLER, thread, f"~Stored Package {package}. Stored Package Version = {version}")
    server.status(DESPOOLER, thread, StatusMessage(4400, (package, definition.package.name), ((400, package),)))
    request_processing(server, package)
    # What is stored may be what a skipped definition waits for.
    server.file_arrived.fire(server.engine)
