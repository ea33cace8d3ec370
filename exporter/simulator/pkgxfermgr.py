"""The package transfer manager: since 2012 it brings content to distribution points."""

from __future__ import annotations

from exporter.simulator import incidents
from exporter.simulator.engine import Process
from exporter.simulator.names import MINUTE, PKGXFER, SECOND
from exporter.simulator.plan import Fault
from exporter.simulator.server import Server, StatusMessage
from exporter.simulator.tables import Definition
from exporter.simulator.world import Trouble


def transfer(server: Server, definition: Definition) -> Process:
    """Send one package to the site's distribution point, and leave a status for distribution manager."""
    package, version = definition.id, definition.content_version
    name, nal, main = server.site.server, server.nal_path(), server.threads[PKGXFER]
    job, thread = server.pause(100, 999), server.new_thread()
    details = f"Priority: 2, {{}}: {name}, DPPriority: 200"
    text = f"Found send request with ID: {job}, Package: {package}, Version:{version}, "
    server.log(PKGXFER, main, text + details.format("Destination"))
    server.log(PKGXFER, main, f"~Created sending thread (Thread ID = 0x{thread:X})")
    yield server.pause(20, 300)
    while True:
        text = f"Sending thread starting for Job: {job}, package: {package}, Version: {version}, "
        server.log(PKGXFER, thread, text + details.format("server"))
        server.tables.moved["package_transfers", name, "started"] += 1
        _report(server, thread, definition, 0)
        server.log(PKGXFER, thread, f"Sending legacy content {package}.{version} for package {package}")
        if not incidents.broken(server.plan, Fault.TRANSFER, server.code, package, server.seconds):
            break
        _fail(server, definition, thread)
        yield 30 * MINUTE
    server.log(PKGXFER, thread, "Redistribute=0, Related=")
    yield server.pause(SECOND, 40 * SECOND)
    server.log(PKGXFER, thread, f"Completed post-actions for remote DP {name}")
    server.log(PKGXFER, thread, "~Sending completed successfully")
    text = f"~Finished sending SWD package {package} version {version} to distribution point {name}"
    server.world.troubles.discard(Trouble("transfer_failed", server.code, package=package))
    server.log(PKGXFER, thread, text)
    server.tables.moved["package_transfers", name, "completed"] += 1
    strings, versions = (package, str(version), name), ((400, package), (410, str(version)))
    server.status(PKGXFER, thread, StatusMessage(8200, strings, versions))
    _report(server, thread, definition, 3)
    server.status(PKGXFER, thread, StatusMessage(8210, strings, (*versions, (404, nal))))
    server.log(PKGXFER, thread, "Sending thread complete~")
    server.status_files.append((server.new_name(8), package))
    server.file_arrived.fire(server.engine)


def _fail(server: Server, definition: Definition, thread: int) -> None:
    server.log(PKGXFER, thread, "CSendFileAction::SendFiles failed; 0x80070003")
    server.world.fail_at_point("transfer_failed", server.code, 3, definition.id)
    till = server.local_time_text(server.engine.now + 30 * MINUTE)
    server.log(PKGXFER, thread, f"~ Sending failed. Failure count = 1, Restart time = {till}")
    server.tables.moved["package_transfers", server.site.server, "failed"] += 1
    _report(server, thread, definition, 4)
    server.log(PKGXFER, thread, "Sending thread complete~")


def _report(server: Server, thread: int, definition: Definition, status: int) -> None:
    server.log(
        PKGXFER,
        thread,
        f"Sent status to the distribution manager for pkg {definition.id}, version {definition.content_version}, "
        f"status {status} and distribution point {server.nal_path()}~",
    )
