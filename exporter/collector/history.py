"""What a site's metrics would have been, read from old logs: the state at every step of the logs' own time."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from exporter.events.event import Event
from exporter.events.matcher import Matcher
from exporter.logs.block import Block
from exporter.logs.discovery import Folder, LogFiles
from exporter.logs.follower import Follower
from exporter.logs.health import LogHealth
from exporter.metrics.views import SiteView
from exporter.replication.ledger import Ledger

HOLE_SECONDS: Final = 31 * 86_400.0
"""Logs that say nothing for so long were not written by one site at work: nothing is said of that time."""


class Told(NamedTuple):
    """An event, or where lines were lost.

    Attributes:
        time: log time, POSIX seconds: never less than before in the same log. `-inf` before the first that is known.
        log: the log.
        event: what a line says; None where lines are lost.
    """

    time: float
    log: str
    event: Event | None


@dataclass(slots=True)
class Reading:
    """How far the logs have been read.

    Attributes:
        bytes_read: bytes of all logs.
        logs: health of each log.
    """

    bytes_read: int = 0
    logs: dict[str, LogHealth] = field(default_factory=dict)


def tell(folders: Iterable[Folder], matcher: Matcher, until: float, reading: Reading) -> Iterator[Told]:
    """Give what the logs of one site say, in the order of their time, a block of each in memory.

    Args:
        folders: where they are.
        matcher: turns lines into events.
        until: POSIX seconds; a stamp after that is one of a clock that was wrong, and moves no time.
        reading: is brought up to date.

    Raises:
        exporter.logs.volume.VolumeError: a folder cannot be listed.
    """
    streams = [
        _tell_log(folder, files, matcher, until, reading) for folder in folders for files in folder.scan().values()
    ]
    return heapq.merge(*streams, key=lambda told: told.time)


def _tell_log(folder: Folder, files: LogFiles, matcher: Matcher, until: float, reading: Reading) -> Iterator[Told]:
    health = reading.logs.setdefault(files.log, LogHealth())
    follower = Follower(folder, files.log, None, health, once=True)
    time = -math.inf
    while True:
        for item in follower.poll(files, 0.0):
            if not isinstance(item, Block):
                yield Told(time, files.log, None)
                continue
            scan = matcher.scan(item, files.log)
            for event in scan.events:
                if event.time is not None and time < event.time <= until:
                    time = event.time
                yield Told(time, files.log, event)
            follower.advance(scan.consumed, scan.lines)
            health.events += len(scan.events)
            reading.bytes_read += scan.consumed
        if not follower.behind:
            return


@dataclass(frozen=True, slots=True)
class Span:
    """Times that samples are made for.

    Attributes:
        step: seconds between two samples; each is at a multiple of it.
        since, until: POSIX seconds; nothing is sampled outside.
    """

    step: float
    since: float = -math.inf
    until: float = math.inf


def replay(site: str, told: Iterable[Told], span: Span, sample: Callable[[SiteView, float], None]) -> None:
    """Drive a ledger through what logs say, and sample it at every step.

    A sample at a time shows all that was said up to that time, and nothing that was said later. The last one is made
    at the first step at or after the last event.

    Args:
        site: the site code.
        told: in the order of time.
        span: when to sample.
        sample: is given the state and the time, POSIX seconds.
    """
    ledger = Ledger(site)
    revision, last, due = 0, -math.inf, math.inf

    def sample_until(time: float) -> float:
        at = due
        while at < time and at <= span.until:
            sample(SiteView(ledger.state, {}, revision), at)
            at += span.step
        return at

    for one in told:
        if one.time - last > HOLE_SECONDS:
            sample_until(due + span.step)
            due = math.ceil(max(one.time, span.since) / span.step) * span.step
        if one.time > last:
            due, last = sample_until(one.time), one.time
        if one.event is None:
            ledger.interrupted(one.log)
        else:
            ledger.apply((one.event,))
        revision += 1
    sample_until(due + span.step)
