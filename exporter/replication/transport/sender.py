"""sender.log: send requests are carried to other sites, each by a thread of its own.

The main thread takes a request and then tells which thread it gives it to; that thread's lines name the site only when
something fails, and at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from exporter.events.event import Event
from exporter.replication.fields import integer, key_of, text
from exporter.replication.limits import MAX_STANDING, count
from exporter.replication.packages import Packages, fact_of
from exporter.replication.state import (
    SEND_DURATION_BOUNDS,
    FactKind,
    LinkBasis,
    SiteState,
    Tally,
    ThreadUse,
    TroubleKind,
    histogram,
)
from exporter.replication.transport.requests import fail, finish, link, request_of, take
from exporter.replication.transport.troubles import About, Troubles

_FAILURES = frozenset(
    {
        "remote_connection_failed",
        "site_put_aside",
        "connect_failed",
        "remote_file_blocked",
        "heartbeat_expired",
        "reconnect_failed",
        "remote_write_failed",
        "sending_address_missing",
        "send_request_returned",
    }
)
NAMES = _FAILURES | {
    "send_request_found",
    "sending_thread_created",
    "site_capacity",
    "bytes_written",
    "package_sent",
    "sending_completed",
    "site_busy",
}
_TRANSFER_MANAGER = "pkgxfermgr"

MAX_SENDING = 256
"""Threads that are sending. There are at most a few for each child site."""


@dataclass(slots=True)
class Sending:
    """What one thread is sending.

    Attributes:
        request: its ID, "" when not known.
        destination: the site it goes to.
        taken: log time at which the main thread took it.
        failed: whether a line has told that this try failed.
        win32_error: with which it could not connect last. The line that puts the site aside does not tell it.
    """

    request: str = ""
    destination: str = ""
    taken: float | None = None
    failed: bool = False
    win32_error: int | None = None


@dataclass(slots=True)
class Sender:
    """What the sending threads are at, and the request that the main thread of each log took last."""

    taken: dict[str, Sending] = field(default_factory=dict)
    threads: dict[tuple[str, int | None], Sending] = field(default_factory=dict)

    def take(self, state: SiteState, packages: Packages, troubles: Troubles, event: Event) -> None:
        """Take one line of a sender (`NAMES`). The package transfer manager words some of its lines alike."""
        if event.log == _TRANSFER_MANAGER:
            return
        sending = self.threads.get(key_of(event)) or _NOBODY
        match event.name:
            case "bytes_written":
                # These are by far the most lines of a busy sender: a count, and nothing else.
                count(state, Tally.SENDER_BYTES, (sending.destination,), by=max(0, integer(event, "bytes") or 0))
            case "send_request_found":
                self._taken(state, event)
            case "sending_thread_created":
                self._given(event)
            case "site_capacity":
                self._capacity(state, event)
            case "package_sent":
                self._sent(state, packages, event, sending)
                _reached(state, troubles, event, text(event, "site"))
            case "sending_completed":
                self._completed(state, event, sending)
                _reached(state, troubles, event, sending.destination)
            case "site_busy":
                troubles.add(state, event, (TroubleKind.NO_ADDRESS, text(event, "site"), ""))
            case _:
                self._failed(state, troubles, event, sending)

    def interrupted(self, log: str) -> None:
        """Forget what the threads were at: lines were lost."""
        self.taken.pop(log, None)
        for key in [key for key in self.threads if key[0] == log]:
            del self.threads[key]

    def _taken(self, state: SiteState, event: Event) -> None:
        name, site = text(event, "request"), text(event, "site")
        request = request_of(state, name, event.time)
        request.destination = site or request.destination
        take(request, event.time)
        count(state, Tally.SENDER_REQUESTS, (site, "taken"))
        if event.log not in self.taken and len(self.taken) >= MAX_SENDING:
            del self.taken[next(iter(self.taken))]
        self.taken[event.log] = Sending(name, site, event.time)
        if event.thread is None:
            self._on_thread((event.log, None), self.taken[event.log])

    def _given(self, event: Event) -> None:
        sending = self.taken.get(event.log)
        thread = integer(event, "thread_id")
        if sending is not None and thread is not None and event.thread is not None:
            self._on_thread((event.log, thread), sending)

    def _on_thread(self, key: tuple[str, int | None], sending: Sending) -> Sending:
        self.threads.pop(key, None)
        if len(self.threads) >= MAX_SENDING:
            del self.threads[next(iter(self.threads))]
        self.threads[key] = replace(sending)  # of its own: what is shared would fall apart over a restart
        return self.threads[key]

    def _capacity(self, state: SiteState, event: Event) -> None:
        site = self.taken[event.log].destination if event.log in self.taken else ""
        used, allowed = integer(event, "used"), integer(event, "allowed")
        threads, name = state.transport.threads, f"sender/{site}"
        if used is not None and allowed is not None and (name in threads or len(threads) < MAX_STANDING):
            threads[name] = ThreadUse(used, allowed, event.time)

    def _sent(self, state: SiteState, packages: Packages, event: Event, sending: Sending) -> None:
        package, site = text(event, "package"), text(event, "site")
        packages.fact(state, package, fact_of(FactKind.SENT, event, site, integer(event, "version")))
        link(state, state.site, site, LinkBasis.INFERRED)
        if sending.request:
            request = request_of(state, sending.request, event.time)
            request.package = request.package or package

    def _completed(self, state: SiteState, event: Event, sending: Sending) -> None:
        count(state, Tally.SENDER_REQUESTS, (sending.destination, "completed"))
        if sending.request:
            finish(request_of(state, sending.request, event.time), event.time)
        if sending.taken is not None and event.time is not None and event.time >= sending.taken:
            durations = state.transport.send_durations
            if sending.destination in durations or len(durations) < MAX_STANDING:
                standing = durations.setdefault(sending.destination, histogram(SEND_DURATION_BOUNDS))
                standing.add(event.time - sending.taken)
        self.threads.pop(key_of(event), None)

    def _failed(self, state: SiteState, troubles: Troubles, event: Event, sending: Sending) -> None:
        if sending is _NOBODY:  # the line that gave this thread its request was not seen
            sending = self._on_thread(key_of(event), Sending())
        site = sending.destination = text(event, "site") or sending.destination
        win32_error = integer(event, "win32_error")
        if sending.request:
            fail(request_of(state, sending.request, event.time), event, win32_error)
        if event.name == "remote_connection_failed":
            sending.win32_error = win32_error
            count(state, Tally.SENDER_CONNECTION_FAILURES, (site, "" if win32_error is None else str(win32_error)))
            if site:
                key = TroubleKind.CONNECTION_FAILED, site, ""
                troubles.add(state, event, key, About(win32_error=win32_error))
            return  # the thread tries again a minute later before it gives up
        if event.name == "site_put_aside":
            count(state, Tally.SENDER_SITES_PUT_ASIDE, (site,))
            troubles.add(state, event, (TroubleKind.PUT_ASIDE, site, ""), About(win32_error=sending.win32_error))
        elif event.name in {"sending_address_missing", "send_request_returned"} and site:
            troubles.add(state, event, (TroubleKind.NO_ADDRESS, site, ""))
        if not sending.failed:
            sending.failed = True
            count(state, Tally.SENDER_REQUESTS, (site, "failed"))


_NOBODY = Sending()


def _reached(state: SiteState, troubles: Troubles, event: Event, site: str) -> None:
    if site:
        kinds = TroubleKind.PUT_ASIDE, TroubleKind.CONNECTION_FAILED, TroubleKind.NO_ADDRESS
        troubles.clear(state, event, site, *kinds)
