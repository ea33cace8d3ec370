"""Tells systemd that the service answers, and again and again that it has not hung, as sd_notify(3) describes.

Without systemd, or with another service manager, nothing is told and nothing fails.
"""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import MutableMapping
from typing import Final

_LOG: Final = logging.getLogger(__name__)
_SOCKET: Final = "NOTIFY_SOCKET"
_WATCHDOG: Final = "WATCHDOG_USEC"


class Systemd:
    """The service manager that started this process, if it wants to be told.

    Args:
        environment: the process's variables; `NOTIFY_SOCKET` and `WATCHDOG_USEC` are taken out of them, for they are
            meant for this process and none that it starts.

    Attributes:
        alive_seconds: how often to say `alive`: half of the time after which systemd gives up; None when it does not
            watch.
    """

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        self._address = _address(environment.pop(_SOCKET, ""))
        self.alive_seconds = _half(environment.pop(_WATCHDOG, ""))

    def ready(self) -> None:
        """Say that the service answers."""
        self._tell("READY=1")

    def alive(self) -> None:
        """Say that the service has not hung."""
        self._tell("WATCHDOG=1")

    def _tell(self, message: str) -> None:
        if sys.platform != "win32" and self._address:
            try:
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
                    manager.sendto(message.encode(), self._address)
            except OSError as error:
                _LOG.warning("systemd could not be told %s: %s", message, error)


def _address(text: str) -> str:
    # A name that begins with @ stands for a socket outside the file system: its first byte is a zero.
    return f"\0{text[1:]}" if text.startswith("@") else text


def _half(microseconds: str) -> float | None:
    return int(microseconds) / 2e6 if microseconds.isascii() and microseconds.isdigit() else None
