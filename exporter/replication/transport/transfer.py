"""pkgxfermgr.log: content goes to distribution points, since 2012. replmgr.log: files between components."""

from __future__ import annotations

from dataclasses import dataclass, field

from exporter.events.event import Event
from exporter.replication.fields import integer, key_of, server_of, text
from exporter.replication.limits import count
from exporter.replication.state import SiteState, Tally, TroubleKind
from exporter.replication.transport.sender import MAX_SENDING
from exporter.replication.transport.troubles import About, Troubles
from exporter.replication.win32 import win32_of

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
    "transfer_action_failed",
    "transfer_status_sent",
    "transfer_thread_completed",
    "pull_transfer_thread_completed",
    "replication_files_found",
    "replication_file_discarded",
}
_TO_BE_RETRIED = 4
"""What the transfer manager reports of a transfer that failed."""


@dataclass(slots=True)
class Transfers:
    """What each thread works for: the distribution point and the package; and why it failed, while no line ends it."""

    threads: dict[tuple[str, int | None], str] = field(default_factory=dict)
    packages: dict[tuple[str, int | None], str] = field(default_factory=dict)
    codes: dict[tuple[str, int | None], int] = field(default_factory=dict)

    def take(self, state: SiteState, troubles: Troubles, event: Event) -> None:
        """Take one line of the package transfer manager or the replication manager (`NAMES`)."""
        if event.name == "replication_files_found":
            count(state, Tally.REPLICATION_FILES, ("found",), by=max(0, integer(event, "files") or 0))
        elif event.name == "replication_file_discarded":
            count(state, Tally.REPLICATION_FILES, ("discarded",))
        elif event.name == "transfer_action_failed":
            self._note_code(event)
        elif event.name == "transfer_status_sent":
            self._reported(state, troubles, event)
        elif event.name in _OUTCOMES:
            self._took(state, troubles, event)
        else:
            self._forget(key_of(event))

    def interrupted(self, log: str) -> None:
        """Forget what the threads were at: lines were lost."""
        for key in [key for key in {*self.threads, *self.codes} if key[0] == log]:
            self._forget(key)

    def _took(self, state: SiteState, troubles: Troubles, event: Event) -> None:
        key = key_of(event)
        point = text(event, "distribution_point") or self.threads.get(key, "")
        count(state, Tally.PACKAGE_TRANSFERS, (point, _OUTCOMES[event.name]))
        if event.name.endswith("transfer_started"):
            self._begin(key, point, text(event, "package"))
        elif event.name == "transfer_finished":
            _arrived(state, troubles, text(event, "package"), point)
        elif event.name == "transfer_failed" and point:
            self._failed(state, troubles, event, self.packages.get(key, ""), point)

    def _reported(self, state: SiteState, troubles: Troubles, event: Event) -> None:
        """Take what the distribution manager is told of a transfer."""
        package, point = text(event, "package"), server_of(text(event, "distribution_point"))
        if integer(event, "status") == _TO_BE_RETRIED:
            self._failed(state, troubles, event, package, point)

    def _failed(self, state: SiteState, troubles: Troubles, event: Event, package: str, point: str) -> None:
        about = About(package, self.codes.pop(key_of(event), None), point)
        troubles.add(state, event, (TroubleKind.TRANSFER_FAILED, "", _subject(package, point)), about)

    def _note_code(self, event: Event) -> None:
        code = win32_of(integer(event, "hresult"))
        if code is not None and (len(self.codes) < MAX_SENDING or key_of(event) in self.codes):
            self.codes[key_of(event)] = code

    def _begin(self, key: tuple[str, int | None], point: str, package: str) -> None:
        self._forget(key)
        if len(self.threads) >= MAX_SENDING:
            self._forget(next(iter(self.threads)))
        self.threads[key] = point
        self.packages[key] = package

    def _forget(self, key: tuple[str, int | None]) -> None:
        self.threads.pop(key, None)
        self.packages.pop(key, None)
        self.codes.pop(key, None)


def _subject(package: str, point: str) -> str:
    return f"{package} {point.upper()}"


def _arrived(state: SiteState, troubles: Troubles, package: str, point: str) -> None:
    for known in (package, ""):
        troubles.settle(state, TroubleKind.TRANSFER_FAILED, _subject(known, point))
