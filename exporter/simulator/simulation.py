"""The hierarchy at work: servers, administrators and incidents of a plan, and the records that come of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from exporter.simulator import distmgr, incidents
from exporter.simulator.background import hierarchy_manager, replication_manager
from exporter.simulator.engine import Engine, Process, Record
from exporter.simulator.names import DESPOOLER, DISTMGR, HMAN, LOG_OF, MINUTE, PKGXFER, REPLMGR, SCHEDULER, SENDER
from exporter.simulator.noise import Noise
from exporter.simulator.notices import notify, request_processing
from exporter.simulator.plan import Alter, Burst, Change, Create, Delete, Incident, Plan, ProgramDeleted, Restart, Touch
from exporter.simulator.sched import scheduler_thread
from exporter.simulator.server import Server, thread_id
from exporter.simulator.tables import Definition
from exporter.simulator.world import World
from exporter.simulator.zones import ServerClock


class Simulation:
    """One run of a plan. The same plan gives the same records.

    Args:
        plan: what happens.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.world = World(plan)
        self._engine = Engine(plan.start_ms)
        self._servers: dict[str, Server] = {}
        for site in plan.sites:
            # Each site draws its own numbers, and noise draws apart: what is added in one place moves nothing else.
            rng, noise_rng = random.Random(f"{plan.seed}/{site.code}"), random.Random(f"{plan.seed}/{site.code}/noise")  # noqa: S311
            server = Server(
                site=site,
                plan=plan,
                world=self.world,
                engine=self._engine,
                tables=self.world.sites[site.code],
                rng=rng,
                noise=Noise(site, noise_rng, plan.noise),
                peers=self._servers,
                clock=ServerClock(site.zone),
                process_id=rng.randrange(300, 4000) * 4,
                threads={component: thread_id(rng) for component in LOG_OF},
            )
            self._servers[site.code] = server
            self._start(server)
        for change in plan.changes:
            self._engine.spawn(self._change(change), change.at * 1000)
        for incident in plan.incidents:
            self._engine.spawn(self._strike(incident), incident.start * 1000)
            mended = incidents.mended_at(incident)
            if mended is not None:
                self._engine.spawn(self._mend(incident), mended * 1000)

    @property
    def now(self) -> int:
        """Virtual time: POSIX milliseconds."""
        return self._engine.now

    def run(self, until: int | None = None) -> Iterator[Record]:
        """Give the records up to a time (POSIX milliseconds, included), or to the plan's end."""
        return self._engine.run(self.plan.end_ms if until is None else until)

    def _start(self, server: Server) -> None:
        for package in self.plan.standing:
            for child in server.children:
                server.definitions_sent[package.id, child] = 1
                server.content_sent[package.id, child] = 1
            server.distributed[package.id] = server.processed[package.id] = 1
        engine, threads = self._engine, server.threads
        engine.spawn(_begin(server))
        engine.spawn(scheduler_thread(server, threads[SCHEDULER]))
        engine.spawn(replication_manager(server, threads[REPLMGR]))
        engine.spawn(hierarchy_manager(server, threads[HMAN]))

    def _change(self, change: Change) -> Process:
        code = change.package.owner if isinstance(change, Create | Alter) else change.package[:3]
        server = self._servers[code]
        rows = server.tables.rows
        if isinstance(change, Create | Alter):
            # The console offers only programs that the site knows.
            while server.tables.first_missing(change.package) is not None:
                yield 5 * MINUTE
        match change:
            case Create(package=package):
                rows[package.id] = Definition(package, 1, 1)
                server.tables.write_programs(package)
                notify(server, package.id)
            case Alter(package=package) if package.id in rows:
                rows[package.id] = _next(replace(rows[package.id], package=package), refresh=change.refresh)
                server.tables.write_programs(package)
                notify(server, package.id)
            case Touch(package=package) if package in rows:
                rows[package] = _next(rows[package], refresh=change.refresh)
                notify(server, package)
            case Delete(package=package) if package in rows:
                self.world.deleted.add(package)
                request_processing(server, package)
            case _:
                pass  # it concerns a package that has been deleted
        yield 0

    def _mend(self, incident: Incident) -> Process:
        for touch in incidents.mending(incident, self.world):
            self._engine.spawn(self._change(touch))
        yield 0

    def _strike(self, incident: Incident) -> Process:
        match incident:
            case ProgramDeleted(site=code, reference=lost):
                server = self._servers[code]
                server.tables.lose_program(lost)
                text = f"Package {lost.package} program {lost.program} no longer exists, delete it"
                server.log(DISTMGR, server.new_thread(), text)
            case Restart(site=code, mid_unit=False):
                self._engine.spawn(distmgr.restart(self._servers[code]))
            case Restart(site=code):
                self._servers[code].restart_in_unit = True
            case Burst(site=code, lines=lines, mid_unit=False):
                distmgr.flood(self._servers[code], lines)
            case Burst(site=code, lines=lines):
                self._servers[code].burst_in_unit = lines
            case _:
                pass  # a condition: the components meet it
        yield 0


def _next(definition: Definition, *, refresh: bool) -> Definition:
    version = definition.version + 1
    content_version = version if refresh else definition.content_version
    return replace(definition, version=version, content_version=content_version)


def _begin(server: Server) -> Process:
    """Start the components whose first line has no other cause."""
    distmgr.start(server)
    server.log(DESPOOLER, server.threads[DESPOOLER], "~Waiting for ready instruction file....")
    server.log(SENDER, server.threads[SENDER], "No (more) send requests found to process.")
    if not server.old:
        server.log(PKGXFER, server.threads[PKGXFER], "Redistribute=0, Related=")
    yield 0


def simulate(plan: Plan) -> Iterator[Record]:
    """Give every record of a plan, in the order of time."""
    return Simulation(plan).run()
