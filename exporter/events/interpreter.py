"""What one record says: its event, if the catalogue or a template of the configuration file knows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from exporter.events.dispatch import Dispatch, Wording
from exporter.events.event import Event
from exporter.events.loader import Catalogue
from exporter.events.memo import LONGEST, UNHEARD, Memo, Told
from exporter.events.messages import Message
from exporter.events.statmsg import MARK, Statmsg, parse_statmsg, without_time
from exporter.events.templates import HEAD_LENGTH, bare
from exporter.events.user import UserTemplates
from exporter.logs.forms import CCM_START
from exporter.logs.records import Cut, Record, RecordReader

STATUS_EVENT: Final = "status_message"
MAX_JOINED: Final = 16
"""Lines that a status message, or a message behind lines without a stamp, may be spread over."""

HEAD: Final = itemgetter(slice(HEAD_LENGTH))
BLANKS: Final = b" \t\r~"
_CCM_START: Final = CCM_START.encode()
_STATUS: Final = MARK.encode()


@dataclass(frozen=True, slots=True)
class Source:
    """What is being read.

    Attributes:
        log: name of the log; `file`: of its file.
        table: what its lines can be.
        timeouts: lines on which a template of the configuration file ran out of time, by its name; counted here.
    """

    log: str
    file: str
    table: Dispatch
    timeouts: Counter[str]


class Interpreter:
    """Finds what records say.

    Args:
        catalogue: what is known of messages.
        reader: reads records.
        memo: what was found before, by readers of the same code page.
    """

    def __init__(self, catalogue: Catalogue, reader: RecordReader, memo: Memo) -> None:
        self.memo = memo
        self.user = UserTemplates(catalogue.user)
        self._reader = reader
        self._components = catalogue.components
        self._status_messages = catalogue.status_messages

    def events(self, raw: bytes, line: int, source: Source, cut: Cut | None = None) -> Sequence[Event]:
        """Return the events of a raw record that ends in a stamp, and remember what its words came to.

        Args:
            raw: the record.
            line: number of its first line.
            source: what it stands in.
            cut: the record cut up, if it is already.
        """
        event: Event | None = None
        cut = cut or self._reader.cut(raw)
        if cut is not None and self._may_remember(cut[0]):
            said, time, thread = cut
            told = self._told(raw, said, source)
            if told is not None:
                name, fields, component, text = told
                # Calling the class would cost twice as much.
                parts = name, fields, source.log, source.file, line, time, thread, component, text
                event = tuple.__new__(Event, parts)
        else:
            event = self._event(raw, line, source)
        if event is not None:
            return (event,)
        return tuple(self.glued(raw, line, source)) if b"\n" in raw else ()

    def _may_remember(self, said: bytes) -> bool:
        """Tell whether the same words of another time or thread come to the same, and are few.

        That is not so of templates of the configuration file, which are timed, and may be switched off.
        """
        return len(said) <= LONGEST and not self.user.templates and self._reader.ends_in_component(said)

    def _told(self, raw: bytes, said: bytes, source: Source) -> Told | None:
        """Tell what words come to, and remember it."""
        words = (without_time(said) if said.startswith(_STATUS) else None) or said
        known = self.memo.get(words, UNHEARD)
        if known is not UNHEARD:
            return known if words is said or known is None else (*known[:3], self._reader.read_said(said)[0])
        wordings = self._wordings(raw, source.table)
        told = None if wordings == [] else self._tell(*self._reader.read_said(said), wordings, source.table)
        # Each of several lines may still say something, and of status messages that hold a time no two are alike.
        lasting = b"\n" not in said if told is None else words is not said or told[0] != STATUS_EVENT
        if lasting:
            self.memo.learn(words, told)
        return told

    def _wordings(self, raw: bytes, table: Dispatch) -> list[Wording] | None:
        """Return those that a raw record can be an instance of, or None where only its message can tell."""
        candidates = table[HEAD(raw)]
        if raw.startswith(_CCM_START):  # a whole log may be written so: look behind the mark before reading a record
            beginning = raw[len(_CCM_START) : 8 * HEAD_LENGTH].lstrip(BLANKS)[:HEAD_LENGTH]
            candidates = table[beginning] if beginning else candidates
        if candidates is None:
            return []
        user_words = candidates.user_words
        if candidates.is_open or (user_words and any(word in raw for word in user_words)):
            return None
        # Most lines that only begin like a message end here, unread: they lack its rarest word.
        return [wording for wording in candidates.wordings if wording.word in raw]

    def _event(self, raw: bytes, line: int, source: Source) -> Event | None:
        """Return the event of one raw record."""
        wordings = self._wordings(raw, source.table)
        if wordings == []:
            return None
        return self.event_of(self._reader.parse(raw, source.file, line), wordings, source)

    def event_of(self, record: Record, wordings: Sequence[Wording] | None, source: Source) -> Event | None:
        """Return the event of a record that has been read."""
        told = self._tell(record.message, record.component, wordings, source.table)
        if told is None and wordings is None and self.user.templates:
            found = self.user.match(record, source.log, source.timeouts)
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

    def _tell(self, message: str, component: str, wordings: Sequence[Wording] | None, table: Dispatch) -> Told | None:
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

    def glued(self, raw: bytes, line: int, source: Source) -> Iterator[Event]:
        """Find events in a record of several lines that is not one message.

        A line without stamp stands before the next record and looks like its first line. Both are tried: each line by
        itself, with no more of a time or thread than it tells, and what is left from a line on.
        """
        lines = raw.split(b"\n")
        last = len(lines) - 1
        for at, each in enumerate(lines):
            if not each.strip(BLANKS):
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

    def _status_fields(self, statmsg: Statmsg, writer: str) -> Mapping[str, str | int]:
        fields = statmsg.fields()
        fields["component"] = component = statmsg.component or writer
        known = self._status_messages.get(statmsg.number)
        if known is not None and known.names_package and known.component == component:
            fields["name"] = statmsg.strings[0]
        return fields
