"""Distribution manager: its main thread, and the one thread that works on incoming definitions."""

from __future__ import annotations

from collections.abc import Generator

from exporter.simulator import incidents
from exporter.simulator.engine import Process, Record, Wait
from exporter.simulator.hierarchy import Site
from exporter.simulator.names import DISTMGR, HOUR, SECOND, nal_path
from exporter.simulator.notices import request_processing
from exporter.simulator.processing import package_thread
from exporter.simulator.server import Server, StatusMessage
from exporter.simulator.tables import MISSING_REFERENCE, NEWER_VERSION, SQL_REFUSED, DefinitionFile, Outcome, Try

MAX_PACKAGE_THREADS = 3


def start(server: Server) -> None:
    """Start the component: at the beginning, and after a restart."""
    main, replication = server.new_replication_threads()
    engine = server.engine
    if server.open_try is not None:
        # A unit that a restart cut off: how it ended is not known to anyone, its file is tried again.
        server.tables.units[Outcome.UNKNOWN] += 1
        server.open_try = None
    if server.in_thread:
        server.tables.processing["unknown"] += len(server.in_thread)
        server.in_thread.clear()
    server.log(DISTMGR, main, f"SMS_EXECUTIVE started SMS_DISTRIBUTION_MANAGER as thread ID {main} (0x{main:X})")
    if server.old:
        server.log(DISTMGR, main, f"Starting thread for processing replication,thread ID = {replication:X}")
    else:
        server.log(
            DISTMGR, main, f"Starting thread for processing replication, thread ID = 0x{replication:X} ({replication})"
        )
    server.distmgr_tasks = [
        engine.spawn(main_thread(server, main)),
        engine.spawn(replication_thread(server, replication), SECOND),
    ]


def restart(server: Server) -> Process:
    """End every thread of the component where it stands, and start it again. A unit that was open is lost."""
    for task in server.distmgr_tasks:
        server.engine.kill(task)
    server.active.clear()
    yield server.pause(5 * SECOND, 40 * SECOND)
    server.processing = [*server.in_thread, *(p for p in server.processing if p not in server.in_thread)]
    start(server)


def main_thread(server: Server, thread: int) -> Process:
    """Start a package processing thread for each package that waits for one."""
    slept = -SECOND
    while True:
        ready = [package for package in server.processing if package not in server.active]
        if not ready or len(server.in_thread) >= MAX_PACKAGE_THREADS:
            if not server.processing and server.engine.now - slept > SECOND:
                slept = server.engine.now
                server.log(DISTMGR, thread, "Sleep 3600 seconds...")
            # A package that is locked is looked at again soon; else a notification or the hour wakes the thread.
            limit = 2 * SECOND if server.processing else HOUR
            yield server.package_arrived, limit
            continue
        package = ready[0]
        server.processing.remove(package)
        worker = server.new_thread()
        used = len(server.in_thread)
        server.tables.threads["distmgr", ""] = used, MAX_PACKAGE_THREADS
        if server.old:
            server.log(DISTMGR, thread, f"~Used {used} out of {MAX_PACKAGE_THREADS} allowed processing threads.")
            server.log(DISTMGR, thread, f"~Starting package processing thread,thread ID = {worker:X}")
        else:
            text = f"~Currently using {used} out of {MAX_PACKAGE_THREADS} allowed package processing threads."
            server.log(DISTMGR, thread, text)
            text = f"~Started package processing thread for package '{package}', thread ID = 0x{worker:X} ({worker})"
            server.log(DISTMGR, thread, text)
        server.in_thread.append(package)
        server.active.add(package)
        alive = [task for task in server.distmgr_tasks if task.alive]
        server.distmgr_tasks = [*alive, server.engine.spawn(package_thread(server, package, worker), 20)]
        yield server.pause(50, 400)


def replication_thread(server: Server, thread: int) -> Process:
    """Work on every file of the incoming folder whenever that folder changes, and hourly (KB Q319189)."""
    while True:
        changed = False
        for file in list(server.tables.incoming):
            while file.definition.id in server.active:
                yield SECOND
            if file not in server.tables.incoming:
                continue
            outcome = yield from unit(server, file, thread)
            changed = changed or outcome is Outcome.APPLIED
            yield server.pause(5, 300)
        while server.status_files:
            yield from status_file(server, *server.status_files.pop(0), thread)
        if not changed:
            # A file that was applied is deleted, and that is a change of the folder too.
            yield server.file_arrived, HOUR


