"""A simulated hierarchy whose time runs faster, and whose stamps say so: its logs fit the clock on the wall."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from exporter.simulator import Plan, Simulation
from exporter.simulator.disk import Disk
from exporter.simulator.engine import Record
from exporter.simulator.plan import BadSource

_LONGEST_WAIT = 0.05  # seconds between two looks at what is due


class Course:
    """The records of a plan, one after the other; the plan's incident may be ended on the way.

    The same plan gives the same records, and an end of an incident changes none before it: so the plan that has the
    end is run anew, and what was given already is passed over.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._given = 0
        self._next: Record | None = None
        self._records = Simulation(plan).run()

    def until(self, time: int) -> Iterator[Record]:
        """Give the records up to a time, POSIX milliseconds."""
        while (record := self._next or next(self._records, None)) is not None:
            if record.time > time:
                self._next = record
                return
            self._next = None
            self._given += 1
            yield record

    def end_incidents(self, second: int) -> None:
        """End every source that cannot be read, so many seconds after the plan's start."""
        ended = tuple(replace(bad, end=second) for bad in self._plan.incidents if isinstance(bad, BadSource))
        self._plan = replace(self._plan, incidents=ended)
        self._records = itertools.islice(Simulation(self._plan).run(), self._given, None)
        self._next = None


@dataclass
class Hierarchy:
    """The logs of a plan, written while time passes.

    Attributes:
        folder: gets `SMS_<SITE>/Logs`.
        plan: what happens.
        live: seconds of the plan that are over at the beginning.
        faster: seconds of the plan to a second.
        clock: POSIX seconds.
        lines: when each line was written, since the beginning, and what it says.
    """

    folder: Path
    plan: Plan
    live: int
    faster: float
    clock: Callable[[], float] = time.time
    lines: list[tuple[float, Record]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._course = Course(self.plan)
        self._began = self.clock()
        self._lock = threading.Lock()

    def write_past(self, disk: Disk) -> None:
        """Write what is over, with stamps that end now."""
        self._began = self.clock()
        self._write(disk, self._live_ms)

    @contextmanager
    def goes_on(self, disk: Disk) -> Iterator[None]:
        """Let time pass: write each line when it is due, for as long as the block takes."""
        self._began = self.clock()
        stop = threading.Event()

        def write() -> None:
            while not stop.wait(_LONGEST_WAIT):
                self.write_due(disk)

        thread = threading.Thread(target=write, name="hierarchy")
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def write_due(self, disk: Disk) -> None:
        """Write what is due now."""
        with self._lock:
            self._write(disk, self._now_ms())

    def mend(self) -> None:
        """Let an administrator mend the source now, and send the package again."""
        with self._lock:
            self._course.end_incidents((self._now_ms() - self.plan.start_ms) // 1000 + 1)

    @property
    def second(self) -> float:
        """So many seconds of the plan are over."""
        return (self._now_ms() - self.plan.start_ms) / 1000

    @property
    def _live_ms(self) -> int:
        return self.plan.start_ms + self.live * 1000

    def _now_ms(self) -> int:
        return self._live_ms + round((self.clock() - self._began) * self.faster * 1000)

    def _write(self, disk: Disk, until: int) -> None:
        for record in self._course.until(until):
            stamp = self._began + (record.time - self._live_ms) / 1000 / self.faster
            disk.write(record._replace(time=round(stamp * 1000)))
            if until > self._live_ms:
                self.lines.append((self.clock(), record))
        disk.flush()
