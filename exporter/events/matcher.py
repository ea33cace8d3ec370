"""Blocks of bytes in, the events of their lines out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from typing import TYPE_CHECKING, Final

from exporter.events.alarms import alarming, is_alarm
from exporter.events.dispatch import Tables
from exporter.events.event import Event
from exporter.events.interpreter import Interpreter, Source
from exporter.events.loader import Catalogue
from exporter.events.pasted import Pasted
from exporter.events.stamped import Stamped
from exporter.logs.block import Block
from exporter.logs.clock import Stamp
from exporter.logs.encoding import decode
from exporter.logs.records import Record, RecordReader

if TYPE_CHECKING:
    from exporter.events.scanner import Scanner

COMPILED: type[Scanner] | None
"""Reads whole lines in a quarter of the time; None where it was not built, or from another
source than lies beside it."""
try:
    from exporter.events.scanner import Scanner as COMPILED  # noqa: N814
except ImportError:
    COMPILED = None

MAX_SAMPLES: Final = 5
MAX_SAMPLE_LENGTH: Final = 400
MAX_BREAKS: Final = 16
"""How often compiled reading of a block may be broken off by lines that are no whole records: it costs more than it
saves in a log that is full of them."""


@dataclass(slots=True)
class Scan:
    """What one block held.

    Attributes:
        events: in the order of the lines.
        consumed: bytes up to the end of the last complete record; the rest is presented again with more behind it.
        lines: physical lines in those bytes.
        records: records in those bytes.
        last_record: POSIX seconds of the last record with a stamp, or None when there is none or its zone is unknown.
        unmatched: records with a word of failure, of components that the catalogue covers, that nothing matches.
        samples: the first few of those.
        stampless: records without a stamp although the file's others carry one.
        undecodable: records that are valid neither as UTF-8 nor in the configured code page.
        overlong: records of which not everything was kept.
        user_timeouts: lines on which a template of the configuration file ran out of time, by its name.
    """

    events: list[Event] = field(default_factory=list)
    consumed: int = 0
    lines: int = 0
    records: int = 0
    last_record: float | None = None
    unmatched: int = 0
    samples: list[str] = field(default_factory=list)
    stampless: int = 0
    undecodable: int = 0
    overlong: int = 0
    user_timeouts: Counter[str] = field(default_factory=Counter)


class Matcher:
    """Turns blocks into events.

    It holds no state between blocks but what templates of the configuration file have cost so far, and what is
    remembered of records in order not to read them again.

    Args:
        catalogue: what is known of messages.
        reader: reads records.
        tables: the catalogue's, if others use them too.
        compiled: whether lines may be read by compiled code where it was built; it finds the same.
    """

    def __init__(
        self, catalogue: Catalogue, reader: RecordReader, tables: Tables | None = None, *, compiled: bool = True
    ) -> None:
        self._reader = reader
        self._tables = tables or Tables(catalogue)
        self._components = catalogue.components
        self._logs = {message.log for message in catalogue.messages if message.components}
        self._interpreter = Interpreter(catalogue, reader, self._tables.memo(reader.code_page))
        self._stamped = Stamped(reader, self._interpreter)
        self._pasted = Pasted(reader, self._interpreter)
        self._scanner = COMPILED if compiled else None

    @property
    def disabled(self) -> frozenset[str]:
        """Names of the templates of the configuration file that were switched off because they took too long."""
        return frozenset(self._interpreter.user.disabled)

    def scan(self, block: Block, log: str) -> Scan:
        """Find the events of a block.

        Args:
            block: whole lines of one file; its last record may be torn.
            log: name of the log, without folder and suffix, in lower case.
        """
        scan = Scan()
        source = Source(log, block.file, self._tables.of_log(log), scan.user_timeouts)
        if self._scanner is not None and block.stamped:
            block = self._scan_compiled(self._scanner, block, source, scan)
        if block.data:
            self._scan_plainly(block, source, scan)
        return scan

    def first_record(self, block: Block) -> float | None:
        """Return the time of the first record of a block that has one in a known zone, POSIX seconds."""
        segments = self._reader.segment(block)
        stamp = self._stamp(zip(segments.raws, segments.lines, strict=True), block.file)
        return stamp.utc if stamp else None

    def _scan_compiled(self, scanner_type: type[Scanner], block: Block, source: Source, scan: Scan) -> Block:
        """Scan the lines of a block that are whole records; return what is left of it, to be scanned plainly.

        What stands between such lines is scanned plainly, with the one that ends it, as a block of its own: what
        becomes of a line does not depend on where blocks are cut, and behind a whole record nothing waits.
        """
        data, at, line = block.data, 0, block.line
        scanner = scanner_type(data, source, self._reader, self._interpreter)
        is_ascii = data.isascii()
        for _ in range(MAX_BREAKS):
            alarms: list[tuple[bytes, int]] = []
            stop, below = scanner.whole_lines(at, line, scan.events, alarms)
            scan.consumed += stop - at
            scan.lines += below - line
            scan.records += below - line
            if not is_ascii:
                scan.undecodable += self._undecodable(data[at:stop].split(b"\n"))
            self._note_last(scan, _upwards(data, at, stop, below), block.file)
            self._count_unmatched([raw for raw, _ in alarms], [number for _, number in alarms], source, scan)
            end = scanner.end_of_whole_line(stop)
            at, line = stop, below
            if not end:
                break
            before = scan.lines
            self._scan_plainly(replace(block, data=data[stop:end], line=below, final=False), source, scan)
            at, line = end, below + scan.lines - before
        return replace(block, data=data[at:], line=line)

    def _scan_plainly(self, block: Block, source: Source, scan: Scan) -> None:
        """Scan all of a block."""
        segments = self._reader.segment(block)
        raws, lines = segments.raws, segments.lines
        scan.consumed += segments.consumed
        scan.lines += segments.line_count
        scan.records += len(raws)
        scan.stampless += segments.stampless
        scan.overlong += segments.overlong
        if not block.data.isascii():
            scan.undecodable += self._undecodable(raws)
        self._note_last(scan, zip(reversed(raws), reversed(lines), strict=True), block.file)
        events, unknown = (self._stamped if block.stamped else self._pasted).events(segments, source)
        scan.events += events
        self._count_unmatched(list(compress(raws, unknown)), list(compress(lines, unknown)), source, scan)

    def _count_unmatched(self, raws: Sequence[bytes], lines: Sequence[int], source: Source, scan: Scan) -> None:
        """Count those of some records without an event that tell of a failure, so that a new wording is noticed."""
        for at in alarming(raws):
            record = self._reader.parse(raws[at], source.file, lines[at])
            if is_alarm(record) and self._is_covered(record, source.log):
                scan.unmatched += 1
                if len(scan.samples) < MAX_SAMPLES:
                    scan.samples.append(record.message[:MAX_SAMPLE_LENGTH])

    def _is_covered(self, record: Record, log: str) -> bool:
        """Tell whether the catalogue claims to know what the writer of a record says."""
        return record.component in self._components if record.component else log in self._logs

    def _note_last(self, scan: Scan, records: Iterable[tuple[bytes, int]], file: str) -> None:
        """Note the time of the last of some records, given from the last on."""
        stamp = self._stamp(records, file)
        if stamp is not None:
            scan.last_record = stamp.utc

    def _stamp(self, records: Iterable[tuple[bytes, int]], file: str) -> Stamp | None:
        """Return the stamp of the first of some records that has one."""
        stamps = (self._reader.parse(raw, file, line).stamp for raw, line in records)
        return next((stamp for stamp in stamps if stamp is not None), None)

    def _undecodable(self, raws: Iterable[bytes]) -> int:
        return sum(decode(raw, self._reader.code_page)[1] for raw in raws if not raw.isascii())


def _upwards(data: bytes, begin: int, end: int, below: int) -> Iterator[tuple[bytes, int]]:
    """Give the lines of a part from the last on, each with its number; `below` is that of the line below them."""
    while end > begin:
        start = max(begin, data.rfind(b"\n", begin, end - 1) + 1)
        below -= 1
        yield data[start : end - 1], below
        end = start
