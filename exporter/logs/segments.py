"""Cuts a block of bytes into raw records, in one cheap pass when every line is one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from exporter.logs.block import Block

MAX_RECORD: Final = 1 << 20
"""Bytes of a record that are kept. Of a longer one, the start (what it says) and the end (its stamp) are kept."""
MAX_LINE: Final = 4 << 20
"""Bytes after which a line that has not ended is cut, because something must bound what waits in memory."""
MAX_WAITING_LINES: Final = 64
MAX_WAITING_BYTES: Final = 64 << 10
"""How much waits for the line that ends its record; beyond either bound the lines are released on their own."""
MAX_BLOCK: Final = MAX_LINE + MAX_WAITING_BYTES + MAX_WAITING_LINES
"""A block of more bytes than this is always consumed in part, so that whoever presents blocks makes progress."""

_FIRST_LINES: Final = 64
"""In how many lines the first stamp is looked for."""

_CCM_START: Final = b"<![LOG["
_CCM_END: Final = b"]LOG]!>"
_SUFFIX_WINDOW: Final = 512  # a component may be a path
_BLANKS: Final = b" \t\r"
_ROLLOVER: Final = b"ROLLOVER"

# What ends nearly every record; the longest known is `><thread=4294798339 (0xFFFD6C03)>`.
_STAMP_END: Final = re.compile(rb"><thread=[^<>\n]{0,40}>\r?$")
_TAIL: Final = itemgetter(slice(-26, None))  # holds nearly every `><thread=10124 (0x278C)>`
_CACHE_LIMIT: Final = 4096
# What else does: a thread at the start of a folded line or in round brackets, a stamp without thread, a component whose
# stamp a copy left out, odd blanks behind any of them.
_OTHER_END: Final = re.compile(
    rb"(?:"
    rb"(?:^|>)[ \t]{0,80}<thread=[^<>]{0,40}>"
    rb"|\)\(thread=[^()<>]{0,40}\)"
    rb"|\${1,2}[<>][^<>]{1,260}>[ \t]{0,8}<[^<>]{0,60}\d:\d\d:\d\d[^<>]{0,80}>"
    rb"|(?:\$\$|[ \t]\$)<SMS_[A-Z0-9_]{1,60}>"
    rb")[ \t\r]{0,16}$"
)


@dataclass(frozen=True, slots=True)
class Segments:
    """Raw records cut out of a block.

    Attributes:
        raws: the bytes of each record, without its last line feed; lines of one record are joined by line feeds.
        lines: number of the first line of each record in its file.
        consumed: bytes up to the end of the last complete record; the rest is presented again with more behind it.
        line_count: lines that end in the consumed bytes, so that the next block starts that many lines later.
        overlong: records of which not everything was kept, or that were cut.
        stampless: records without a stamp although the file's others carry one.
    """

    raws: list[bytes]
    lines: Sequence[int]
    consumed: int
    line_count: int
    overlong: int = 0
    stampless: int = 0


def is_stamped(head: bytes) -> bool:
    """Tell whether the records of a file end in a stamp, from its head.

    One line in eight is enough, because messages span lines; fewer are taken for a stray raw line in a pasted text,
    whose other lines must not be made to wait for it. Ask again while the head still grows: an empty or torn one
    shows nothing.

    Args:
        head: the first bytes of a file (some tens of kilobytes do), in an encoding that holds ASCII as itself.
    """
    lines = [line for line in head.split(b"\n") if line.strip()]
    ends = sum(_ends_in_stamp(line) or line.lstrip().startswith(_CCM_START) for line in lines)
    return ends > 0 and ends * 8 >= len(lines)


def first_stamp(head: bytes) -> int:
    """Return where the first line ends that carries a whole stamp, with its line feed if that is there; 0 if none does.

    The milliseconds of a stamp tell one log from another that begins with the same text. The start of a `<![LOG[`
    record says nothing: its stamp comes last.

    Args:
        head: the first bytes of a file, in an encoding that holds ASCII as itself.
    """
    end = 0
    for line in head.split(b"\n", _FIRST_LINES)[:_FIRST_LINES]:
        end += len(line) + 1
        if _ends_in_stamp(line) or _ends_ccm(line):
            return min(end, len(head))
    return 0


def segment(block: Block) -> Segments:
    """Cut a block into raw records.

    In a stamped file, bare lines belong to the next line that carries a stamp. A `<![LOG[` record runs to its
    closing bracket in any file. Lines that wait in vain (the bounds above, the end of a final block, the start of a
    `<![LOG[` record) become records of their own, without a stamp. Lines of blanks alone are no records.

    What becomes of a line does not depend on where blocks are cut, as long as the rest is presented again.

    Args:
        block: whole lines of one file, from the start of a record on; the last line may be torn.
    """
    lines = block.data.split(b"\n")
    torn = lines.pop()
    if block.final and torn:
        lines.append(torn)
        torn = b""
    suspects = _suspects(block, lines)
    if not suspects and len(torn) <= MAX_LINE:
        return Segments(lines, range(block.line, block.line + len(lines)), len(block.data) - len(torn), len(lines))
    return _Assembly(block).run(lines, suspects, torn)


class _Ends(dict[bytes, bool]):
    """Whether a line ends in a stamp, by its last bytes; those that do not show all of a stamp's end do not tell."""

    def __missing__(self, tail: bytes) -> bool:
        if len(self) >= _CACHE_LIMIT:
            self.clear()
        found = self[tail] = _STAMP_END.search(tail) is not None
        return found


_ENDS: Final = _Ends()


