"""Who starts a process that serves, hears how it is, and tells it to stop: a terminal or a service manager."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Protocol

from exporter.own_log import start_logging
from exporter.runner import Runner


class Supervisor(Protocol):
    """What `run` is run by."""

    def start_logging(self, level: str, form: str) -> None:
        """Begin to take log lines of a level of `exporter.own_log.LEVELS`, in one of its `FORMATS`."""

    def take(self, runner: Runner) -> None:
        """Ask this runner to stop and to reload, from now on. Called before it answers anybody."""

    def ready(self) -> None:
        """Take note that it answers, though it may have much to read yet."""


class Foreground:
    """Whoever sends signals: a person at a terminal, systemd, a container engine. The log is standard error."""

    def start_logging(self, level: str, form: str) -> None:
        """Write log lines to standard error."""
        start_logging(level, form)

    def take(self, runner: Runner) -> None:
        """Take SIGHUP, SIGTERM and Ctrl-C from now on."""

        def stop(_number: int, _frame: FrameType | None) -> None:
            runner.ask_stop()

        def reload(_number: int, _frame: FrameType | None) -> None:
            runner.ask_reload()

        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)
        if sys.platform != "win32":
            signal.signal(signal.SIGHUP, reload)

    def ready(self) -> None:
        """Do nothing: the log says where it listens."""
