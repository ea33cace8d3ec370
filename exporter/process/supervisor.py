"""Who starts a process that serves, hears how it is, and tells it to stop: a terminal or a service manager."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import MutableMapping
from types import FrameType
from typing import Protocol

from exporter.process.own_log import start_logging
from exporter.process.runner import Chore, Runner
from exporter.process.systemd import Systemd


class Supervisor(Protocol):
    """What `run` is run by."""

    def start_logging(self, level: str, form: str) -> None:
        """Begin to take log lines of a level of `exporter.process.own_log.LEVELS`, in one of its `FORMATS`."""

    def take(self, runner: Runner) -> None:
        """Ask this runner to stop and to reload, from now on. Called before it answers anybody."""

    def ready(self) -> None:
        """Take note that it answers, though it may have much to read yet."""


class Foreground:
    """Whoever sends signals: a person at a terminal, systemd, a container engine. The log is standard error.

    Args:
        environment: the process's variables; `Systemd` says which it takes out of them.
    """

    def __init__(self, environment: MutableMapping[str, str] = os.environ) -> None:
        self._systemd = Systemd(environment)

    def start_logging(self, level: str, form: str) -> None:
        """Write log lines to standard error."""
        start_logging(level, form)

    def take(self, runner: Runner) -> None:
        """Take SIGHUP, SIGTERM and Ctrl-C from now on; tell systemd again and again that the runner has not hung."""
        if self._systemd.alive_seconds is not None:
            runner.chores.append(Chore(self._systemd.alive_seconds, self._systemd.alive))

        def stop(_number: int, _frame: FrameType | None) -> None:
            runner.ask_stop()

        def reload(_number: int, _frame: FrameType | None) -> None:
            runner.ask_reload()

        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)
        if sys.platform != "win32":
            signal.signal(signal.SIGHUP, reload)

    def ready(self) -> None:
        """Tell systemd; for others, the log says where it listens."""
        self._systemd.ready()
