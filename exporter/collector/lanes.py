"""Sites polled in lanes, one thread for each disk or server they are read from.

So a share that hangs keeps no other waiting, and local logs cost one thread however many sites there are.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from exporter.collector.facts import Facts
from exporter.collector.pace import Pace
from exporter.collector.site import Site

_LOG: Final = logging.getLogger(__name__)
TURNS: Final = 64
"""Blocks that one site may read before its lane turns to the next."""
_STOP_SECONDS: Final = 10.0


@dataclass(slots=True)
class Watch:
    """One site that is watched.

    Attributes:
        site: what reads it.
        interval: seconds between two polls, at most.
        caught_up: whether all that was there at the start has been read, or cannot be.
        looked_at: the site's revision when our own log was last told of it.
        told: the error of each log that our own log told last.
        lost: how many losses of lines our own log has told of.
        faulty: whether the last poll failed by a fault of ours.
    """

    site: Site
    interval: float
    caught_up: bool = False
    looked_at: int = -1
    told: dict[str, str] = field(default_factory=dict)
    lost: int = field(init=False)
    faulty: bool = False

    def __post_init__(self) -> None:
        self.lost = _losses(self.site)


@dataclass(slots=True)
class _Lane:
    """The sites that one thread polls."""

    name: str
    watches: list[Watch] = field(default_factory=list)
    thread: threading.Thread | None = None


class Lanes:
    """The threads that poll sites.

    Args:
        facts: told of each pass, and of faults.
        wall: the wall clock, POSIX seconds.
    """

    def __init__(self, facts: Facts, wall: Callable[[], float]) -> None:
        self._facts = facts
        self._wall = wall
        self._lanes: list[_Lane] = []
        self._stop = threading.Event()

    def begin(self, watches: Sequence[Watch]) -> None:
        """Poll these sites from now on; `end` has been called if others were polled before."""
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

    def end(self) -> None:
        """Poll no more. The memory of the sites does not change after that."""
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
            self._facts.note_pass(cost)
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
        self._facts.note_fault()
        if not watch.faulty:  # it is likely to come again at each poll
            text = "Reading the logs of %s failed in a way that was not foreseen; trying again at each poll"
            _LOG.error(text, watch.site.code, exc_info=fault)
        watch.faulty = True


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
    return sum(sum(health.gaps.values()) for health in list(site.logs.values()))
