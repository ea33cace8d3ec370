"""pkgxfermgr.log: content goes to distribution points, since 2012. replmgr.log: files between components."""

from __future__ import annotations

from dataclasses import dataclass, field

from exporter.events.event import Event
from exporter.replication.limits import count
from exporter.replication.state import SiteState, Tally
from exporter.replication.transport.sender import MAX_SENDING
from exporter.replication.units import integer, key_of, text

_OUTCOMES = {
    "transfer_started": "started",
    "pull_transfer_started": "started",
    "transfer_finished": "completed",
    "pull_dp_notified": "completed",
    "transfer_failed": "failed",
    "pull_dp_notification_failed": "failed",
    "transfer_address_closed": "postponed",
    "transfer_throttled": "postponed",
    "pull_dp_postponed": "postponed",
    "pull_dp_source_missing": "postponed",
}
NAMES = frozenset(_OUTCOMES) | {
    "transfer_thread_completed",
    "pull_transfer_thread_completed",
    "replication_files_found",
    "replication_file_discarded",
}


@dataclass(slots=True)
class Transfers:
    """The distribution point that each thread works for."""

    threads: dict[tuple[str, int | None], str] = field(default_factory=dict)

    def take(self, state: SiteState, event: Event) -> None:
        """Take one line of the package transfer manager or the replication manager (`NAMES`)."""
        key = key_of(event)
        if event.name == "replication_files_found":
            count(state, Tally.REPLICATION_FILES, "found", by=max(0, integer(event, "files") or 0))
        elif event.name == "replication_file_discarded":
            count(state, Tally.REPLICATION_FILES, "discarded")
        elif event.name in _OUTCOMES:
            point = text(event, "distribution_point") or self.threads.get(key, "")
            count(state, Tally.PACKAGE_TRANSFERS, point, _OUTCOMES[event.name])
            if event.name.endswith("transfer_started"):
                self._begin(key, point)
        else:
            self.threads.pop(key, None)

    def interrupted(self, log: str) -> None:
        """Forget what the threads were at: lines were lost."""
        for key in [key for key in self.threads if key[0] == log]:
            del self.threads[key]

    def _begin(self, key: tuple[str, int | None], point: str) -> None:
        self.threads.pop(key, None)
        if len(self.threads) >= MAX_SENDING:
            del self.threads[next(iter(self.threads))]
        self.threads[key] = point
