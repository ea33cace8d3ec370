"""The whole simulated hierarchy: every site's tables, and what travels between the sites."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from exporter.simulator.plan import Plan
from exporter.simulator.tables import Definition, Tables


class ShipmentState(StrEnum):
    """Where a definition on its way to a child stands."""

    TRAVELLING = "travelling"
    PUT_ASIDE = "put_aside"
    DESPOOLER_RETRY = "despooler_retry"
    NEVER_SENT = "never_sent"
    LOST = "lost"
    DELIVERED = "delivered"


@dataclass(slots=True, eq=False)
class Shipment:
    """A definition or content on its way from a site to its child.

    Attributes:
        before: the one that was sent before it: what holds that up will hold this up too.
    """

    definition: Definition
    origin: str
    destination: str
    content: bool
    job: str
    request: str
    file: str
    state: ShipmentState = ShipmentState.TRAVELLING
    before: Shipment | None = None


@dataclass(slots=True)
class World:
    """Every site's tables, and what is on its way between them.

    Attributes:
        sent: the definition last sent, by package and child; `content_sent`: the content.
        dropped: packages of which a scheduler has dropped something, by its site and the child.
        unreached: pairs of a site and its child to which the sender's latest try to connect failed.
        deleted: packages that their owner has deleted.
    """

    plan: Plan
    sites: dict[str, Tables] = field(default_factory=dict)
    sent: dict[tuple[str, str], Shipment] = field(default_factory=dict)
    content_sent: dict[tuple[str, str], Shipment] = field(default_factory=dict)
    dropped: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    unreached: set[tuple[str, str]] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.sites = {site.code: Tables() for site in self.plan.sites}
        for package in self.plan.standing:
            for code in (package.owner, *self.plan.below(package.owner)):
                tables = self.sites[code]
                tables.rows[package.id] = Definition(package, 1, 1)
                tables.write_programs(package)
                if package.source and (code == package.owner or self.plan.needs_content(code, package)):
                    tables.content[package.id] = 1
