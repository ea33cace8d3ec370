"""One site server at work: what its components share, and the records that they write."""

from __future__ import annotations

import random
import string
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import NamedTuple

from exporter.simulator.engine import Engine, Record, Signal, Task
from exporter.simulator.hierarchy import Era, Site
from exporter.simulator.names import DISTMGR, LOG_OF, MONTHS, REPLICATION, WEEKDAYS, nal_path
from exporter.simulator.noise import Noise
from exporter.simulator.plan import Plan
from exporter.simulator.tables import Tables, Try
from exporter.simulator.world import Shipment, World
from exporter.simulator.zones import ServerClock

_NAME_LETTERS = string.ascii_uppercase + string.digits


class StatusMessage(NamedTuple):
    """A status message. Attribute 400 is the package, 404 the distribution point, 410 the version."""

    number: int
    strings: tuple[str, ...]
    attributes: tuple[tuple[int, str], ...] = ()
    severity: str = "I"


@dataclass(slots=True, eq=False)
class Server:
    """A site server.

    Attributes:
        threads: IDs of the long-lived threads, by component.
        recent_threads: IDs of the latest short-lived ones.
        processing: packages that wait for a package processing thread; `in_thread`: those that have one.
        job_numbers: of all jobs that its scheduler has been given.
        active: the active package array: packages that one thread works on, closed to all others.
        retrying: packages that will be processed again after a while.
        definitions_sent, content_sent: the version last sent, by package and child.
        processed: the version of the definition last processed, by package.
        distributed: the version of the content on the site's own distribution point.
        status_files: `.STA` files of the incoming folder: name and package.
        distmgr_tasks: what ends when distribution manager restarts.
        open_try: the unit that the replication thread works on.
        restart_in_unit, burst_in_unit: an incident that waits for the next unit; the burst's number of lines, or 0.
        checking: whether the scheduler is looking after a send request that has been sent.
        put_aside: until when the sender leaves a child alone; `sending`: its threads in use, by child.
    """

    site: Site
    plan: Plan
    world: World
    engine: Engine
    tables: Tables
    rng: random.Random
    noise: Noise
    peers: dict[str, Server]
    clock: ServerClock
    process_id: int
    threads: dict[str, int]
    recent_threads: deque[int] = field(default_factory=lambda: deque(maxlen=100))
    processing: list[str] = field(default_factory=list)
    in_thread: list[str] = field(default_factory=list)
    job_numbers: set[str] = field(default_factory=set)
    active: set[str] = field(default_factory=set)
    retrying: set[str] = field(default_factory=set)
    definitions_sent: dict[tuple[str, str], int] = field(default_factory=dict)
    content_sent: dict[tuple[str, str], int] = field(default_factory=dict)
    processed: dict[str, int] = field(default_factory=dict)
    distributed: dict[str, int] = field(default_factory=dict)
    status_files: list[tuple[str, str]] = field(default_factory=list)
    distmgr_tasks: list[Task] = field(default_factory=list)
    package_arrived: Signal = field(default_factory=Signal)
    file_arrived: Signal = field(default_factory=Signal)
    job_arrived: Signal = field(default_factory=Signal)
    open_try: Try | None = None
    restart_in_unit: bool = False
    burst_in_unit: int = 0
    jobs: list[Shipment] = field(default_factory=list)
    put_aside: dict[str, int] = field(default_factory=dict)
    sending: Counter[str] = field(default_factory=Counter)
    despooling: int = 0
    checking: bool = False

    @property
    def code(self) -> str:
        """The site code."""
        return self.site.code

    @property
    def old(self) -> bool:
        """Whether the site speaks as ConfigMgr 2007 does."""
        return self.site.era is Era.CM2007

    @property
    def inboxes(self) -> str:
        """The inboxes folder."""
        return rf"{self.site.install_dir}\inboxes"

    @property
    def children(self) -> tuple[str, ...]:
        """The child sites."""
        return self.plan.children(self.code)

    @property
    def seconds(self) -> int:
        """Whole seconds since the plan's start, as the plan counts."""
        return (self.engine.now - self.plan.start_ms) // 1000

    def nal_path(self) -> str:
        """Name of the site's distribution point as the product writes it."""
        return nal_path(self.site)

    def new_thread(self) -> int:
        """Return an ID for a thread: none of a thread that lives, but Windows gives an old one out again."""
        taken = {*self.threads.values(), *self.noise.threads, *self.recent_threads}
        while True:
            thread = thread_id(self.rng)
            if thread not in taken:
                self.recent_threads.append(thread)
                return thread

    def new_replication_threads(self) -> tuple[int, int]:
        """Return IDs for the main thread and the replication thread of distribution manager, which live long."""
        self.threads[DISTMGR], self.threads[REPLICATION] = self.new_thread(), self.new_thread()
        return self.threads[DISTMGR], self.threads[REPLICATION]

    def new_name(self, length: int) -> str:
        """Return a random name of letters and digits, as the product gives to its files."""
        return "".join(self.rng.choices(_NAME_LETTERS, k=length))

    def new_job(self) -> str:
        """Return the number of a new job, which no other job of this site has or had."""
        number = ""
        while not number or number in self.job_numbers:
            number = self.new_name(7) if self.old else f"{self.rng.getrandbits(16):08X}"
        self.job_numbers.add(number)
        return number

    def pause(self, least: int, most: int) -> int:
        """Return a span of milliseconds between two bounds."""
        return self.rng.randint(least, most)

    def log(self, component: str, thread: int, message: str) -> None:
        """Write a line, and now and then the uninteresting lines of other threads after it."""
        log = LOG_OF[component]
        engine = self.engine
        engine.write(Record(engine.now, self.code, log, component, thread, message))
        for delay, bystander, text in self.noise.after(component):
            engine.write_later(Record(engine.now + delay, self.code, log, component, bystander, text))

    def status(self, component: str, thread: int, message: StatusMessage) -> None:
        """Write a status message."""
        strings = [*message.strings, *[""] * (10 - len(message.strings))]
        parts = [
            f'STATMSG: ID={message.number} SEV={message.severity} LEV=M SOURCE="SMS Server" COMP="{component}"',
            f"SYS={self.site.server} SITE={self.code} PID={self.process_id} TID={thread} GMTDATE={self._gmt_date()}",
            *[f'ISTR{place}="{value}"' for place, value in enumerate(strings)],
            f"NUMATTRS={len(message.attributes)}",
            *[f'AID{place}={key} AVAL{place}="{value}"' for place, (key, value) in enumerate(message.attributes)],
        ]
        self.log(component, thread, " ".join(parts))

    def local_time_text(self, time: int) -> str:
        """Return a moment as messages of the sender and the despooler print it: local, with the zone's name."""
        local = self.clock.read(time // 1000)
        return f"{local.time:%m/%d/%Y %H:%M:%S} {local.zone}"

    def _gmt_date(self) -> str:
        seconds, milliseconds = divmod(self.engine.now, 1000)
        time = _UTC.read(seconds).time
        return (
            f"{WEEKDAYS[time.weekday()]} {MONTHS[time.month - 1]} {time.day:02d} "
            f"{time.hour:02d}:{time.minute:02d}:{time.second:02d}.{milliseconds:03d} {time.year}"
        )


def thread_id(rng: random.Random) -> int:
    """Return a thread ID as Windows gives them: a multiple of four."""
    return rng.randrange(200, 9000) * 4


_UTC = ServerClock("Coordinated Universal Time")
