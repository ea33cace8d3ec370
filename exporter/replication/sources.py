"""The owner cannot read a package's source: what shows it, and what shows it mended.

"The source directory ... doesn't exist or the SMS service cannot access it" names no package. It stands between
"Taking package snapshot for package P" and "Failed to take snapshot of package P", on one thread.

Up to SMS 2003 the distribution manager reads it when it makes the compressed copy: from "starting the compression" to
"The compressed size of package P". "Cannot write to output file" between them names no package either.

In SMS 1.x the scheduler read the source, to make the compressed package file, and no line of it names the package; the
file is called after it. What shows the source to be read there is inferred: the thread begins the next file without a
word of failure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from exporter.events.event import Event
from exporter.replication.fields import base_name, integer, key_of, text
from exporter.replication.limits import MAX_OPEN, MAX_PACKAGES, earliest, evidence_of, latest, newest
from exporter.replication.packages import Packages
from exporter.replication.state import Evidence, SiteState, SourceError, SourceReason, owner_of

NAMES: Final = frozenset(
    {
        "snapshot_started",
        "source_directory_inaccessible",
        "snapshot_failed",
        "compression_started",
        "compression_write_failed",
        "compressed_package_size",
        "source_file_locked",
        "package_file_creating",
        "package_source_inaccessible",
        "package_file_failed",
    }
)
"""Names of the events that tell of reading a source."""

_LOCKED: Final = 32
"""The Windows error of a file that another process has open."""


@dataclass(slots=True)
class Snapshot:
    """A snapshot that one thread is taking.

    Attributes:
        package: whose, or "" when its first line was not seen.
        source_path: the folder it reads.
        win32_error: why the folder cannot be read, once a line said so.
        inaccessible: whether a line said so.
        lines: its lines.
    """

    package: str
    source_path: str
    win32_error: int | None = None
    inaccessible: bool = False
    lines: list[Evidence] = field(default_factory=list)


@dataclass(slots=True)
class Sources:
    """Snapshots being taken, by log and thread, and the latest package and spelling of each source folder."""

    open: dict[tuple[str, int | None], Snapshot] = field(default_factory=dict)
    paths: dict[str, tuple[str, str]] = field(default_factory=dict)

    def take(self, state: SiteState, packages: Packages, event: Event) -> None:
        """Take one line about reading a source (`NAMES`)."""
        package = text(event, "package")
        match event.name:
            case "snapshot_started":
                self._started(event)
            case "compression_started":
                self._open(event, Snapshot(package, self._path_of(package), lines=[evidence_of(event)]))
            case "package_file_creating":
                package = self._file_started(state, event)
            case "source_directory_inaccessible" | "package_source_inaccessible":
                self._inaccessible(state, event)
            case "source_file_locked":
                self._file_locked(event)
            case "compression_write_failed":
                self._compression_failed(state, event)
            case "compressed_package_size":
                self.read(state, package, event.time)
            case _:
                self._failed(state, event)
        if package:
            packages.touch(package)

    def _started(self, event: Event) -> None:
        """Take "Taking package snapshot"."""
        package, path = text(event, "package"), text(event, "source_path")
        self._open(event, Snapshot(package, path, lines=[evidence_of(event)]))
        self.paths.pop(path.lower(), None)
        self.paths[path.lower()] = package, path
        if len(self.paths) > MAX_PACKAGES:
            del self.paths[next(iter(self.paths))]

    def _file_started(self, state: SiteState, event: Event) -> str:
        """Take "Creating package file" of SMS 1.x, `A0100100.S00`; return the package, "" when the name tells none."""
        earlier = self.open.get(key_of(event))
        if earlier is not None and earlier.package and not earlier.inaccessible:
            self.read(state, earlier.package, event.time)
        name = base_name(text(event, "file")).partition(".")[0]
        package = name if owner_of(name) else ""
        self._open(event, Snapshot(package, "", lines=[evidence_of(event)]))
        return package

    def _inaccessible(self, state: SiteState, event: Event) -> None:
        """Take "The source directory ... doesn't exist", or "Package source ... doesn't exist" of SMS 1.x."""
        path = text(event, "source_path")
        snapshot = self.open.get(key_of(event))
        if snapshot is None or (event.thread is None and snapshot.source_path.lower() not in {"", path.lower()}):
            # Its snapshot's first line is not there, or another thread's stands between, in text without threads.
            # What distribution manager takes a snapshot of is not what another component speaks of.
            of_snapshot = event.name == "source_directory_inaccessible"
            package, _ = self.paths.get(path.lower(), ("", "")) if of_snapshot else ("", "")
            snapshot = Snapshot(package, path)
            self._open(event, snapshot)
        snapshot.source_path = path
        snapshot.win32_error = integer(event, "win32_error")
        snapshot.inaccessible = True
        snapshot.lines.append(evidence_of(event))
        if snapshot.package:
            _stand(state, snapshot.package, SourceReason.INACCESSIBLE, snapshot, snapshot.lines)
            snapshot.lines.clear()

    def _compression_failed(self, state: SiteState, event: Event) -> None:
        """Take "Cannot write to output file", which names no package: it is the one that its thread is at."""
        snapshot = self.open.pop(key_of(event), None)
        if snapshot is not None:
            snapshot.win32_error = integer(event, "win32_error")
            _stand(state, snapshot.package, SourceReason.COMPRESSION, snapshot, [*snapshot.lines, evidence_of(event)])

    def _file_locked(self, event: Event) -> None:
        """Take "Error 32": a source file is open elsewhere. It is tried again, so it fails nothing by itself."""
        snapshot = self.open.get(key_of(event))
        if snapshot is not None:
            snapshot.win32_error = _LOCKED
            snapshot.lines.append(evidence_of(event))

    def _failed(self, state: SiteState, event: Event) -> None:
        """Take "Failed to take snapshot": the folder's error, if one came before it, is the reason."""
        snapshot = self.open.get(key_of(event))
        package = text(event, "package") or (snapshot.package if snapshot else "")
        if not package:
            return
        if snapshot is None or snapshot.package not in {"", package}:
            snapshot = Snapshot(package, self._path_of(package))
        else:
            del self.open[key_of(event)]
        reason = SourceReason.INACCESSIBLE if snapshot.inaccessible else SourceReason.SNAPSHOT
        _stand(state, package, reason, snapshot, [*snapshot.lines, evidence_of(event)])

    def missing(self, state: SiteState, event: Event) -> None:
        """Take status message 2306: the source folder does not exist, or cannot be read."""
        package = text(event, "package")
        standing = state.source_errors.get((package, SourceReason.INACCESSIBLE))
        path = self._path_of(package) or _path_in(event)
        snapshot = Snapshot(package, path, standing.win32_error if standing else None)
        _stand(state, package, SourceReason.INACCESSIBLE, snapshot, [evidence_of(event)])

    def read(self, state: SiteState, package: str, time: float | None) -> None:
        """Take a line that shows the source of a package to have been read, or the package to be gone."""
        if not state.source_errors:  # nearly always; going through an enum costs more than all the rest
            return
        for reason in SourceReason:
            error = state.source_errors.pop((package, reason), None)
            if error is not None:
                error.until = time
                state.past_source_errors[package, reason] = error

    def forget(self, state: SiteState, package: str) -> None:
        """Drop all that is known of a package."""
        for reason in SourceReason:
            state.source_errors.pop((package, reason), None)
            state.past_source_errors.pop((package, reason), None)

    def interrupted(self, log: str) -> None:
        """Forget the snapshots that were being taken: lines were lost or the component restarted."""
        for key in [key for key in self.open if key[0] == log]:
            del self.open[key]

    def _open(self, event: Event, snapshot: Snapshot) -> None:
        self.open.pop(key_of(event), None)
        if len(self.open) >= MAX_OPEN:
            del self.open[next(iter(self.open))]
        self.open[key_of(event)] = snapshot

    def _path_of(self, package: str) -> str:
        return next((path for owner, path in reversed(self.paths.values()) if owner == package), "")


def _path_in(event: Event) -> str:
    """Return the folder that a status message names. It is one of the strings; which one is not known for sure."""
    strings = (text(event, f"istr{i}") for i in range(10))
    return next((value for value in strings if value.startswith(r"\\") or value[1:3] == ":\\"), "")


def _stand(state: SiteState, package: str, reason: SourceReason, snapshot: Snapshot, lines: list[Evidence]) -> None:
    """Note that a source cannot be read. The latest try tells why: another reason that stood till then is history."""
    time = next((line.time for line in reversed(lines) if line.time is not None), None)
    for other in SourceReason:
        earlier = state.source_errors.pop((package, other), None) if other is not reason else None
        if earlier is not None:
            earlier.until = time
            state.past_source_errors[package, other] = earlier
    error = state.source_errors.get((package, reason))
    if error is None:
        error = SourceError(package, reason, snapshot.source_path, snapshot.win32_error, None, None, ())
        state.source_errors[package, reason] = error
    error.source_path = snapshot.source_path or error.source_path
    error.win32_error = snapshot.win32_error
    error.last_seen = latest(error.last_seen, time)
    error.since = earliest(error.since, time)
    for line in lines:
        error.evidence = newest(error.evidence, line)
