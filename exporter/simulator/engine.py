"""The virtual clock: processes written as generators, woken in the order of time. Times are whole milliseconds."""

from __future__ import annotations

import heapq
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple


class Record(NamedTuple):
    """One line that a component writes: POSIX milliseconds in UTC, and what the line says."""

    time: int
    site: str
    log: str
    component: str
    thread: int
    message: str


class Signal:
    """Something that one process waits for. A firing that nobody waits for is kept for the next wait."""

    def __init__(self) -> None:
        self._waiting: tuple[Task, int] | None = None
        self._fired = False

    def add(self, engine: Engine, task: Task) -> None:
        """Let a task be woken at the next firing."""
        if self._fired:
            self._fired = False
            engine.wake(task, 0)
        else:
            self._waiting = (task, task.turn)

    def fire(self, engine: Engine) -> None:
        """Wake the one that waits."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None and waiting[0].turn == waiting[1]:
            engine.wake(waiting[0], 0)
        else:
            self._fired = True


Wait = int | Signal | tuple[Signal, int]
Process = Generator[Wait, None, None]


@dataclass(slots=True, eq=False)
class Task:
    """A running process. Only the wake-up that carries its present turn is for it; older ones are void."""

    process: Process
    turn: int = 0
    alive: bool = True


@dataclass(slots=True)
class Engine:
    """Runs processes and gives out their records in the order of time.

    A process yields what it waits for: milliseconds, a signal, or a signal with a time limit.
    """

    now: int
    _heap: list[tuple[int, int, Task | Record, int]] = field(default_factory=list)
    _written: list[Record] = field(default_factory=list)
    _count: int = 0

    def spawn(self, process: Process, delay: int = 0) -> Task:
        """Start a process after a delay."""
        task = Task(process)
        self.wake(task, delay)
        return task

    def kill(self, task: Task) -> None:
        """End a process where it stands. The process that is running now cannot be ended: let it return."""
        task.alive = False
        task.turn += 1
        task.process.close()

    def wake(self, task: Task, delay: int) -> None:
        """Let a task go on after a delay."""
        self._push(self.now + delay, task, task.turn)

    def write(self, record: Record) -> None:
        """Give out a record now."""
        self._written.append(record)

    def write_later(self, record: Record) -> None:
        """Give out a record when its own time comes."""
        self._push(record.time, record, 0)

    def run(self, until: int) -> Iterator[Record]:
        """Run up to a time, that time included, and give out what is written."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            self.now, _, item, turn = heapq.heappop(heap)
            if isinstance(item, Record):
                yield item
                continue
            if item.turn == turn:
                self._step(item)
                if self._written:
                    written, self._written = self._written, []
                    yield from written
        self.now = until

    def _push(self, time: int, item: Task | Record, turn: int) -> None:
        self._count += 1
        heapq.heappush(self._heap, (time, self._count, item, turn))

    def _step(self, task: Task) -> None:
        task.turn += 1
        try:
            wait = next(task.process)
        except StopIteration:
            task.alive = False
            return
        if isinstance(wait, int):
            self.wake(task, wait)
            return
        signal, limit = wait if isinstance(wait, tuple) else (wait, None)
        signal.add(self, task)
        if limit is not None:
            self.wake(task, limit)
