"""All sites together, for as long as the process runs: polled, saved, looked at, and changed without losing state.

Sites are polled in lanes, one thread for each disk or server they are read from, so that a share that hangs keeps no
other waiting, and local logs cost one thread however many sites there are.
"""

from __future__ import annotations

import logging
import os
import platform
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

from exporter import __version__
from exporter.checkpoint import Checkpoint, CheckpointError, CheckpointLostError, SavedSite
from exporter.memory import Memory
from exporter.metrics.views import ExporterFacts, SiteView, Snapshot
from exporter.site import Site

_LOG: Final = logging.getLogger(__name__)
TURNS: Final = 64
"""Blocks that one site may read before its lane turns to the next."""
_STOP_SECONDS: Final = 10.0


@dataclass(slots=True)
class Watch:
    """One site that is watched.

    Attributes:
        site: what reads it.
        interval: seconds between two polls.
        caught_up: whether all that was there at the start has been read, or cannot be.
        saved: the site's revision when it was saved last.
    """

    site: Site
    interval: float
    caught_up: bool = False
    saved: int = -1


@dataclass(slots=True)
class _Lane:
    """The sites that one thread polls."""

    name: str
    watches: list[Watch] = field(default_factory=list)
    thread: threading.Thread | None = None


class Service:
    """Watches sites.

    Args:
        checkpoint: where their memory is kept, loaded by the caller; None to keep none.
        wall: the wall clock, POSIX seconds.
    """

    def __init__(self, checkpoint: Checkpoint | None = None, wall: Callable[[], float] = time.time) -> None:
        self._checkpoint = checkpoint
        self._wall = wall
        self._lock = threading.Lock()  # of `_facts`, which every lane changes
        self._saving = threading.Lock()
        self._watches: dict[str, Watch] = {}
        self._forgotten: dict[str, Memory] = {}  # of sites that a reload took away: another may bring them back
        self._lanes: list[_Lane] = []
        self._stop = threading.Event()
        self._facts = ExporterFacts(
            __version__, platform.python_version(), checkpoint_ok=None if checkpoint is None else True
        )

    @property
    def sites(self) -> Mapping[str, Site]:
        """The sites that are watched, by code."""
        return {code: watch.site for code, watch in self._watches.items()}

    def watch(self, watches: Sequence[Watch]) -> None:
        """Watch these sites from now on, instead of those watched before."""
        self._end_lanes()
        self._watches = {watch.site.code: watch for watch in watches}
        self._stop = threading.Event()
        lanes: dict[str, _Lane] = {}
        for watch in watches:
            name = lane_of(watch.site.folders[0].path)
            lanes.setdefault(name, _Lane(name)).watches.append(watch)
        self._lanes = list(lanes.values())
        for lane in self._lanes:
            lane.thread = threading.Thread(
                target=self._run, args=(lane, self._stop), name=f"lane {lane.name}", daemon=True
            )
            lane.thread.start()

    def stop(self) -> None:
        """Stop polling and save what was read."""
        self._end_lanes()
        self.save()

    def rewatch(self, make: Callable[[Mapping[str, Memory]], Sequence[Watch]]) -> None:
        """Watch other sites, or the same ones in another way; those that were watched before go on where they are.

        Args:
            make: makes what to watch, given the memory of each site that has one.
        """
        self._end_lanes()  # first, for memories must not change any more
        self._forgotten |= {code: watch.site.memory() for code, watch in self._watches.items()}
        self.watch(make(self._forgotten))

    def unready(self) -> str:
        """Say why an answer would not yet be the whole truth, or ""."""
        behind = sorted(code for code, watch in self._watches.items() if not watch.caught_up)
        return f"still reading the logs of {', '.join(behind)} for the first time" if behind else ""

    def look(self) -> Snapshot:
        """Give the state as it is now, for a scrape."""
        with self._lock:
            facts = self._facts
        return Snapshot([_view(watch.site) for watch in self._watches.values()], facts)

    def note_reload(self, *, ok: bool) -> None:
        """Note that the configuration was read again, or could not be."""
        with self._lock:
            self._facts = replace(
                self._facts, reload_ok=ok, reload_time=self._wall() if ok else self._facts.reload_time
            )

    def save(self) -> None:
        """Save the sites that changed since they were saved last, in one transaction; after an error, try next time."""
        if self._checkpoint is None:
            return
        with self._saving:
            changed, revisions = self._changed()
            if not changed:
                return
            try:
                self._checkpoint.save(changed)
            except CheckpointError as error:
                if isinstance(error, CheckpointLostError):
                    for watch in self._watches.values():
                        watch.saved = -1
                self._note_save(error)
                return
            for code, revision in revisions.items():
                self._watches[code].saved = revision
            self._note_save(None)

    def _changed(self) -> tuple[dict[str, SavedSite], dict[str, int]]:
        changed: dict[str, SavedSite] = {}
        revisions: dict[str, int] = {}
        for code, watch in self._watches.items():
            with watch.site.lock:
                if watch.saved != watch.site.revision:
                    changed[code] = watch.site.memory().encode()
                    revisions[code] = watch.site.revision
        return changed, revisions

    def _note_save(self, error: CheckpointError | None) -> None:
        was_ok = self._facts.checkpoint_ok
        with self._lock:
            if error is None:
                self._facts = replace(self._facts, checkpoint_ok=True, checkpoint_time=self._wall())
            else:
                failures = self._facts.checkpoint_failures + 1
                self._facts = replace(self._facts, checkpoint_ok=False, checkpoint_failures=failures)
        if error is not None and was_ok:
            _LOG.error("The state could not be saved; trying again until it can: %s", error)
        elif error is None and was_ok is False:
            _LOG.warning("The state is saved again")

    def _end_lanes(self) -> None:
        self._stop.set()
        deadline = time.monotonic() + _STOP_SECONDS
        for lane in self._lanes:
            if lane.thread is not None:
                lane.thread.join(max(0.0, deadline - time.monotonic()))
            for watch in lane.watches:
                watch.site.close()  # a thread that hangs in a share must not change the state when it comes back
        self._lanes = []

    def _run(self, lane: _Lane, stop: threading.Event) -> None:
        due = dict.fromkeys(range(len(lane.watches)), 0.0)
        while not stop.is_set():
            started = time.monotonic()
            for place, watch in enumerate(lane.watches):
                if due[place] <= started and not stop.is_set():
                    behind = self._poll(watch)
                    due[place] = started + (0.0 if behind else watch.interval)
            self._note_pass(time.monotonic() - started)
            stop.wait(max(0.0, min(due.values()) - time.monotonic()))

    def _poll(self, watch: Watch) -> bool:
        try:
            behind = watch.site.poll(self._wall(), TURNS)
        except Exception:  # noqa: BLE001 - a fault of ours in one site must not silence all the others
            _LOG.exception("Reading the logs of %s failed in a way that was not foreseen", watch.site.code)
            with self._lock:
                self._facts = replace(self._facts, faults=self._facts.faults + 1)
            return False
        watch.caught_up = watch.caught_up or not behind
        return behind

    def _note_pass(self, seconds: float) -> None:
        with self._lock:
            facts = self._facts
            self._facts = replace(
                facts, scans=facts.scans + 1, scan_seconds=facts.scan_seconds + seconds, last_scan=self._wall()
            )


def lane_of(path: str) -> str:
    """Name what a folder is read from: a server, or a disk of this machine."""
    if "://" in path:
        return urlsplit(path).netloc.rpartition("@")[2]
    if path.startswith("\\\\"):
        return path[2:].split("\\", 1)[0].lower()
    try:
        return f"device {os.stat(path).st_dev:x}"  # noqa: PTH116 - Path refuses what the volume may take
    except OSError:
        return path


def _view(site: Site) -> SiteView:
    return SiteView(site.ledger.state, site.logs, site.revision, site.gaps, site.lock)
