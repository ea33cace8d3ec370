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
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

from exporter import __version__
from exporter.checkpoint import (
    Checkpoint,
    CheckpointBusyError,
    CheckpointDamagedError,
    CheckpointError,
    CheckpointLostError,
    SavedSite,
)
from exporter.memory import Memory
from exporter.metrics.process import read_process
from exporter.metrics.views import ExporterFacts, SiteView, Snapshot
from exporter.pace import Pace
from exporter.recall import recall
from exporter.site import Site

_LOG: Final = logging.getLogger(__name__)
TURNS: Final = 64
"""Blocks that one site may read before its lane turns to the next."""
_STOP_SECONDS: Final = 10.0
RECALL_SECONDS: Final = 30.0
"""How long the saved state is waited for that cannot be read at the start, as from a disk that is mounted late."""
_PROCESS_SECONDS: Final = 1.0  # between two looks at the process, which cost as much as polling two sites


@dataclass(slots=True)
class Watch:
    """One site that is watched.

    Attributes:
        site: what reads it.
        interval: seconds between two polls, at most.
        caught_up: whether all that was there at the start has been read, or cannot be.
        saved: the site's revision when it was saved last.
        looked_at: the site's revision when our own log was last told of it.
        told: the error of each log that our own log told last.
        lost: how many losses of lines our own log has told of.
        faulty: whether the last poll failed by a fault of ours.
    """

    site: Site
    interval: float
    caught_up: bool = False
    saved: int = -1
    looked_at: int = -1
    told: dict[str, str] = field(default_factory=dict)
    lost: int = field(init=False)
    faulty: bool = False

    def __post_init__(self) -> None:
        self.lost = _losses(self.site)


MakeWatches = Callable[[Mapping[str, Memory]], Sequence[Watch]]
"""Makes what to watch, given the memory of each site that has one."""


@dataclass(slots=True)
class _Lane:
    """The sites that one thread polls."""

    name: str
    watches: list[Watch] = field(default_factory=list)
    thread: threading.Thread | None = None


