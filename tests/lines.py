"""Lines of distmgr.log as a site server of the year 2012 writes them, for tests that need only a few."""

from __future__ import annotations

from collections.abc import Iterator

START = 1267711200.0
"""POSIX seconds of 2010-03-04 14:00:00 UTC: `line(text, 0)`."""


def line(message: str, second: int = 0, *, thread: int = 4724, component: str = "SMS_DISTRIBUTION_MANAGER") -> bytes:
    """Return one line, so many seconds after `START`."""
    minutes, seconds = divmod(second, 60)
    hours, minutes = divmod(minutes, 60)
    stamp = f"03-04-2010 {14 + hours:02d}:{minutes:02d}:{seconds:02d}.000+00"
    return f"{message}  $$<{component}><{stamp}><thread={thread} (0x{thread:X})>\r\n".encode("cp1252")


def applied(package: str, second: int = 0, *, file: str = "A1B2C3D4") -> bytes:
    """Return the four lines of a definition that goes through."""
    return b"".join(line(text, second) for text in _begin(package, file)) + line(_end(package), second)


def blocked(
    package: str, second: int = 0, *, missing: str = "CEN00012-Install drivers", file: str = "A1B2C3D4"
) -> bytes:
    """Return the seven lines of a task sequence that refers to a missing program."""
    lacking = f"Failed to insert SMS Program ID * because the referenced program {missing} is not present in the "
    failing = (
        f"{lacking}PkgPrograms table. Will try later.",
        f"Cannot update the package program for package {package} in the package source, error = 40",
        _end(package),
    )
    return b"".join(line(text, second) for text in (*_begin(package, file), *failing))


def status_message(number: int, package: str, *, site: str = "CHI", name: str = "", second: int = 0) -> bytes:
    """Return a status message about a package."""
    strings = " ".join(f'ISTR{n}="{name if n == 0 else ""}"' for n in range(10))
    text = (
        f'STATMSG: ID={number} SEV=I LEV=M SOURCE="SMS Server" COMP="SMS_DISTRIBUTION_MANAGER" SYS={site}SITE '
        f"SITE={site} PID=1904 TID=4724 GMTDATE=Thu Mar 04 14:00:00.000 2010 {strings} NUMATTRS=1 AID0=400 "
        f'AVAL0="{package}"'
    )
    return line(text, second)


def _begin(package: str, file: str) -> Iterator[str]:
    yield rf"~Processing incoming file D:\SMS\inboxes\distmgr.box\INCOMING\{file}.PKG."
    yield f"Adding package {package} to the active package array."
    yield f"Adding these contents to the package {package} version 3."
    yield f"~Updated replicated package info for package {package}"


def _end(package: str) -> str:
    return f"Removing package {package} from the active package array."
