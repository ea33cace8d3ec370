"""The package transfer manager: since 2012 it brings content to distribution points."""

from __future__ import annotations

from exporter.simulator.engine import Process
from exporter.simulator.names import PKGXFER, SECOND
from exporter.simulator.server import Server, StatusMessage
from exporter.simulator.tables import Definition


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
    text = f"Sending thread starting for Job: {job}, package: {package}, Version: {version}, "
    server.log(PKGXFER, thread, text + details.format("server"))
    server.tables.moved["package_transfers", name, "started"] += 1
    _report(server, thread, definition, 0)
    server.log(PKGXFER, thread, f"Sending legacy content {package}.{version} for package {package}")
    server.log(PKGXFER, thread, "Redistribute=0, Related=")
    yield server.pause(SECOND, 40 * SECOND)
    server.log(PKGXFER, thread, f"Completed post-actions for remote DP {name}")
    server.log(PKGXFER, thread, "~Sending completed successfully")
    text = f"~Finished sending SWD package {package} version {version} to distribution point {name}"
    server.log(PKGXFER, thread, text)
    server.tables.moved["package_transfers", name, "completed"] += 1
    strings, versions = (package, str(version), name), ((400, package), (410, str(version)))
    server.status(PKGXFER, thread, StatusMessage(8200, strings, versions))
    _report(server, thread, definition, 3)
    server.status(PKGXFER, thread, StatusMessage(8210, strings, (*versions, (404, nal))))
    server.log(PKGXFER, thread, "Sending thread complete~")
    server.status_files.append((server.new_name(8), package))
    server.file_arrived.fire(server.engine)


def _report(server: Server, thread: int, definition: Definition, status: int) -> None:
    server.log(
        PKGXFER,
        thread,
        f"Sent status to the distribution manager for pkg {definition.id}, version {definition.content_version}, "
        f"status {status} and distribution point {server.nal_path()}~",
    )
