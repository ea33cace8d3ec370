"""The matcher against a plain reference: read every record, try every template. Only the cost may differ."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from exporter.events.interpreter import MAX_JOINED
from exporter.events.loader import load_catalogue
from exporter.events.matcher import Matcher, Scan
from exporter.events.pasted import MAX_WRAPPED
from exporter.events.statmsg import MARK, continues, is_whole, parse_statmsg
from exporter.events.templates import bare
from exporter.events.user import UserTemplate
from exporter.logs.block import Block
from exporter.logs.clock import Clock
from exporter.logs.records import Record, RecordReader, Severity
from tests.events.lines import BLOCKED_UNIT, NOISE, PASTED_FORMS, STAMPED_FORMS, STATMSG, biased

_USER = (
    UserTemplate(name="validated", text="Start validating package {package} on server {text:server}"),
    UserTemplate(name="done", text="{text:what} is complete", log="distmgr"),
    UserTemplate(name="disk", pattern=r"drive (?P<drive>[A-Z])", log="sender"),
)
_READER = RecordReader(Clock())
_CATALOGUE = load_catalogue()
_WITH_USER = load_catalogue(_USER)
_COMPILED, _PLAIN = (Matcher(_CATALOGUE, _READER, compiled=compiled) for compiled in (True, False))
_USER_MATCHERS = [Matcher(_WITH_USER, _READER, compiled=compiled) for compiled in (True, False)]

Found = tuple[str, dict[str, Any], int, float | None, int | None, str, str]


@dataclass
class Reference:
    """What a scan has to find, found the plain way."""

    log: str
    user: bool
    events: list[Found] = field(default_factory=list)
    unmatched: int = 0

    def scan(self, block: Block) -> Reference:
        segments = _READER.segment(block)
        raws, lines = segments.raws, list(segments.lines)
        at = 0
        while at < len(raws):
            found, used = self.stamped(raws[at], lines[at]) if block.stamped else self.pasted(raws, lines, at)
            self.events += found
            if not found:
                self.unmatched += sum(self.is_suspicious(raws[n], lines[n]) for n in range(at, at + used))
            at += used
        return self

    def stamped(self, raw: bytes, line: int) -> tuple[list[Found], int]:
        found = self.event(_READER.parse(raw, "x.log", line))
        return ([found] if found else list(self.glued(raw, line))), 1

    def glued(self, raw: bytes, line: int) -> Iterator[Found]:
        lines = raw.split(b"\n")
        for at in range(len(lines) if len(lines) > 1 else 0):
            if not lines[at].strip(b" \t\r~"):
                continue
            left = len(lines) - at
            if at > 0 and left <= MAX_JOINED:
                found = self.event(_READER.parse(b"\n".join(lines[at:]), "x.log", line + at))
                if found:
                    yield found
                    return
            found = self.event(_READER.parse(lines[at], "x.log", line + at)) if left > 1 else None
            if found:
                yield found

    def pasted(self, raws: Sequence[bytes], lines: Sequence[int], at: int) -> tuple[list[Found], int]:
        message = _READER.parse(raws[at], "x.log", lines[at]).message
        if message.startswith(MARK):
            used = 1
            while not is_whole(message) and used < MAX_JOINED and self.follow(lines, at, used + 1):
                further = raws[at + used].decode("latin-1")
                if not continues(further):
                    break
                message += "\n" + further
                used += 1
            found = self.event(_READER.parse(b"\n".join(raws[at : at + used]), "x.log", lines[at]))
            return ([found] if found else []), used
        for used in range(1, MAX_WRAPPED + 1):
            if not self.follow(lines, at, used):
                break
            record = _READER.parse(b"\n".join(raws[at : at + used]), "x.log", lines[at])
            found = self.event(record) if used == 1 else self.catalogued(record)
            if found:
                return [found], used
            if b"\n" in raws[at]:
                return list(self.glued(raws[at], lines[at])), 1
        return [], 1

    @staticmethod
    def follow(lines: Sequence[int], at: int, used: int) -> bool:
        return at + used <= len(lines) and lines[at + used - 1] == lines[at] + used - 1

    def event(self, record: Record) -> Found | None:
        statmsg = parse_statmsg(record.message)
        if statmsg is not None:
            time = record.stamp.utc if record.stamp else None
            time = statmsg.time if time is None else time
            fields = {"id": statmsg.number, "istr0": statmsg.strings[0]}
            return "status_message", fields, record.line, time, record.thread, record.component, record.message
        return self.catalogued(record) or (self.own(record) if self.user else None)

    def catalogued(self, record: Record) -> Found | None:
        message = bare(record.message)
        matches = []
        for entry in _CATALOGUE.messages:
            believed = not entry.components or record.component in entry.components
            if not entry.is_matched or not (believed or record.component not in _CATALOGUE.components):
                continue
            for template in entry.templates:
                fields = template.match(message)
                if fields is not None:
                    matches.append((-template.weight, entry.name, fields))
        if not matches:
            return None
        _, name, fields = min(matches, key=lambda match: match[:2])
        time = record.stamp.utc if record.stamp else None
        return name, fields, record.line, time, record.thread, record.component, record.message

    def own(self, record: Record) -> Found | None:
        for compiled in _WITH_USER.user:
            if compiled.source.log in {"", self.log}:
                fields = compiled.match(record.message)
                if fields is not None:
                    time = record.stamp.utc if record.stamp else None
                    name = f"user:{compiled.source.name}"
                    return name, dict(fields), record.line, time, record.thread, record.component, record.message
        return None

    def is_suspicious(self, raw: bytes, line: int) -> bool:
        record = _READER.parse(raw, "x.log", line)
        logs = {message.log for message in _CATALOGUE.messages}
        known = record.component in _CATALOGUE.components if record.component else self.log in logs
        word = any(word in raw.lower() for word in (b"error", b"fail", b"warn"))
        return known and word and record.severity is not Severity.INFO and not record.message.startswith("SQL>>>")


def _found(scan: Scan) -> list[Found]:
    return [
        (
            event.name,
            {name: event.fields[name] for name in ("id", "istr0")}
            if event.name == "status_message"
            else dict(event.fields),
            event.line,
            event.time,
            event.thread,
            event.component,
            event.text,
        )
        for event in scan.events
    ]


def _check(block: Block, log: str) -> None:
    for matchers, user in (((_COMPILED, _PLAIN), False), (_USER_MATCHERS, True)):
        compiled, plain = (matcher.scan(block, log) for matcher in matchers)
        wanted = Reference(log, user).scan(block)
        assert _found(plain) == wanted.events
        assert plain.unmatched == wanted.unmatched
        assert compiled == plain


_EXAMPLES = [message.example for message in _CATALOGUE.messages]
_MESSAGES = st.sampled_from([*_EXAMPLES, *BLOCKED_UNIT, *NOISE, STATMSG])
_COMPONENTS = st.sampled_from([*sorted(_CATALOGUE.components), "SMS_POLICY_PROVIDER", "MS_LAN_SENDER", "SMS Provider"])
_FORMS: st.SearchStrategy[Callable[..., str]] = st.sampled_from([*STAMPED_FORMS, *PASTED_FORMS])
_BLANKS = st.sampled_from([" ", "~", "  ", " ~ ", "\t", "\n", "\r\n", "~~   ~"])


@st.composite
def _messages(draw: st.DrawFn) -> str:
    """A message of a log, sometimes with other blanks, cut, glued to another, or with something around it."""
    message = draw(_MESSAGES)
    change = draw(st.integers(0, 9))
    if change == 0:
        message = draw(_BLANKS).join(message.split(" "))
    elif change == 1:
        at = draw(st.integers(0, len(message)))
        message = message[:at] + draw(_BLANKS) + message[at:]
    elif change == 2:
        message = message[: draw(st.integers(0, len(message)))]
    elif change == 3:
        message = message[draw(st.integers(0, len(message))) :]
    elif change == 4:
        message += draw(st.sampled_from(["\n", "~", " ", "; "])) + draw(_MESSAGES)
    elif change == 5:
        message = (
            draw(st.sampled_from(["~", " ", "\u00a0", "~ ~~    ~~~~", "\x0c", "é", "<![LOG[", "SMS_X 1 (0x1) "]))
            + message
        )
    elif change == 6:
        message = message.replace("'", "\u2019").swapcase() if draw(st.booleans()) else message.replace("'", "\u2019")
    return message


@st.composite
def _lines(draw: st.DrawFn) -> bytes:
    form = draw(_FORMS)
    line = form(draw(_messages()), draw(_COMPONENTS))
    return line.encode(draw(st.sampled_from(["utf-8", "cp1252", "utf-8"])), "replace")


_TEXTS = st.lists(
    st.one_of(_lines(), _lines(), st.sampled_from([b"", b"ROLLOVER", b"  ", b"\xff\xfe", b"half a l"])), max_size=9
)


@given(
    _TEXTS, st.sampled_from([b"\r\n", b"\n"]), st.booleans(), st.booleans(), st.sampled_from(["distmgr", "sender", "x"])
)
@settings(max_examples=400, deadline=None)
@example([b"", biased(BLOCKED_UNIT[1]).encode()], b"\n", True, True, "distmgr")  # noqa: FBT003  # hypothesis passes them so
def test_fast_way_finds_what_the_plain_way_finds(
    lines: list[bytes],
    end: bytes,
    stamped: bool,  # noqa: FBT001
    final: bool,  # noqa: FBT001
    log: str,
) -> None:
    _check(Block(end.join([*lines, b""]), "x.log", 1, stamped, final), log)


def test_fast_way_finds_what_the_plain_way_finds_in_a_long_log() -> None:
    chance = random.Random(7)  # noqa: S311  # nothing secret
    lines = [chance.choice(STAMPED_FORMS)(chance.choice([*_EXAMPLES, *NOISE])) for _ in range(3000)]
    _check(Block("\r\n".join([*lines, ""]).encode(), "x.log"), "distmgr")


@given(_TEXTS, st.lists(st.integers(0, 99), min_size=1, max_size=20))
@settings(max_examples=150, deadline=None)
def test_what_was_read_before_is_told_anew_with_its_own_time_and_thread(lines: list[bytes], order: list[int]) -> None:
    again = [
        line.replace(b"<thread=9112 (0x2398)", b"<thread=%d (0x%x)" % (n, n)).replace(
            b":25.828", b":%02d.%03d" % (n, n)
        )
        for n in order
        for line in lines
    ]
    _check(Block(b"\n".join([*lines, *again, b""]), "x.log", 1, final=True), "distmgr")


@given(_TEXTS, st.data())
@settings(max_examples=100, deadline=None)
def test_where_blocks_are_cut_does_not_matter(lines: list[bytes], data: st.DataObject) -> None:
    stamped = [line for line in lines if b"$$<" in line]
    text = b"\n".join([*stamped, b""])
    at = data.draw(st.integers(0, len(text)))
    for matcher in (_COMPILED, _PLAIN):
        whole = matcher.scan(Block(text, "x.log", 1, final=True), "distmgr")
        first = matcher.scan(Block(text[:at], "x.log", 1), "distmgr")
        second = matcher.scan(Block(text[first.consumed :], "x.log", 1 + first.lines, final=True), "distmgr")
        assert _found(first) + _found(second) == _found(whole)
        assert first.unmatched + second.unmatched == whole.unmatched
