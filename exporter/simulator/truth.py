"""What is true of the simulated hierarchy: told from the world's tables, never from the lines that were written.

The truth has the shape of `explain --json`, without evidence, remedies and names, and with the world's own knowledge
added. It is what a reader knows who has read every line up to that time:

- a block stands as the last completed try left it, even if the missing program has arrived since;
- versions and names are those that lines have told;
- a unit that a restart cut off is counted as unknown when the component starts again;
- a cause is `unknown` where no line tells of it (a definition that was lost without a word) and where nothing is wrong
  any more (`on_its_way`).

A reader who comes later finds less on disk: each roll of a log overwrites the `.lo_` of the roll before. `logs` tells
of each log how many records are gone (`overwritten`) and from when on the rest is (`oldest`). Where `distmgr` and
`despool` of a site have lost nothing, one reading of the files must find exactly this truth. Where they have, a state
whose lines are all gone cannot be known to it, and `since` and `attempts` of others may begin later; who follows the
logs as they are written loses nothing by that.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from exporter.simulator.causes import culprits, reference_truth, time_text, why_late
from exporter.simulator.disk import LogFile
from exporter.simulator.plan import Plan
from exporter.simulator.simulation import Simulation
from exporter.simulator.tables import MISSING_REFERENCE, Tables
from exporter.simulator.world import World

Truth = dict[str, Any]


def tell(simulation: Simulation, logs: dict[tuple[str, str], LogFile] | None = None) -> Truth:
    """Return what is true now, in the shape of `explain --json`, with the world's own knowledge added.

    Args:
        simulation: the run, stopped at the time that is asked for.
        logs: what the disk holds, told for each log; without it `logs` is empty.
    """
    plan, world = simulation.plan, simulation.world
    return {
        "plan": plan.name,
        "seed": plan.seed,
        "start": time_text(plan.start_ms),
        "time": time_text(simulation.now),
        "sites": {
            code: _site(plan, world, code, tables) for code, tables in world.sites.items() if code not in plan.unread
        },
        "culprits": culprits(plan, world),
        "logs": _logs(logs or {}),
    }


def truth_at(plan: Plan, milliseconds: int) -> Truth:
    """Return what is true at a moment of a plan (POSIX milliseconds). The plan is run anew up to it."""
    simulation = Simulation(plan)
    for _ in simulation.run(milliseconds):
        pass
    return tell(simulation)


def _site(plan: Plan, world: World, code: str, tables: Tables) -> Truth:
    site = plan.site(code)
    troubles = [one for one in world.troubles if one.site == code]
    return {
        "parent": site.parent,
        "era": site.era.value,
        "zone": site.zone,
        "blocked": [
            {
                "task_sequence": one.task_sequence,
                "missing": [reference_truth(one.missing)],
                "since": time_text(one.since),
                "last_attempt": time_text(one.last_attempt),
                "attempts": one.attempts,
                "version": one.version,
                "definition": f"{one.file}.PKG",
                "definitions_tried": one.files,
                "error": MISSING_REFERENCE,
            }
            for one in sorted(tables.blocked.values(), key=lambda one: one.task_sequence)
        ],
        "waiting": [
            {
                "package": one.package,
                "from_site": one.from_site,
                "reason": one.reason,
                "since": time_text(one.since),
                "last_seen": time_text(one.last_seen),
                "attempts": one.attempts,
                "version": one.version,
                "cause": why_late(plan, world, code, one),
            }
            for one in sorted(tables.waiting.values(), key=lambda one: one.package)
        ],
        "source_errors": [
            {
                "package": one.package,
                "reason": one.reason,
                "source_path": one.source_path,
                "win32_error": one.win32_error or None,
                "since": time_text(one.since),
                "last_seen": time_text(one.last_seen),
            }
            for one in sorted(tables.source_errors.values(), key=lambda one: one.package)
        ],
        "gaps": [],
        "units": {outcome.value: count for outcome, count in sorted(tables.units.items())},
        "processing": dict(sorted(tables.processing.items())),
        "reference_failures": dict(sorted(tables.failures.items())),
        "versions": {
            package: {
                "definition": tables.told_definition.get(package),
                "content": tables.told_content.get(package),
                "source": tables.told_source.get(package),
            }
            for package in sorted({*tables.told_definition, *tables.told_content, *tables.told_source})
        },
        "names": dict(sorted(tables.told_names.items())),
        "rows": {package: row.version for package, row in sorted(tables.rows.items())},
        "transport": [
            {
                "trouble": one.kind,
                "peer_site": one.peer,
                "job": one.job or None,
                "package": one.package or None,
                "win32_error": world.win32_errors.get((one.kind, code, one.peer)),
            }
            for one in sorted(troubles, key=lambda one: (one.peer, one.kind, one.package, one.job))
        ],
        "moved": [[*what, number] for what, number in sorted(tables.moved.items())],
        "threads": [[*whose, used, limit] for whose, (used, limit) in sorted(tables.threads.items())],
        "open_requests": [
            [destination, state or "unknown", number]
            for (destination, state), number in sorted(Counter(tables.requests.values()).items())
        ],
    }


def _logs(logs: dict[tuple[str, str], LogFile]) -> Truth:
    told: Truth = {}
    for (site, name), log in sorted(logs.items()):
        told.setdefault(site, {})[name] = {
            "oldest": time_text(log.oldest),
            "newest": time_text(log.newest),
            "records": log.records,
            "overwritten": log.lost,
            "rollovers": log.rolls,
        }
    return told
