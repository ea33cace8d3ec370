"""Recognises the files of one log: which have been read, which is being read, which are new, and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from exporter.logs.health import GapReason
from exporter.logs.position import Place, Position
from exporter.logs.reading import Sight
from exporter.logs.volume import Entry, VolumeError

_FEW: Final = 64
"""A file of fewer bytes than this, which is not one line with its stamp, shows too little to tell a log's copy from a
new log."""
_GONE: Final = 6
"""How many places in files that are not there any more are kept."""


_UNSEEN: Final = Sight(None, 0, 0, b"", b"", b"")


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was just opened.

    Attributes:
        entry: as the folder lists it.
        current: whether it is the `.log`.
        sight: what it showed.
        holds: the places that are in it, by its content.
        error: why it could not be opened; then nothing else is known of it.
        given_up: whether that has gone on for so long that reading goes on without it.
    """

    entry: Entry
    current: bool
    sight: Sight = _UNSEEN
    holds: tuple[Place, ...] = ()
    error: VolumeError | None = None
    given_up: bool = False


@dataclass(slots=True)
class Chain:
    """What to do about the files of one log.

    Attributes:
        position: where reading stands, under the names and identities that the files have now.
        settled: files of which the first so many bytes count as read although no place is in them. Their places come
            before those of `position`, unless they are in `work`.
        work: what is to be read, oldest first, with the place to go on from, or None to begin at the start or where it
            is settled. A file that was given up stands where lines are missing.
        lost: why what was being read cannot be found any more, or None.
        doubt: what was seen, if that loss may turn out to be none at the next look: believe it when seen twice.
        rolled: whether what was being read has been found under another name.
        blocked: whether a rolled file that must be read first cannot be opened. Then `work` ends before it.
        error: what to say about a file that must be read and cannot be opened.
    """

    position: Position
    settled: list[tuple[Seen, int]] = field(default_factory=list)
    work: list[tuple[Seen, Place | None]] = field(default_factory=list)
    lost: GapReason | None = None
    doubt: tuple[str | None, int] | None = None
    rolled: bool = False
    blocked: bool = False
    error: VolumeError | None = None


IsCopy = Callable[[Seen, Seen], bool]


def arrange(position: Position, files: Sequence[Seen], is_copy: IsCopy) -> Chain:
    """Recognise the files of one log.

    Args:
        position: where reading stood.
        files: the files that are there, oldest first, `.log` last.
        is_copy: whether the first file holds the start of the second and nothing else, because a copy is being made.
    """
    return _Arrangement(position, files, is_copy).chain()


class _Arrangement:
    def __init__(self, position: Position, files: Sequence[Seen], is_copy: IsCopy) -> None:
        self._position = position
        self._files = files
        self._is_copy = is_copy
        self._places = (*position.gone, *position.places)
        self._homes = self._find_homes()

    def chain(self) -> Chain:
        if not self._position.places:
            return self._go_on(max(self._homes, default=-1))
        newest = self._position.places[-1]
        anchor = next((at for at, place in self._homes.items() if place is newest), None)
        if anchor is None:
            return self._after_loss(newest)
        chain = self._go_on(anchor)
        chain.rolled = newest.file != self._files[anchor].entry.name
        return chain

    def _find_homes(self) -> dict[int, Place]:
        """Find the file that each place is in."""
        homes: dict[int, Place] = {}
        # The place furthest in a file says most about it: a banner, with which every file may begin, says nothing.
        for place in sorted(self._places, key=lambda place: place.offset)[::-1]:
            fitting = [at for at, seen in enumerate(self._files) if at not in homes and place in seen.holds]
            whole = [at for at in fitting if self._files[at].sight.size < _FEW or not self._is_being_copied(at)]
            same = [
                at for at in whole if place.identity is not None and self._files[at].sight.identity == place.identity
            ]
            # Of several files with the same start and other names, the oldest goes on where the place is.
            for home in (same or whole or fitting)[:1]:
                homes[home] = place
        return homes

    def _is_being_copied(self, at: int) -> bool:
        """Tell whether a file is a copy of a newer one, made before that is cut off: the newer one is read instead."""
        seen = self._files[at]
        return any(
            seen.sight.size <= newer.sight.size
            and newer.sight.head.startswith(seen.sight.head)
            and self._is_copy(seen, newer)
            for newer in self._files[at + 1 :]
            if newer.error is None
        )

    def _go_on(self, floor: int) -> Chain:
        """Read on in the files that are known, then begin those behind the file at `floor`.

        Unknown files before it count as read: what they hold is older than what has been acted on.
        """
        now = {
            at: place.under(self._files[at].entry.name, self._files[at].sight.identity)
            for at, place in self._homes.items()
        }
        found = [now[at] for at in sorted(now, key=lambda at: (at == floor, at))]
        away = [place for place in self._places if place not in self._homes.values()]
        chain = Chain(Position(tuple(found), tuple(away[-_GONE:])))
        for at, seen in enumerate(self._files):
            if seen.error is not None:
                if at > floor and not seen.given_up:
                    chain.error = seen.error
                    chain.blocked = not seen.current
                    break
                if at > floor:
                    chain.work.append((seen, None))
            elif seen.sight.size and not self._is_being_copied(at):
                if at in now:
                    if seen.sight.size > now[at].offset:
                        chain.work.append((seen, now[at]))
                elif at > floor:
                    self._begin(chain, seen)
                elif not seen.holds:
                    chain.settled.append((seen, seen.sight.size))
        return chain

    def _begin(self, chain: Chain, seen: Seen) -> None:
        """Read a file from its start, or what lies behind that part of it which has been read in another copy."""
        chain.work.append((seen, None))
        for place in self._places:
            if place.is_like(seen.sight.head, seen.sight.size):
                chain.settled.append((seen, place.offset))
                chain.lost = GapReason.REPLACED

    def _after_loss(self, newest: Place) -> Chain:
        """Decide what to do when the file that was being read is not there."""
        hidden = next((seen for seen in self._files if seen.error and not seen.given_up), None)
        if hidden is not None:  # it may be that one
            return Chain(self._position, blocked=not hidden.current, error=hidden.error)
        chain = self._go_on(max(self._homes, default=-1))
        begun = [seen for seen, place in chain.work if place is None]
        alike = next((seen for seen in begun if newest.is_like(seen.sight.head, seen.sight.size)), None)
        current = self._files[-1] if self._files and self._files[-1].current else None
        if alike is not None:
            # A rolled file that is too short lacks lines that came between its copying and its cutting off. Some of
            # them were read; whether all were, nothing tells.
            short = not alike.current and alike.sight.size < newest.offset
            chain.lost = GapReason.TRUNCATED if short else GapReason.REPLACED
        elif begun and begun[0].given_up:
            pass  # it may be that one, and is said to be missing in its turn
        elif begun and not begun[0].current:
            chain.lost = GapReason.ROLLED_TWICE
        elif current is None:
            return Chain(self._position)  # a log that was deleted may come back as it was
        else:
            chain.lost = GapReason.TRUNCATED if current.sight.identity == newest.identity else GapReason.DELETED
        if chain.lost and current and begun in ([], [current]):
            vague = alike is not None or b"\n" not in current.sight.head
            chain.doubt = (current.sight.identity, current.sight.size if vague else -1)
        return chain
