"""One pass over a block of bytes: the events of its lines.

The pass is built so that a line that means nothing costs next to nothing. Only lines whose beginning a template has
are read; how the rest is told apart from them is in `exporter.events.dispatch`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Final

from exporter.events.alarms import alarming, is_alarm
from exporter.events.dispatch import Tables
from exporter.events.event import Event
from exporter.events.interpreter import HEAD, Interpreter, Source
from exporter.events.loader import Catalogue
from exporter.events.pasted import Pasted
from exporter.logs.block import Block
from exporter.logs.clock import FRACTIONS
from exporter.logs.encoding import decode
from exporter.logs.records import TAIL, Record, RecordReader, Segments

MAX_SAMPLES: Final = 5
MAX_SAMPLE_LENGTH: Final = 400


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
    """

    def __init__(self, catalogue: Catalogue, reader: RecordReader, tables: Tables | None = None) -> None:
        self._reader = reader
        self._tables = tables or Tables(catalogue)
        self._components = catalogue.components
        self._logs = {message.log for message in catalogue.messages if message.components}
        self._interpreter = Interpreter(catalogue, reader, self._tables.memo(reader.code_page))
        self._pasted = Pasted(reader, self._interpreter)

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
        segments = self._reader.segment(block)
        scan = Scan(
            consumed=segments.consumed,
            lines=segments.line_count,
            records=len(segments.raws),
            stampless=segments.stampless,
            overlong=segments.overlong,
            last_record=self._time(zip(reversed(segments.raws), reversed(segments.lines), strict=True), block.file),
            undecodable=self._undecodable(block, segments),
        )
        source = Source(log, block.file, self._tables.of_log(log), scan.user_timeouts)
        find = self._stamped if block.stamped else self._pasted.events
        scan.events, unknown = find(segments, source)
        self._count_unmatched(segments, unknown, scan, source)
        return scan

    def first_record(self, block: Block) -> float | None:
        """Return the time of the first record of a block that has one in a known zone, POSIX seconds."""
        segments = self._reader.segment(block)
        return self._time(zip(segments.raws, segments.lines, strict=True), block.file)

    def _stamped(self, segments: Segments, source: Source) -> tuple[list[Event], list[bool]]:
        """Find the events of records that end in a stamp; tell of each record whether it gave none."""
        raws, lines, table = segments.raws, segments.lines, source.table
        # The one look at every line: a slice and a look-up, which tell most lines of most logs to be nothing. No line
        # of Python runs for each: that would cost a half more.
        hits = list(compress(range(len(raws)), map(table.__getitem__, map(HEAD, raws))))
        if not isinstance(lines, range):  # some records are not exactly one line, and may hold a message further down
            hits = [at for at, raw in enumerate(raws) if table[HEAD(raw)] is not None or b"\n" in raw]
        events: list[Event] = []
        unknown = [True] * len(raws)
        add, new, log, file = events.append, tuple.__new__, source.log, source.file
        ends, seconds, fractions, told = self._reader.ends, self._reader.seconds, FRACTIONS, self._interpreter.memo
        for at in hits:
            raw = raws[at]
            try:
                thread, said, second, fraction, zone = ends[raw[TAIL]]
                time = seconds[raw[zone]][raw[second]] + fractions[raw[fraction]]
                known = told[raw[said]]
            except KeyError:  # of another form, or not heard before
                found = self._interpreter.events(raw, lines[at], source)
                if found:
                    events += found
                    unknown[at] = False
                continue
            if known is not None:
                name, fields, component, text = known
                # Half the price of calling the class.
                add(new(Event, (name, fields, log, file, lines[at], time, thread, component, text)))
                unknown[at] = False
        return events, unknown

    def _count_unmatched(self, segments: Segments, unknown: Sequence[bool], scan: Scan, source: Source) -> None:
        """Count records that tell of a failure and gave no event, so that a new wording is noticed."""
        places = alarming(list(compress(segments.raws, unknown)))
        others = list(compress(range(len(unknown)), unknown)) if places else []
        for place in places:
            at = others[place]
            record = self._reader.parse(segments.raws[at], source.file, segments.lines[at])
            if is_alarm(record) and self._is_covered(record, source.log):
                scan.unmatched += 1
                if len(scan.samples) < MAX_SAMPLES:
                    scan.samples.append(record.message[:MAX_SAMPLE_LENGTH])

    def _is_covered(self, record: Record, log: str) -> bool:
        """Tell whether the catalogue claims to know what the writer of a record says."""
        return record.component in self._components if record.component else log in self._logs

    def _time(self, records: Iterable[tuple[bytes, int]], file: str) -> float | None:
        """Return the time of the first of some records that has a stamp."""
        for raw, line in records:
            stamp = self._reader.parse(raw, file, line).stamp
            if stamp is not None:
                return stamp.utc
        return None

    def _undecodable(self, block: Block, segments: Segments) -> int:
        if block.data.isascii():
            return 0
        return sum(decode(raw, self._reader.code_page)[1] for raw in segments.raws if not raw.isascii())
