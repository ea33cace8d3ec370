"""The process that the Windows service manager starts: it answers to the manager, and writes to the event log."""

from __future__ import annotations

import logging
import os
import re
import sys
import traceback
from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:  # they bring all that `run` needs, for which there is no time yet
    from exporter.process.runner import Runner
    from exporter.process.supervisor import Supervisor

# The viewer would put a text of its own where an event says %1.
_PLACEHOLDER: Final = re.compile(r"%(?=\d)")
_LONGEST: Final = 30_000
"""Characters of one event: Windows takes 31,839."""


class Event(IntEnum):
    """Kinds of events in the event log: their IDs, of those that `EventCreate.exe` has texts for (1 to 1000)."""

    STARTED = 100
    STOPPED = 101
    WARNING = 200
    ERROR = 300


Report = Callable[[Event, str], None]
"""Writes one event."""
Main = Callable[["Supervisor"], None]
"""Serves until the supervisor says stop. What keeps it from that is raised, a known thing as `click.ClickException`."""
FAILED: Final = 2
"""Exit code of the service when it ended by itself, as it is of a command."""


class EventLogHandler(logging.Handler):
    """Writes log records of warning and above as events.

    Args:
        report: writes one event.
    """

    def __init__(self, report: Report) -> None:
        super().__init__(logging.WARNING)
        self.setFormatter(logging.Formatter("%(message)s"))
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; what cannot be written is told to nobody, for there is no one else to tell."""
        try:
            kind = Event.ERROR if record.levelno >= logging.ERROR else Event.WARNING
            self._report(kind, as_event(self.format(record)))
        except Exception:  # noqa: BLE001 - a full event log must not stop what it is the log of
            self.handleError(record)


def as_event(text: str) -> str:
    """Make any text one that the event log takes and the viewer shows as it is."""
    return _PLACEHOLDER.sub("% ", text)[:_LONGEST]


def end_of(main: Main, supervisor: Supervisor, report: Report) -> int:
    """Serve to the end.

    Returns:
        0 when it was asked to stop, else `FAILED`: the reason stands in the event log.
    """
    try:
        main(supervisor)
    except click.ClickException as problem:
        report(Event.ERROR, as_event(f"It could not start: {problem.format_message()}"))
    except BaseException:  # noqa: BLE001 - whatever it is, the service ends, and must say so
        report(Event.ERROR, as_event(f"It ended by a fault of its own.\n{traceback.format_exc()}"))
    else:
        report(Event.STOPPED, "Stopped.")
        return 0
    return FAILED


if sys.platform == "win32":
    import servicemanager
    import win32evtlog
    import win32evtlogutil
    import win32service
    import win32serviceutil
    import winerror

    from exporter import __version__
    from exporter.process.own_log import send_log
    from exporter.windows.definition import NAME

    _HINT: Final = 60_000  # milliseconds within which the next sign of life comes: a large state takes a while to load
    _TYPES: Final = {
        Event.WARNING: win32evtlog.EVENTLOG_WARNING_TYPE,
        Event.ERROR: win32evtlog.EVENTLOG_ERROR_TYPE,
    }

    def report(event: Event, text: str) -> None:
        """Write one event to the event log of this computer."""
        win32evtlogutil.ReportEvent(
            NAME, event, eventType=_TYPES.get(event, win32evtlog.EVENTLOG_INFORMATION_TYPE), strings=[text]
        )

    class _Service(win32serviceutil.ServiceFramework):
        """What the service manager calls, each time in a thread of its own."""

        _svc_name_ = NAME
        main: Main

        def __init__(self, args: tuple[str, ...]) -> None:
            super().__init__(args)
            self._runner: Runner | None = None

        # --- what the manager wants of us

        def SvcRun(self) -> None:  # noqa: N802 - pywin32's name
            self.ReportServiceStatus(win32service.SERVICE_START_PENDING, _HINT)
            status = end_of(type(self).main, self, report)
            if status == 0:
                return  # pywin32 tells the manager
            self.ReportServiceStatus(
                win32service.SERVICE_STOPPED, 0, winerror.ERROR_SERVICE_SPECIFIC_ERROR, svcExitCode=status
            )
            os._exit(status)  # pywin32 would go on to tell that it has stopped without an error

        def SvcStop(self) -> None:  # noqa: N802 - pywin32's name
            self.ReportServiceStatus(win32service.SERVICE_STOP_PENDING, _HINT)
            if self._runner is not None:
                self._runner.ask_stop()

        SvcShutdown = SvcStop

        def SvcInterrogate(self) -> None:  # noqa: N802 - pywin32's name
            """Tell nothing: the manager knows the state told last, and pywin32 would say that all is running."""

        # --- what we tell the manager: see exporter.process.supervisor

        def start_logging(self, level: str, form: str) -> None:  # noqa: ARG002 - an event has a form of its own
            send_log(level, EventLogHandler(report))

        def take(self, runner: Runner) -> None:
            self._runner = runner

        def ready(self) -> None:
            self.ReportServiceStatus(win32service.SERVICE_RUNNING)
            report(Event.STARTED, as_event(f"configmgr-exporter {__version__} answers. {' '.join(sys.argv[1:])}"))

    def serve(main: Main) -> None:
        """Be the service until it is stopped.

        Raises:
            OSError: the service manager did not start this process.
        """
        _Service.main = staticmethod(main)
        servicemanager.Initialize(NAME, None)
        servicemanager.PrepareToHostSingle(_Service)
        servicemanager.StartServiceCtrlDispatcher()  # type: ignore[no-untyped-call]
