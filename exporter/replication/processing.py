"""Package processing threads: how the work of each on a package ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from exporter.events.event import Event
from exporter.replication.fields import text
from exporter.replication.limits import MAX_OPEN, count
from exporter.replication.state import ProcessingOutcome, SiteState, Tally

_KEYS = {outcome: (outcome.value,) for outcome in ProcessingOutcome}
_PACKAGE_PROCESSING = Tally.PACKAGE_PROCESSING
_STRENGTH = {
    outcome: strength
    for strength, outcome in enumerate(
        (ProcessingOutcome.ENDED, ProcessingOutcome.SUCCEEDED, ProcessingOutcome.WAITING, ProcessingOutcome.FAILED)
    )
}


@dataclass(slots=True)
class Processing:
    """How each open package processing thread stands, by log and thread.

    In text without threads the package takes the thread's place; SMS 2003 does not name it when a thread starts, so
    there a success or failure is counted when its status message is seen.

    Attributes:
        open: how it stands.
        packages: the package that it is at, once a line told; the thread is "" in text without threads.
    """

    open: dict[tuple[str, str], ProcessingOutcome] = field(default_factory=dict)
    packages: dict[tuple[str, str], str] = field(default_factory=dict)

    def started(self, state: SiteState, event: Event) -> None:
        """Take "Started package processing thread" (`thread_id`, and since 2012 `package`), of the main thread."""
        key = event.log, text(event, "package" if event.thread is None else "thread_id")
        if not key[1]:
            return
        if self.open.pop(key, None) is not None:
            _count(state, ProcessingOutcome.UNKNOWN)
        if len(self.open) >= MAX_OPEN:
            del self.open[next(iter(self.open))]
            _count(state, ProcessingOutcome.UNKNOWN)
        self.open[key] = ProcessingOutcome.ENDED
        self._at((event.log, "" if event.thread is None else key[1]), text(event, "package"))

    def works(self, event: Event) -> None:
        """Take a line that names the package that its thread is at."""
        self._at(_thread(event), text(event, "package"))

    def package(self, event: Event) -> str:
        """Return the package that the thread of a line is at, "" when none is known."""
        return self.packages.get(_thread(event), "")

    def _at(self, thread: tuple[str, str], package: str) -> None:
        self.packages.pop(thread, None)
        if len(self.packages) >= MAX_OPEN:
            del self.packages[next(iter(self.packages))]
        if package:
            self.packages[thread] = package

    def told(self, state: SiteState, event: Event, outcome: ProcessingOutcome, *, alone: bool = False) -> None:
        """Take a word of success, lateness or failure; `alone` tells to count it when no thread is known to be open."""
        key = _key(event)
        standing = self.open.get(key)
        if standing is not None:
            if _STRENGTH[outcome] > _STRENGTH[standing]:
                self.open[key] = outcome
        elif alone:
            _count(state, outcome)

    def exited(self, state: SiteState, event: Event) -> None:
        """Take "Exiting package processing thread"; of one whose start was not seen nothing is counted."""
        self.packages.pop(_thread(event), None)
        outcome = self.open.pop(_key(event), None)
        if outcome is not None:
            _count(state, outcome)

    def interrupted(self, state: SiteState, log: str) -> None:
        """Close the threads of one log: lines were lost or the component restarted."""
        for key in [key for key in self.open if key[0] == log]:
            del self.open[key]
            _count(state, ProcessingOutcome.UNKNOWN)
        for thread in [thread for thread in self.packages if thread[0] == log]:
            del self.packages[thread]


def _thread(event: Event) -> tuple[str, str]:
    _, _, log, _, _, _, thread, _, _ = event
    return log, "" if thread is None else str(thread)


def _key(event: Event) -> tuple[str, str]:
    _, _, log, _, _, _, thread, _, _ = event
    return log, text(event, "package") if thread is None else str(thread)


def _count(state: SiteState, outcome: ProcessingOutcome) -> None:
    count(state, _PACKAGE_PROCESSING, _KEYS[outcome])
