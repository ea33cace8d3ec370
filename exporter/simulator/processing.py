"""Package processing threads: what distribution manager does with a package at its owner and at the sites below."""

from __future__ import annotations

from collections.abc import Generator

from exporter.simulator import distribution, incidents
from exporter.simulator.engine import Process, Wait
from exporter.simulator.hierarchy import Package
from exporter.simulator.names import DISTMGR, HOUR, MINUTE
from exporter.simulator.notices import request_processing
from exporter.simulator.plan import Fault
from exporter.simulator.server import Server, StatusMessage
from exporter.simulator.tables import Definition
from exporter.simulator.world import Trouble

_NO_ACCESS = 998
"""The Windows error of KB Q316316: memory was accessed at an address that is not valid."""


def package_thread(server: Server, package: str, thread: int) -> Process:
    """Process one package from start to end."""
    outcome = "ended"
    if package in server.world.deleted:
        yield from _delete(server, package, thread)
    elif package in server.tables.rows:
        at_owner = package[:3] == server.code
        done = yield from _process(server, server.tables.rows[package], thread)
        outcome = "succeeded" if done else "failed" if at_owner else "waiting"
        if not done and package not in server.retrying:
            server.retrying.add(package)
            server.engine.spawn(_retry(server, package))
    yield server.pause(1, 50)
    server.tables.processing[outcome] += 1
    server.log(DISTMGR, thread, f"~Exiting package processing thread for package {package}.")
    server.in_thread.remove(package)
    server.active.discard(package)
    server.package_arrived.fire(server.engine)


def _process(server: Server, definition: Definition, thread: int) -> Generator[Wait, None, bool]:
    """Process a package that exists; return whether nothing is left to do."""
    tables, package = server.tables, definition.package
    owned = package.owner == server.code
    late = _content_is_late(server, definition)
    if late and server.processed.get(package.id) == definition.version:
        yield from _wait_on(server, definition, thread)
        return False
    server.processed[package.id] = definition.version
    names = ((package.name, package.id), ((400, package.id),))
    tables.told_names[package.id] = package.name
    server.status(DISTMGR, thread, StatusMessage(2300, *names))
    yield server.pause(10, 200)
    stored = tables.content.get(package.id, 0)
    _say_processing(server, definition, thread)
    new = definition.version == 1
    text = f"Start adding package {package.id}..." if new else f"Start updating the package {package.id}..."
    server.log(DISTMGR, thread, text)
    action = 2 if new else 1
    text = f"~The Package Action is {action}, the Update Mask is 0 and UpdateMaskEx is 0."
    server.log(DISTMGR, thread, text)
    yield server.pause(10, 300)
    if owned:
        if package.source and stored < definition.content_version:
            taken = yield from _take_snapshot(server, definition, thread)
            if not taken:
                server.status(DISTMGR, thread, StatusMessage(2302, *names, severity="E"))
                return False
    elif not server.old:
        server.log(DISTMGR, thread, f"~Successfully created/updated the package {package.id}")
        server.status(DISTMGR, thread, StatusMessage(2311, (package.id,), ((400, package.id),)))
        server.log(DISTMGR, thread, f"~Created policy provider trigger for ID {package.id}")
    server.log(DISTMGR, thread, f"~Package {package.id} does not have a preferred sender.")
    yield from distribution.send_definition(server, definition, thread)
    if late:
        _say_late(server, definition, thread)
        return False
    yield from distribution.send_content(server, definition, thread)
    yield from distribution.add_to_distribution_point(server, definition, thread)
    _tell_versions(server, definition, thread)
    yield server.pause(5, 60)
    server.world.troubles.discard(Trouble("content_not_unpacked", server.code, package=package.id))
    server.status(DISTMGR, thread, StatusMessage(2301, *names))
    return True


def _say_processing(server: Server, definition: Definition, thread: int) -> None:
    if not server.old:
        server.tables.told_source[definition.id] = definition.content_version
        stored = server.tables.content.get(definition.id, 0)
        text = (
            f"~Processing package {definition.id} (SourceVersion:{definition.content_version};StoredVersion:{stored})"
        )
        server.log(DISTMGR, thread, text)
        server.tables.find_content(definition)


def _wait_on(server: Server, definition: Definition, thread: int) -> Process:
    """Look again for content that was late before, with nothing else to do."""
    _say_processing(server, definition, thread)
    text = f"No action specified for the package {definition.id}, "
    server.log(DISTMGR, thread, f"{text}however there may be package server changes for this package.")
    yield server.pause(10, 300)
    _say_late(server, definition, thread)


