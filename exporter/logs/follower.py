"""Follows one log through growth, rollover, truncation and restart: the only place that knows how log files behave.

A log is a chain of files: dated history, `.lo_`, `.log`. It is read in that order, each file to its end. Whenever
more than the growth of `.log` is to be seen, the files are recognised again by their content (see
`exporter.logs.position` and `exporter.logs.chain`), because names, sizes and identities lie:

- `.log` becomes `.lo_` by rename, or by copy and truncation; in the second case the copy is another file, and while
  it is being made both hold the same lines;
- a folder's entry may be old news, and a file may roll between listing and opening, or between two reads (see
  `exporter.logs.reading`);
- a new file is begun only when a look at the folder, after its first bytes were read, shows that the file before it
  is still there and no other has come. Else a whole file could pass unseen between the two.

What can be lost, and is then said by a `Gap`: what was not yet read of files that rolled away twice, were cut off,
deleted, replaced, or could not be read. What can be lost and cannot be known: a file that came and went between two
polls with nothing of it read, while the file before it stayed; lines written between the copying of a file and its
cutting off.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import Final

from exporter.logs import segments
from exporter.logs.block import Block
from exporter.logs.chain import Chain, Seen, arrange
from exporter.logs.discovery import Folder, LogFiles
from exporter.logs.health import Gap, GapReason, LogHealth
from exporter.logs.position import TAIL, Place, Position
from exporter.logs.reading import MAX_READ, DoubtError, LogFile, MovedError, Presented, Sight, Torn, present
from exporter.logs.volume import Entry, Trouble, VolumeError

PATIENCE: Final = 60.0
"""Seconds that a rolled file may refuse to be read before reading goes on behind it: a virus scanner's lock lasts
seconds, and waiting longer risks the files behind it, which roll on."""
_MOVES: Final = 4
"""How often in a row a poll may find files on the move before the next waits for its time."""
TRUST: Final = 10
"""How often in a row a file whose entry, identity and size are as before is not read, where an entry may lag behind its
file: it saves a third of a look (25 us instead of 38), and two of four requests to a share."""


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
        behind: whether a poll right now could read more. Not so after an error, nor while it takes a later look to
            settle a doubt.
    """

    def __init__(  # noqa: PLR0913  # each of them is another's choice
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
        self._presented: Presented | None = None
        # What follows saves work and settles doubts; a follower that forgets it all loses nothing.
        self._listed: LogFiles | None = None
        self._quiet: LogFiles | None = None
        self._steady: tuple[Entry, ...] | None = None
        self._torn: Torn | None = None
        self._moves = 0
        self._unread = 0
        self._trusts = False
        self._trusted = 0
        self._doubt: tuple[str | None, int] | None = None
        self._blocked_since: float | None = None
        self._given_up: dict[Entry, bool] = {}

    @property
    def position(self) -> Position:
        """Where reading stands: everything before it has been acted on."""
        return Position(tuple(self._places), self._gone)

    def rests(self, files: LogFiles) -> bool:
        """Tell whether files, as just listed, show that there is nothing to read: most polls find nothing new."""
        return files.exact and files == self._quiet

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
        if self.rests(files):
            return
        self.behind = True
        self._trusts = not files.exact and files == self._listed and self._trusted < TRUST
        whole = False
        try:
            whole = yield from self._read(files, now)
        except MovedError:
            self._moves += 1
        except VolumeError as error:
            self.fail(error)
            self.behind = False
            return
        except DoubtError:
            self._moves = 0
        else:
            self._moves = 0
        self.behind = 0 < self._moves < _MOVES
        self._note_current(files)
        # A change within the grain of the file system's clock shows in no entry: trust one only at its second sight.
        self._quiet = files if whole and files == self._listed else None
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
        if consumed:
            self._accept(shown, consumed, lines)
            self.health.lines += lines

    def fail(self, error: VolumeError) -> None:
        """Note that the log, or the folder it is in, could not be read."""
        self._steady = self._quiet = None
        self.health.up = False
        self.health.error = str(error)
        if error.trouble is Trouble.SHARING:
            self.health.sharing_violations += 1
        else:
            _count(self.health.read_errors, error.code)

    # The chain of files

    def _read(self, files: LogFiles, now: float) -> Generator[Block | Gap, None, bool]:
        """Read what is new; return whether nothing is left."""
        newest = self._places[-1] if self._places else None
        if newest and files.current and newest.file == files.current.name and files.before_current == self._steady:
            try:
                return (yield from self._drain(newest.file, newest, rolled=False))
            except MovedError:
                pass  # it has rolled, or was cut off
        self._steady = None
        chain = self._recognise(files, now)
        if chain.lost:  # it may have rolled to a name that was not listed
            files = self._folder.scan().get(self.log) or LogFiles(self.log)
            chain = self._recognise(files, now)
        settled = self._settle(chain)
        if chain.lost:
            yield self._gap(chain.lost, now)
        for seen, place in chain.work:
            if seen.error:
                self._given_up[seen.entry] = True
                yield self._gap(GapReason.UNREADABLE, now)
                continue
            known = settled.get(seen.entry, place)
            if known is None:
                whole = yield from self._begin(files, seen)
            else:
                rolled = not seen.current
                whole = yield from self._drain(seen.entry.name, known, rolled=rolled, waits=rolled and not self._once)
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
        chain = self._arrange(found)
        if not chain.blocked:
            self._blocked_since = None
        elif self._blocked_since is None:
            self._blocked_since = now
        elif now - self._blocked_since >= PATIENCE:
            self._blocked_since = None
            hidden = [seen.entry for seen in found if seen.error and not seen.current]
            self._given_up = {entry: self._given_up.get(entry, False) for entry in hidden}
            chain = self._arrange(found)
        return chain

    def _arrange(self, found: list[Seen]) -> Chain:
        """Recognise the files, of which those are left out that were given up and said to be missing."""
        hidden = [seen for seen in found if seen.error]
        files = [
            replace(seen, given_up=seen.error is not None and seen.entry in self._given_up)
            for seen in found
            if seen.error is None or not self._given_up.get(seen.entry)
        ]
        chain = arrange(self.position, files, self._is_copy)
        if chain.lost and hidden:
            chain.lost = GapReason.UNREADABLE  # what is lost may be in one of them
        return chain

    def _probe(self, entry: Entry, *, current: bool) -> Seen:
        """Open a file and see which of the known places are in it."""
        try:
            sight, holds = self._file(entry.name).find((*self._gone, *self._places))
        except VolumeError as error:
            return Seen(entry, current, error=error)
        if current:
            self.health.size = sight.size
        return Seen(entry, current, sight, holds)

    def _is_copy(self, old: Seen, new: Seen) -> bool:
        """Tell whether `old` ends as `new` goes on at that place; where a copy is still to come there may be zeros."""
        start = max(0, old.sight.size - TAIL)
        end = self._file(old.entry.name).read(start, TAIL)
        return self._file(new.entry.name).read(start, len(end)) == end or not end.strip(b"\0")

    def _settle(self, chain: Chain) -> dict[Entry, Place]:
        """Take over what was recognised, once there is no doubt; give the places in files that count as read so far.

        Raises:
            DoubtError: look again.
        """
        if chain.doubt != self._doubt:
            self._doubt = chain.doubt
            if chain.doubt:
                raise DoubtError(self.log)
        settled = {}
        for seen, least in chain.settled:
            place = self._file(seen.entry.name).settle(seen.sight, least, growing=seen.current)
            if place:
                settled[seen.entry] = place
        ahead = [settled[seen.entry] for seen, _ in chain.work if seen.entry in settled]
        older = [place for place in settled.values() if place not in ahead]
        self._doubt = None
        self._places = [*older, *chain.position.places, *ahead]
        self._gone = chain.position.gone
        self.health.rollovers += chain.rolled
        return settled

    def _gap(self, reason: GapReason, now: float) -> Gap:
        unread, self._unread = self._unread, 0
        _count(self.health.gaps, reason.value)
        return Gap(self.log, reason, now, after=self.health.last_record, before=None, unread_bytes=unread or None)

    def _begin(self, files: LogFiles, seen: Seen) -> Generator[Block | Gap, None, bool]:
        """Read a file from its start, once it is sure that none lies between it and the one before it."""
        sight = self._file(seen.entry.name).look(None, self._max_read, begins=seen.sight.head)
        now = self._folder.scan().get(self.log) or LogFiles(self.log)
        names = [entry.name for entry in files.before_current]
        if [entry.name for entry in now.before_current] != names:
            raise MovedError(seen.entry.name)
        if self._places:
            newest = self._places[-1]
            self._file(newest.file).look(newest, 0)
        return (yield from self._drain(seen.entry.name, None, rolled=not seen.current, sight=sight))

    # One file

    def _file(self, name: str) -> LogFile:
        return LogFile(self._folder.volume, self._folder.path, name)

    def _drain(
        self, name: str, place: Place | None, *, rolled: bool, waits: bool = False, sight: Sight | None = None
    ) -> Generator[Block | Gap, None, bool]:
        """Read a file to its end, from a place in it or its start; return whether it may be left behind.

        Args:
            name: name of the file.
            place: the place, or None for the start.
            rolled: whether it is no longer the `.log`.
            waits: whether, if it ends in an unfinished record, to leave it only at the second sight of that end. A
                file that was read while it was the `.log` may have rolled just now, and whoever wrote the start of
                the record be writing the rest.
            sight: what has been read of it.
        """
        at = self._places.index(place) if place else len(self._places)
        torn = None if rolled or self._once else self._torn
        want = self._max_read
        begins = b""
        while True:
            sight = sight or self._file(name).look(place, want, torn, begins, trust=self._trusts)
            self._trusted = 0 if sight.head else self._trusted + 1
            if not rolled:
                self.health.size = sight.size
            if sight.known:
                return True
            if place and not sight.data:  # so ends nearly every look
                self._unread, self._torn = sight.size - place.offset, None
                return True
            at_end = len(sight.data) < want
            final = at_end and (self._once or rolled) and not (waits and sight.torn_at(sight.offset) != self._torn)
            shown = present(name, place, sight, at_end=at_end, final=final)
            if shown.block.data:
                self._presented = shown
                yield shown.block
                if self._presented is not None:  # the caller did not act on it
                    return False
            elif not at_end:  # a hole
                self._accept(shown, 0, 0)
            place = self._places[at] if at < len(self._places) else None
            reached = place.offset if place else 0
            if at_end:
                return self._leave(shown, reached, waits=waits)
            want = self._max_read if reached > sight.offset else self._wider(want, shown)
            begins = b"" if place else sight.head
            sight = None
            del shown  # before another block is read

    def _leave(self, shown: Presented, reached: int, *, waits: bool) -> bool:
        """Note how a file ends that has been presented to its end; return whether it may be left behind."""
        left = bool(shown.raw) and reached < shown.end
        self._unread = shown.sight.size - reached
        self._torn = shown.sight.torn_at(reached) if left and (waits or not shown.padded) else None
        return not (left and waits)

    def _wider(self, want: int, shown: Presented) -> int:
        """Ask for more of a record that is longer than what was presented."""
        if len(shown.block.data) > segments.MAX_BLOCK:
            raise RuntimeError(f"{self.log}: nothing consumed of a block of {len(shown.block.data)} bytes")
        return want * 2

    def _accept(self, shown: Presented, consumed: int, lines: int) -> None:
        """Move on behind what was presented."""
        place = shown.place_after(consumed, lines)
        if shown.place is None:
            self._places.append(place)
        else:
            self._places[self._places.index(shown.place)] = place

    def _note_current(self, files: LogFiles) -> None:
        newest = self._places[-1] if self._places else None
        self.health.up = files.current is not None
        self.health.error = "" if files.current else f"{self.log}.log does not exist"
        self.health.size = self.health.size if files.current else 0
        reading = newest and files.current and newest.file == files.current.name
        self.health.position = newest.offset if newest and reading else 0


def _count(counts: dict[str, int], what: str) -> None:
    counts[what] = counts.get(what, 0) + 1
