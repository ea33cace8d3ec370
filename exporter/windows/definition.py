"""How the exporter is entered into the list of Windows services: pure data."""

from __future__ import annotations

import hashlib
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

NAME: Final = "configmgr-exporter"
"""Name of the service, and of its source in the event log."""
DISPLAY_NAME: Final = "ConfigMgr Exporter"
DESCRIPTION: Final = (
    "Follows the logs of Configuration Manager site servers and tells Prometheus which task sequences and packages are "
    "stuck, and why. Reads only."
)
VIRTUAL_ACCOUNT: Final = rf"NT SERVICE\{NAME}"
"""An account that Windows makes with the service and keeps no password for; on the network it is the computer's own."""
RESTART_AFTER: Final = (60, 300, 1800)
"""Seconds until Windows starts it again after a failure, the last for all that follow. Each leaves its reason in the
event log; a day without one begins anew."""
FORGET_FAILURES_AFTER: Final = 86_400

_BUILT_IN: Final = {
    r"NT AUTHORITY\LOCALSERVICE",
    r"NT AUTHORITY\LOCAL SERVICE",
    r"NT AUTHORITY\NETWORKSERVICE",
    r"NT AUTHORITY\NETWORK SERVICE",
    "LOCALSYSTEM",
}
_MODIFY: Final = "0x1301bf"  # read, write, delete, but neither change of permissions nor of the owner


@dataclass(frozen=True, slots=True)
class Definition:
    """A service as it is to be installed.

    Attributes:
        command: its program and arguments.
        account: the account it runs as.
        password: of that account, None for one that needs none.
    """

    command: Sequence[str]
    account: str = VIRTUAL_ACCOUNT
    password: str | None = None

    @property
    def command_line(self) -> str:
        """The command as Windows keeps it, quoted as its programs take it apart."""
        return subprocess.list2cmdline(self.command)


def needs_password(account: str) -> bool:
    r"""Tell whether an account has a password: virtual, built-in and managed ones (`D\name$`) have none to type."""
    name = account.upper()
    return not (name.startswith("NT SERVICE\\") or name in _BUILT_IN or name.endswith("$"))


def virtual_sid(account: str) -> str | None:
    r"""Return the security identifier of `NT SERVICE\name`, None for other accounts.

    Windows makes it from the name alone, so that rights can be given before it knows the service
    (https://learn.microsoft.com/windows-server/administration/windows-commands/sc-showsid shows the result).
    """
    authority, _, name = account.rpartition("\\")
    if authority.upper() != "NT SERVICE" or not name:
        return None
    digest = hashlib.sha1(name.upper().encode("utf-16-le"), usedforsecurity=False).digest()
    return "-".join(["S-1-5-80", *map(str, struct.unpack("<5I", digest))])


def folder_rights(sid: str) -> str:
    """Return the rights on the state folder, in Windows' notation: the system, administrators and one account only."""
    everything = "".join(f"(A;OICI;FA;;;{who})" for who in ("SY", "BA"))
    return f"D:PAI{everything}(A;OICI;{_MODIFY};;;{sid})"
