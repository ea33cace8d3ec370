"""All sites together, for as long as the process runs: polled, saved, looked at, and changed without losing state."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from exporter.collector.checkpoint import (
    Checkpoint,
    CheckpointBusyError,
    CheckpointDamagedError,
    CheckpointError,
    CheckpointLostError,
    SavedSite,
)
from exporter.collector.facts import Facts
from exporter.collector.lanes import Lanes, Watch
from exporter.collector.memory import Memory
from exporter.collector.recall import recall
from exporter.collector.site import Site
from exporter.metrics.views import SiteView, Snapshot

_LOG: Final = logging.getLogger(__name__)
RECALL_SECONDS: Final = 30.0
"""How long the saved state is waited for that cannot be read at the start, as from a disk that is mounted late."""

MakeWatches = Callable[[Mapping[str, Memory]], Sequence[Watch]]
"""Makes what to watch, given the memory of each site that has one."""


class Service:
    """Watches sites.

    Args:
        checkpoint: where their memory is kept; None to keep none.
        wall: the wall clock, POSIX seconds.
        patience: seconds to wait for saved state that cannot be read at the start, before beginning without it.

    Attributes:
        facts: what the exporter tells of itself.
    """

    def __init__(
        self,
        checkpoint: Checkpoint | None = None,
        wall: Callable[[], float] = time.time,
        patience: float = RECALL_SECONDS,
    ) -> None:
        self._checkpoint = checkpoint
        self._wall = wall
        self._patient_until = time.monotonic() + patience
        self._changing = threading.RLock()  # a reload comes from another thread than a save
        self._watches: dict[str, Watch] = {}
        self._memories: dict[str, Memory] = {}  # of sites that are not watched now: a reload may bring them back
        self._make: MakeWatches = lambda _memories: ()
        self._saved: dict[str, int] = {}  # the revision of each site that was watched when it was saved last
        self.facts = Facts(wall, keeps_state=checkpoint is not None)
        self._lanes = Lanes(self.facts, wall)
        self._stopped = False
        self._held = False  # whether watching has not begun yet, because of memory that cannot be read

    @property
    def sites(self) -> Mapping[str, Site]:
        """The sites that are watched, by code."""
        return {code: watch.site for code, watch in self._watches.items()}

    def recall(self) -> None:
        """Find again what was saved. What cannot be loaded now is asked for again before anything is saved.

        Raises:
            CheckpointBusyError: another process uses the state directory.
        """
        if self._checkpoint is None:
            return
        with self._changing:
            try:
                self._memories |= recall(self._checkpoint, self._wall())
            except CheckpointBusyError:
                raise
            except CheckpointError as error:
                self._note_save(error)

    def watch(self, make: MakeWatches) -> None:
        """Watch these sites from now on, instead of those watched before; a site that was known goes on where it is.

        Args:
            make: makes what to watch.
        """
        with self._changing:
            if self._stopped:
                return
            self._make = make
            self._lanes.end()  # first, for memories must not change any more
            if self._checkpoint is not None and self._checkpoint.loaded:
                self._save(self._checkpoint)  # those that are watched no more, too
            self._memories |= {code: watch.site.memory() for code, watch in self._watches.items()}
            self._held = self._awaits_memory()
            if not self._held:
                self._begin(make(self._memories))

    def _awaits_memory(self) -> bool:
        """Tell whether to begin nothing yet: without its memory, a site's counters would begin anew."""
        checkpoint = self._checkpoint
        return checkpoint is not None and not checkpoint.loaded and time.monotonic() < self._patient_until

    def stop(self) -> None:
        """Stop polling and save what was read."""
        with self._changing:
            self._lanes.end()
            self._stopped = True
            if self._checkpoint is not None and self._checkpoint.loaded:
                self._save(self._checkpoint)

    def unready(self) -> str:
        """Say why an answer would not yet be the whole truth, or ""."""
        if not self._watches:
            return "the saved state cannot be read yet" if self._held else "starting"
        behind = sorted(code for code, watch in self._watches.items() if not watch.caught_up)
        return f"still reading the logs of {', '.join(behind)} for the first time" if behind else ""

    def look(self) -> Snapshot:
        """Give the state as it is now, for a scrape."""
        facts = self.facts.look()
        return Snapshot([_view(watch.site) for watch in self._watches.values()], facts)

    def save(self) -> None:
        """Save the sites that changed since they were saved last, in one transaction; after an error, try next time."""
        with self._changing:
            if self._checkpoint is None or self._stopped:
                return
            try:
                if not self._checkpoint.loaded:
                    self._recall_late(self._checkpoint)
            except CheckpointError as error:
                self._note_save(error)
                self._begin_without_memory()
            else:
                self._save(self._checkpoint)

    def _save(self, checkpoint: Checkpoint) -> None:
        changed, revisions = self._changed()
        try:
            if changed:
                checkpoint.save(changed)
        except CheckpointError as error:
            self._note_save(error)
            if isinstance(error, CheckpointLostError):
                self._after_loss(checkpoint)
            elif isinstance(error, CheckpointDamagedError):
                self._begin_anew(checkpoint)
            return
        self._saved |= revisions
        self._note_save(None)

    def _begin_anew(self, checkpoint: Checkpoint) -> None:
        """Let the next save be of everything, into a new database if the old one is damaged: it knew less than we."""
        self._saved.clear()
        with suppress(CheckpointError):  # the next save will say it
            recall(checkpoint, self._wall())

    def _after_loss(self, checkpoint: Checkpoint) -> None:
        """Go on from another database that has come in the place of ours, or write ours anew if there is none.

        Another is there when the directory was mounted late, over the empty one that we began in, or when somebody
        restored a copy.
        """
        self._saved.clear()
        with suppress(CheckpointError):  # the next save will say it
            self._recall_late(checkpoint)

    def _recall_late(self, checkpoint: Checkpoint) -> None:
        """Go on from what was saved, which could not be loaded before: it knows of lines that are gone."""
        found = recall(checkpoint, self._wall())
        if found:
            _LOG.warning("The saved state can be read now: going on where it ends, at %s", ", ".join(sorted(found)))
        if found or self._held:
            self._lanes.end()
            known = {code: watch.site.memory() for code, watch in self._watches.items()}
            self._memories |= known | found
            self._begin(self._make(self._memories))

    def _begin_without_memory(self) -> None:
        if self._held and not self._awaits_memory():
            _LOG.error("What was saved cannot be read: beginning without it, with what the logs that are there tell")
            self._begin(self._make(self._memories))

    def _changed(self) -> tuple[dict[str, SavedSite], dict[str, int]]:
        changed: dict[str, SavedSite] = {}
        revisions: dict[str, int] = {}
        for code, watch in self._watches.items():
            with watch.site.lock:
                if self._saved.get(code) != watch.site.revision:
                    changed[code] = watch.site.memory().encode()
                    revisions[code] = watch.site.revision
        return changed, revisions

    def _note_save(self, error: CheckpointError | None) -> None:
        was_ok = self.facts.note_save(ok=error is None)
        if error is not None and was_ok:
            _LOG.error("The state cannot be kept; trying again until it can: %s", error)
        elif error is None and was_ok is False:
            _LOG.warning("The state is kept again")

    def _begin(self, watches: Sequence[Watch]) -> None:
        if not self._stopped:
            self._held = False
            self._watches = {watch.site.code: watch for watch in watches}
            self._saved.clear()
            self._lanes.begin(watches)


def _view(site: Site) -> SiteView:
    return SiteView(site.ledger.state, site.logs, site.revision, site.gaps, site.lock)
