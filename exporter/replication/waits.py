"""Content that is late at a site: what begins the wait, and what ends it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from exporter.events.event import Event
from exporter.replication.fields import integer, text
from exporter.replication.limits import MAX_STANDING, count, latest
from exporter.replication.state import SiteState, Tally, Waiting, WaitReason
from exporter.replication.tries import Try, add_try, end_tries

REASONS = {
    "content_not_arrived": WaitReason.CONTENTS,
    "compressed_files_not_arrived": WaitReason.COMPRESSED,
    "newer_version_required": WaitReason.NEWER_VERSION,
}


@dataclass(slots=True)
class Stored:
    """What the despooler has stored of one package: the latest time and the highest version, kept apart.

    Both only grow, so that two stores read in either order leave the same.
    """

    time: float | None = None
    version: int | None = None

    def covers(self, reason: WaitReason, attempt: Try) -> bool:
        """Whether content that a try lacked was stored no earlier than the try.

        An older version than a line asks for does not help; lines that ask for none are content with any. Where a
        time is unknown the order of reading decides: what was read before the store is covered by it.
        """
        time, wanted = attempt
        late = self.time is not None and time is not None and time > self.time
        asked = wanted if reason is WaitReason.NEWER_VERSION else None
        old = self.version is not None and asked is not None and asked > self.version
        return not late and not old


@dataclass(slots=True)
class Waits:
    """The tries behind `SiteState.waiting`, by package, and what has been stored."""

    tries: dict[str, dict[tuple[str, WaitReason], list[Try]]] = field(default_factory=dict)
    stored: dict[str, Stored] = field(default_factory=dict)

    def late(self, state: SiteState, event: Event, wanted: int | None) -> None:
        """Take a line that says that content has not come, or that a newer version of it is needed.

        Args:
            state: changed in place.
            event: one of `REASONS`.
            wanted: the version that the site waits for, when an earlier line told it.
        """
        reason = REASONS[event.name]
        if reason is WaitReason.NEWER_VERSION:
            wanted = integer(event, "version")
        package, from_site = text(event, "package"), text(event, "from_site")
        stored = self.stored.get(package)
        timed = stored is not None and stored.time is not None and event.time is not None
        if stored is not None and timed and stored.covers(reason, (event.time, wanted)):
            return
        waiting = state.waiting.get((package, from_site, reason))
        if waiting is None:
            if len(state.waiting) >= MAX_STANDING:
                count(state, Tally.DROPPED, ("waiting",))
                return
            waiting = Waiting(package, from_site, reason, None, None, 0, None, ())
            state.waiting[package, from_site, reason] = waiting
        tries = self.tries.setdefault(package, {}).setdefault((from_site, reason), [])
        add_try(waiting, tries, event, wanted)
        waiting.version = _wanted(tries)

    def store(self, state: SiteState, event: Event) -> None:
        """Take a line of the despooler that says that content is stored."""
        package = text(event, "package")
        stored = self.stored.setdefault(package, Stored())
        stored.time = latest(stored.time, event.time)
        version = integer(event, "version")
        if version is not None:
            stored.version = max(version, stored.version or 0)
        cover = stored if event.time is not None else Stored(None, stored.version)
        for key, tries in list(self.tries.get(package, {}).items()):
            waiting = state.waiting[package, *key]
            if end_tries(waiting, tries, partial(cover.covers, key[1])):
                self._end(state, package, key)
            else:
                waiting.version = _wanted(tries)

    def hold(self, state: SiteState, package: str, version: int | None) -> None:
        """Take a line of distmgr.log that says which version of the content is held: ends waits for none higher."""
        for key in list(self.tries.get(package, {})):
            wanted = state.waiting[package, *key].version
            if wanted is not None and version is not None and wanted <= version:
                self._end(state, package, key)

    def complete(self, state: SiteState, package: str) -> None:
        """Take lines of distmgr.log that show the content to be as new as its source: ends waits for no version.

        "Hasn't arrived" may be written a moment after the content was stored, and in 2007 asks for no version.
        """
        for key in list(self.tries.get(package, {})):
            if state.waiting[package, *key].version is None:
                self._end(state, package, key)

    def end(self, state: SiteState, package: str) -> None:
        """End every wait for a package: its unit went through, or it was deleted."""
        if package in self.tries:  # nearly never
            for key in list(self.tries[package]):
                self._end(state, package, key)

    def forget(self, state: SiteState, package: str) -> None:
        """Drop all that is known of a package."""
        self.end(state, package)
        self.stored.pop(package, None)

    def _end(self, state: SiteState, package: str, key: tuple[str, WaitReason]) -> None:
        del state.waiting[package, *key]
        del self.tries[package][key]
        if not self.tries[package]:
            del self.tries[package]


def _wanted(tries: list[Try]) -> int | None:
    return next((version for _, version in reversed(tries) if version is not None), None)
