"""Package processing threads: which package each works on, and how its work ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from exporter.events.event import Event
from exporter.replication.limits import MAX_OPEN, count
from exporter.replication.state import ProcessingOutcome, SiteState, Tally
from exporter.replication.units import text

_STRENGTH = (ProcessingOutcome.ENDED, ProcessingOutcome.SUCCEEDED, ProcessingOutcome.WAITING, ProcessingOutcome.FAILED)


@dataclass(slots=True)
class Processing:
    """Open package processing threads: how each stands, by log and package (one thread works on a package at a time).

    SMS 2003 does not name the package when a thread starts, nor when it exits; there a success or failure is counted
    when its status message is seen.
    """

    open: dict[tuple[str, str], ProcessingOutcome] = field(default_factory=dict)

    def started(self, state: SiteState, event: Event) -> None:
        """Take "Started package processing thread for package"."""
        package = text(event, "package")
        if not package:
            return
        if self.open.pop((event.log, package), None) is not None:
            _count(state, ProcessingOutcome.UNKNOWN)
        if len(self.open) >= MAX_OPEN:
            del self.open[next(iter(self.open))]
            _count(state, ProcessingOutcome.UNKNOWN)
        self.open[event.log, package] = ProcessingOutcome.ENDED

    def told(self, state: SiteState, event: Event, outcome: ProcessingOutcome, *, alone: bool = False) -> None:
        """Take a word of success, lateness or failure; `alone` tells to count it when no thread is known to be open."""
        key = event.log, text(event, "package")
        standing = self.open.get(key)
        if standing is not None:
            self.open[key] = max(standing, outcome, key=_STRENGTH.index)
        elif alone:
            _count(state, outcome)

    def exited(self, state: SiteState, event: Event) -> None:
        """Take "Exiting package processing thread"; of one whose start was not seen nothing is counted."""
        outcome = self.open.pop((event.log, text(event, "package")), None)
        if outcome is not None:
            _count(state, outcome)

    def works_on(self, event: Event) -> bool:
        """Whether a package processing thread is at work on the package that the line names."""
        return (event.log, text(event, "package")) in self.open

    def interrupted(self, state: SiteState, log: str) -> None:
        """Close the threads of one log: lines were lost or the component restarted."""
        for key in [key for key in self.open if key[0] == log]:
            del self.open[key]
            _count(state, ProcessingOutcome.UNKNOWN)


def _count(state: SiteState, outcome: ProcessingOutcome) -> None:
    count(state, Tally.PACKAGE_PROCESSING, outcome.value)