def _take_snapshot(server: Server, definition: Definition, thread: int) -> Generator[Wait, None, bool]:
    tables, package = server.tables, definition.package
    server.log(DISTMGR, thread, f"Taking package snapshot for package {package.id} from source {package.source}")
    yield server.pause(200, 4000)
    now = server.engine.now
    win32_error = incidents.source_error(server.plan, package.id, server.seconds)
    if win32_error:
        tables.fail_source(package, "source_path_inaccessible", win32_error, now)
        text = f"~The source directory {package.source} doesn't exist or the SMS service cannot access it, "
        server.log(DISTMGR, thread, f"{text}Win32 last error = {win32_error}")
    elif server.old and incidents.broken(server.plan, Fault.COMPRESSION, server.code, package.id, server.seconds):
        return _fail_to_compress(server, package, thread)
    elif incidents.snapshot_fails(server.plan, package.id, server.seconds):
        tables.fail_source(package, "snapshot_failed", 0, now)
    if package.id in tables.source_errors and tables.source_errors[package.id].last_seen == now:
        server.log(DISTMGR, thread, f"~Failed to take snapshot of package {package.id}")
        if win32_error:
            strings = (package.source, package.name, package.id)
            server.status(DISTMGR, thread, StatusMessage(2306, strings, ((400, package.id),), severity="E"))
        return False
    version = definition.content_version
    size = (
        f"The size of package {package.id} is"
        if server.old
        else f"The size of package {package.id}, version {version} is"
    )
    server.log(DISTMGR, thread, f"{size} {package.size_kb} KBytes")
    if server.old:
        tables.source_errors.pop(package.id, None)
        server.log(DISTMGR, thread, f"The compressed size of package {package.id} is {package.size_kb * 3 // 4} KBytes")
    else:
        server.log(DISTMGR, thread, f"Writing package definition for {package.id}")
        server.log(DISTMGR, thread, f"~Successfully created RDC signatures for package {package.id} version {version}")
    yield server.pause(100, 2000)
    tables.source_errors.pop(package.id, None)
    tables.content[package.id] = version
    tables.told_definition[package.id] = definition.version
    server.log(DISTMGR, thread, f"~Adding these contents to the package {package.id} version {definition.version}.")
    if not server.old:
        server.status(DISTMGR, thread, StatusMessage(2376, (package.id,), ((400, package.id),)))
    return True


def _fail_to_compress(server: Server, package: Package, thread: int) -> bool:
    text = f"Package {package.id} doesn't have a compressed copy of the source directory, starting the compression."
    server.log(DISTMGR, thread, text)
    server.tables.fail_source(package, "compression_failed", _NO_ACCESS, server.engine.now)
    server.log(DISTMGR, thread, f"Cannot write to output file, Win32 Error = {_NO_ACCESS}")
    return False


def _content_is_late(server: Server, definition: Definition) -> bool:
    package = definition.package
    wanted = package.owner != server.code and server.plan.needs_content(server.code, package)
    return wanted and server.tables.content.get(definition.id, 0) < definition.content_version


def _say_late(server: Server, definition: Definition, thread: int) -> None:
    reason, what = (
        ("compressed_files_not_arrived", "compressed files for")
        if server.old
        else ("contents_not_arrived", "contents for the")
    )
    owner = definition.package.owner
    server.tables.wait_for_content(definition, owner, reason, server.engine.now)
    text = f"The {what} package {definition.id} hasn't arrived from site {owner} yet, will retry later."
    server.log(DISTMGR, thread, text)


def _tell_versions(server: Server, definition: Definition, thread: int) -> None:
    tables, package = server.tables, definition.id
    stored, source = tables.content.get(package, 0), definition.content_version
    tables.told_content[package], tables.told_source[package] = stored, source
    text = f"~StoredPkgVersion ({stored}) of package {package}. StoredPkgVersion in database is {stored}."
    server.log(DISTMGR, thread, text)
    text = f"~SourceVersion ({source}) of package {package}. SourceVersion in database is {source}."
    server.log(DISTMGR, thread, text)
    tables.find_content(definition)


def _retry(server: Server, package: str) -> Process:
    """Process a package again after a while: hourly in 2007 (KB Q319207), half-hourly since 2012."""
    yield HOUR if server.old else 30 * MINUTE
    server.retrying.discard(package)
    if package in server.tables.rows:
        request_processing(server, package)


def _delete(server: Server, package: str, thread: int) -> Process:
    server.tables.forget(package)
    server.world.accept(server.code, package)
    server.world.troubles.discard(Trouble("content_not_unpacked", server.code, package=package))
    server.log(DISTMGR, thread, f"Start deleting the package {package}...")
    yield server.pause(100, 3000)
    server.log(DISTMGR, thread, f"~Successfully deleted the package {package}")
    for child in server.children:
        # The word of a deletion travels as a definition does; its lines are not known, so only its time is kept.
        server.engine.spawn(_delete_later(server.peers[child], package), server.pause(MINUTE, 5 * MINUTE))


def _delete_later(server: Server, package: str) -> Process:
    request_processing(server, package)
    yield 0
