"""One site: its logs followed, matched, and put into its ledger."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from threading import RLock
from typing import Final

from exporter.collector.memory import Memory
from exporter.events.matcher import Matcher, Scan
from exporter.logs.block import Block
from exporter.logs.discovery import Folder, LogFiles, log_of
from exporter.logs.follower import Follower
from exporter.logs.health import Gap, LogHealth
from exporter.logs.volume import VolumeError
from exporter.replication.ledger import Ledger

EXPECTED_LOG: Final = "distmgr"
"""The log without which nothing can be said about a site: its health is shown even before it was ever seen."""
MAX_GAPS: Final = 100
MAX_SAMPLES: Final = 5
_REVISIONS: Final = count(1)
"""Never the same twice in a process: after a reload another site goes on with the same state, and whoever keeps a
rendering of that state must not take the new site's revision for the old one's."""


@dataclass(slots=True, eq=False)
class _Reading:
    """One log that is being read.

    Attributes:
        follower: reads it; its health is its own until it is shown.
        gaps: losses that it has noticed on its way to the next block.
    """

    follower: Follower
    gaps: list[Gap] = field(default_factory=list)


class Site:
    """Reads one site's logs into its ledger.

    Reading and matching happen without the lock; it is held only while what was read is put into the ledger, so that
    a slow disk or share never keeps a scrape waiting. What a follower changes on its way (position, health, gaps) is
    shown only together with what it has read, so that whoever holds the lock finds all of it as of one instant.

    Attributes:
        code: the site code, or "" when nobody told it.
        folders: where its logs are.
        ledger: what they have told.
        logs: health of each log.
        gaps: losses of lines, newest last, at most `MAX_GAPS`.
        bytes_read: bytes acted on since the start, for showing progress.
        lock: held by whoever reads the ledger, the health or the gaps while another thread polls.
        revision: grows with every change of them, and only then: while it stands still nothing needs to be saved. No
            other site of the process ever has the same.
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
        self.revision = next(_REVISIONS)
        self.bytes_read = 0
        self._matcher = matcher
        self._positions = dict(memory.positions)
        self._once = once
        self._closed = False
        self._readings: dict[tuple[Folder, str], _Reading] = {}
        for log in (log for folder in folders for log in self._expected(folder)):
            self.logs.setdefault(log, LogHealth())

    def poll(self, now: float, turns: int | None = None) -> bool:
        """Read what is new in each log, a block of each in turn.

        Args:
            now: wall time, POSIX seconds.
            turns: blocks to read at most, so that one site's backlog does not keep others waiting.

        Returns:
            Whether more is waiting to be read.

        Raises:
            ExceptionGroup: faults of the exporter's own, of the logs in which they came up; the others were read.
        """
        found = list(self._look())
        streams = deque(
            (reading, reading.follower.poll(files, now))
            for reading, files in found
            if not reading.follower.rests(files)
        )
        faults: list[Exception] = []
        while streams and turns != 0:
            reading, items = streams.popleft()
            try:
                # Given no name, a block is gone before the next is read: of a backlog, one at a time is in memory.
                more = self._take(reading, next(items, None), now)
            except Exception as fault:  # noqa: BLE001 - one bad log must not keep the others from being read
                faults.append(fault)
                continue
            if more:
                streams.append((reading, items))
                turns = None if turns is None else turns - 1
        if faults:
            raise ExceptionGroup(f"reading the logs of {self.code} failed", faults)
        return bool(streams) or any(reading.follower.behind for reading, _ in found)

    def close(self) -> None:
        """Take nothing any more; another may now go on with this site's memory."""
        with self.lock:
            self._closed = True

    def memory(self) -> Memory:
        """Give what a restart must find again; hold the lock while you use it, for it shares the site's own data."""
        return Memory(self.ledger, dict(self._positions), self.logs, self.gaps)

    def _look(self) -> Iterator[tuple[_Reading, LogFiles]]:
        """List the folders once, and give each log that is there, has been, or should be."""
        for folder in self.folders:
            try:
                found = folder.scan()
            except VolumeError as error:
                self._fail(folder, error)
                continue
            for log in sorted({*found, *self._expected(folder)}):
                yield self._reading(folder, log), found.get(log) or LogFiles(log)

    def _expected(self, folder: Folder) -> set[str]:
        """Name the logs whose health is shown even if they are not there: where a person named files, no others."""
        if folder.only is not None:
            return {log_of(name) for name in folder.only}
        return {EXPECTED_LOG, *self._positions}

    def _reading(self, folder: Folder, log: str) -> _Reading:
        reading = self._readings.get((folder, log))
        if reading is None:
            health = _copy(self.logs.get(log) or LogHealth())
            reading = _Reading(Follower(folder, log, self._positions.get(log), health, once=self._once))
            self._readings[folder, log] = reading
        return reading

    def _fail(self, folder: Folder, error: VolumeError) -> None:
        readings = [self._reading(folder, log) for log in sorted(self._expected(folder))]
        with self.lock:
            if self._closed:
                return
            for reading in readings:
                reading.follower.fail(error)
                self._show(reading)

    def _take(self, reading: _Reading, item: Block | Gap | None, now: float) -> bool:
        """Take the next item of a log; return whether there was one."""
        if isinstance(item, Gap):
            # Its position is not final before what comes behind it: noted now, it might be noticed again after a kill.
            reading.gaps.append(item)
            return True
        scan = None if item is None else self._matcher.scan(item, reading.follower.log)
        first = None if item is None or not self._lacks_end(reading) else self._matcher.first_record(item)
        with self.lock:
            if not self._closed:
                self._note_gaps(reading)
                if scan is not None:
                    self._note_scan(reading.follower, scan, now)
                if first is not None:
                    self._end_gaps(reading.follower.log, first)
                self._show(reading)
        return item is not None

    def _show(self, reading: _Reading) -> None:
        """Let others see how far a log has been read, and how well."""
        log, health, position = reading.follower.log, reading.follower.health, reading.follower.position
        if health != self.logs.get(log) or position != self._positions.get(log):
            self.logs[log] = _copy(health)
            self._positions[log] = position
            self.revision = next(_REVISIONS)

    def _lacks_end(self, reading: _Reading) -> bool:
        """Tell whether there is a gap of which it is not known yet where reading went on behind it."""
        log = reading.follower.log
        return bool(reading.gaps) or any(gap.log == log and gap.before is None for gap in self.gaps)

    def _end_gaps(self, log: str, first: float) -> None:
        for at, gap in enumerate(self.gaps):
            if gap.log == log and gap.before is None:
                self.gaps[at] = replace(gap, before=first)

    def _note_gaps(self, reading: _Reading) -> None:
        for gap in reading.gaps:
            self.ledger.interrupted(gap.log)
            self.gaps.append(replace(gap, after=reading.follower.health.last_record))
        del self.gaps[:-MAX_GAPS]
        reading.gaps.clear()

    def _note_scan(self, follower: Follower, scan: Scan, now: float) -> None:
        follower.advance(scan.consumed, scan.lines)
        self.ledger.apply(scan.events)
        self.bytes_read += scan.consumed
        health = follower.health
        health.events += len(scan.events)
        health.unmatched += scan.unmatched
        health.stampless += scan.stampless
        health.undecodable += scan.undecodable
        health.overlong += scan.overlong
        health.template_timeouts += scan.user_timeouts.total()
        if scan.samples:
            health.samples = [*health.samples, *scan.samples][-MAX_SAMPLES:]
        if scan.last_record is not None:
            health.last_record = scan.last_record
            health.read_delay = round(now - scan.last_record, 3)


def _copy(health: LogHealth) -> LogHealth:
    return replace(health, read_errors=health.read_errors.copy(), gaps=health.gaps.copy())
