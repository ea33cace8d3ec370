"""How distribution manager comes to know that there is something to do."""

from __future__ import annotations

from exporter.simulator import incidents
from exporter.simulator.engine import Process
from exporter.simulator.names import DISTMGR, SECOND
from exporter.simulator.server import Server
from exporter.simulator.tables import Definition, DefinitionFile


def request_processing(server: Server, package: str) -> None:
    """Ask distribution manager to process a package."""
    if package not in server.processing:
        server.processing.append(package)
    server.package_arrived.fire(server.engine)


def notify(server: Server, package: str) -> None:
    """Tell distribution manager that a package's row has changed. Since 2012 its main thread says that it knows."""
    if not server.old:
        thread = server.threads[DISTMGR]
        text = f"Found package properties updated notification for package '{package}'"
        server.log(DISTMGR, thread, text)
        server.log(DISTMGR, thread, f"Adding package '{package}' to package processing queue.")
    request_processing(server, package)


def receive_by_sql(server: Server, definition: Definition) -> Process:
    """Take in a definition that SQL replication brought, as it does since 2012, unless it has been overtaken."""
    while held := incidents.definition_held_until(server.plan, definition.id, server.code, server.seconds):
        yield max(1, server.plan.start_ms + held * SECOND - server.engine.now)
    row = server.tables.rows.get(definition.id)
    overtaken = row is not None and row.version > definition.version
    if not overtaken and definition.id not in server.world.deleted:
        server.tables.rows[definition.id] = definition
        server.tables.write_programs(definition.package)
        notify(server, definition.id)
    yield 0


def receive_file(server: Server, file: DefinitionFile) -> None:
    """Take in a `.PKG` file that the despooler has put into the incoming folder, unless it has been overtaken."""
    definition = file.definition
    row = server.tables.rows.get(definition.id)
    overtaken = row is not None and row.version > definition.version
    if not overtaken and definition.id not in server.world.deleted:
        server.tables.incoming.append(file)
        server.file_arrived.fire(server.engine)
