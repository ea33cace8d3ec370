"""Records of ConfigMgr logs: the only place that knows the syntax of their lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from exporter.logs.block import Block
from exporter.logs.clock import FRACTION, SECOND, ZONE, Clock, Stamp
from exporter.logs.encoding import check_code_page, decode
from exporter.logs.forms import STRIPPED, Form, Parts, read_thread, stamped_form, take_apart
from exporter.logs.segments import MAX_BLOCK, MAX_RECORD, Segments, is_stamped, segment

__all__ = [
    "MAX_BLOCK",
    "MAX_RECORD",
    "Form",
    "Record",
    "RecordReader",
    "Segments",
    "Severity",
    "decode",
    "is_stamped",
    "severity_of",
]

_CACHE_LIMIT: Final = 1024
TAIL: Final = slice(-26, None)  # holds nearly every `><thread=10124 (0x278C)>`
Cut = tuple[bytes, float, int]
"""What is said, when (POSIX seconds), and by which thread."""
_LONGEST_THREAD: Final = 64
_LINE_BREAK: Final = re.compile(r"\r+\n")  # error reports put further carriage returns in


class Severity(StrEnum):
    """How a viewer colours a record."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Record(NamedTuple):
    r"""One record; a named tuple, because making one per record costs half a frozen dataclass.

    Attributes:
        message: the text without `~` and blanks at its ends. A `~` inside stays as it is: it stands for a line break
            where a component wrote one, but also in a path (`C:\PROGRA~1`), and nothing tells the two apart. Lines
            of a message are joined by a line feed.
        component: the component as written, or "".
        stamp: when it was written, or None when the record has no stamp or one that names no real date and time.
        thread: ID of the thread that wrote it, or None.
        severity: how a viewer colours it.
        form: how it was written down.
        file: name of the file it stands in.
        line: number of its first line there, from 1.
        stamp_text: the stamp as written, so that an unreadable one is not lost; "" if there is none.
    """

    message: str
    component: str
    stamp: Stamp | None
    thread: int | None
    severity: Severity
    form: Form
    file: str
    line: int
    stamp_text: str = ""


_INFO, _WARNING, _ERROR = Severity  # looking a member up in its enum costs as much as splitting a line
_CCM_SEVERITY: Final = {"1": _INFO, "2": _WARNING, "3": _ERROR}
_STATUS_SEVERITY: Final = {"I": _INFO, "W": _WARNING, "E": _ERROR}


def severity_of(message: str) -> Severity:
    """Colour a message as CMTrace does: by the words error and fail (not failover), then by warn.

    A status message says its own severity (`SEV=E`), which counts for more than a word in the name of a package.
    """
    if message.startswith("STATMSG:"):
        at = message.find(" SEV=")
        own = _STATUS_SEVERITY.get(message[at + 5 : at + 6]) if at > 0 else None
        if own is not None:
            return own
    lower = message.lower()
    if "error" in lower or ("fail" in lower and lower.count("fail") > lower.count("failover")):
        return _ERROR
    return _WARNING if "warn" in lower else _INFO


def _tidy(text: str) -> str:
    message = text.strip(STRIPPED)
    return _LINE_BREAK.sub("\n", message) if "\r" in message else message