class Service:
    """Watches sites.

    Args:
        checkpoint: where their memory is kept; None to keep none.
        wall: the wall clock, POSIX seconds.
        patience: seconds to wait for saved state that cannot be read at the start, before beginning without it.
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
        self._lock = threading.Lock()  # of `_facts`, which every lane changes
        self._changing = threading.RLock()  # of all else: a reload comes from another thread than a save
        self._watches: dict[str, Watch] = {}
        self._memories: dict[str, Memory] = {}  # of sites that are not watched now: a reload may bring them back
        self._make: MakeWatches = lambda _memories: ()
        self._lanes: list[_Lane] = []
        self._stop = threading.Event()
        self._stopped = False
        self._held = False  # whether watching has not begun yet, because of memory that cannot be read
        self._process_read = float("-inf")
        self._facts = ExporterFacts(
            __version__, platform.python_version(), checkpoint_ok=None if checkpoint is None else True
        )

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
            self._end_lanes()  # first, for memories must not change any more
            if self._checkpoint is not None and self._checkpoint.loaded:
                self._save(self._checkpoint)  # those that are watched no more, too
            self._memories |= {code: watch.site.memory() for code, watch in self._watches.items()}
            self._held = self._awaits_memory()
            if not self._held:
                self._begin_lanes(make(self._memories))

    def _awaits_memory(self) -> bool:
        """Tell whether to begin nothing yet: without its memory, a site's counters would begin anew."""
        checkpoint = self._checkpoint
        return checkpoint is not None and not checkpoint.loaded and time.monotonic() < self._patient_until

    def stop(self) -> None:
        """Stop polling and save what was read."""
        with self._changing:
            self._end_lanes()
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
        with self._lock:
            facts = self._facts
        return Snapshot([_view(watch.site) for watch in self._watches.values()], facts)

    def note_reload(self, *, ok: bool) -> None:
        """Note that the configuration was read again, or could not be."""
        with self._lock:
            self._facts = replace(
                self._facts, reload_ok=ok, reload_time=self._wall() if ok else self._facts.reload_time
            )

    def note_web_config(self, ok: bool) -> None:  # noqa: FBT001 - the one thing it is told
        """Note that the web configuration was read, or could not be read again."""
        with self._lock:
            self._facts = replace(self._facts, web_config_ok=ok)

    def note_textfile(self, ok: bool) -> None:  # noqa: FBT001 - the one thing it is told
        """Note that the metrics were written to a file, or could not be."""
        with self._lock:
            self._facts = replace(self._facts, textfile_ok=ok)

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
        for code, revision in revisions.items():
            self._watches[code].saved = revision
        self._note_save(None)

    def _begin_anew(self, checkpoint: Checkpoint) -> None:
        """Let the next save be of everything, into a new database if the old one is damaged: it knew less than we."""
        for watch in self._watches.values():
            watch.saved = -1
        with suppress(CheckpointError):  # the next save will say it
            recall(checkpoint, self._wall())

    def _after_loss(self, checkpoint: Checkpoint) -> None:
        """Go on from another database that has come in the place of ours, or write ours anew if there is none.

        Another is there when the directory was mounted late, over the empty one that we began in, or when somebody
        restored a copy.
        """
        for watch in self._watches.values():
            watch.saved = -1
        with suppress(CheckpointError):  # the next save will say it
            self._recall_late(checkpoint)

    def _recall_late(self, checkpoint: Checkpoint) -> None:
        """Go on from what was saved, which could not be loaded before: it knows of lines that are gone."""
        found = recall(checkpoint, self._wall())
        if found:
            _LOG.warning("The saved state can be read now: going on where it ends, at %s", ", ".join(sorted(found)))
        if found or self._held:
            self._end_lanes()
            known = {code: watch.site.memory() for code, watch in self._watches.items()}
            self._memories |= known | found
            self._begin_lanes(self._make(self._memories))

    def _begin_without_memory(self) -> None:
        if self._held and not self._awaits_memory():
            _LOG.error("What was saved cannot be read: beginning without it, with what the logs that are there tell")
            self._begin_lanes(self._make(self._memories))

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
        with self._lock:
            was_ok = self._facts.checkpoint_ok
            if error is None:
                self._facts = replace(self._facts, checkpoint_ok=True, checkpoint_time=self._wall())
            else:
                failures = self._facts.checkpoint_failures + 1
                self._facts = replace(self._facts, checkpoint_ok=False, checkpoint_failures=failures)
        if error is not None and was_ok:
            _LOG.error("The state cannot be kept; trying again until it can: %s", error)
        elif error is None and was_ok is False:
            _LOG.warning("The state is kept again")

    def _begin_lanes(self, watches: Sequence[Watch]) -> None:
        if self._stopped:
            return
        self._held = False
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
        paces = [Pace(watch.interval) for watch in lane.watches]
        cost = 0.0
        while not stop.is_set():
            started = time.monotonic()
            for place, watch in enumerate(lane.watches):
                if due[place] <= started and not stop.is_set():
                    read = watch.site.bytes_read
                    behind = self._poll(watch)
                    rest = paces[place].rest(cost, came=watch.site.bytes_read != read)
                    due[place] = started + (0.0 if behind else rest)
            cost = time.monotonic() - started
            self._note_pass(cost)
            stop.wait(max(0.0, min(due.values()) - time.monotonic()))

    def _poll(self, watch: Watch) -> bool:
        try:
            behind = watch.site.poll(self._wall(), TURNS)
        except Exception as fault:  # noqa: BLE001 - a fault of ours in one site must not silence all the others
            self._note_fault(watch, fault)
            behind = False
        else:
            if watch.faulty:
                _LOG.warning("The logs of %s are read again", watch.site.code)
            watch.faulty = False
        if watch.site.revision != watch.looked_at:
            watch.looked_at = watch.site.revision
            _tell(watch)
        watch.caught_up = watch.caught_up or not behind
        return behind

    def _note_fault(self, watch: Watch, fault: Exception) -> None:
        with self._lock:
            self._facts = replace(self._facts, faults=self._facts.faults + 1)
        if not watch.faulty:  # it is likely to come again at each poll
            text = "Reading the logs of %s failed in a way that was not foreseen; trying again at each poll"
            _LOG.error(text, watch.site.code, exc_info=fault)
        watch.faulty = True

    def _note_pass(self, seconds: float) -> None:
        with self._lock:
            facts = self._facts
            process, now = facts.process, time.monotonic()
            if now - self._process_read >= _PROCESS_SECONDS:
                self._process_read, process = now, read_process()
            self._facts = replace(
                facts,
                scans=facts.scans + 1,
                scan_seconds=facts.scan_seconds + seconds,
                last_scan=self._wall(),
                process=process,
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


def _tell(watch: Watch) -> None:
    """Tell our own log what changed for the worse or the better in the reading of a site."""
    site = watch.site
    for log, health in list(site.logs.items()):
        if health.error != watch.told.get(log, ""):
            watch.told[log] = health.error
            if health.error:
                _LOG.warning("%s %s is not read: %s", site.code, log, health.error)
            else:
                _LOG.info("%s %s is read again", site.code, log)
    lost = _losses(site)
    if lost != watch.lost:
        watch.lost = lost
        gap = site.gaps[-1]
        _LOG.warning(
            "%s %s: lines were lost before they were read (%s), %d times in all", site.code, gap.log, gap.reason, lost
        )


def _losses(site: Site) -> int:
    return sum(health.gaps.total() for health in list(site.logs.values()))
