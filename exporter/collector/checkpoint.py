"""What must outlive the process: where reading stands and what is known, saved together.

A state directory holds one SQLite database. Positions, ledger and counters of all sites that changed are written in
one transaction, so that after a crash at any instant the next start goes on exactly where a save left off: a position
never runs ahead of the ledger or behind it.

The database keeps a rollback journal and syncs at every step (`synchronous=EXTRA`). A write-ahead log would sync less
often, but its newest transactions live in a second file, which is lost when somebody copies or restores the database
alone, and it does not work on network file systems. A save costs a few milliseconds on a disk that syncs fast and tens
on one that spins, every few seconds: that is cheap enough. A row carries a digest, for SQLite notices a damaged page
only if its structure is broken, and a wrong digit in a counter is worse than an error.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

from exporter.collector.lock import Lock, LockedError

DATABASE: Final = "configmgr-exporter.db"
LOCK: Final = "configmgr-exporter.lock"
Json: TypeAlias = Any
"""Data that `json` can write and read back unchanged."""
_BUSY_SECONDS: Final = 5.0  # somebody may be looking at the database, or copying it
_DAMAGED: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class CheckpointError(Exception):
    """The state could not be loaded or saved; trying again later may help. The text says what to do."""


class CheckpointBusyError(CheckpointError):
    """Another process uses the state directory."""


class CheckpointDamagedError(CheckpointError):
    """What was saved cannot be read, and trying again will not help. See `Checkpoint.set_aside`."""


class CheckpointLostError(CheckpointError):
    """The database is no longer where it was opened. The next save must be of everything, into a new one."""


@dataclass(frozen=True, slots=True)
class SavedSite:
    """What is saved of one site.

    Attributes:
        positions: where reading stands, by log name.
        ledger: the site's ledger, encoded.
        extra: whatever else must continue, such as counters of the reader.
    """

    positions: Mapping[str, Json]
    ledger: Json
    extra: Json = None


@dataclass(frozen=True, slots=True)
class Saved:
    """Everything that is saved: the sites by their code, and what belongs to none of them."""

    sites: Mapping[str, SavedSite] = field(default_factory=dict)
    extra: Json = None


class Checkpoint:
    """The saved state in one directory, used by one process at a time.

    Nothing is opened before the first `load`. After an error the database is closed, and the next call opens it anew,
    so that a full disk or a missing mount is survived by calling again. The directory stays locked until `close`.
    Calls must not overlap, but may come from different threads.

    Args:
        directory: the state directory; made if it does not exist.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / DATABASE
        self._lock_path = directory / LOCK
        self._lock: Lock | None = None
        self._connection: sqlite3.Connection | None = None
        self._opened: list[tuple[int, int]] = []
        self._loaded = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def loaded(self) -> bool:
        """Whether what is saved has been read, so that saving overwrites nothing unseen."""
        return self._loaded

    def load(self) -> Saved:
        """Read everything that is saved; nothing in a new directory.

        Raises:
            CheckpointBusyError: another process uses the directory.
            CheckpointDamagedError: what is saved cannot be read.
            CheckpointError: the directory or the database cannot be used now, or comes from a newer version.
        """
        with self._errors():
            rows = self._open().execute("SELECT name, state, digest FROM saved ORDER BY name").fetchall()
            states = {name: self._decode(name, state, digest) for name, state, digest in rows}
            extra = states.pop("", None)
            saved = Saved({site: self._site(site, state) for site, state in states.items()}, extra)
        self._loaded = True
        return saved

    def save(self, sites: Mapping[str, SavedSite], *, extra: Json = None, removed: Collection[str] = ()) -> None:
        """Save sites that changed, in one transaction: all of it is saved or nothing.

        Args:
            sites: by site code; the others stay as they were saved last.
            extra: what belongs to no site, or None to leave it as it was saved last.
            removed: codes of sites to forget.

        Raises:
            ValueError: nothing has been loaded, so that saving might overwrite good state.
            CheckpointLostError: the database has gone; save everything at the next call.
            CheckpointError: nothing was saved; call again later.
        """
        if not self._loaded:
            raise ValueError("load what is saved before saving")
        states = {
            site: {"positions": dict(saved.positions), "ledger": saved.ledger, "extra": saved.extra}
            for site, saved in sites.items()
        }
        if extra is not None:
            states[""] = extra
        rows = [(name, *_encode(name, state)) for name, state in states.items()]
        with self._errors():
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("DELETE FROM saved WHERE name = ?", [(site,) for site in removed])
            connection.executemany("INSERT OR REPLACE INTO saved (name, state, digest) VALUES (?, ?, ?)", rows)
            connection.execute("COMMIT")

    def set_aside(self, now: float) -> Path:
        """Rename a damaged database, so that the next `load` finds none and a new one is begun.

        Nothing is deleted: the renamed file may still be of use to somebody.

        Args:
            now: wall time, POSIX seconds, for the new name.

        Returns:
            Where the damaged database is now.

        Raises:
            CheckpointBusyError: another process uses the directory.
            CheckpointError: renaming failed.
        """
        with self._errors():
            self._disconnect()
            self._opened = []
            self._take_lock()
            stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
            target = self.path.with_name(f"{self.path.name}.damaged-{stamp}")
            journal = self.path.with_name(f"{self.path.name}-journal")
            if journal.exists():
                journal.rename(target.with_name(f"{target.name}-journal"))
            self.path.rename(target)
        return target

    def close(self) -> None:
        """Let go of the database and the directory."""
        self._disconnect()
        if self._lock is not None:
            self._lock.release()
            self._lock = None
        self._opened = []

    # Opening

    def _open(self) -> sqlite3.Connection:
        if self._opened and self._found() != self._opened:
            self.close()
            raise CheckpointLostError(f"{self.path}: the checkpoint is not there any more; it will be written anew")
        if self._connection is None:
            self._take_lock()
            self._connection = _connect(self.path)
            _migrate(self._connection, self.path)
            self._opened = self._found()
        return self._connection

    def _found(self) -> list[tuple[int, int]]:
        """Tell which files are there by the names of the database and the lock now."""
        found = []
        for path in (self.path, self._lock_path):
            with suppress(FileNotFoundError):
                status = path.stat()
                found.append((status.st_dev, status.st_ino))
        return found

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        try:
            self._lock = Lock(self._lock_path)
        except LockedError as error:
            raise CheckpointBusyError(
                f"{self._lock_path.parent}: the state directory is in use by {error.holder}; "
                "stop that one, or give this one a directory of its own"
            ) from None

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Close the database after an error, which undoes what was begun, and say it in the words of this module."""
        try:
            yield
        except BaseException as error:
            self._disconnect()
            if isinstance(error, sqlite3.DatabaseError):
                if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
                    raise _damaged(self.path, str(error)) from None
                raise CheckpointError(f"{self.path}: {error}") from None
            if isinstance(error, UnicodeDecodeError):  # SQLite quotes what it cannot read, which sqlite3 takes for text
                raise _damaged(self.path, "it holds bytes that are no text") from None
            if isinstance(error, OSError):
                raise CheckpointError(f"{self.path}: {error.strerror or error}") from None
            raise

    # Rows

    def _decode(self, name: str, state: str, digest: str) -> Json:
        try:
            if _digest(name, state) == digest:
                return json.loads(state)
        except (TypeError, ValueError, AttributeError):
            pass
        raise _damaged(self.path, f"the state of {name or 'the exporter'} does not match its digest")

    def _site(self, name: str, state: Json) -> SavedSite:
        try:
            return SavedSite(state["positions"], state["ledger"], state["extra"])
        except (TypeError, KeyError):
            raise _damaged(self.path, f"the state of {name} lacks a part") from None


def _damaged(path: Path, why: str) -> CheckpointDamagedError:
    return CheckpointDamagedError(
        f"{path}: the checkpoint is damaged ({why}); restore it from a copy, or rename it: "
        "the state is then built anew from the logs that are there"
    )


def _encode(name: str, state: Json) -> tuple[str, str]:
    text = json.dumps(state, separators=(",", ":"))
    return text, _digest(name, text)


def _digest(name: str, state: str) -> str:
    return blake2b(f"{name}\0{state}".encode(), digest_size=16).hexdigest()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = EXTRA")
        _check(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if problem != "ok":
        raise _damaged(path, problem)


# Formats


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
    connection.execute("INSERT INTO meta VALUES ('format', '0')")
    connection.execute("CREATE TABLE saved (name TEXT PRIMARY KEY, state TEXT NOT NULL, digest TEXT NOT NULL)")


_STEPS: Final[Sequence[Callable[[sqlite3.Connection], None]]] = (_create,)
"""Step n brings a database from format n to n + 1. Never change one that has been released: add another."""


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring a database to the present format, all steps in one transaction; write nothing if it has that format."""
    if _format(connection, path) == len(_STEPS):
        return
    connection.execute("BEGIN IMMEDIATE")
    found = _format(connection, path)  # again, now that nobody else can change it
    if found > len(_STEPS):
        raise CheckpointError(
            f"{path}: the checkpoint has format {found}, and this version knows up to {len(_STEPS)}; "
            "run the version that wrote it, or a newer one"
        )
    for step in _STEPS[found:]:
        step(connection)
    if found < len(_STEPS):
        connection.execute("UPDATE meta SET value = ? WHERE key = 'format'", (str(len(_STEPS)),))
    connection.execute("COMMIT")


def _format(connection: sqlite3.Connection, path: Path) -> int:
    """Return the format of a database; 0 when it is new."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return 0
    row = connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone() if "meta" in tables else None
    if row is None or not row[0].isdecimal():
        raise CheckpointError(f"{path}: this database is not a checkpoint of configmgr-exporter; use another directory")
    return int(row[0])
