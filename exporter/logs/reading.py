"""One opening of one log file: what is read of it, and what of that is presented.

A file may be cut off, rolled or written anew at any moment. What was read counts only if the same opening shows the
file to be the expected one *after* the data was read: a file that was cut off never shows its old first bytes again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from exporter.logs import segments
from exporter.logs.block import Block
from exporter.logs.position import HEAD, LONG_HEAD, TAIL, Place
from exporter.logs.transcoding import find_mark, raw_length, transcode, whole_lines
from exporter.logs.volume import OpenFile, Trouble, Volume, VolumeError

MAX_READ: Final = 1 << 20
"""Bytes of a file that are presented at once, unless a single record is longer."""

# glibc gives a piece as large as a block back to the system when it is done with, and has to clear its pages anew for
# the next block: a twentieth of a scan. It keeps pieces of a size that it has seen come and go: mallopt(3),
# M_MMAP_THRESHOLD. No page of these bytes is ever touched.
bytes(4 * MAX_READ)

_MUCH: Final = 64 << 10
"""Of more bytes than this, taking what stands before them off costs more than reading it apart does."""

Torn = tuple[str | None, int, int, int]
"""Tells the unfinished end of a file from any other: identity, where it begins, size, checksum of the first bytes."""


class MovedError(Exception):
    """A file was not, or no longer, the one it was taken for: look again, at once."""


class DoubtError(Exception):
    """What was seen may not last: look again, later."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one opening of a file showed.

    Attributes:
        identity: of the file.
        offset: where `data` begins.
        size: bytes the file held.
        head: its first bytes; none of a file that was trusted unread.
        before: those before `offset`, at most `position.TAIL`.
        data: those from `offset` on.
        known: `data` was not read again, because it is the unfinished end that was presented before.
    """

    identity: str | None
    offset: int
    size: int
    head: bytes
    before: bytes
    data: bytes
    known: bool = False

    def torn_at(self, offset: int) -> Torn:
        """Describe this end of the file if what begins at `offset` is unfinished."""
        return self.identity, offset, self.size, crc32(self.head[:HEAD])


@dataclass(frozen=True, slots=True)
class Presented:
    """A block that somebody acts on, and what tells where in the file its bytes end.

    Attributes:
        block: what is presented.
        sight: what it was made of.
        place: where reading stood, or None at the start of the file.
        skipped: bytes before those presented that are no text.
        raw: the bytes presented, as they are in the file.
        codec: what they were transcoded from, or "".
        padded: whether zeros follow them, in whose place text may still come.
    """

    block: Block
    sight: Sight
    place: Place | None
    skipped: int
    raw: bytes
    codec: str
    padded: bool

    @property
    def end(self) -> int:
        """Where the presented bytes end in the file."""
        return self.sight.offset + self.skipped + len(self.raw)

    def place_after(self, consumed: int, lines: int) -> Place:
        """Describe the place behind the first `consumed` bytes of the block's data, which hold `lines` lines."""
        length = consumed
        if consumed == len(self.block.data):
            length = len(self.raw)
        elif self.codec:
            length = raw_length(self.block.data[:consumed], self.codec)
        read = self.skipped + length
        offset, line, stamped = self.sight.offset + read, self.block.line + lines, self.block.stamped
        tail = (self.sight.before + self.sight.data[max(0, read - TAIL) : read])[-TAIL:]
        start = self.place or Place.start(self.block.file, self.sight.identity)
        return start.moved(offset, line, self.sight.head, tail, stamped=stamped)