class RecordReader:
    """Reads the records of one site's logs.

    Args:
        clock: reads stamps.
        code_page: the server's ANSI code page, for records that are not UTF-8; kept as an attribute, for `decode`.

    Attributes:
        ends: by the last bytes (`TAIL`) of a record that was cut, its thread, and the places of what is said, the
            second, the fraction and the zone, counted from the end: the records of a log end in the same few threads,
            and their stamps are equally long. If each part is found where its kind is known (`seconds`, `FRACTIONS`),
            cutting there gives what `cut` gives, for four slices and no search.
        seconds: the clock's.

    Raises:
        ValueError: the code page is not one that records can be read in.
    """

    def __init__(self, clock: Clock, code_page: str = "cp1252") -> None:
        check_code_page(code_page)
        self._clock = clock
        self.code_page: Final = code_page
        self._threads: dict[str, int] = {}
        self.ends: dict[bytes, tuple[int, slice, slice, slice, slice]] = {}
        self.seconds: Final = clock.seconds

    def segment(self, block: Block) -> Segments:
        """Cut a block into raw records; see `exporter.logs.segments.segment`."""
        return segment(block)

    def records(self, block: Block) -> Iterator[Record]:
        """Read the complete records of a block."""
        segments = segment(block)
        for raw, line in zip(segments.raws, segments.lines, strict=True):
            yield self.parse(raw, block.file, line)

    def parse(self, raw: bytes, file: str, line: int) -> Record:
        """Read one raw record; never raises for any bytes.

        Args:
            raw: the bytes of the record, as `segment` gives them.
            file: name of the file it stands in.
            line: number of its first line there.
        """
        text, _ = decode(raw, self.code_page)
        # The common forms without a regular expression: the last mark, two brackets, both stamp and thread known.
        body, mark, suffix = text.rpartition("$$<")
        if mark:
            fields = suffix.split("><")
            if len(fields) == 3:  # noqa: PLR2004  # component, stamp, thread
                component, when, tail = fields
                form = stamped_form(when)
                thread = self._thread(tail, form)
                stamp = self._clock.read(when)
                if thread is not None and stamp is not None:
                    message = _tidy(body)
                    return Record(message, component, stamp, thread, severity_of(message), form, file, line, when)
        return self._record(take_apart(text), file, line)

    def cut(self, raw: bytes) -> Cut | None:
        """Cut a raw record that ends as nearly all do into what is said, when, and by which thread.

        It costs a tenth of `parse`, for nothing is decoded. The places of the parts are remembered in `ends`.

        Returns:
            The bytes before the stamp, POSIX seconds and thread, or None when the record has to be parsed: of another
            form, or without a known time. They are what `parse` gives if `ends_in_component` holds of what is said;
            then the same words need not be read again, for neither stamp nor thread, of which only ASCII is taken
            here, has a part in how `parse` reads what stands before them.
        """
        head, mark, tail = raw.rpartition(b"><thread=")
        start = head.rfind(b"><") + len(b"><")
        when = head[start:]
        thread, time = self._thread_of(tail), self._clock.utc(when)
        if thread is None or time is None:
            return None
        end = -len(mark) - len(tail)
        if -end <= -TAIL.start:
            if len(self.ends) >= _CACHE_LIMIT:
                self.ends.clear()
            self.ends[raw[TAIL]] = thread, *_places(end - len(when), end)
        return raw[:start], time, thread

    @staticmethod
    def ends_in_component(said: bytes) -> bool:
        """Tell whether what stands before a stamp ends in the mark and the component that `parse` looks for."""
        mark = said.rfind(b"$$<")
        return mark >= 0 and said.find(b"><", mark + len(b"$$<")) == len(said) - len(b"><")

    def read_said(self, said: bytes) -> tuple[str, str]:
        """Read what is said, if `ends_in_component` holds of it: give the message and the component."""
        text, _ = decode(said, self.code_page)
        body, _, component = text.rpartition("$$<")
        return _tidy(body), component[:-2]

    def _thread_of(self, tail: bytes) -> int | None:
        """Read `9112 (0x2398)>`; only with the number in brackets, without which its radix hangs on the stamp."""
        return self._thread("thread=" + tail.decode("ascii"), Form.BIAS) if b"(" in tail and tail.isascii() else None

    def _thread(self, tail: str, form: Form) -> int | None:
        """Read `thread=9112 (0x2398)>`, remembering those seen lately."""
        thread = self._threads.get(tail)
        plausible = thread is None and len(tail) <= _LONGEST_THREAD and tail.startswith("thread=")
        if plausible and tail.rstrip(STRIPPED).endswith(">"):
            thread = read_thread(tail[7:].rstrip(STRIPPED + ">"), form)
            if thread is not None and "(" in tail:  # the radix of a lone number hangs on the form
                if len(self._threads) >= _CACHE_LIMIT:
                    self._threads.clear()
                self._threads[tail] = thread
        return thread

    def _record(self, parts: Parts, file: str, line: int) -> Record:
        message = _tidy(parts.message)
        return Record(
            message=message,
            component=parts.component,
            stamp=self._clock.read(parts.stamp) if parts.stamp else None,
            thread=read_thread(parts.thread, parts.form),
            severity=_CCM_SEVERITY.get(parts.level) or severity_of(message),
            form=parts.form,
            file=file,
            line=line,
            stamp_text=parts.stamp,
        )


@lru_cache(maxsize=256)
def _places(begin: int, end: int) -> tuple[slice, slice, slice, slice]:
    """Return where what is said and the parts of a stamp stand, which itself stands at these places from the end."""
    second, fraction, zone = (
        slice(begin + part.start, end if part.stop is None else begin + part.stop) for part in (SECOND, FRACTION, ZONE)
    )
    return slice(begin), second, fraction, zone
