"""The state of one site: events in, `SiteState` out. Pure: no files, no clock, no metrics.

The events of one log come in its order. Those of several logs may come in any order: where one log ends what another
began, log times decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from exporter.events.event import USER_PREFIX, Event
from exporter.replication import codec, sources
from exporter.replication.definitions import Definitions, Take
from exporter.replication.fields import integer, text
from exporter.replication.limits import MAX_PACKAGES, count
from exporter.replication.packages import Packages, fact_of
from exporter.replication.processing import Processing
from exporter.replication.sources import Sources
from exporter.replication.state import (
    FactKind,
    ProcessingOutcome,
    SiteState,
    Tally,
)
from exporter.replication.transport import courier
from exporter.replication.transport.courier import Courier
from exporter.replication.units import DISTRIBUTION_MANAGER, Units, is_own_start
from exporter.replication.waits import Waits
from exporter.replication.whole import Wholes

FORMAT = 1
"""Of the encoded ledger. Data of another format is refused: the logs are then read again."""


# Before Python 3.12, looking a member up in its enum costs as much as a call.
_STATUS_MESSAGES, _PROCESSED, _SUCCEEDED = Tally.STATUS_MESSAGES, FactKind.PROCESSED, ProcessingOutcome.SUCCEEDED

_SITE_CODE = re.compile("[0-9A-Z]{3}")
_FACTS = {
    "package_notified": (FactKind.NOTIFIED, ""),
    "package_adding": (FactKind.ADDED, ""),
    "package_updating": (FactKind.UPDATED, ""),
    "program_changed": (FactKind.CHANGED, ""),
    "package_replicating": (FactKind.REPLICATING, ""),
    "minijob_created": (FactKind.MINIJOB_CREATED, "site"),
    "program_deleted": (FactKind.PROGRAM_DELETED, "program"),
    "content_before_definition": (FactKind.INFORMATION_AWAITED, ""),
}
_BEGINS_WORK = (FactKind.ADDED, FactKind.UPDATED)


@dataclass(slots=True)
class _Work:
    """All of a ledger but its counters: what a restart must find again to go on as if nothing had happened."""

    state: SiteState
    units: Units = field(default_factory=Units)
    processing: Processing = field(default_factory=Processing)
    sources: Sources = field(default_factory=Sources)
    waits: Waits = field(default_factory=Waits)
    packages: Packages = field(default_factory=Packages)
    courier: Courier = field(default_factory=Courier)


class Ledger:
    """What one site's logs have told so far.

    Attributes:
        state: the state, for reading only.
        revision: grows with every event that may have changed the state, the open units or what is remembered; while
            it stands still, what was rendered or encoded before is still right.
    """

    def __init__(self, site: str | _Work) -> None:
        self._work = work = site if isinstance(site, _Work) else _Work(SiteState(site))
        self.state = work.state
        self.revision = 0
        self._definitions = Definitions(work.state, work.units, work.packages, work.sources, work.waits, work.courier)
        self._blocks = self._definitions.blocks
        self._wholes = Wholes()
        handlers: dict[str, Take] = {
            "component_started": self._restarted,
            "replication_thread_started": self._restarted,
            "content_stored": self._content_stored,
            "stored_version": self._stored_version,
            "source_version": self._source_version,
            "package_processing": self._package_processing,
            "snapshot_failed": self._snapshot_failed,
            "content_not_arrived": self._late,
            "compressed_files_not_arrived": self._late,
            "newer_version_required": self._late,
            "package_created_or_updated": self._created_or_updated,
            "package_deletion_started": self._deleted,
            "package_deleted": self._deleted,
            "package_thread_created": self._thread_started,
            "package_thread_started": self._thread_started,
            "package_thread_exited": self._thread_exited,
            "site_not_active": self._site_left_out,
            "status_message": self._status_message,
            **dict.fromkeys(_FACTS, self._fact),
        }
        rooms = (
            handlers,
            self._definitions.takers,
            dict.fromkeys(sources.NAMES, self._sourced),
            dict.fromkeys(courier.NAMES, self._transported),
        )
        names = {name for room in rooms for name in room}
        self._takers = {name: _in_turn([room[name] for room in rooms if name in room]) for name in names}

    def apply(self, events: Sequence[Event]) -> None:
        """Take the next events of a log, in its order."""
        if not events:
            return
        changes = taken = 0
        for begin, unit in self._wholes.find(events):
            if begin > taken:
                changes += self._each(events[taken:begin])
                taken = begin
            if self._definitions.take(unit):
                changes += len(unit.fresh)
                taken += len(unit.fresh)
        changes += self._each(events[taken:])
        self._definitions.settle()
        self.revision += changes

    def _each(self, events: Iterable[Event]) -> int:
        """Take events one by one; return how many of them mean something here."""
        takers, known = self._takers, self._work.packages.known
        changes = 0
        for event in events:
            take = takers.get(event.name)
            if take is not None:
                take(event)
                if len(known) > MAX_PACKAGES:
                    self._forget_a_package()
            elif event.name.startswith(USER_PREFIX):
                count(self.state, Tally.USER_MESSAGES, (event.log, event.name.removeprefix(USER_PREFIX)))
            else:
                continue
            changes += 1
        return changes

    def interrupted(self, log: str) -> None:
        """Note that lines of a log were lost: what was open there ended in a way that is not known."""
        self._definitions.interrupted(log)
        self._work.processing.interrupted(self.state, log)
        self._work.sources.interrupted(log)
        self._work.courier.interrupted(self.state, log)
        self.revision += 1

    def packages(self) -> frozenset[str]:
        """Return the IDs of all packages that anything is kept about."""
        missing = (each.package for block in self.state.blocked.values() for each in block.missing)
        return frozenset({*self._work.packages.known, *missing})

    def encode(self) -> dict[str, Any]:
        """Return the ledger as JSON-able data, from which `decode` makes one that goes on where this one stands."""
        return {"format": FORMAT, "ledger": codec.encode(self._work)}

    @classmethod
    def decode(cls, data: object) -> Ledger:
        """Return the ledger that `encode` wrote.

        Raises:
            codec.CodecError: `data` was written in another format, or is damaged.
        """
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise codec.CodecError(f"a ledger of format {FORMAT} was expected")
        work = codec.decode(_Work, data.get("ledger"))
        for tally in Tally:  # one that is newer than the data
            work.state.tallies.setdefault(tally, {})
        return cls(work)

    def _transported(self, event: Event) -> None:
        self._work.courier.take(self.state, self._work.packages, event)

    def _restarted(self, event: Event) -> None:
        """Take a line that a component, or the thread that handles incoming definitions, starts anew."""
        if is_own_start(event):
            self._definitions.interrupted(event.log)
        if event.name == "component_started":
            if is_own_start(event):
                self._work.processing.interrupted(self.state, event.log)
                self._work.sources.interrupted(event.log)
            self._work.courier.interrupted(self.state, event.log)

    # Content, source and versions.

    def _content_stored(self, event: Event) -> None:
        package, version = text(event, "package"), integer(event, "version")
        self._work.packages.version(self.state, package, "content", version, event.time)
        self._work.packages.fact(self.state, package, fact_of(FactKind.CONTENT_STORED, event, version=version))
        self._work.waits.store(self.state, event)

    def _stored_version(self, event: Event) -> None:
        package, version = text(event, "package"), integer(event, "version")
        self._work.packages.version(self.state, package, "content", version, event.time)
        self._work.packages.touch(package).held = version
        self._work.waits.hold(self.state, package, version)

    def _source_version(self, event: Event) -> None:
        package, version = text(event, "package"), integer(event, "version")
        self._work.packages.version(self.state, package, "source", version, event.time)
        held = self._work.packages.touch(package).held
        if held is not None and version is not None and held >= version:
            self._work.waits.complete(self.state, package)

    def _package_processing(self, event: Event) -> None:
        package = text(event, "package")
        source, stored = integer(event, "source_version"), integer(event, "stored_version")
        self._work.packages.version(self.state, package, "source", source, event.time)
        known = self._work.packages.touch(package)
        known.wanted = source if source is not None and source > (stored or 0) else None
        self._work.waits.hold(self.state, package, stored)

    def _late(self, event: Event) -> None:
        known = self._work.packages.touch(text(event, "package"))
        self._work.waits.late(self.state, event, known.wanted)
        self._work.processing.told(self.state, event, ProcessingOutcome.WAITING)

    def _sourced(self, event: Event) -> None:
        self._work.sources.take(self.state, self._work.packages, event)

    def _snapshot_failed(self, event: Event) -> None:
        self._work.processing.told(self.state, event, ProcessingOutcome.FAILED)

    # The package itself.

    def _created_or_updated(self, event: Event) -> None:
        self._blocks.end(self.state, text(event, "package"), event.time)
        self._work.courier.stored(self.state, text(event, "package"))

    def _deleted(self, event: Event) -> None:
        package = text(event, "package")
        self._blocks.end(self.state, package, event.time)
        self._work.waits.end(self.state, package)
        self._work.courier.stored(self.state, package)
        self._work.courier.processed(self.state, package)
        self._work.sources.read(self.state, package, event.time)
        self._work.packages.deleted(self.state, package, event)

    def _thread_started(self, event: Event) -> None:
        self._work.processing.started(self.state, event)

    def _thread_exited(self, event: Event) -> None:
        self._work.processing.exited(self.state, event)

    def _site_left_out(self, event: Event) -> None:
        """Take the line that a site is not active. It names no package: its thread is at one."""
        package = self._work.processing.package(event)
        if package:
            fact = fact_of(FactKind.SITE_LEFT_OUT, event, text(event, "site"))
            self._work.packages.fact(self.state, package, fact)

    def _fact(self, event: Event) -> None:
        kind, subject = _FACTS[event.name]
        if kind in _BEGINS_WORK:
            self._work.processing.works(event)
        fact = fact_of(kind, event, text(event, subject) if subject else "")
        self._work.packages.fact(self.state, text(event, "package"), fact)

    # Status messages.

    def _status_message(self, event: Event) -> None:
        number, package = text(event, "id"), text(event, "package")
        component = text(event, "component") or event.component
        count(self.state, _STATUS_MESSAGES, (component, number, text(event, "severity")))
        if not package:
            return
        self._work.packages.name(self.state, package, text(event, "name"), event.time)
        if component not in {"", DISTRIBUTION_MANAGER}:
            return
        if number == "2301":
            self._blocks.end(self.state, package, event.time)
            self._work.sources.read(self.state, package, event.time)
            self._work.courier.processed(self.state, package)
            self._work.packages.fact(self.state, package, fact_of(_PROCESSED, event))
            self._work.processing.told(self.state, event, _SUCCEEDED, alone=True)
        elif number == "2302":
            self._work.packages.fact(self.state, package, fact_of(FactKind.PROCESSING_FAILED, event))
            self._work.processing.told(self.state, event, ProcessingOutcome.FAILED, alone=True)
        elif number == "2339":
            child = _child_of(event)
            self._work.packages.fact(self.state, package, fact_of(FactKind.INFORMATION_SENT, event, child))
            self._work.courier.handed_over(self.state, event, child)
        elif number == "2306":
            self._work.sources.missing(self.state, event)
            self._work.processing.told(self.state, event, ProcessingOutcome.FAILED)

    def _forget_a_package(self) -> None:
        package = self._work.packages.least(self.state)
        self.state.blocked.pop(package, None)
        self._work.waits.forget(self.state, package)
        self._work.sources.forget(self.state, package)
        self._work.packages.forget(self.state, package)


def _in_turn(takes: Sequence[Take]) -> Take:
    """Return what hands an event to each of those that want it."""
    if len(takes) == 1:
        return takes[0]

    def each(event: Event) -> None:
        for take in takes:
            take(event)

    return each


def _child_of(event: Event) -> str:
    """Return the child site of status message 2339. It is one of the strings; which one is not known for sure."""
    strings = (text(event, f"istr{i}") for i in range(1, 10))
    return next((value for value in strings if _SITE_CODE.fullmatch(value)), "")
