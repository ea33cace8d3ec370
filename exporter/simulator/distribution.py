"""What a package processing thread sends out: the definition, the content, and the site's own distribution point."""

from __future__ import annotations

from exporter.simulator import incidents, sched
from exporter.simulator.engine import Process
from exporter.simulator.hierarchy import Era
from exporter.simulator.names import DISTMGR, MINUTE, SECOND
from exporter.simulator.notices import receive_by_sql
from exporter.simulator.pkgxfermgr import transfer
from exporter.simulator.plan import Fault
from exporter.simulator.server import Server, StatusMessage
from exporter.simulator.tables import Definition
from exporter.simulator.world import Trouble


def send_definition(server: Server, definition: Definition, thread: int) -> Process:
    """Send the definition to each child that has not been sent this version."""
    package = definition.id
    children = [
        child for child in server.children if server.definitions_sent.get((package, child), 0) < definition.version
    ]
    if not server.children:
        return
    if not children:
        text = f"The package and/or program properties for package {package} have not changed,  "
        server.log(DISTMGR, thread, f"{text}need to determine which site(s) need updated package info.")
        return
    if definition.version == 1:
        text = f"A program for package {package} has been added or removed, "
        server.log(DISTMGR, thread, f"{text}therefore it needs to be replicated to all child sites.")
    text = f"Package {package} is new or has changed, replicating to all applicable sites."
    server.log(DISTMGR, thread, text)
    for child in children:
        yield server.pause(5, 100)
        server.definitions_sent[package, child] = definition.version
        peer = server.peers[child]
        if peer.site.era is Era.CM2012:
            server.engine.spawn(receive_by_sql(peer, definition), server.pause(20 * SECOND, 180 * SECOND))
        elif incidents.not_active(server.plan, server.code, child, server.seconds):
            sched.leave_out(server, definition, child, thread, content=False)
        else:
            server.status(DISTMGR, thread, StatusMessage(2339, (package, child), ((400, package),)))
            sched.ship(server, definition, child, content=False)


def send_content(server: Server, definition: Definition, thread: int) -> Process:
    """Send the content to each child that needs it and has not been sent this version."""
    package, version = definition.id, definition.content_version
    for child in server.children:
        if not server.plan.needs_content(child, definition.package):
            continue
        if server.content_sent.get((package, child), 0) >= version:
            continue
        if incidents.not_active(server.plan, server.code, child, server.seconds):
            server.content_sent[package, child] = version
            sched.leave_out(server, definition, child, thread, content=True)
            continue
        root = sched.package_file(server, definition)
        server.log(DISTMGR, thread, f"~Needs to send the compressed package for package {package} to site {child}")
        server.log(DISTMGR, thread, f"~Sending a copy of package {package} to site {child}")
        yield server.pause(10, 200)
        server.log(DISTMGR, thread, f"~The reporting site of site {child} is this site.")
        server.log(DISTMGR, thread, "~Use drive E for storing the compressed package.")
        server.log(DISTMGR, thread, f"~Setting CMiniJob transfer root to {root}")
        server.log(DISTMGR, thread, f"Incremented ref count on file {root}, count = 2")
        yield server.pause(10, 200)
        text = (
            f"~Created minijob to send compressed copy of package {package} to site {child}.  Transfer root = {root}."
        )
        server.log(DISTMGR, thread, text)
        server.content_sent[package, child] = version
        sched.ship(server, definition, child, content=True)


def add_to_distribution_point(server: Server, definition: Definition, thread: int) -> Process:
    """Bring the content to the site's own distribution point."""
    package, nal = definition.package, server.nal_path()
    version = definition.content_version
    if server.code not in package.content_sites or server.distributed.get(package.id, 0) >= version:
        return
    worker = server.new_thread()
    point = ((400, package.id), (404, nal))
    server.log(DISTMGR, thread, f"Start adding package {package.id} to server {nal}...")
    text = f"~Created DP processing thread {worker} for addition or update of package {package.id} on server {nal}"
    server.log(DISTMGR, thread, text)
    text = f"~Waiting for all DP threads to complete for package {package.id} processing thread."
    server.log(DISTMGR, thread, text)
    yield server.pause(50, 500)
    if not server.old and incidents.broken(server.plan, Fault.POINT, server.code, package.id, server.seconds):
        _not_reached(server, definition, worker)
        return
    server.log(DISTMGR, worker, f"DP Thread: Attempting to add or update package {package.id} on DP {nal}")
    server.status(DISTMGR, worker, StatusMessage(2342, (package.name, nal), point))
    server.log(DISTMGR, worker, f"The current user context will be used for connecting to {nal}.~")
    yield server.pause(SECOND, 20 * SECOND)
    server.world.troubles.discard(Trouble("distribution_point_unreachable", server.code))
    if server.old:
        server.status(DISTMGR, worker, StatusMessage(2330, (package.id, nal), point))
    else:
        text = f"~Created package transfer job to send package {package.id} to distribution point {nal}."
        server.log(DISTMGR, worker, text)
        server.status(DISTMGR, worker, StatusMessage(2357, (package.id, nal), point))
        server.engine.spawn(transfer(server, definition), server.pause(MINUTE, 3 * MINUTE))
    server.log(DISTMGR, worker, "Performing cleanup prior to returning.")
    server.log(DISTMGR, worker, rf"Cancelling network connection to \\{server.site.server}\ADMIN$.")
    yield server.pause(50, 500)
    text = f"~DP thread for package {package.id} with thread handle 000000000000218C and thread ID {worker} ended."
    server.log(DISTMGR, thread, text)
    text = f"~All DP threads have completed for package {package.id} processing thread."
    server.log(DISTMGR, thread, text)
    server.distributed[package.id] = version


def _not_reached(server: Server, definition: Definition, worker: int) -> None:
    """Fail to connect to the distribution point, and try again after half an hour."""
    nal = server.nal_path()
    server.log(DISTMGR, worker, rf"Failed to make a network connection to \\{server.site.server}\ADMIN$ (0x35).~")
    server.world.fail_at_point("distribution_point_unreachable", server.code, 53)
    server.log(DISTMGR, worker, f"~Cannot establish connection to {nal}. Error = 53")
    server.log(DISTMGR, worker, "Error occurred. Performing error cleanup prior to returning.")
    again = add_to_distribution_point(server, definition, server.new_thread())
    server.engine.spawn(again, 30 * MINUTE)