def _suspects(block: Block, lines: list[bytes]) -> Sequence[int]:
    """Give the places of those lines of a block that may not be a whole record."""
    if not block.stamped:
        return range(len(lines))
    # 80 ns a line, a tenth of looking at each from Python: no line of Python runs where threads come again.
    suspects: Sequence[int] = []
    if not all(map(_ENDS.__getitem__, map(_TAIL, lines))):
        suspects = [at for at, line in enumerate(lines) if not (_ENDS[_TAIL(line)] or _STAMP_END.search(line))]
    if len(block.data) > MAX_RECORD and max(map(len, lines), default=0) > MAX_RECORD:
        suspects = sorted({at for at, line in enumerate(lines) if len(line) > MAX_RECORD}.union(suspects))
    return suspects


def _ends_in_stamp(line: bytes) -> bool:
    if not line.rstrip(_BLANKS).endswith((b">", b")")):  # most lines that end no record are told by this alone
        return False
    return (
        _STAMP_END.search(line) is not None or _OTHER_END.search(line, max(0, len(line) - _SUFFIX_WINDOW)) is not None
    )


def _ends_ccm(line: bytes) -> bool:
    return _CCM_END in line and line.rstrip(_BLANKS).endswith(b">")


class _Assembly:
    """Builds the records of one block whose lines are not all records by themselves."""

    def __init__(self, block: Block) -> None:
        self._block = block
        self._raws: list[bytes] = []
        self._numbers: list[int] = []
        self._overlong = 0
        self._stampless = 0
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._waiting_for_ccm = False

    def run(self, lines: list[bytes], suspects: Iterable[int], torn: bytes) -> Segments:
        first = self._block.line
        done = 0
        for at in suspects:
            self._add_whole(lines[done:at], first + done)
            self._add(lines[at], first + at)
            done = at + 1
        self._add_whole(lines[done:], first + done)
        end = first + len(lines)
        torn = self._cut(torn, end)
        if self._block.final:
            self._release(end)
        return Segments(
            raws=self._raws,
            lines=self._numbers,
            consumed=len(self._block.data) - len(torn) - self._waiting_bytes,
            line_count=len(lines) - len(self._waiting),
            overlong=self._overlong,
            stampless=self._stampless,
        )

    def _add_whole(self, lines: list[bytes], number: int) -> None:
        """Take lines that each end in a stamp; the first may end the record of the lines that wait."""
        if lines and self._waiting:
            self._end_in_stamp(lines[0], number)
            lines, number = lines[1:], number + 1
        self._raws += lines
        self._numbers += range(number, number + len(lines))

    def _add(self, line: bytes, number: int) -> None:
        line = self._cut(line, number)
        if line.lstrip(_BLANKS).startswith(_CCM_START):
            self._release(number)
            self._waiting_for_ccm = True
        if _ends_ccm(line) if self._waiting_for_ccm else _ends_in_stamp(line):
            self._end(line, number)
        elif self._waiting_for_ccm and _ends_in_stamp(line):
            self._end_in_stamp(line, number)
        elif line.strip(_BLANKS) == _ROLLOVER:  # some writers put this line, which no stamp will follow, at the end
            self._release(number)
            self._append(line, number, stampless=True)
        elif self._waiting or (line.strip(_BLANKS) and (self._block.stamped or self._waiting_for_ccm)):
            self._wait(line, number)
        elif line.strip(_BLANKS):
            self._append(line, number, stampless=False)

    def _wait(self, line: bytes, number: int) -> None:
        self._waiting.append(line)
        self._waiting_bytes += len(line) + 1
        if len(self._waiting) >= MAX_WAITING_LINES or self._waiting_bytes > MAX_WAITING_BYTES:
            self._release(number + 1)

    def _end_in_stamp(self, line: bytes, number: int) -> None:
        # A stamp does not end a `<![LOG[` record: that one was torn off when its writer died, and stays alone.
        if self._waiting_for_ccm:
            self._release(number)
        self._end(line, number)

    def _end(self, line: bytes, number: int) -> None:
        first = number - len(self._waiting)
        raw = b"\n".join([*self._waiting, line]) if self._waiting else line
        self._forget_waiting()
        self._append(raw, first, stampless=False)

    def _release(self, number: int) -> None:
        """Make records of their own of the lines before line `number` that wait."""
        first = number - len(self._waiting)
        released = self._waiting
        self._forget_waiting()
        for offset, line in enumerate(released):
            if line.strip(_BLANKS):
                self._append(line, first + offset, stampless=self._block.stamped)

    def _forget_waiting(self) -> None:
        self._waiting = []
        self._waiting_bytes = 0
        self._waiting_for_ccm = False

    def _append(self, raw: bytes, number: int, *, stampless: bool) -> None:
        if len(raw) > MAX_RECORD:
            raw = _clip(raw)
            self._overlong += 1
        self._raws.append(raw)
        self._numbers.append(number)
        self._stampless += stampless

    def _cut(self, line: bytes, number: int) -> bytes:
        """Take pieces of `MAX_LINE` bytes off an endless line; give what is left of it."""
        while len(line) > MAX_LINE:
            self._release(number)
            end = _character_start(line, MAX_LINE)
            self._append(line[:end], number, stampless=self._block.stamped)
            line = line[end:]
        return line


def _clip(raw: bytes) -> bytes:
    """Keep the start and the end of a record, and say how much is left out."""
    half = MAX_RECORD // 2
    start = _character_start(raw, half)
    end = _character_start(raw, len(raw) - half)
    return b"%b [... %d bytes left out ...] %b" % (raw[:start], end - start, raw[end:])


def _character_start(raw: bytes, at: int) -> int:
    """Give the start of the UTF-8 character that holds byte `at`; in other encodings, a byte at most three before."""
    for start in range(at, max(at - 4, 0), -1):
        if raw[start] & 0xC0 != 0x80:  # noqa: PLR2004  # the bits that mark a continuation byte
            return start
    return at
