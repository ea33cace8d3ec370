"""The transport as a whole: every line about files between sites, whichever log holds it."""

from __future__ import annotations

from dataclasses import dataclass, field

from exporter.events.event import Event
from exporter.replication.packages import Packages
from exporter.replication.state import LinkBasis, SiteState, ThreadUse, TroubleKind
from exporter.replication.transport import despooler, scheduler, sender, transfer
from exporter.replication.transport.requests import link
from exporter.replication.transport.troubles import Troubles
from exporter.replication.units import integer, text

_DISTMGR = frozenset({"parent_site", "site_not_active", "minijob_created", "package_threads_used"})
NAMES = scheduler.NAMES | sender.NAMES | despooler.NAMES | transfer.NAMES | _DISTMGR
"""Names of the events that tell of the transport."""


@dataclass(slots=True)
class Courier:
    """What the components between two sites are at."""

    scheduler: scheduler.Scheduler = field(default_factory=scheduler.Scheduler)
    sender: sender.Sender = field(default_factory=sender.Sender)
    despooler: despooler.Despooler = field(default_factory=despooler.Despooler)
    transfers: transfer.Transfers = field(default_factory=transfer.Transfers)
    troubles: Troubles = field(default_factory=Troubles)

    def take(self, state: SiteState, packages: Packages, event: Event) -> None:
        """Take one line about the transport (`NAMES`)."""
        if event.name in sender.NAMES:
            self.sender.take(state, packages, self.troubles, event)
        elif event.name in scheduler.NAMES:
            self.scheduler.take(state, packages, self.troubles, event)
        elif event.name in despooler.NAMES:
            self.despooler.take(state, self.troubles, event)
        elif event.name in transfer.NAMES:
            self.transfers.take(state, event)
        else:
            self._distmgr(state, event)

    def interrupted(self, state: SiteState, log: str) -> None:
        """Forget what the threads that write to a log were at: lines were lost, or the component restarted."""
        self.scheduler.interrupted(log)
        self.sender.interrupted(log)
        self.despooler.interrupted(state, self.troubles, log)
        self.transfers.interrupted(log)

    def handed_over(self, state: SiteState, event: Event, site: str) -> None:
        """Take a line that distribution manager hands something for a site to the scheduler: the site is active."""
        self.troubles.clear(state, event, site, TroubleKind.SITE_NOT_ACTIVE)

    def _distmgr(self, state: SiteState, event: Event) -> None:
        site = text(event, "site")
        match event.name:
            case "parent_site":
                link(state, text(event, "parent"), site, LinkBasis.STATED)
            case "site_not_active":
                self.troubles.add(state, event, (TroubleKind.SITE_NOT_ACTIVE, site, ""))
            case "minijob_created":
                self.handed_over(state, event, site)
            case _:
                used, allowed = integer(event, "used"), integer(event, "allowed")
                if used is not None and allowed is not None:
                    state.transport.threads["distmgr"] = ThreadUse(used, allowed, event.time)
