"""The whole hierarchy at one moment, as pages and API show it: copies that change no more, and the report on them.

Sites go on reading while somebody looks at a page. So what is shown is copied, one site after another with only its
lock held, and only when the site has changed: a hundred looks at logs that stand still cost one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from exporter.logs.health import Gap, LogHealth
from exporter.metrics.views import ExporterFacts, Look, SiteView
from exporter.replication.state import SiteState, TransportState
from exporter.replication.tree import Tree, tree_of
from exporter.report.hierarchy import Report, names_of, report


@dataclass(frozen=True, slots=True)
class Given:
    """What a person configured for what is shown.

    Attributes:
        tree: the parent of each site, as far as it is configured.
        names: names of packages, by ID.
        links: pages elsewhere: a title, and an address in which `{site}`, `{package}` and `{task_sequence}` are
            replaced.
        servers: the computer that each site's logs are read from, as far as the configured places tell it.
    """

    tree: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    servers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SitePicture:
    """One site at one moment: what its logs have told, how well they are read, and which lines were lost."""

    state: SiteState
    logs: Mapping[str, LogHealth]
    gaps: tuple[Gap, ...]

    @property
    def records_until(self) -> float | None:
        """Log time of the latest record of any of its logs, POSIX seconds."""
        return max((log.last_record for log in self.logs.values() if log.last_record is not None), default=None)


@dataclass(frozen=True, slots=True)
class Picture:
    """All sites at one moment.

    Attributes:
        sites: by site code, in its order.
        report: what is stuck, why, and what to do.
        tree: which site is whose parent.
        names: of packages, by ID.
        given: what a person configured.
        revision: grows whenever anything of the above has changed.
        unready: why this is not the whole truth yet, or "".
        exporter: what the exporter says about itself.
        taken: wall time, POSIX seconds.
    """

    sites: Mapping[str, SitePicture]
    report: Report
    tree: Tree
    names: Mapping[str, str]
    given: Given = field(default_factory=Given)
    revision: int = 0
    unready: str = ""
    exporter: ExporterFacts = field(default_factory=lambda: ExporterFacts("", ""))
    taken: float = 0.0

    @property
    def states(self) -> Mapping[str, SiteState]:
        """What the logs of each site have told."""
        return {code: site.state for code, site in self.sites.items()}

    @property
    def records_until(self) -> float | None:
        """Log time of the latest record of any log."""
        times = [site.records_until for site in self.sites.values()]
        return max((time for time in times if time is not None), default=None)


@dataclass(frozen=True, slots=True)
class _Copied:
    """A site's picture, and what it was made from."""

    source: SiteState
    revision: int
    picture: SitePicture

    def still_holds(self, view: SiteView) -> bool:
        return self.source is view.state and self.revision == view.revision


class Painter:
    """Makes pictures. To be used from one thread at a time.

    Args:
        look: returns the state as it is now.
        unready: returns why it is not the whole truth yet, or "".
        given: returns what is configured now; the same object for as long as it is the same.
        wall: the wall clock, POSIX seconds.
    """

    def __init__(
        self,
        look: Look,
        unready: Callable[[], str] = str,
        given: Callable[[], Given] = Given,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._look = look
        self._unready = unready
        self._given = given
        self._wall = wall
        self._copies: dict[str, _Copied] = {}
        self._last: Picture | None = None

    def picture(self) -> Picture:
        """Return the hierarchy as it is now. What has not changed since the last time is shared with that picture."""
        given, snapshot = self._given(), self._look()
        copies = {view.state.site: self._copied(view) for view in sorted(snapshot.sites, key=lambda v: v.state.site)}
        last = self._last
        if last is None or last.given != given or not self._are_last(copies):
            last = _draw(copies, given, 0 if last is None else last.revision + 1)
        self._copies = copies
        self._last = replace(last, unready=self._unready(), exporter=snapshot.exporter, taken=self._wall())
        return self._last

    def _copied(self, view: SiteView) -> _Copied:
        copied = self._copies.get(view.state.site)
        if copied is not None and copied.still_holds(view):
            return copied
        with view.lock:
            # The view was made before the lock was taken: a revision too old for the copy only means one copy more.
            return _Copied(view.state, view.revision, still(view))

    def _are_last(self, copies: Mapping[str, _Copied]) -> bool:
        return copies.keys() == self._copies.keys() and all(copies[code] is self._copies[code] for code in copies)


def _draw(copies: Mapping[str, _Copied], given: Given, revision: int) -> Picture:
    sites = {code: copied.picture for code, copied in copies.items()}
    states = {code: site.state for code, site in sites.items()}
    gaps = {code: site.gaps for code, site in sites.items()}
    return Picture(
        sites,
        report(states, gaps, given.tree, names=given.names),
        tree_of(states, given.tree),
        names_of(states, given.names),
        given,
        revision,
    )


def still(view: SiteView) -> SitePicture:
    """Copy all that a site may still change; its lock is to be held. Lines of evidence never change and are shared."""
    state = view.state
    copy = replace(
        state,
        blocked={key: replace(block) for key, block in state.blocked.items()},
        waiting={key: replace(waiting) for key, waiting in state.waiting.items()},
        source_errors={key: replace(error) for key, error in state.source_errors.items()},
        past_source_errors={key: replace(error) for key, error in state.past_source_errors.items()},
        versions={package: replace(versions) for package, versions in state.versions.items()},
        names=dict(state.names),
        tallies={tally: dict(counts) for tally, counts in state.tallies.items()},
        block_durations=replace(state.block_durations, counts=list(state.block_durations.counts)),
        facts={package: dict(facts) for package, facts in state.facts.items()},
        transport=_still_transport(state.transport),
    )
    logs = {log: _still_health(health) for log, health in view.logs.items()}
    return SitePicture(copy, logs, tuple(view.gaps))


def _still_transport(transport: TransportState) -> TransportState:
    return TransportState(
        {key: replace(trouble) for key, trouble in transport.troubles.items()},
        {key: replace(use) for key, use in transport.threads.items()},
        dict(transport.jobs),
        {key: replace(request) for key, request in transport.requests.items()},
        dict(transport.links),
        {key: replace(spans, counts=list(spans.counts)) for key, spans in transport.send_durations.items()},
    )


def _still_health(health: LogHealth) -> LogHealth:
    return replace(health, samples=list(health.samples), read_errors=health.read_errors.copy(), gaps=health.gaps.copy())
