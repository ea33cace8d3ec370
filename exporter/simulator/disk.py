"""Logs on disk: `FOLDER/SMS_<SITE>/Logs/<log>.log`, rolled by size to `<log>.lo_` as the product does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from exporter.simulator.engine import Record
from exporter.simulator.forms import LineWriter
from exporter.simulator.hierarchy import Site


@dataclass(slots=True)
class LogFile:
    """What one log holds on disk.

    Attributes:
        oldest: time of the first record that is still on disk, in either file.
        newest: time of the last record.
        current_oldest: time of the first record of the `.log` file.
        records: how many were written in all; `lost`: how many of them the second roll after them overwrote.
    """

    path: Path
    handle: BinaryIO
    size: int = 0
    oldest: int = 0
    newest: int = 0
    current_oldest: int = 0
    records: int = 0
    lost: int = 0
    rolls: int = 0
    current_records: int = 0
    rolled_records: int = 0


class Disk:
    """Writes records to the logs of their sites. Use as a context manager."""

    def __init__(self, folder: Path, sites: Sequence[Site], max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._writers = {site.code: LineWriter(site) for site in sites}
        self.logs: dict[tuple[str, str], LogFile] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for log in self.logs.values():
            log.handle.close()

    def write(self, record: Record) -> None:
        """Append a record to its log, which rolls first if the record does not fit."""
        key = (record.site, record.log)
        log = self.logs.get(key) or self._open(key)
        line = self._writers[record.site].encode(record)
        if log.size and log.size + len(line) > self._max_bytes:
            self._roll(log)
        if not log.size:
            log.current_oldest = record.time
        if not log.records:
            log.oldest = record.time
        log.handle.write(line)
        log.size += len(line)
        log.newest = record.time
        log.records += 1
        log.current_records += 1

    def flush(self) -> None:
        """Let readers see all that was written."""
        for log in self.logs.values():
            log.handle.flush()

    def _open(self, key: tuple[str, str]) -> LogFile:
        site, name = key
        path = self._folder / f"SMS_{site}" / "Logs" / f"{name}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        log = self.logs[key] = LogFile(path, path.open("wb"))
        return log

    def _roll(self, log: LogFile) -> None:
        log.handle.close()
        log.path.replace(log.path.with_suffix(".lo_"))
        log.handle = log.path.open("wb")
        log.oldest = log.current_oldest
        log.lost += log.rolled_records
        log.rolled_records, log.current_records = log.current_records, 0
        log.size = 0
        log.rolls += 1
