"""Why programs are missing: the true causes, told from the world's tables."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

from exporter.simulator.hierarchy import Reference
from exporter.simulator.plan import Plan
from exporter.simulator.world import Shipment, ShipmentState, World

Cause = dict[str, str]

# The worst to know first: what an owner cannot read explains everything below it.
_KINDS = (
    "source_path_inaccessible",
    "snapshot_failed",
    "program_deleted",
    "never_sent",
    "transport",
    "content_late",
    "definition_old",
    "unknown",
)


def reference_truth(reference: Reference) -> dict[str, str]:
    """Return a reference as `explain --json` writes it."""
    return {
        "package": reference.package,
        "program": reference.program,
        "source_site": reference.package[:3],
    }


def culprits(plan: Plan, world: World) -> list[dict[str, Any]]:
    """Return the missing programs, that which blocks most first, each with the true cause.

    `causes` gives the cause at each site; `cause` is the first of them in the order in which causes explain others.
    """
    blocked: dict[Reference, list[tuple[str, str]]] = defaultdict(list)
    for code, tables in world.sites.items():
        for one in tables.blocked.values():
            blocked[one.missing].append((code, one.task_sequence))
    told: list[dict[str, Any]] = []
    for reference, places in sorted(blocked.items(), key=lambda item: (-len(item[1]), item[0])):
        sites = sorted({code for code, _ in places})
        causes = {code: _cause(plan, world, code, reference) for code in sites}
        told.append(
            {
                **reference_truth(reference),
                "sites": sites,
                "task_sequences": sorted({sequence for _, sequence in places}),
                "cause": min(causes.values(), key=lambda cause: _KINDS.index(cause["kind"])),
                "causes": causes,
            }
        )
    return told


def _cause(plan: Plan, world: World, code: str, reference: Reference) -> Cause:
    """Return why a program is missing at a site: `kind`, and the `site` at which the fault is."""
    package = reference.package
    owner = package[:3]
    if owner not in world.sites:
        return _named("unknown", owner)
    way = plan.path(owner, code)
    return (
        _at_owner(world, owner, package)
        or _lost_on(world, way, reference)
        or _stuck_on(world, way, package)
        or _older_at(world, code, owner, package)
        or _named("unknown", owner)
    )


def _named(kind: str, site: str) -> Cause:
    return {"kind": kind, "site": site}


def _at_owner(world: World, owner: str, package: str) -> Cause | None:
    trouble = world.sites[owner].source_errors.get(package)
    if trouble is not None:
        return _named(trouble.reason, owner)
    return _named("program_deleted", owner) if package in world.deleted else None


def _lost_on(world: World, way: tuple[str, ...], reference: Reference) -> Cause | None:
    site = next((site for site in way if reference in world.sites[site].lost_programs), None)
    return _named("program_deleted", site) if site else None


def _stuck_on(world: World, way: tuple[str, ...], package: str) -> Cause | None:
    for parent, child in pairwise(way):
        shipment = world.sent.get((package, child))
        cause = shipment and _shipment_cause(shipment, parent, child)
        if cause:
            return cause
        late = world.sites[child].waiting.get(package)
        if late is not None and late.reason == "newer_version_required":
            return _named("content_late", child)
    return None


def _older_at(world: World, code: str, owner: str, package: str) -> Cause | None:
    row, newest = world.sites[code].rows.get(package), world.sites[owner].rows.get(package)
    return _named("definition_old", code) if row and newest and row.version < newest.version else None


def _shipment_cause(shipment: Shipment, parent: str, child: str) -> Cause | None:
    match shipment.state:
        case ShipmentState.NEVER_SENT:
            return _named("never_sent", parent)
        case ShipmentState.PUT_ASIDE:
            return _named("transport", parent)
        case ShipmentState.DESPOOLER_RETRY:
            return _named("transport", child)
        case _:
            return None
