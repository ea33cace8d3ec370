"""Lines of units of work on incoming definitions, and what a unit changes in the state as it goes on and ends."""

from __future__ import annotations

from collections.abc import Callable

from exporter.events.event import Event
from exporter.replication.blocks import Blocks
from exporter.replication.fields import integer, text
from exporter.replication.limits import MAX_OPEN, MAX_PACKAGES, count
from exporter.replication.packages import Packages, fact_of
from exporter.replication.sources import Sources
from exporter.replication.state import Fact, FactKind, Outcome, SiteState, Tally, owner_of
from exporter.replication.transport.courier import Courier
from exporter.replication.units import LINES, Unit, Units
from exporter.replication.waits import Waits
from exporter.replication.whole import STORED

Take = Callable[[Event], None]

# Before Python 3.12, looking a member up in its enum costs as much as a call.
_APPLIED, _BLOCKED, _FAILED, _UNKNOWN = Outcome.APPLIED, Outcome.BLOCKED, Outcome.FAILED, Outcome.UNKNOWN
_DEFINITIONS, _REFERENCE_FAILURES = Tally.DEFINITIONS, Tally.REFERENCE_FAILURES
_KEYS = {outcome: (outcome.value,) for outcome in Outcome}
_DEFINITION_APPLIED = FactKind.DEFINITION_APPLIED


class Definitions:
    """Takes the lines of units for a ledger, whose parts it changes.

    Attributes:
        takers: what takes an event, by its name.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of a ledger that units change
        self, state: SiteState, units: Units, packages: Packages, sources: Sources, waits: Waits, courier: Courier
    ) -> None:
        self._state, self._units, self._packages = state, units, packages
        self._sources, self._waits, self._courier = sources, waits, courier
        self.blocks = Blocks()
        self.takers: dict[str, Take] = {
            **dict.fromkeys(LINES, self._line),
            "incoming_file": self._begin,
            "contents_added": self._contents_added,
            "package_info_updated": self._info_updated,
            "program_reference_missing": self._reference_missing,
        }

    def interrupted(self, log: str) -> None:
        """End the open units of a log in a way that is not known."""
        for unit, outcome in self._units.interrupted(log):
            self._conclude(unit, outcome, None)

    def settle(self) -> None:
        """Keep what is to be kept of lines, so that the state may be looked at."""
        self._units.settle()
        self.blocks.settle(self._state)

    def take(self, unit: Unit) -> bool:
        """Take a whole unit (`whole`); leave one whose lines would push something out on their way, and tell."""
        known, open_units, package, lines = self._packages.known, self._units.open, unit.package, unit.fresh
        if len(open_units) >= MAX_OPEN or (len(known) >= MAX_PACKAGES and package not in known):
            return False
        if open_units:
            for ended, outcome in self._units.close(lines[0]):
                self._conclude(ended, outcome, lines[0])
        self._packages.version(self._state, package, "definition", unit.version, lines[STORED].time)
        for missing in unit.missing:
            count(self._state, _REFERENCE_FAILURES, (missing.package,))
        self._conclude(unit, unit.outcome, lines[-1])
        return True

    def _begin(self, event: Event) -> None:
        for unit, outcome in self._units.begin(event):
            self._conclude(unit, outcome, event)

    def _line(self, event: Event) -> None:
        for unit, outcome in self._units.take(event):
            self._conclude(unit, outcome, event)

    def _reference_missing(self, event: Event) -> None:
        count(self._state, _REFERENCE_FAILURES, (text(event, "package"),))
        self._line(event)

    def _info_updated(self, event: Event) -> None:
        """Take the line that shows the package's row written: it tells a version, however its unit ends."""
        unit, package = self._units.joins(event), text(event, "package")
        if unit is not None and unit.package in {"", package}:
            self._packages.version(self._state, package, "definition", unit.version, event.time)
        self._line(event)

    def _contents_added(self, event: Event) -> None:
        """Tell an owner that writes the contents of its own package from a unit, in which the line stands too."""
        package = text(event, "package")
        unit = self._units.joins(event)
        joined = unit is not None and unit.begun and unit.package in {"", package}
        if not joined and self._owns(package):
            version = integer(event, "version")
            fact = fact_of(FactKind.CONTENT_WRITTEN, event, version=version)
            self._packages.version(self._state, package, "definition", version, event.time)
            self._packages.fact(self._state, package, fact)
            self._sources.read(self._state, package, event.time)
        self._line(event)

    def _owns(self, package: str) -> bool:
        return not self._state.site or owner_of(package) == self._state.site.upper()

    def _conclude(self, unit: Unit, outcome: Outcome, event: Event | None) -> None:
        """Change the state by a unit that is over; `event` ended it, None when its end was not seen."""
        if unit.begun or outcome is not _UNKNOWN:
            count(self._state, _DEFINITIONS, _KEYS[outcome])
        if not unit.package or outcome is _UNKNOWN:
            return
        if outcome is _APPLIED:
            self._applied(unit, event)
            return
        self._packages.touch(unit.package)
        if outcome is _BLOCKED:
            self.blocks.failed(self._state, unit)
        elif outcome is _FAILED and unit.stored and unit.refused is not None:
            fact = Fact(FactKind.DEFINITION_REFUSED, "", unit.version, unit.refused)
            self._packages.fact(self._state, unit.package, fact)

    def _applied(self, unit: Unit, event: Event | None) -> None:
        state, package = self._state, unit.package
        self._packages.version(state, package, "definition", unit.version, unit.last)
        self.blocks.end(state, package, unit.last)
        self._waits.end(state, package)
        self._courier.stored(state, package)
        if event is not None:
            self._packages.fact(state, package, fact_of(_DEFINITION_APPLIED, event, version=unit.version))
