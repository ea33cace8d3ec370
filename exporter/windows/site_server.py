"""What the registry of a site server tells: which site it is of, where its logs are, and what is left out of them."""

from __future__ import annotations

import ntpath
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from exporter.windows.registry import VIEWS, Registry

_SMS: Final = r"SOFTWARE\Microsoft\SMS"
_CODE: Final = re.compile(r"[0-9A-Za-z]{3}")
# https://learn.microsoft.com/intune/configmgr/core/plan-design/hierarchy/about-log-files: 0 verbose, 1 default,
# 2 warnings and errors, 3 errors. Most of the lines that tell a state are neither warnings nor errors.
_HIDING: Final = {2: "only warnings and errors", 3: "only errors"}


@dataclass(frozen=True, slots=True)
class SiteServer:
    """The site server that is installed on a computer.

    Attributes:
        code: its site code, upper case; "" when the registry does not tell.
        logs: its folder `Logs`, which need not be there.
        view: the half of the registry that it writes to.
    """

    code: str
    logs: str
    view: int

    @property
    def argument(self) -> str:
        """The same as `[SITE=]FOLDER`."""
        return f"{self.code}={self.logs}" if self.code else self.logs


def find_site_server(registry: Registry) -> SiteServer | None:
    """Find the site server of a computer, of which there is at most one; None when there is none."""
    for view in VIEWS:
        for key in ("Identification", "Setup"):
            directory = registry.value(rf"{_SMS}\{key}", "Installation Directory", view)
            if isinstance(directory, str) and directory.strip():
                code = registry.value(rf"{_SMS}\Identification", "Site Code", view)
                known = isinstance(code, str) and _CODE.fullmatch(code.strip())
                return SiteServer(
                    str(code).strip().upper() if known else "", ntpath.join(directory.strip(), "Logs"), view
                )
    return None


def what_logs_lack(registry: Registry, server: SiteServer, components: Collection[str]) -> Iterator[str]:
    """Say which components of a site server write less than is needed, or to another place, and what to do.

    Args:
        registry: of that computer.
        server: as found in it.
        components: names of those that matter, such as `SMS_DISTRIBUTION_MANAGER`.

    Yields:
        Sentences for people.
    """
    tracing = rf"{_SMS}\Tracing"
    for component in registry.subkeys(tracing, server.view):
        if component.upper() not in components:
            continue
        key = rf"{tracing}\{component}"
        level = registry.value(key, "LoggingLevel", server.view)
        if isinstance(level, int) and level in _HIDING:
            yield (
                rf"{component} writes {_HIDING[level]}, so that what it does cannot be followed. "
                rf"Set LoggingLevel in HKEY_LOCAL_MACHINE\{key} to 1, and restart the service SMS_EXECUTIVE."
            )
        file = registry.value(key, "TraceFilename", server.view)
        if isinstance(file, str) and file and not _is_in(file, server.logs):
            yield (
                f"{component} writes to {file}, outside {server.logs}, where nobody looks. Let it write there again in "
                "the Configuration Manager Service Manager."
            )


def is_same_folder(one: str, other: str) -> bool:
    """Tell whether two Windows paths are of one folder, as far as their text tells."""
    return ntpath.normcase(ntpath.normpath(one)) == ntpath.normcase(ntpath.normpath(other))


def _is_in(file: str, folder: str) -> bool:
    directory = ntpath.dirname(file)
    return not directory or is_same_folder(directory, folder)  # a bare name is one in Logs
