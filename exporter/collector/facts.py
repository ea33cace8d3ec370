"""What the exporter tells of itself, noted by many threads."""

from __future__ import annotations

import platform
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from exporter import __version__
from exporter.metrics.process import read_process
from exporter.metrics.views import ExporterFacts

_PROCESS_SECONDS: Final = 1.0  # between two looks at the process, which cost as much as polling two sites


class Facts:
    """The facts as they are now.

    Args:
        wall: the wall clock, POSIX seconds.
        keeps_state: whether the state is kept.
    """

    def __init__(self, wall: Callable[[], float], *, keeps_state: bool) -> None:
        self._wall = wall
        self._lock = threading.Lock()
        self._process_read = float("-inf")
        self._facts = ExporterFacts(__version__, platform.python_version(), checkpoint_ok=True if keeps_state else None)

    def look(self) -> ExporterFacts:
        """Give them."""
        with self._lock:
            return self._facts

    def note_reload(self, ok: bool) -> None:  # noqa: FBT001 - the one thing it is told
        """Note that the configuration was read again, or could not be."""
        with self._lock:
            time_of = self._wall() if ok else self._facts.reload_time
            self._facts = replace(self._facts, reload_ok=ok, reload_time=time_of)

    def note_web_config(self, ok: bool) -> None:  # noqa: FBT001 - the one thing it is told
        """Note that the web configuration was read, or could not be read again."""
        with self._lock:
            self._facts = replace(self._facts, web_config_ok=ok)

    def note_textfile(self, ok: bool) -> None:  # noqa: FBT001 - the one thing it is told
        """Note that the metrics were written to a file, or could not be."""
        with self._lock:
            self._facts = replace(self._facts, textfile_ok=ok)

    def note_save(self, ok: bool) -> bool | None:  # noqa: FBT001 - the one thing it is told
        """Note that the state was saved, or could not be; tell whether it had been the time before."""
        with self._lock:
            before = self._facts.checkpoint_ok
            if ok:
                self._facts = replace(self._facts, checkpoint_ok=True, checkpoint_time=self._wall())
            else:
                failures = self._facts.checkpoint_failures + 1
                self._facts = replace(self._facts, checkpoint_ok=False, checkpoint_failures=failures)
            return before

    def note_fault(self) -> None:
        """Note that reading a site failed in a way that was not foreseen."""
        with self._lock:
            self._facts = replace(self._facts, faults=self._facts.faults + 1)

    def note_pass(self, seconds: float) -> None:
        """Note a pass over the sites of one lane, and how long it took."""
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
