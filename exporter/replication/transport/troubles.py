"""What keeps packages from getting on, until a success that is not earlier shows it gone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from exporter.events.event import Event
from exporter.replication.limits import MAX_STANDING, count, latest
from exporter.replication.state import SiteState, Tally, Trouble, TroubleKind
from exporter.replication.tries import Try, add_try, end_tries

Key = tuple[TroubleKind, str, str]
"""Kind, site, and what tells two of a kind apart: a job, a package, a distribution point, or nothing."""

_OF_JOBS = frozenset({TroubleKind.DESPOOLER_RETRY, TroubleKind.CONTENT_BEFORE_DEFINITION, TroubleKind.INSTRUCTION_LOST})


class About(NamedTuple):
    """What a line tells of a trouble beside its key, as far as it does: see `Trouble`."""

    package: str = ""
    win32_error: int | None = None
    point: str = ""


_NOTHING = About()


@dataclass(slots=True)
class Troubles:
    """The tries behind `TransportState.troubles`, and when each kind was last seen gone, by kind and site.

    Scheduler and sender may tell of one trouble, each in its own log, so times decide what ends what.
    """

    tries: dict[Key, list[Try]] = field(default_factory=dict)
    gone: dict[tuple[TroubleKind, str], float] = field(default_factory=dict)

    def add(self, state: SiteState, event: Event, key: Key, about: About = _NOTHING) -> None:
        """Take a line that tells of a trouble."""
        kind, site, subject = key
        gone = self.gone.get((kind, site))
        if gone is not None and event.time is not None and event.time <= gone:
            return
        troubles = state.transport.troubles
        trouble = troubles.get(key)
        if trouble is None:
            if len(troubles) >= MAX_STANDING:
                count(state, Tally.DROPPED, ("troubles",))
                return
            job = subject if kind in _OF_JOBS else ""
            trouble = troubles[key] = Trouble(kind, site, job, about.package, None, None, None, 0, (), about.point)
        trouble.package = about.package or trouble.package
        trouble.win32_error = about.win32_error if about.win32_error is not None else trouble.win32_error
        add_try(trouble, self.tries.setdefault(key, []), event)

    def clear(self, state: SiteState, event: Event, site: str, *kinds: TroubleKind) -> None:
        """Take a line that shows that there is no trouble of these kinds with a site."""
        for kind in kinds:
            if event.time is not None and (len(self.gone) < MAX_STANDING or (kind, site) in self.gone):
                self.gone[kind, site] = latest(self.gone.get((kind, site)), event.time) or event.time
            trouble = state.transport.troubles.get((kind, site, ""))
            if trouble is not None and end_tries(trouble, self.tries[kind, site, ""], lambda try_: _over(try_, event)):
                self._end(state, (kind, site, ""))

    def end(self, state: SiteState, site: str, *jobs: str) -> None:
        """End the despooler's troubles with a job of a site, in its own log; it may be known by more than one name."""
        for key in [(kind, site, job) for kind in _OF_JOBS for job in jobs]:
            if key in self.tries:
                self._end(state, key)

    def forget_retries(self, state: SiteState) -> None:
        """Forget the despooler's troubles: lines were lost, and what still fails will be told again in minutes."""
        for key in [key for key in self.tries if key[0] in _OF_JOBS]:
            self._end(state, key)

    def settle(self, state: SiteState, kind: TroubleKind, subject: str) -> None:
        """Take a line that shows a package or a distribution point to be well, in the log that told of the trouble."""
        if (kind, "", subject) in self.tries:
            self._end(state, (kind, "", subject))

    def _end(self, state: SiteState, key: Key) -> None:
        del self.tries[key]
        del state.transport.troubles[key]


def _over(attempt: Try, event: Event) -> bool:
    return attempt[0] is None or event.time is None or attempt[0] <= event.time
