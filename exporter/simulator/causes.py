"""Why programs are missing: the true causes, told from the world's tables."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from exporter.simulator.hierarchy import Era, Reference
from exporter.simulator.plan import Plan
from exporter.simulator.tables import BlockedSequence, LateContent
from exporter.simulator.world import Shipment, ShipmentState, Trouble, World

_ENDED = {ShipmentState.LOST, ShipmentState.DELIVERED}
Cause = tuple[str, str]
Culprit = dict[str, Any]


def time_text(milliseconds: int) -> str:
    """Return a moment as RFC 3339 in UTC, with milliseconds."""
    whole, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"


def reference_truth(reference: Reference) -> dict[str, str]:
    """Return a reference as `explain --json` writes it."""
    return {
        "package": reference.package,
        "program": reference.program,
        "source_site": reference.package[:3],
    }


def culprits(plan: Plan, world: World) -> list[Culprit]:
    """Return the missing programs, that which blocks most first, each with its true causes.

    What is wrong in one way at one place is one cause for all the `sites` behind it. `cause` is the one that explains
    most of them. `on_its_way` tells that nothing stands in the way any more: the program will arrive. A reader of the
    lines may then rightly name what kept it back until now.
    """
    blocked: dict[Reference, list[tuple[str, BlockedSequence]]] = defaultdict(list)
    for code, tables in sorted(world.sites.items()):
        if code in plan.unread:
            continue
        for one in tables.blocked.values():
            blocked[one.missing].append((code, one))
    told = [_culprit(plan, world, reference, places) for reference, places in blocked.items()]
    told.sort(key=lambda one: (-one["blocks"], -len(one["sites"]), one["since"], one["package"], one["program"]))
    return told


def _culprit(plan: Plan, world: World, reference: Reference, places: list[tuple[str, BlockedSequence]]) -> Culprit:
    sites = sorted({code for code, _ in places})
    causes: dict[Cause, list[str]] = defaultdict(list)
    for code in sites:
        causes[_cause(plan, world, code, reference)].append(code)
    ordered = sorted(causes.items(), key=lambda item: -len(item[1]))
    found = [
        {
            "kind": kind,
            "site": site,
            "sites": behind,
            "on_its_way": kind == "unknown" and _is_coming(plan, world, behind, reference),
        }
        for (kind, site), behind in ordered
    ]
    return {
        **reference_truth(reference),
        "sites": sites,
        "task_sequences": sorted({one.task_sequence for _, one in places}),
        "blocks": len(places),
        "since": time_text(min(one.since for _, one in places)),
        "cause": {"kind": found[0]["kind"], "site": found[0]["site"]},
        "causes": found,
    }


def _cause(plan: Plan, world: World, code: str, reference: Reference) -> Cause:
    """Return why a program is missing at a site: the kind, and the site at which the fault is."""
    package = reference.package
    owner = package[:3]
    if owner not in world.sites:
        return ("unknown", owner)
    way = plan.path(owner, code)
    cause = (
        _at_owner(world, owner, package)
        or _lost_on(world, way, reference)
        or _stuck_on(world, way, package)
        or _stopped_on(world, way, package)
        or _unreached_on(world, way, package)
        or _older_at(world, way, package)
        or ("unknown", owner)
    )
    return ("owner_not_read", owner) if cause[1] in plan.unread else cause


def why_late(plan: Plan, world: World, code: str, late: LateContent) -> dict[str, str] | None:
    """Return what keeps content from a site, where a line tells it; else it may be on its way."""
    owner = late.package[:3]
    way = plan.path(owner, code)
    trouble = world.sites[owner].source_errors.get(late.package)
    cause = (trouble.reason, owner) if trouble else None
    # No line of 2007 tells which version is waited for.
    told = late.reason != "compressed_files_not_arrived"
    wanted = late.version if told else world.sites[owner].content.get(late.package, late.version)
    for origin, child in pairwise(way):
        if cause is None and world.sites[child].content.get(late.package, 0) < wanted:
            # Content is held up at the first hop that it has not passed, or on its way there.
            cause = _shipment_cause(_awaited(world, late, child)) or _closed(world, origin, child)
            break
    return {"kind": cause[0], "site": cause[1]} if cause else None


def _awaited(world: World, late: LateContent, child: str) -> Shipment | None:
    """Return the content that will end a wait: the newest, or an older one that does when the newest was dropped."""
    shipment = world.content_sent.get((late.package, child))
    while shipment is not None and shipment.state is ShipmentState.NEVER_SENT:
        before = shipment.before
        if before is None or before.definition.content_version < late.version or before.state in _ENDED:
            break
        shipment = before
    return shipment


def _closed(world: World, origin: str, child: str) -> Cause | None:
    """Look whether nothing at all goes over a hop."""
    for kind in ("site_not_active", "no_address"):
        if Trouble(kind, origin, child) in world.troubles:
            return ("never_sent", origin)
    if Trouble("no_request_id", origin) in world.troubles:
        return ("never_sent", origin)
    return ("transport", origin) if world.unreached(origin, child) else None


def _is_coming(plan: Plan, world: World, sites: list[str], reference: Reference) -> bool:
    package = reference.package
    owner = package[:3]
    if owner not in world.sites or not world.sites[owner].has(reference):
        return False
    hops = [hop for site in sites for hop in pairwise(plan.path(owner, site))]
    sent = [world.sent.get((package, child)) for _, child in hops]
    return not any(shipment is not None and shipment.state is ShipmentState.LOST for shipment in sent)


def _at_owner(world: World, owner: str, package: str) -> Cause | None:
    trouble = world.sites[owner].source_errors.get(package)
    if trouble is not None:
        return ("snapshot_failed" if trouble.reason == "compression_failed" else trouble.reason, owner)
    return ("program_deleted", owner) if package in world.deleted else None


def _lost_on(world: World, way: tuple[str, ...], reference: Reference) -> Cause | None:
    site = next((site for site in way if reference in world.sites[site].lost_programs), None)
    return ("program_deleted", site) if site else None


def _stuck_on(world: World, way: tuple[str, ...], package: str) -> Cause | None:
    for child in way[1:]:
        cause = _shipment_cause(world.sent.get((package, child)))
        if cause:
            return cause
        late = world.sites[child].waiting.get(package)
        if late is not None and late.reason == "newer_version_required":
            return _content_stuck_on(world, way[: way.index(child) + 1], package) or ("content_late", child)
    return None


def _content_stuck_on(world: World, way: tuple[str, ...], package: str) -> Cause | None:
    """Look at each hop for what keeps content: a fault of its own, or a child that cannot be reached at all."""
    for origin, child in pairwise(way):
        cause = _shipment_cause(world.content_sent.get((package, child)))
        if cause or world.unreached(origin, child):
            return cause or ("transport", origin)
    return None


def _unreached_on(world: World, way: tuple[str, ...], package: str) -> Cause | None:
    """Look for a hop over which nothing goes, of those that the owner's newest definition has still before it."""
    newest = world.sites[way[0]].rows.get(package)
    for origin, child in pairwise(way):
        row = world.sites[child].rows.get(package)
        passed = row is not None and newest is not None and row.version >= newest.version
        by_sql = world.plan.site(child).era is Era.CM2012
        if not passed and not by_sql and world.unreached(origin, child):
            return ("transport", origin)
    return None


