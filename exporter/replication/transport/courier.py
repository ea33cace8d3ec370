"""The transport as a whole: every line about files between sites, whichever log holds it."""

from __future__ import annotations

from dataclasses import dataclass, field

from exporter.events.event import Event
from exporter.replication.fields import base_name, integer, server_of, text
from exporter.replication.packages import Packages
from exporter.replication.state import LinkBasis, SiteState, ThreadUse, TroubleKind
from exporter.replication.transport import despooler, scheduler, sender, transfer
from exporter.replication.transport.requests import link
from exporter.replication.transport.troubles import About, Troubles

_DISTMGR = frozenset(
    {
        "parent_site",
        "site_not_active",
        "minijob_created",
        "package_threads_used",
        "package_server_not_updated",
        "package_row_missing",
        "decompression_failed",
        "dp_unreachable",
        "dp_transfer_job_created",
    }
)
NAMES = scheduler.NAMES | sender.NAMES | despooler.NAMES | transfer.NAMES | _DISTMGR
"""Names of the events that tell of the transport."""


# Before Python 3.12, looking a member up in its enum costs as much as a call.
_REFUSED, _NOT_UNPACKED = TroubleKind.DEFINITION_REFUSED, TroubleKind.CONTENT_NOT_UNPACKED


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
            self.transfers.take(state, self.troubles, event)
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
            case "package_threads_used":
                used, allowed = integer(event, "used"), integer(event, "allowed")
                if used is not None and allowed is not None:
                    state.transport.threads["distmgr"] = ThreadUse(used, allowed, event.time)
            case _:
                self._package_or_point(state, event)

    def _package_or_point(self, state: SiteState, event: Event) -> None:
        """Take a line about one package, or about one distribution point."""
        package, point = text(event, "package"), server_of(text(event, "distribution_point"))
        match event.name:
            case "package_server_not_updated" | "package_row_missing":
                key = _REFUSED, "", package
                self.troubles.add(state, event, key, About(package, point=point))
            case "decompression_failed":
                package = base_name(text(event, "compressed_file")).partition(".")[0]
                self.troubles.add(state, event, (_NOT_UNPACKED, "", package), About(package))
            case "dp_unreachable":
                key = TroubleKind.DISTRIBUTION_POINT_UNREACHABLE, "", point
                self.troubles.add(state, event, key, About("", integer(event, "win32_error"), point))
            case _:
                self.troubles.settle(state, TroubleKind.DISTRIBUTION_POINT_UNREACHABLE, point)

    def stored(self, state: SiteState, package: str) -> None:
        """Take a line that shows the definition of a package in force at the site, or the package gone."""
        self.troubles.settle(state, _REFUSED, package)

    def processed(self, state: SiteState, package: str) -> None:
        """Take a line that shows all work on a package done, or the package gone."""
        self.troubles.settle(state, _NOT_UNPACKED, package)
