"""Writes into the registry what a site server has there, or takes it away.

Usage: registry.py write 64|32 FOLDER SITE, or registry.py erase
"""

from __future__ import annotations

import sys
from contextlib import suppress

if sys.platform == "win32":
    import winreg

    SMS = r"SOFTWARE\Microsoft\SMS"
    TRACING = rf"{SMS}\Tracing\SMS_DISTRIBUTION_MANAGER"
    VIEWS = {"64": winreg.KEY_WOW64_64KEY, "32": winreg.KEY_WOW64_32KEY}

    def write(view: str, folder: str, site: str) -> None:
        for key, name, kind, data in (
            (rf"{SMS}\Identification", "Site Code", winreg.REG_SZ, site),
            (rf"{SMS}\Setup", "Installation Directory", winreg.REG_SZ, folder),
            (TRACING, "TraceFilename", winreg.REG_SZ, rf"{folder}\Logs\distmgr.log"),
            (TRACING, "LoggingLevel", winreg.REG_DWORD, 2),
        ):
            with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, key, 0, winreg.KEY_ALL_ACCESS | VIEWS[view]) as opened:
                winreg.SetValueEx(opened, name, 0, kind, data)

    def erase() -> None:
        for view in VIEWS.values():
            for key in (TRACING, rf"{SMS}\Tracing", rf"{SMS}\Identification", rf"{SMS}\Setup", SMS):
                with suppress(FileNotFoundError):
                    winreg.DeleteKeyEx(winreg.HKEY_LOCAL_MACHINE, key, view, 0)

    if __name__ == "__main__":
        if sys.argv[1] == "write":
            write(*sys.argv[2:])
        else:
            erase()