def _stopped_on(world: World, way: tuple[str, ...], package: str) -> Cause | None:
    """Look for a site between of which a line tells that the newest definition got no further, or not there.

    What a site refuses at a distribution point it does not send on; what its despooler waits for has not come there.
    """
    stops = (site for site in way[1:-1] if world.sites[site].refuses(package) or world.lacks_information(site, package))
    stop = next(stops, None) if _lacks_newest(world, way, package) else None
    return ("definition_old", stop) if stop else None


def _older_at(world: World, way: tuple[str, ...], package: str) -> Cause | None:
    """Compare the row with the owner's; where there is none, no line tells."""
    site = way[-1]
    older = package in world.sites[site].rows and _lacks_newest(world, way, package)
    return ("definition_old", site) if older else None


def _lacks_newest(world: World, way: tuple[str, ...], package: str) -> bool:
    row, newest = world.sites[way[-1]].rows.get(package), world.sites[way[0]].rows.get(package)
    return newest is not None and (row is None or row.version < newest.version)


def _shipment_cause(shipment: Shipment | None) -> Cause | None:
    if shipment is None:
        return None
    match shipment.state:
        case ShipmentState.NEVER_SENT:
            return ("never_sent", shipment.origin)
        case ShipmentState.PUT_ASIDE:
            return ("transport", shipment.origin)
        case ShipmentState.DESPOOLER_RETRY:
            return ("transport", shipment.destination)
        case ShipmentState.TRAVELLING if shipment.before and shipment.before.state is not ShipmentState.NEVER_SENT:
            return _shipment_cause(shipment.before)
        case _:
            return None