class LogFile:
    """A file by the name it has now; opened by each method, and closed by it.

    Args:
        volume: what reads it.
        folder: where it is.
        name: its name.

    Raises:
        MovedError: from each method, when there is no file by this name any more.
        VolumeError: from each method, when the file cannot be read.
    """

    def __init__(self, volume: Volume, folder: str, name: str) -> None:
        self._volume = volume
        self._folder = folder
        self._name = name

    @contextmanager
    def _open(self) -> Iterator[OpenFile]:
        try:
            with self._volume.open(self._folder, self._name) as file:
                yield file
        except VolumeError as error:
            if error.trouble is Trouble.MISSING:
                raise MovedError(str(error)) from None
            raise

    def find(self, places: Sequence[Place]) -> tuple[Sight, tuple[Place, ...]]:
        """See what the file is, and which places are in it."""
        with self._open() as file:
            # One byte behind each place, too: a copy that was opened just before it was filled tells a size of 0, and
            # that something follows the place must not go unseen.
            runs = [(place, file.read(place.tail_start, place.offset - place.tail_start + 1)) for place in places]
            head = file.read(0, HEAD)
            if len(head) == HEAD and not segments.first_stamp(head):
                head = file.read(0, LONG_HEAD)
            size = max(file.size, len(head), *(place.tail_start + len(run) for place, run in runs if run))
            if size > len(head) and not file.read(size - 1, 1):  # cut off meanwhile: the head is of something else
                raise MovedError(self._name)
            sight = Sight(file.identity, 0, size, head, b"", b"")
        return sight, tuple(place for place, run in runs if place.is_in(head, run[: place.offset - place.tail_start]))

    def read(self, offset: int, size: int) -> bytes:
        """Read some bytes of whatever file it is."""
        with self._open() as file:
            return file.read(offset, size)

    def look(
        self, place: Place | None, want: int, torn: Torn | None = None, begins: bytes = b"", *, trust: bool = False
    ) -> Sight:
        """Read what lies behind a place.

        Args:
            place: where to read on, or None to read from the start.
            want: bytes to read.
            torn: an unfinished end that need not be read again while nothing has come behind it.
            begins: how the file begins, if that is known of it.
            trust: whether a file that still ends at the place, and is the same by its identity, need not be read. It
                may have been written anew, as long as before; nothing is lost if that is seen at a later look.

        Raises:
            MovedError: it is another file, or the place is not in it any more.
        """
        offset, start = (place.offset, place.tail_start) if place else (0, 0)
        undecided = place is None or (not place.stamped and place.offset < LONG_HEAD)
        most = LONG_HEAD if place is None or undecided else max(HEAD, place.heads[-1][0])
        with self._open() as file:
            size = file.size
            if trust and place and size == offset and file.identity == place.identity is not None:
                return Sight(file.identity, offset, size, b"", b"", b"")
            known = torn is not None and torn[:3] == (file.identity, offset, size)
            length = 0 if known else want
            if place and size - offset > _MUCH:
                data, before = file.read(offset, length), file.read(start, offset - start)
            else:
                run = file.read(start, offset - start + length)
                before, data = run[: offset - start], run[offset - start :]
            head = file.read(0, most)
            size = max(size, start + len(before) + len(data))
            sight = Sight(file.identity, offset, size, head, before, data, known)
        if not sight.head.startswith(begins) or (place and not place.is_in(sight.head, sight.before)):
            raise MovedError(self._name)
        if known and sight.torn_at(offset) != torn:  # written anew, as long as before
            return self.look(place, want)
        return sight

    def settle(self, seen: Sight, least: int, *, growing: bool) -> Place | None:
        """Find the place where the line ends that reaches to byte `least`.

        If the file is shorter, that is its end or, where it may go on growing, the end of its last whole line.

        Args:
            seen: what the file was when it was found.
            least: bytes that count as read.
            growing: whether lines may be added to the file.

        Raises:
            MovedError: it is not that file, or it is being copied just now.
        """
        lines = end = size = 0
        with self._open() as file:
            head = file.read(0, LONG_HEAD)
            _, codec = find_mark(head)
            while end < least and (data := file.read(size, MAX_READ)):
                count, length = whole_lines(data, codec, least - size)
                lines += count
                end = size + length if count else end
                size += len(data)
            if end < least and not growing:
                end = size
            tail = file.read(max(0, end - TAIL), min(end, TAIL))
            changed = not growing and file.size != seen.size
            if changed or not head.startswith(seen.head) or not head.startswith(file.read(0, HEAD)):
                raise MovedError(self._name)
        if end == 0:
            return None
        return Place.start(self._name, seen.identity).moved(end, lines + 1, head, tail, stamped=_shows_stamps(head))


def present(name: str, place: Place | None, sight: Sight, *, at_end: bool, final: bool) -> Presented:
    """Make a block of what was read.

    Zeros where text should be are a hole: a writer that goes on at its old place in a file that was cut off leaves
    one at the start, a server that crashed or has yet to write leaves one at the end. They are no text; at the end,
    what belongs there may still come.

    Args:
        name: name of the file.
        place: where reading stood in it, or None at its start.
        sight: what was read.
        at_end: whether that reaches to the end of the file.
        final: whether nothing can follow.
    """
    mark, codec = find_mark(sight.head)
    skipped = 0 if place else mark
    raw = sight.data[skipped:]
    padded = False
    if not codec and raw[:1] == b"\0":
        skipped += len(raw) - len(raw := raw.lstrip(b"\0"))
    if not codec and at_end and raw[-1:] == b"\0":
        raw = raw.rstrip(b"\0")
        padded = True
    block = Block(
        data=transcode(raw, codec, final=final) if codec else raw,
        file=name,
        line=place.line if place else 1,
        stamped=(place is not None and place.stamped) or _shows_stamps(sight.head),
        final=final,
    )
    return Presented(block, sight, place, skipped, raw, codec, padded)


def _shows_stamps(head: bytes) -> bool:
    mark, codec = find_mark(head)
    text = transcode(head[mark:], codec, final=False) if codec else head[mark:]
    return segments.is_stamped(text)
