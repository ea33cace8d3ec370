"""What a process does while it serves: saves now and then, reads its configuration again when asked, stops cleanly."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final

from exporter.collector.service import Service
from exporter.config.located_yaml import FileError
from exporter.events.entries import CatalogueError
from exporter.places import PlaceError
from exporter.process.assembly import Request, set_up
from exporter.report.picture import Given
from exporter.web.app import ReloadError

_LOG: Final = logging.getLogger(__name__)
SAVE_SECONDS: Final = 5.0
_TICK_SECONDS: Final = 1.0


class _Asked(Enum):
    """What somebody asks for."""

    STOP = auto()
    RELOAD = auto()


@dataclass(slots=True)
class Chore:
    """Something that is done again and again while the service runs, first within a second.

    Attributes:
        seconds: from one time to the next.
        do: what is done.
    """

    seconds: float
    do: Callable[[], None]
    _due: float = field(default=float("-inf"), init=False)

    def do_if_due(self, now: float) -> None:
        """Do it, unless it was done too short a time ago.

        Args:
            now: seconds on a clock that is never set.
        """
        if now >= self._due:
            self.do()
            self._due = now + self.seconds


class Runner:
    """Runs a service until the process is told to stop.

    Args:
        request: what was typed, read again at a reload.
        service: what it is read into.
        given: what is configured for what is shown.

    Attributes:
        given: the same as it is now, after reloads.
        chores: what is done while `run` runs: saving, and what others add before that.
    """

    def __init__(self, request: Request, service: Service, given: Given) -> None:
        self.given = given
        self.chores = [Chore(SAVE_SECONDS, service.save)]
        self._request = request
        self._service = service
        # A signal handler runs in the middle of whatever the main thread does, where waking an event can wait for
        # itself; putting into this queue never waits.
        self._asked: SimpleQueue[_Asked] = SimpleQueue()
        self._reloading = threading.Lock()
        self._file_seen = _content(request.config_file)

    def reload(self) -> None:
        """Read the configuration again; sites that stay go on where they are.

        Raises:
            ReloadError: it cannot be used; the old one stays in use.
        """
        with self._reloading:
            self._file_seen = _content(self._request.config_file)
            try:
                setup = set_up(self._request)
            except (FileError, PlaceError, CatalogueError) as error:
                self._service.facts.note_reload(ok=False)
                _LOG.error("The configuration was not reloaded, the old one stays in use: %s", error)
                raise ReloadError(str(error)) from None
            self._service.watch(setup.watches)
            self.given = setup.given
            self._service.facts.note_reload(ok=True)
            _LOG.info("The configuration was reloaded: %d sites", len(setup.sources))

    def run(self, *, watch_file: bool) -> None:
        """Do the chores, and reload when asked to, until asked to stop.

        Args:
            watch_file: whether to reload when the configuration file changes, too.
        """
        while (asked := self._wait()) is not _Asked.STOP:
            if asked is _Asked.RELOAD or (watch_file and self._file_changed()):
                with suppress(ReloadError):  # it has been said in the log and in a metric
                    self.reload()
            for chore in self.chores:
                chore.do_if_due(time.monotonic())

    def _wait(self) -> _Asked | None:
        """Wait until something is asked for, or it is time to look around."""
        with suppress(Empty):
            return self._asked.get(timeout=_TICK_SECONDS)
        return None

    def ask_stop(self) -> None:
        """Let `run` return soon. From any thread, and from a signal handler."""
        self._asked.put(_Asked.STOP)

    def ask_reload(self) -> None:
        """Let `run` read the configuration again soon. From any thread, and from a signal handler."""
        self._asked.put(_Asked.RELOAD)

    def _file_changed(self) -> bool:
        return _content(self._request.config_file) != self._file_seen


def _content(path: Path | None) -> bytes | None:
    try:
        return None if path is None else path.read_bytes()
    except OSError:
        return None
