"""One site: its logs followed, matched, and put into its ledger."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from threading import RLock
from typing import Final

from exporter.events.matcher import Matcher, Scan
from exporter.logs.block import Block
from exporter.logs.discovery import Folder, LogFiles
from exporter.logs.follower import Follower
from exporter.logs.health import Gap, LogHealth
from exporter.logs.volume import VolumeError
from exporter.memory import Memory
from exporter.replication.ledger import Ledger

EXPECTED_LOG: Final = "distmgr"
"""The log without which nothing can be said about a site: its health is shown even before it was ever seen."""
MAX_GAPS: Final = 100
MAX_SAMPLES: Final = 5


class Site:
    """Reads one site's logs into its ledger.

    Reading and matching happen without the lock; it is held only while what was read is put into the ledger, so that
    a slow disk or share never keeps a scrape waiting.

    Attributes:
        code: the site code, or "" when nobody told it.
        folders: where its logs are.
        ledger: what they have told.
        logs: health of each log.
        gaps: losses of lines, newest last, at most `MAX_GAPS`.
        bytes_read: bytes acted on since the start, for showing progress.
        lock: held by whoever reads the ledger, the health or the gaps while another thread polls.
        revision: grows with every change of them.
    """

    def __init__(
        self,
        code: str,
        folders: Sequence[Folder],
        matcher: Matcher,
        memory: Memory | None = None,
        *,
        once: bool = False,
    ) -> None:
        memory = memory or Memory(Ledger(code))
        self.code = code
        self.folders = tuple(folders)
        self.ledger = memory.ledger
        self.logs = memory.logs
        self.gaps = memory.gaps
        self.lock = RLock()
        self.revision = 0
        self.bytes_read = 0
        self.logs.setdefault(EXPECTED_LOG, LogHealth())
        self._matcher = matcher
        self._positions = memory.positions
        self._once = once
        self._closed = False
        self._followers: dict[tuple[Folder, str], Follower] = {}

    def poll(self, now: float, turns: int | None = None) -> bool:
        """Read what is new in each log, a block of each in turn.

        Args:
            now: wall time, POSIX seconds.
            turns: blocks to read at most, so that one site's backlog does not keep others waiting.

        Returns:
            Whether more is waiting to be read.
        """
        streams = deque((follower, follower.poll(files, now)) for follower, files in self._look())
        while streams:
            if turns is not None and turns <= 0:
                return True
            follower, items = streams.popleft()
            item = next(items, None)
            if item is None:
                continue
            self._take(follower, item)
            streams.append((follower, items))
            turns = None if turns is None else turns - 1
        self.revision += 1  # a follower may have changed a log's health without giving anything
        return any(follower.behind for follower in self._followers.values())

    def close(self) -> None:
        """Take nothing any more; another may now go on with this site's memory."""
        with self.lock:
            self._closed = True

    def memory(self) -> Memory:
        """Give what a restart must find again; hold the lock while you use it, for it shares the site's own data."""
        positions = self._positions | {follower.log: follower.position for follower in self._followers.values()}
        return Memory(self.ledger, positions, self.logs, self.gaps)

    def _look(self) -> Iterator[tuple[Follower, LogFiles]]:
        """List the folders once, and give each log that is there or has been."""
        for folder in self.folders:
            try:
                found = folder.scan()
            except VolumeError as error:
                self._fail(folder, error)
                continue
            for log in found:
                self._follower(folder, log)
            for (place, log), follower in self._followers.items():
                if place is folder:
                    yield follower, found.get(log) or LogFiles(log)

    def _follower(self, folder: Folder, log: str) -> Follower:
        follower = self._followers.get((folder, log))
        if follower is None:
            health = self.logs.setdefault(log, LogHealth())
            follower = Follower(folder, log, self._positions.get(log), health, once=self._once)
            self._followers[folder, log] = follower
        return follower

    def _fail(self, folder: Folder, error: VolumeError) -> None:
        with self.lock:
            known = [follower for (place, _), follower in self._followers.items() if place is folder]
            for follower in known or [self._follower(folder, EXPECTED_LOG)]:
                follower.fail(error)

    def _take(self, follower: Follower, item: Block | Gap) -> None:
        scan = None if isinstance(item, Gap) else self._matcher.scan(item, follower.log)
        with self.lock:
            if self._closed:
                return
            self.revision += 1
            if isinstance(item, Gap):
                self._note_gap(follower, item)
            elif scan is not None:
                self._note_scan(follower, scan)

    def _note_gap(self, follower: Follower, gap: Gap) -> None:
        self.ledger.interrupted(follower.log)
        self.gaps.append(replace(gap, after=follower.health.last_record))
        del self.gaps[:-MAX_GAPS]

    def _note_scan(self, follower: Follower, scan: Scan) -> None:
        follower.advance(scan.consumed, scan.lines)
        for event in scan.events:
            self.ledger.apply(event)
        self.bytes_read += scan.consumed
        health = follower.health
        health.events += len(scan.events)
        health.unmatched += scan.unmatched
        health.stampless += scan.stampless
        health.undecodable += scan.undecodable
        health.overlong += scan.overlong
        health.samples = [*health.samples, *scan.samples][-MAX_SAMPLES:]
        if scan.last_record is not None:
            health.last_record = scan.last_record
