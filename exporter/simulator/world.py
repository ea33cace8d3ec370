"""The whole simulated hierarchy: every site's tables, and what travels between the sites."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

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


class Trouble(NamedTuple):
    """What a site's lines say keeps packages from getting on: of a kind that the exporter names so.

    A trouble with a peer is over when something has been sent there, or, at the despooler, when the job went through.
    """

    kind: str
    site: str
    peer: str = ""
    job: str = ""
    package: str = ""


@dataclass(slots=True)
class World:
    """Every site's tables, and what is on its way between them.

    Attributes:
        sent: the definition last sent, by package and child; `content_sent`: the content.
        dropped: packages of which a site has not sent something, by its code and the child.
        troubles: what keeps packages from getting on now.
        deleted: packages that their owner has deleted.
        win32_errors: with which Win32 error the latest of these troubles came, by its kind, site and peer.
    """

    plan: Plan
    sites: dict[str, Tables] = field(default_factory=dict)
    sent: dict[tuple[str, str], Shipment] = field(default_factory=dict)
    content_sent: dict[tuple[str, str], Shipment] = field(default_factory=dict)
    dropped: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    troubles: set[Trouble] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    win32_errors: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def unreached(self, origin: str, child: str) -> bool:
        """Return whether the sender's latest try to connect to a child failed."""
        return Trouble("connection_failed", origin, child) in self.troubles

    def fail_to_reach(self, kind: str, origin: str, child: str, win32_error: int) -> None:
        """Note that the sender cannot connect to a child, or puts it aside for that."""
        self.troubles.add(Trouble(kind, origin, child))
        self.win32_errors[kind, origin, child] = win32_error

    def fail_at_point(self, kind: str, site: str, win32_error: int, package: str = "") -> None:
        """Note that content does not get to the distribution point of a site."""
        self.troubles.add(Trouble(kind, site, package=package))
        self.win32_errors[kind, site, ""] = win32_error

    def reached(self, origin: str, child: str) -> None:
        """Note that something has been sent to a child."""
        for kind in ("connection_failed", "put_aside", "no_address"):
            self.troubles.discard(Trouble(kind, origin, child))

    def drop(self, shipment: Shipment) -> None:
        """Note that a package is not sent to a child, so that an administrator may send it again."""
        self.dropped.setdefault((shipment.origin, shipment.destination), set()).add(shipment.definition.id)

    def lacks_information(self, site: str, package: str) -> bool:
        """Return whether the despooler of a site holds content back until the package's definition comes."""
        return any(
            (trouble.kind, trouble.site, trouble.package) == ("content_before_definition", site, package)
            for trouble in self.troubles
        )

    def put_off(self, shipment: Shipment, kind: str) -> None:
        """Note that the despooler of a child puts a job off."""
        self.troubles.add(_at_despooler(shipment, kind))

    def carried_out(self, shipment: Shipment) -> None:
        """Note that it has carried it out."""
        for kind in ("despooler_retry", "content_before_definition"):
            self.troubles.discard(_at_despooler(shipment, kind))

    def refuse(self, site: str, package: str) -> None:
        """Note that the database of a site refuses a part of a package's definition."""
        self.troubles.add(Trouble("definition_refused", site, package=package))

    def accept(self, site: str, package: str) -> None:
        """Note that the definition is stored there as a whole, or that the package is gone."""
        self.troubles.discard(Trouble("definition_refused", site, package=package))

    def __post_init__(self) -> None:
        self.sites = {site.code: Tables() for site in self.plan.sites}
        for package in self.plan.standing:
            for code in (package.owner, *self.plan.below(package.owner)):
                tables = self.sites[code]
                tables.rows[package.id] = Definition(package, 1, 1)
                tables.write_programs(package)
                if package.source and (code == package.owner or self.plan.needs_content(code, package)):
                    tables.content[package.id] = 1


def _at_despooler(shipment: Shipment, kind: str) -> Trouble:
    return Trouble(kind, shipment.destination, shipment.origin, shipment.job, shipment.definition.id)
