"""Follows one log through growth, rollover, truncation and restart: the only place that knows how log files behave.

A log is a chain of files: dated history, `.lo_`, `.log`. It is read in that order, each file to its end. Whenever
more than the growth of `.log` is to be seen, the files are recognised again by their content (see
`exporter.logs.position` and `exporter.logs.chain`), because names, sizes and identities lie:

- `.log` becomes `.lo_` by rename, or by copy and truncation; in the second case the copy is another file, and while
  it is being made both hold the same lines;
- a folder's entry may be old news, and a file may roll between listing and opening, or between two reads. What is
  read from a file counts only if the same opening shows the file to be the expected one *after* the data was read:
  a file that was cut off never shows its old first bytes again;
- a new file is begun only when a look at the folder, after its first bytes were read, shows that the file before it
  is still there and no other has come. Else a whole file could pass unseen between the two.

What can be lost, and is then said by a `Gap`: what was not yet read of files that rolled away twice, were cut off,
deleted, replaced, or could not be read. What can be lost and cannot be known: a file that came and went between two
polls with nothing of it read, while the file before it stayed; lines written between the copying of a file and its
cutting off.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import Final
from zlib import crc32

from exporter.logs import segments
from exporter.logs.block import Block
from exporter.logs.chain import Chain, Seen, arrange
from exporter.logs.discovery import Folder, LogFiles
from exporter.logs.health import Gap, GapReason, LogHealth
from exporter.logs.position import HEAD, TAIL, Place, Position
from exporter.logs.transcoding import find_mark, raw_length, transcode, whole_lines
from exporter.logs.volume import Entry, Trouble, VolumeError

MAX_READ: Final = 1 << 20
"""Bytes of a file that are presented at once, unless a single record is longer."""
PATIENCE: Final = 60.0
"""Seconds that a rolled file may refuse to be read before reading goes on behind it: a virus scanner's lock lasts
seconds, and waiting longer risks the files behind it, which roll on."""
_STAMP_HEAD: Final = 32 << 10
"""First bytes from which is told whether records end in a stamp."""


_Key = tuple[str | None, int, int, int]


@dataclass(frozen=True, slots=True)
class _Sight:
    """What one opening of a file showed: its first bytes, those before `offset`, and those behind.

    `known`: the last of these were not read again, because they are the unfinished end that was presented before.
    """

    identity: str | None
    offset: int
    size: int
    head: bytes
    before: bytes
    data: bytes
    known: bool = False

    @property
    def key(self) -> _Key:
        """Tells this end of this file from any other."""
        return self.identity, self.offset, self.size, crc32(self.head[:HEAD])


@dataclass(frozen=True, slots=True)
class _Presented:
    """A block that the caller acts on, and what is needed to know where in the file its bytes end."""

    block: Block
    sight: _Sight
    place: Place | None
    skipped: int
    raw: bytes
    codec: str
    padded: bool

    @property
    def end(self) -> int:
        """Where the presented bytes end in the file."""
        return self.sight.offset + self.skipped + len(self.raw)


class _Moved(Exception):  # noqa: N818  # no error: the next poll sees clearer
    """A file was not, or no longer, the one it was taken for."""


class Follower:
    """Follows one log.

    Args:
        folder: where its files are.
        log: its name, lower case.
        position: where an earlier follower stopped, or None to read everything that is there.
        health: `up`, `error`, `size`, `position`, `lines`, `rollovers`, `sharing_violations`, `read_errors` and
            `gaps` are kept up to date here; the rest is the caller's.
        once: read what is there and never come back: the end of every file is final, that of `.log` too.
        max_read: bytes to present at once.

    Attributes:
        behind: whether the last poll left something unread that the next can read; not so after an error.
    """

    def __init__(
        self,
        folder: Folder,
        log: str,
        position: Position | None,
        health: LogHealth,
        *,
        once: bool = False,
        max_read: int = MAX_READ,
    ) -> None:
        self.log = log
        self.health = health
        self.behind = True
        self._folder = folder
        self._places = list(position.places) if position else []
        self._gone = position.gone if position else ()
        self._once = once
        self._max_read = max_read
        self._presented: _Presented | None = None
        # What follows saves work and settles doubts; a follower that forgets it all loses nothing.
        self._listed: LogFiles | None = None
        self._settled: LogFiles | None = None
        self._steady: tuple[Entry, ...] | None = None
        self._torn: _Key | None = None
        self._doubt: tuple[str | None, int] | None = None
        self._blocked_since: float | None = None
        self._given_up: dict[Entry, bool] = {}

    @property
    def position(self) -> Position:
        """Where reading stands: everything before it has been acted on."""
        return Position(tuple(self._places), self._gone)

    def poll(self, files: LogFiles, now: float) -> Iterator[Block | Gap]:
        """Read what is new.

        A block's bytes count as read once the caller has called `advance`, which it does before it asks for the next
        item. The iterator may be dropped after any item: the next poll goes on from there. No file is open while the
        caller acts on an item.

        Args:
            files: the log's files, as just listed.
            now: wall time, POSIX seconds.

        Yields:
            Blocks in the order in which their lines were written, and a gap where lines between two were lost.
        """
        if files.exact and files == self._settled:
            return
        self.behind = True
        try:
            whole = yield from self._read(files, now)
        except _Moved:
            whole = False
        except VolumeError as error:
            self.behind = False
            self.fail(error)
            return
        self.behind = not whole
        self._note_current(files)
        # A change within the grain of the file system's clock shows in no entry: trust one only at its second sight.
        self._settled = files if whole and files == self._listed else None
        self._listed = files

    def advance(self, consumed: int, lines: int) -> None:
        """Say that the start of the block just given has been acted on.

        Args:
            consumed: bytes of `Block.data` that are not to be presented again; the rest comes with more behind it.
            lines: lines that end in them.

        Raises:
            ValueError: no block was given, it is shorter, or it is final and was not consumed to its end.
        """
        shown = self._presented
        if shown is None or consumed > len(shown.block.data):
            raise ValueError(f"{self.log}: {consumed} bytes consumed that were not presented")
        if shown.block.final and consumed < len(shown.block.data):
            raise ValueError(f"{self.log}: a final block must be consumed to its end")
        self._presented = None
        if consumed == 0:
            return
        length = consumed
        if consumed == len(shown.block.data):
            length = len(shown.raw)
        elif shown.codec:
            length = raw_length(shown.block.data[:consumed], shown.codec)
        self._accept(shown, length, lines)
        self.health.lines += lines

    def fail(self, error: VolumeError) -> None:
        """Note that the log, or the folder it is in, could not be read."""
        self._steady = self._settled = None
        self.health.up = False
        self.health.error = str(error)
        if error.trouble is Trouble.SHARING:
            self.health.sharing_violations += 1
        else:
            self.health.read_errors[error.code] += 1

    # The chain of files

    def _read(self, files: LogFiles, now: float) -> Generator[Block | Gap, None, bool]:
        """Read what is new; return whether nothing is left."""
        newest = self._places[-1] if self._places else None
        if newest and files.current and newest.file == files.current.name and files.before_current == self._steady:
            try:
                return (yield from self._drain(files.current.name, newest, rolled=False))
            except _Moved:
                pass  # it has rolled, or was cut off
        self._steady = None
        chain = self._recognise(files, now)
        if chain.lost:  # it may have rolled to a name that was not listed
            files = self._folder.scan().get(self.log) or LogFiles(self.log)
            chain = self._recognise(files, now)
        if chain.doubt != self._doubt:
            self._doubt = chain.doubt
            if chain.doubt:
                raise _Moved
        self._doubt = None
        self.health.rollovers += chain.rolled
        settled = {seen.entry: place for seen, least in chain.settled if (place := self._settle(seen, least))}
        ahead = [settled[seen.entry] for seen, _ in chain.work if seen.entry in settled]
        older = [place for place in settled.values() if place not in ahead]
        self._places = [*older, *chain.position.places, *ahead]
        self._gone = chain.position.gone
        if chain.lost:
            yield self._gap(chain.lost, now)
        for seen, place in chain.work:
            if seen.error:
                self._given_up[seen.entry] = True
                yield self._gap(GapReason.UNREADABLE, now)
                continue
            place = settled.get(seen.entry, place)
            if place is None:
                whole = yield from self._begin(files, seen)
            else:
                whole = yield from self._drain(seen.entry.name, place, rolled=not seen.current)
            if not whole:
                return False
        if chain.error:
            raise chain.error
        self._steady = files.before_current
        return True

    def _recognise(self, files: LogFiles, now: float) -> Chain:
        found = [self._probe(entry, current=False) for entry in files.before_current]
        if files.current:
            found.append(self._probe(files.current, current=True))
            self.health.size = found[-1].size
        chain = self._arrange(found)
        if not chain.blocked:
            self._blocked_since = None
        elif self._blocked_since is None:
            self._blocked_since = now
        elif now - self._blocked_since >= PATIENCE:
            self._blocked_since = None
            self._given_up = {
                seen.entry: self._given_up.get(seen.entry, False) for seen in found if seen.error and not seen.current
            }
            chain = self._arrange(found)
        return chain

    def _arrange(self, found: list[Seen]) -> Chain:
        """Recognise the files, of which those are left out that were given up and said to be missing."""
        files = [
            replace(seen, given_up=seen.error is not None and seen.entry in self._given_up)
            for seen in found
            if seen.error is None or not self._given_up.get(seen.entry)
        ]
        return arrange(self.position, files, self._is_copy)

    def _probe(self, entry: Entry, *, current: bool) -> Seen:
        """Open a file and see which of the known places are in it."""
        try:
            with self._folder.volume.open(self._folder.path, entry.name) as file:
                known = (*self._gone, *self._places)
                # One byte behind each place, too: a file that was opened when its copying began has grown since, and
                # that something follows must not go unseen.
                runs = [(place, file.read(place.tail_start, place.offset - place.tail_start + 1)) for place in known]
                head = file.read(0, HEAD)
                holds = tuple(place for place, run in runs if place.is_in(head, run[: place.offset - place.tail_start]))
                size = max(file.size, len(head), *(place.tail_start + len(run) for place, run in runs if run))
                return Seen(entry, current, file.identity, size, head, holds)
        except VolumeError as error:
            return Seen(entry, current, error=error)

    def _is_copy(self, old: Seen, new: Seen) -> bool:
        """Tell whether `old` ends as `new` goes on at that place; where a copy is still to come there may be zeros."""
        start = max(0, old.size - TAIL)
        with self._folder.volume.open(self._folder.path, old.entry.name) as file:
            end = file.read(start, TAIL)
        with self._folder.volume.open(self._folder.path, new.entry.name) as file:
            return file.read(start, len(end)) == end or not end.strip(b"\0")

    def _gap(self, reason: GapReason, now: float) -> Gap:
        self.health.gaps[reason.value] += 1
        return Gap(self.log, reason, now, after=self.health.last_record, before=None, unread_bytes=None)

    def _settle(self, seen: Seen, least: int) -> Place | None:
        """Find the place in a file where the line ends that reaches to byte `least`.

        If the file is shorter, that is its end or, where it may go on growing, the end of its last whole line.
        """
        lines = end = size = 0
        with self._folder.volume.open(self._folder.path, seen.entry.name) as file:
            head = file.read(0, _STAMP_HEAD)
            _, codec = find_mark(head)
            while end < least and (data := file.read(size, MAX_READ)):
                count, length = whole_lines(data, codec, least - size)
                lines += count
                end = size + length if count else end
                size += len(data)
            if end < least and not seen.current:
                end = size
            tail = file.read(max(0, end - TAIL), min(end, TAIL))
            grown = not seen.current and file.size != seen.size  # then it is being copied just now
            if grown or not head.startswith(seen.head) or not head.startswith(file.read(0, HEAD)):
                raise _Moved
        if end == 0:
            return None
        name, identity, stamped = seen.entry.name, seen.identity, _shows_stamps(head)
        return Place.after(name, identity, end, lines + 1, stamped=stamped, head=head, tail=tail)

    def _begin(self, files: LogFiles, seen: Seen) -> Generator[Block | Gap, None, bool]:
        """Read a file from its start, once it is sure that none lies between it and the one before it."""
        sight = self._look(seen.entry.name, None, self._max_read)
        if not sight.head.startswith(seen.head):
            raise _Moved
        now = self._folder.scan().get(self.log)
        if now is None or [e.name for e in now.before_current] != [e.name for e in files.before_current]:
            raise _Moved
        if self._places:
            newest = self._places[-1]
            _check(newest, self._look(newest.file, newest, 0))
        return (yield from self._drain(seen.entry.name, None, rolled=not seen.current, sight=sight))

    # One file

    def _drain(
        self, name: str, place: Place | None, *, rolled: bool, sight: _Sight | None = None
    ) -> Generator[Block | Gap, None, bool]:
        """Read a file to its end, from a place in it or its start; return whether it may be left behind.

        A rolled file that ends in an unfinished record is left only at the second sight of that end: whoever wrote
        the start of the record may still be writing the rest.
        """
        at = self._places.index(place) if place else len(self._places)
        want = self._max_read
        while True:
            sight = sight or self._look(name, place, want, again=rolled or self._once)
            if place:
                _check(place, sight)
            if not rolled:
                self.health.size = sight.size
            if sight.known:
                return True
            at_end = len(sight.data) < want
            final = at_end and (self._once or (rolled and sight.key == self._torn))
            shown = _present(name, place, sight, at_end=at_end, final=final)
            if shown.block.data:
                self._presented = shown
                yield shown.block
                if self._presented is not None:  # the caller did not act on it
                    return False
            elif not at_end:
                self._accept(shown, 0, 0)
            before = place.offset if place else 0
            place = self._places[at] if at < len(self._places) else None
            after = place.offset if place else 0
            if at_end:
                left = bool(shown.raw) and after < shown.end
                self._torn = replace(sight, offset=after).key if left and (rolled or not shown.padded) else None
                return not (left and rolled)
            if after > before:
                want = self._max_read
            elif len(shown.block.data) > segments.MAX_BLOCK:
                raise RuntimeError(f"{self.log}: nothing consumed of a block of {len(shown.block.data)} bytes")
            else:
                want *= 2
            sight = None

    def _look(self, name: str, place: Place | None, want: int, *, again: bool = True) -> _Sight:
        """Open a file and read what lies behind a place; the first bytes last, for they show if it was still it.

        Args:
            name: name of the file.
            place: where to read on, or None to read from the start.
            want: bytes to read.
            again: whether to read an unfinished end again although nothing has come behind it.
        """
        offset, start = (place.offset, place.tail_start) if place else (0, 0)
        undecided = place is None or (not place.stamped and place.offset < _STAMP_HEAD)
        with self._folder.volume.open(self._folder.path, name) as file:
            size = file.size
            known = not again and self._torn is not None and self._torn[:3] == (file.identity, offset, size)
            run = file.read(start, offset - start + (0 if known else want))
            head = file.read(0, _STAMP_HEAD if undecided else HEAD)
            size = max(size, start + len(run))
            sight = _Sight(file.identity, offset, size, head, run[: offset - start], run[offset - start :], known)
        if known and sight.key != self._torn:  # written anew, as long as before
            return self._look(name, place, want)
        return sight

    def _accept(self, shown: _Presented, length: int, lines: int) -> None:
        """Move on behind `length` bytes of what was presented."""
        sight, place = shown.sight, shown.place
        read = shown.skipped + length
        offset = sight.offset + read
        tail = (sight.before + sight.data[:read])[-TAIL:]
        if place is None:
            self._places.append(
                Place.after(
                    shown.block.file,
                    sight.identity,
                    offset,
                    shown.block.line + lines,
                    stamped=shown.block.stamped,
                    head=sight.head,
                    tail=tail,
                )
            )
        else:
            moved = place.moved(
                offset, shown.block.line + lines, stamped=shown.block.stamped, head=sight.head, tail=tail
            )
            self._places[self._places.index(place)] = moved

    def _note_current(self, files: LogFiles) -> None:
        newest = self._places[-1] if self._places else None
        self.health.up = files.current is not None
        self.health.error = "" if files.current else f"{self.log}.log does not exist"
        self.health.size = self.health.size if files.current else 0
        reading = newest and files.current and newest.file == files.current.name
        self.health.position = newest.offset if newest and reading else 0


def _check(place: Place, sight: _Sight) -> None:
    if not place.is_in(sight.head, sight.before):
        raise _Moved


def _shows_stamps(head: bytes) -> bool:
    mark, codec = find_mark(head)
    text = transcode(head[mark:], codec, final=False) if codec else head[mark:]
    return segments.is_stamped(text)


def _present(name: str, place: Place | None, sight: _Sight, *, at_end: bool, final: bool) -> _Presented:
    """Make a block of what was read.

    Zeros where text should be are a hole: a writer that goes on at its old place in a file that was cut off leaves
    one at the start, a server that crashed or has yet to write leaves one at the end. They are no text; at the end,
    what belongs there may still come.
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
    return _Presented(block, sight, place, skipped, raw, codec, padded)
