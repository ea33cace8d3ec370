"""One pass over a block of bytes: the events of its lines.

The pass is built so that a line that means nothing costs next to nothing. Only lines whose beginning a template has
are read; how the rest is told apart from them is in `exporter.events.dispatch`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from operator import itemgetter
from typing import Final

from exporter.events.alarms import alarming, is_alarm
from exporter.events.dispatch import Dispatch, Tables, Wording
from exporter.events.event import Event
from exporter.events.loader import Catalogue
from exporter.events.messages import Message
from exporter.events.statmsg import MARK, Statmsg, continues, is_whole, parse_statmsg
from exporter.events.templates import HEAD_LENGTH, bare
from exporter.events.user import UserTemplates
from exporter.logs.block import Block
from exporter.logs.clock import FRACTIONS
from exporter.logs.encoding import decode
from exporter.logs.forms import CCM_START
from exporter.logs.records import TAIL, Record, RecordReader, Segments

STATUS_EVENT: Final = "status_message"
MAX_SAMPLES: Final = 5
MAX_SAMPLE_LENGTH: Final = 400
MAX_JOINED: Final = 16
"""Lines that a status message, or a message behind lines without a stamp, may be spread over."""
MAX_WRAPPED: Final = 4
"""Lines that any other message may have been wrapped to in a pasted text."""

# What is remembered of records that were read: 8,000 of them hold the messages about a thousand packages, and take
# some eight megabytes while a backlog is read.
_MOST_TOLD: Final = 8192
_LONGEST_TOLD: Final = 1024
_SHORT_BLOCK: Final = 256 << 10

_HEAD: Final = itemgetter(slice(HEAD_LENGTH))
_BLANKS: Final = b" \t\r~"
_CCM_START: Final = CCM_START.encode()

_Told = tuple[str, Mapping[str, str | int], str, str]
"""What words come to: an event's name, fields, component and text."""
_UNHEARD: Final[_Told] = ("", {}, "", "")


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

    It holds no state between blocks but what templates of the configuration file have cost so far, and what it
    remembers of records in order not to read them again.

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
        self._status_messages = catalogue.status_messages
        self._user = UserTemplates(catalogue.user)
        self._told: dict[bytes, _Told | None] = {}

    @property
    def disabled(self) -> frozenset[str]:
        """Names of the templates of the configuration file that were switched off because they took too long."""
        return frozenset(self._user.disabled)

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
        source = _Source(log, block.file, self._tables.of_log(log), scan)
        unknown = self._stamped(segments, source) if block.stamped else self._pasted(segments, source)
        self._count_unmatched(segments, unknown, source)
        if len(block.data) < _SHORT_BLOCK:  # the backlog is read: what was remembered is not worth its memory now
            self._told.clear()
        return scan

    def first_record(self, block: Block) -> float | None:
        """Return the time of the first record of a block that has one in a known zone, POSIX seconds."""
        segments = self._reader.segment(block)
        return self._time(zip(segments.raws, segments.lines, strict=True), block.file)

    def _stamped(self, segments: Segments, source: _Source) -> list[bool]:
        """Find the events of records that end in a stamp; tell of each record whether it gave none."""
        raws, lines, table = segments.raws, segments.lines, source.table
        # The one look at every line: a slice and a look-up, which tell most lines of most logs to be nothing. No line
        # of Python runs for each: that would cost a half more.
        hits = list(compress(range(len(raws)), map(table.__getitem__, map(_HEAD, raws))))
        if not isinstance(lines, range):  # some records are not exactly one line, and may hold a message further down
            hits = [at for at, raw in enumerate(raws) if table[_HEAD(raw)] is not None or b"\n" in raw]
        unknown = [True] * len(raws)
        add, new, log, file = source.scan.events.append, tuple.__new__, source.log, source.file
        ends, seconds, fractions, told = self._reader.ends, self._reader.seconds, FRACTIONS, self._told
        for at in hits:
            raw = raws[at]
            try:
                thread, said, second, fraction, zone = ends[raw[TAIL]]
                time = seconds[raw[zone]][raw[second]] + fractions[raw[fraction]]
                known = told[raw[said]]
            except KeyError:  # of another form, or not heard before
                unknown[at] = not self._read(raw, lines[at], source)
                continue
            if known is not None:
                name, fields, component, text = known
                # Half the price of calling the class.
                add(new(Event, (name, fields, log, file, lines[at], time, thread, component, text)))
                unknown[at] = False
        return unknown

    def _read(self, raw: bytes, line: int, source: _Source) -> bool:
        """Find the events of a record whose words are not remembered; tell whether there are any."""
        event: Event | None = None
        cut = self._reader.cut(raw)
        if cut is not None and self._may_remember(cut[0]):
            said, time, thread = cut
            told = self._learn(raw, said, source)
            if told is not None:
                name, fields, component, text = told
                event = Event(name, fields, source.log, source.file, line, time, thread, component, text)
        else:
            event = self._event(raw, line, source)
        found = [event] if event else list(self._glued(raw, line, source)) if b"\n" in raw else []
        source.scan.events += found
        return bool(found)

    def _may_remember(self, said: bytes) -> bool:
        """Tell whether the same words of another time or thread come to the same, and are few.

        That is not so of templates of the configuration file, which are timed, and may be switched off.
        """
        return len(said) <= _LONGEST_TOLD and not self._user.templates and self._reader.ends_in_component(said)

    def _learn(self, raw: bytes, said: bytes, source: _Source) -> _Told | None:
        """Find what words come to, and remember it."""
        wordings = self._wordings(raw, source.table)
        told = None if wordings == [] else self._tell(*self._reader.read_said(said), wordings, source.table)
        if len(self._told) >= _MOST_TOLD:
            self._told.clear()
        if told is not None or b"\n" not in said:  # each line of several may still say something
            self._told[said] = told
        return told

    def _wordings(self, raw: bytes, table: Dispatch) -> list[Wording] | None:
        """Return those that a raw record can be an instance of, or None where only its message can tell."""
        candidates = table[_HEAD(raw)]
        if raw.startswith(_CCM_START):  # a whole log may be written so: look behind the mark before reading a record
            beginning = raw[len(_CCM_START) : 8 * HEAD_LENGTH].lstrip(_BLANKS)[:HEAD_LENGTH]
            candidates = table[beginning] if beginning else candidates
        if candidates is None:
            return []
        if candidates.is_open or any(word in raw for word in candidates.user_words):
            return None
        # Most lines that only begin like a message end here, unread: they lack its rarest word.
        return [wording for wording in candidates.wordings if wording.word in raw]

    def _event(self, raw: bytes, line: int, source: _Source) -> Event | None:
        """Return the event of one raw record."""
        wordings = self._wordings(raw, source.table)
        if wordings == []:
            return None
        return self._event_of(self._reader.parse(raw, source.file, line), wordings, source)

    def _event_of(self, record: Record, wordings: Sequence[Wording] | None, source: _Source) -> Event | None:
        """Return the event of a record that has been read."""
        told = self._tell(record.message, record.component, wordings, source.table)
        if told is None and wordings is None and self._user.templates:
            found = self._user.match(record, source.log, source.scan.user_timeouts)
            told = (*found, record.component, record.message) if found else None
        if told is None:
            return None
        name, fields, component, text = told
        time = record.stamp.utc if record.stamp else None
        if time is None and name == STATUS_EVENT:
            # A pasted status message often has no other time than the one in UTC that it holds.
            statmsg = parse_statmsg(text)
            time = statmsg.time if statmsg else None
        return Event(name, fields, source.log, source.file, record.line, time, record.thread, component, text)

    def _tell(self, message: str, component: str, wordings: Sequence[Wording] | None, table: Dispatch) -> _Told | None:
        """Find what a message of a component comes to; `wordings` are those that it can be, if that is known."""
        if wordings is None and message.startswith(MARK):
            statmsg = parse_statmsg(message)
            if statmsg is not None:
                return STATUS_EVENT, self._status_fields(statmsg, component), component, message
        text = bare(message)
        for wording in table.of_message(message) if wordings is None else wordings:
            fields = wording.template.match(text)
            if fields is not None and self._may_write(component, wording.message):
                return wording.message.name, fields, component, message
        return None

    def _may_write(self, component: str, message: Message) -> bool:
        """Tell whether a component may write a message. Of one that is not known, anything is believed."""
        return not message.components or component in message.components or component not in self._components

    def _glued(self, raw: bytes, line: int, source: _Source) -> Iterator[Event]:
        """Find events in a record of several lines that is not one message.

        A line without stamp stands before the next record and looks like its first line. Both are tried: each line by
        itself, with no more of a time or thread than it tells, and what is left from a line on.
        """
        lines = raw.split(b"\n")
        last = len(lines) - 1
        for at, each in enumerate(lines):
            if not each.strip(_BLANKS):
                continue
            if at > 0 and last - at < MAX_JOINED:
                event = self._event(b"\n".join(lines[at:]), line + at, source)
                if event is not None:
                    yield event
                    return
            if at < last:
                event = self._event(each, line + at, source)
                if event is not None:
                    yield event

    def _pasted(self, segments: Segments, source: _Source) -> list[bool]:
        """Find the events of a text in which lines stand alone or were wrapped; tell which records gave none."""
        raws, lines, events = segments.raws, segments.lines, source.scan.events
        unknown = [True] * len(raws)
        at = 0
        while at < len(raws):
            found, used = self._unwrapped(raws, lines, at, source)
            if found:
                events += found
                unknown[at : at + used] = [False] * used
            at += used
        return unknown

    def _unwrapped(
        self, raws: Sequence[bytes], lines: Sequence[int], at: int, source: _Source
    ) -> tuple[list[Event], int]:
        """Return the events that begin at a line of a pasted text, and how many lines they take."""
        record = self._reader.parse(raws[at], source.file, lines[at])
        if record.message.startswith(MARK):
            used = _statmsg_lines(record.message, raws, lines, at)
            record = self._reader.parse(b"\n".join(raws[at : at + used]), source.file, lines[at])
            event = self._event_of(record, None, source)
            return ([event] if event else []), used
        event = self._event_of(record, None, source)
        if event is not None:
            return [event], 1
        if b"\n" in raws[at]:
            return list(self._glued(raws[at], lines[at], source)), 1
        if not record.message or source.table.of_message(record.message):
            for used in range(2, MAX_WRAPPED + 1):
                if not _follow(lines, at, used):
                    break
                record = self._reader.parse(b"\n".join(raws[at : at + used]), source.file, lines[at])
                event = self._event_of(record, source.table.of_message(record.message), source)
                if event is not None:
                    return [event], used
        return [], 1

    def _status_fields(self, statmsg: Statmsg, writer: str) -> Mapping[str, str | int]:
        component = statmsg.component or writer
        fields = {**statmsg.fields(), "component": component}
        known = self._status_messages.get(statmsg.number)
        if known is not None and known.names_package and known.component == component:
            fields["name"] = statmsg.strings[0]
        return fields

    def _count_unmatched(self, segments: Segments, unknown: Sequence[bool], source: _Source) -> None:
        """Count records that tell of a failure and gave no event, so that a new wording is noticed."""
        places = alarming(list(compress(segments.raws, unknown)))
        others = list(compress(range(len(unknown)), unknown)) if places else []
        for place in places:
            at = others[place]
            record = self._reader.parse(segments.raws[at], source.file, segments.lines[at])
            if is_alarm(record) and self._is_covered(record, source.log):
                source.scan.unmatched += 1
                if len(source.scan.samples) < MAX_SAMPLES:
                    source.scan.samples.append(record.message[:MAX_SAMPLE_LENGTH])

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


@dataclass(frozen=True, slots=True)
class _Source:
    """What is being read, and what has been found in it."""

    log: str
    file: str
    table: Dispatch
    scan: Scan


def _follow(lines: Sequence[int], at: int, count: int) -> bool:
    """Tell whether the last of so many records stands right below the others."""
    return at + count <= len(lines) and lines[at + count - 1] == lines[at] + count - 1


def _statmsg_lines(message: str, raws: Sequence[bytes], lines: Sequence[int], at: int) -> int:
    """Return over how many lines of a pasted text a status message is wrapped."""
    used = 1
    while not is_whole(message) and used < MAX_JOINED and _follow(lines, at, used + 1):
        further = raws[at + used].decode("latin-1")
        if not continues(further):
            break
        message += "\n" + further
        used += 1
    return used
