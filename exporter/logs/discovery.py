"""Which logs are in a folder, and which of its files belong to each, oldest first."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import IntEnum, auto
from functools import lru_cache
from typing import Final, NamedTuple

from exporter.logs.volume import Entry, Trouble, Volume, VolumeError

KNOWN_LOGS: Final = ("distmgr", "despool", "replmgr", "sched", "sender", "hman", "pkgxfermgr")
"""Logs of a site server that bear on replication, as ConfigMgr names them by default."""


class Role(IntEnum):
    """What a file is to its log."""

    CURRENT = auto()
    ROLLED = auto()
    HISTORY = auto()


class Named(NamedTuple):
    """What a file name says."""

    log: str
    role: Role


# Files of the history keep the ending `.log` behind the date and time of their roll. Microsoft's documentation
# (about-log-files) does not give the pattern; this is the one that the client's logs have.
_NAME: Final = re.compile(r"(?P<log>.+?)(?P<date>-\d{8}-\d{6})?\.(?P<suffix>log|lo_)", re.IGNORECASE | re.DOTALL)


@lru_cache(maxsize=8192)
def read_name(name: str) -> Named | None:
    """Tell which log a file belongs to, in lower case, and as what; None when it does not look like a log."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    log = match["log"].lower()
    if match["suffix"].lower() == "lo_":
        return Named(log + (match["date"] or ""), Role.ROLLED)
    return Named(log, Role.HISTORY if match["date"] else Role.CURRENT)


@dataclass(frozen=True, slots=True)
class LogFiles:
    """The files of one log, as its folder listed them.

    Attributes:
        log: name of the log, lower case (`distmgr`).
        current: the file being written.
        rolled: the one before it (`.lo_`).
        history: dated files, oldest first.
        exact: whether unchanged entries prove unchanged files.
    """

    log: str
    current: Entry | None = None
    rolled: Entry | None = None
    history: tuple[Entry, ...] = ()
    exact: bool = False

    @property
    def before_current(self) -> tuple[Entry, ...]:
        """The files that have rolled away, oldest first."""
        if self.rolled is None:
            return self.history
        # Beside a history, `.lo_` is either the newest file of the chain or left over from before there was one.
        if self.history and self.history[-1].modified > self.rolled.modified:
            return (self.rolled, *self.history)
        return (*self.history, self.rolled)


@dataclass(frozen=True, slots=True)
class Folder:
    """A place where logs are looked for.

    Attributes:
        volume: what reads it.
        path: the folder.
        logs: names of the logs that are wanted, lower case.
        only: names of the files to read, when files were named instead of the folder.
    """

    volume: Volume
    path: str
    logs: Collection[str] = KNOWN_LOGS
    only: frozenset[str] | None = None

    def scan(self) -> Mapping[str, LogFiles]:
        """List the folder once, and give the files of each wanted log that has any.

        Raises:
            VolumeError: the folder could not be read.
        """
        listing = self.volume.list(self.path, self.wants)
        files: dict[tuple[str, Role], list[Entry]] = {}
        for name, entry in listing.entries.items():
            files.setdefault(_named(name), []).append(entry)
        found = {
            log: LogFiles(
                log,
                _latest(files.get((log, Role.CURRENT))),
                _latest(files.get((log, Role.ROLLED))),
                tuple(sorted(files.get((log, Role.HISTORY), ()), key=lambda entry: entry.name.lower())),
                listing.exact,
            )
            for log in sorted({log for log, _ in files})
        }
        return found if self.only is None else {log: _last_is_current(files) for log, files in found.items()}

    def wants(self, name: str) -> bool:
        """Tell whether a file is one of those to read."""
        if self.only is not None:
            return name in self.only
        named = read_name(name)
        return named is not None and named.log in self.logs


def log_of(name: str) -> str:
    """Tell which log a file belongs to that a person named."""
    return _named(name).log


def _named(name: str) -> Named:
    """Tell which log a file is of that was asked for: one that does not look like a log is its own."""
    return read_name(name) or Named(name.lower(), Role.CURRENT)


def _last_is_current(files: LogFiles) -> LogFiles:
    """Of files that a person named nothing is missing: a `.lo_` alone is the log, and not the one before it."""
    chain = [*files.before_current, *filter(None, [files.current])]
    return LogFiles(files.log, current=chain[-1], history=tuple(chain[:-1]), exact=files.exact)


def _latest(entries: list[Entry] | None) -> Entry | None:
    """Of names that differ in case only, which one folder can hold on Linux, take the file written last."""
    return max(entries, key=lambda entry: (entry.modified, entry.name)) if entries else None


def find_folder(volume: Volume, path: str, logs: Collection[str] = KNOWN_LOGS) -> Folder:
    """Say where to look when a person names a folder, or one file.

    Raises:
        VolumeError: there is no such folder or file, or it cannot be read.
    """
    try:
        volume.list(path, lambda _name: False)
    except VolumeError as error:
        if error.trouble is not Trouble.NOT_A_FOLDER:
            raise
    else:
        return Folder(volume, path, frozenset(log.lower() for log in logs))
    folder, name = volume.split(path)
    with volume.open(folder, name):
        return Folder(volume, folder, only=frozenset({name}))