def unit(server: Server, file: DefinitionFile, thread: int) -> Generator[Wait, None, Outcome]:
    """Work on one `.PKG` file. It is deleted only if all of it could be stored, else it is tried again."""
    tables, engine = server.tables, server.engine
    definition, package = file.definition, file.definition.id
    path = rf"{server.inboxes}\distmgr.box\INCOMING\{file.name}.PKG"
    attempt = server.open_try = Try(file, engine.now)
    server.log(DISTMGR, thread, f"~Processing incoming file {path}.")
    yield server.pause(1, 60)
    server.active.add(package)
    server.log(DISTMGR, thread, f"Adding package {package} to the active package array.")
    yield server.pause(5, 120)
    if tables.wants_newer_content(definition):
        yield from _skip(server, attempt, path, thread)
    else:
        yield from _store(server, attempt, thread)
    yield server.pause(1, 80)
    outcome = tables.close_try(attempt)
    server.open_try = None
    server.active.discard(package)
    server.log(DISTMGR, thread, f"Removing package {package} from the active package array.")
    if outcome is Outcome.APPLIED:
        server.world.accept(server.code, package)
        request_processing(server, package)
    return outcome


def _skip(server: Server, attempt: Try, path: str, thread: int) -> Process:
    definition, tables = attempt.file.definition, server.tables
    attempt.skipped, attempt.failed = True, server.engine.now
    tables.wait_for_content(definition, "", "newer_version_required", server.engine.now)
    server.log(
        DISTMGR,
        thread,
        f"~Package {definition.id} requires a newer version ({definition.content_version}) of source files and the new "
        f"compressed files hasn't arrived yet, current version is {tables.content[definition.id]}, skip {path}",
    )
    yield server.pause(1, 40)
    text = f"~Cannot update the package {definition.id} in the package source, error = {NEWER_VERSION}"
    server.log(DISTMGR, thread, text)


def _store(server: Server, attempt: Try, thread: int) -> Process:
    definition, tables = attempt.file.definition, server.tables
    package = definition.package
    server.log(DISTMGR, thread, f"Adding these contents to the package {package.id} version {definition.version}.")
    yield server.pause(5, 200)
    tables.store_row(definition)
    server.log(DISTMGR, thread, f"~Updated replicated package info for package {package.id}")
    yield from _incidents(server)
    yield server.pause(10, 400)
    missing = tables.first_missing(package)
    if missing is None:
        tables.write_programs(package)
        _store_servers(server, attempt, thread)
        return
    tables.fail_insert(attempt, missing, server.engine.now)
    server.log(
        DISTMGR,
        thread,
        f"Failed to insert SMS Program ID * because the referenced program {missing.package}-{missing.program} "
        "is not present in the PkgPrograms table. Will try later.",
    )
    yield server.pause(1, 60)
    text = f"Cannot update the package program for package {package.id} in the package source, "
    server.log(DISTMGR, thread, f"{text}error = {MISSING_REFERENCE}")


def _store_servers(server: Server, attempt: Try, thread: int) -> None:
    """Store the rows of the package's distribution points, one of which may be at a site that is not known here."""
    package = attempt.file.definition.id
    unknown = incidents.refused_site(server.plan, server.code, package, server.seconds)
    if not unknown:
        return
    attempt.refused = True
    server.world.refuse(server.code, package)
    text = f"~SQL Msg #99902> This SiteCode ({unknown}) does not exist in the parent table, Sites.~"
    server.log(DISTMGR, thread, text)
    nal = nal_path(Site(unknown, None))
    server.log(DISTMGR, thread, f"~Cannot update the package server {nal} for package {package}, error = {SQL_REFUSED}")


def _incidents(server: Server) -> Process:
    """Let an incident that waited for the middle of a unit have it."""
    engine = server.engine
    if server.burst_in_unit:
        flood(server, server.burst_in_unit)
        server.burst_in_unit = 0
        yield 20 * SECOND
    if server.restart_in_unit:
        server.restart_in_unit = False
        engine.spawn(restart(server))
        yield HOUR  # the restart ends this thread first


def flood(server: Server, lines: int) -> None:
    """Write many uninteresting lines within ten seconds."""
    now = server.engine.now
    for place, (thread, text) in enumerate(server.noise.flood(DISTMGR, lines)):
        time = now + place * 10 * SECOND // lines
        server.engine.write_later(Record(time, server.code, "distmgr", DISTMGR, thread, text))


def status_file(server: Server, name: str, package: str, thread: int) -> Process:
    """Work on the status that the transfer manager left after a distribution point has its content."""
    path, nal = rf"{server.inboxes}\distmgr.box\INCOMING\{name}.STA", server.nal_path()
    server.log(DISTMGR, thread, f"~Processing incoming file {path}.")
    yield server.pause(1, 60)
    server.log(DISTMGR, thread, f"~Processing STA for regular DP {nal}")
    server.log(DISTMGR, thread, f"~Processing status update for package {package}")
    yield server.pause(1, 60)
    text = f"~Successfully updated the package server status for {nal} for package {package}, Status 3"
    server.log(DISTMGR, thread, text)
    server.status(DISTMGR, thread, StatusMessage(2330, (package, nal), ((400, package), (404, nal))))
    server.log(DISTMGR, thread, f"~Successfully delete package status file {path}")
