"""The list of Windows services: enters the exporter, starts, stops and removes it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

_OWN_ERROR: Final = 1066
_NEVER_STARTED: Final = 1077
_TROUBLES: Final = {
    5: "it needs an administrator: open the prompt with 'Run as administrator'",
    1056: "it runs already",
    1057: "there is no such account, or its password is wrong",
    1060: "the service is not installed",
    1062: "it does not run",
    1069: "its account could not be logged on: is the password right, and may the account 'Log on as a service'?",
    1072: "it is about to be removed: close the window 'Services' and the event viewer, and try again",
    1297: "its account lacks the right 'Bypass traverse checking', which everybody has by default",
    1332: "there is no such account",
    1073: "it is installed already. Remove it first: configmgr-exporter service remove",
}


class ServiceError(Exception):
    """What the service manager could or would not do, in words.

    Args:
        number: Windows' own number of the error.
        text: Windows' own words.
    """

    def __init__(self, number: int, text: str) -> None:
        super().__init__(_TROUBLES.get(number) or f"{text} (Windows error {number})")
        self.number = number


@dataclass(frozen=True, slots=True)
class Status:
    """How a service is.

    Attributes:
        state: `running`, `stopped`, `starting`, `stopping` or `paused`.
        process: its process ID, 0 while it does not run.
        error: with which its last run ended: its own exit code, or a number of Windows; 0 when it was stopped.
        automatic: whether Windows starts it by itself.
        account, command_line: as installed.
    """

    state: str
    process: int
    error: int
    automatic: bool
    account: str
    command_line: str

    @property
    def failed(self) -> bool:
        """Whether its last run ended with an error."""
        return self.state == "stopped" and self.error not in {0, _NEVER_STARTED}


if sys.platform == "win32":
    import time
    from collections.abc import Iterator
    from contextlib import contextmanager
    from pathlib import Path
    from typing import TYPE_CHECKING, Any

    import ntsecuritycon
    import pywintypes
    import win32evtlogutil
    import win32file
    import win32security
    import win32service

    from exporter.windows.definition import (
        DESCRIPTION,
        DISPLAY_NAME,
        FORGET_FAILURES_AFTER,
        NAME,
        RESTART_AFTER,
        Definition,
        folder_rights,
        virtual_sid,
    )

    if TYPE_CHECKING:
        from _win32typing import PySC_HANDLE

    _INVALID_LEVEL: Final = 124
    _PATIENCE: Final = 60.0
    _STATES: Final = {
        win32service.SERVICE_RUNNING: "running",
        win32service.SERVICE_STOPPED: "stopped",
        win32service.SERVICE_START_PENDING: "starting",
        win32service.SERVICE_STOP_PENDING: "stopping",
    }
    # Windows' own program whose only text is what it is given. It stays when we are removed or replaced, so that old
    # events can be read, and an open event viewer keeps no file of ours open.
    _EVENT_TEXTS: Final = r"%SystemRoot%\System32\EventCreate.exe"
    # All that it needs beyond its account's rights is to pass through folders on the way to one that it may read.
    _PRIVILEGES: Final = ["SeChangeNotifyPrivilege"]

    def install(definition: Definition) -> list[str]:
        """Enter the service, and its source in the event log.

        Returns:
            The settings that this Windows does not know; it works without them.

        Raises:
            ServiceError: it could not be entered, and is not.
        """
        with _told(), _opened(win32service.SC_MANAGER_CREATE_SERVICE) as manager:
            service = win32service.CreateService(
                manager,
                NAME,
                DISPLAY_NAME,
                win32service.SERVICE_ALL_ACCESS,
                win32service.SERVICE_WIN32_OWN_PROCESS,
                win32service.SERVICE_AUTO_START,
                win32service.SERVICE_ERROR_NORMAL,
                definition.command_line,
                None,
                False,  # noqa: FBT003 - no tag: the order of starting does not matter
                None,
                definition.account,
                definition.password,
            )
            try:
                unknown = _configure(service)
                win32evtlogutil.AddSourceToRegistry(NAME, _EVENT_TEXTS, "Application", None)
            except BaseException:
                win32service.DeleteService(service)
                raise
            finally:
                win32service.CloseServiceHandle(service)
        return unknown

    def _configure(service: PySC_HANDLE) -> list[str]:
        restarts = [(win32service.SC_ACTION_RESTART, seconds * 1000) for seconds in RESTART_AFTER]
        failures = {"ResetPeriod": FORGET_FAILURES_AFTER, "RebootMsg": None, "Command": None, "Actions": restarts}
        settings = {
            "description": (win32service.SERVICE_CONFIG_DESCRIPTION, DESCRIPTION),
            "delayed start": (win32service.SERVICE_CONFIG_DELAYED_AUTO_START_INFO, True),
            "restart after a failure": (win32service.SERVICE_CONFIG_FAILURE_ACTIONS, failures),
            "restart after an error that it tells itself": (win32service.SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, True),
            "no more privileges than needed": (win32service.SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO, _PRIVILEGES),
        }
        unknown = []
        for words, (level, value) in settings.items():
            try:
                win32service.ChangeServiceConfig2(service, level, value)
            except pywintypes.error as error:
                if error.winerror != _INVALID_LEVEL:
                    raise
                unknown.append(words)
        return unknown

    def make_state_folder(folder: Path, account: str) -> bool:
        """Make a folder in which only this account, administrators and the system may read and write.

        Returns:
            Whether it was made; one that is there already is left as it is.

        Raises:
            ServiceError: it could not be made.
        """
        if folder.exists():
            return False
        with _told():
            folder.parent.mkdir(parents=True, exist_ok=True)
            sid = virtual_sid(account) or _sid(account)
            attributes = win32security.SECURITY_ATTRIBUTES()
            attributes.SECURITY_DESCRIPTOR = win32security.ConvertStringSecurityDescriptorToSecurityDescriptor(
                folder_rights(sid), win32security.SDDL_REVISION_1
            )
            win32file.CreateDirectory(str(folder), attributes)
        return True

    def _sid(account: str) -> str:
        name = r"NT AUTHORITY\SYSTEM" if account.upper() == "LOCALSYSTEM" else account.removeprefix(".\\")
        return str(win32security.ConvertSidToStringSid(win32security.LookupAccountName(None, name)[0]))

    def start() -> Status:
        """Start the service, and wait until it answers or has ended.

        Raises:
            ServiceError: it could not be started.
        """
        with _told(), _service(win32service.SERVICE_START) as service:
            win32service.StartService(service, None)
            return _wait(service, "starting")

    def stop() -> Status:
        """Stop the service, and wait until it has saved its state and ended.

        Raises:
            ServiceError: it could not be stopped.
        """
        with _told(), _service(win32service.SERVICE_STOP) as service:
            win32service.ControlService(service, win32service.SERVICE_CONTROL_STOP)
            return _wait(service, "stopping")

    def remove() -> None:
        """Stop the service if it runs, and take it and its source in the event log away.

        Raises:
            ServiceError: it could not be taken away.
        """
        if status().state != "stopped":
            stop()
        with _told(), _service(ntsecuritycon.DELETE) as service:
            win32service.DeleteService(service)
            win32evtlogutil.RemoveSourceFromRegistry(NAME, "Application")

    def status() -> Status:
        """Tell how the service is.

        Raises:
            ServiceError: it is not installed, or may not be looked at.
        """
        with _told(), _service(0) as service:
            return _status(service)

    def _status(service: PySC_HANDLE) -> Status:
        now: Any = win32service.QueryServiceStatusEx(service)
        _, start_type, _, command_line, _, _, _, account, _ = win32service.QueryServiceConfig(service)
        return Status(
            _STATES.get(now["CurrentState"], "paused"),
            now["ProcessId"],
            now["ServiceSpecificExitCode"] if now["Win32ExitCode"] == _OWN_ERROR else now["Win32ExitCode"],
            start_type == win32service.SERVICE_AUTO_START,
            account,
            command_line,
        )

    def _wait(service: PySC_HANDLE, state: str) -> Status:
        end = time.monotonic() + _PATIENCE
        while (now := _status(service)).state == state and time.monotonic() < end:
            time.sleep(0.2)
        return now

    @contextmanager
    def _opened(rights: int) -> Iterator[PySC_HANDLE]:
        manager = win32service.OpenSCManager(None, None, win32service.SC_MANAGER_CONNECT | rights)
        try:
            yield manager
        finally:
            win32service.CloseServiceHandle(manager)

    @contextmanager
    def _service(rights: int) -> Iterator[PySC_HANDLE]:
        look = win32service.SERVICE_QUERY_STATUS | win32service.SERVICE_QUERY_CONFIG
        with _opened(0) as manager:
            service = win32service.OpenService(manager, NAME, look | rights)
            try:
                yield service
            finally:
                win32service.CloseServiceHandle(service)

    @contextmanager
    def _told() -> Iterator[None]:
        try:
            yield
        except pywintypes.error as error:
            raise ServiceError(error.winerror, error.strerror) from None
        except OSError as error:
            raise ServiceError(error.winerror or 0, str(error)) from None
