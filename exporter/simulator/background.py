"""Components that have nothing to do with packages, but whose logs stand beside the others."""

from __future__ import annotations

from exporter.simulator.engine import Process
from exporter.simulator.names import HMAN, MINUTE, REPLMGR, SECOND
from exporter.simulator.server import Server


def replication_manager(server: Server, thread: int) -> Process:
    """Scan for replication files now and then, as replmgr.log shows it."""
    while True:
        yield server.pause(2 * MINUTE, 30 * MINUTE)
        server.log(REPLMGR, thread, "Scanning normal priority outbound replication directory.")
        found = server.pause(1, 4)
        while found:
            server.log(REPLMGR, thread, f"Found {found} replication files")
            server.tables.moved["replication_files", "found"] += found
            text = "There may be more replication files coming in, wait 5 seconds and scan again."
            server.log(REPLMGR, thread, text)
            yield 5 * SECOND
            found = server.pause(0, 2)


def hierarchy_manager(server: Server, thread: int) -> Process:
    """Look after the site's place in the hierarchy, as hman.log shows it."""
    while True:
        yield server.pause(5 * MINUTE, 60 * MINUTE)
        server.log(HMAN, thread, "{6534} INFO: Beginning processing cycle~")
        yield server.pause(SECOND, 10 * SECOND)
        server.log(HMAN, thread, "{6354} INFO: Work cycle completed: sleeping 300000 milliseconds~")
