"""Recognises the files of one log: which have been read, which is being read, which are new, and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from exporter.logs.health import GapReason
from exporter.logs.position import Place
from exporter.logs.volume import Entry, VolumeError

_FEW: Final = 64
"""A file of fewer bytes than this shows too little to tell a new log from the beginning of a copy of the old one."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was just opened.

    Attributes:
        entry: as the folder lists it.
        current: whether it is the `.log`.
        identity: identity of the open file.
        size: bytes it held.
        head: its first bytes, at most `position.HEAD`.
        holds: the places that are in this file, by its content.
        error: why it could not be opened; then nothing else is known of it.
    """

    entry: Entry
    current: bool
    identity: str | None = None
    size: int = 0
    head: bytes = b""
    holds: tuple[Place, ...] = ()
    error: VolumeError | None = None


@dataclass(slots=True)
class Chain:
    """What to do about the files of one log.

    Attributes:
        places: where reading stands, under the names and identities that the files have now, oldest first.
        work: what is to be read, oldest first, with the place to go on from, or None to begin at the start.
        settle: a file that holds the beginning of what was read and no more; it counts as read to its end.
        lost: why what was being read cannot be found any more, or None.
        doubt: what was seen, if that loss may turn out to be none at the next look: believe it when seen twice.
        rolled: whether what was being read has been found under another name.
        blocked: whether a rolled file that must be read first cannot be opened. Then `work` ends before it.
        error: what to say about a file that must be read and cannot be opened.
    """

    places: list[Place]
    work: list[tuple[Seen, Place | None]] = field(default_factory=list)
    settle: Seen | None = None
    lost: GapReason | None = None
    doubt: tuple[str | None, int] | None = None
    rolled: bool = False
    blocked: bool = False
    error: VolumeError | None = None


def arrange(
    places: Sequence[Place], files: Sequence[Seen], is_copy: Callable[[Seen, Seen], bool], *, keep: bool
) -> Chain:
    """Recognise the files of one log.

    Args:
        places: where reading stood, oldest first.
        files: the files that are there, oldest first, `.log` last.
        is_copy: whether the first file holds the start of the second and nothing else, because a copy is being made.
        keep: whether a place whose file is not among `files` may come back, because some file could not be opened.
    """
    homes = _find_homes(places, files)
    anchor = next((at for at, place in homes.items() if place is places[-1]), None)
    if places and anchor is None:
        return _after_loss(places, files, homes, is_copy)
    kept = [place for place in places if keep or place in homes.values()]
    chain = _go_on(kept, files, homes, max(homes, default=-1) if anchor is None else anchor, is_copy)
    chain.rolled = anchor is not None and places[-1].file != files[anchor].entry.name
    return chain


def _find_homes(places: Sequence[Place], files: Sequence[Seen]) -> dict[int, Place]:
    """Find the file that each place is in; of several with its content, the same file, else the newest."""
    homes: dict[int, Place] = {}
    for place in reversed(places):
        fitting = [at for at, seen in enumerate(files) if at not in homes and place in seen.holds]
        if fitting:
            home = max(
                fitting, key=lambda at: (place.identity is not None and files[at].identity == place.identity, at)
            )
            homes[home] = place
    return homes


def _go_on(
    places: Sequence[Place],
    files: Sequence[Seen],
    homes: dict[int, Place],
    floor: int,
    is_copy: Callable[[Seen, Seen], bool],
) -> Chain:
    """Read on in the files that are known, then begin those behind the file at `floor`.

    Unknown files before it are passed over: what they hold is older than what has been acted on.
    """
    now = {place: place.under(files[at].entry.name, files[at].identity) for at, place in homes.items()}
    chain = Chain([now.get(place, place) for place in places])
    for at, seen in enumerate(files):
        if at in homes:
            if seen.size > homes[at].offset:
                chain.work.append((seen, now[homes[at]]))
        elif at > floor and seen.error is not None:
            chain.error = seen.error
            chain.blocked = not seen.current
            break
        elif at > floor and seen.size and not _is_being_copied(files, at, is_copy):
            chain.work.append((seen, None))
    return chain


def _is_being_copied(files: Sequence[Seen], at: int, is_copy: Callable[[Seen, Seen], bool]) -> bool:
    """Tell whether a file is a copy of a newer one, made before that is cut off: the newer one is read instead."""
    seen = files[at]
    return any(
        seen.size <= newer.size and newer.head.startswith(seen.head) and is_copy(seen, newer)
        for newer in files[at + 1 :]
        if newer.error is None
    )


def _after_loss(
    places: Sequence[Place], files: Sequence[Seen], homes: dict[int, Place], is_copy: Callable[[Seen, Seen], bool]
) -> Chain:
    """Decide what to do when the file that was being read is not there."""
    hidden = next((seen for seen in files if seen.error), None)
    if hidden is not None:  # it may be that one
        return Chain(list(places), blocked=not hidden.current, error=hidden.error)
    newest = places[-1]
    shorter = [at for at, seen in enumerate(files) if at not in homes and newest.is_beyond(seen.head, seen.size)]
    kept = [place for place in places if place in homes.values()]
    if shorter and not files[shorter[0]].current:
        # Lines came between its copying and its cutting off, and were read in time.
        chain = _go_on(kept, files, homes, shorter[0], is_copy)
        chain.settle = files[shorter[0]]
        return chain
    chain = _go_on(kept, files, homes, max(homes, default=-1), is_copy)
    current = files[-1] if files and files[-1].current else None
    if any(place is None and not seen.current for seen, place in chain.work):
        chain.lost = GapReason.ROLLED_TWICE
    elif current is None:
        return Chain(list(places))  # a deleted log may come back as it was
    else:
        vague = bool(shorter) or current.size < _FEW
        chain.doubt = (current.identity, current.size if vague else -1)
        chain.lost = GapReason.TRUNCATED if current.identity == newest.identity else GapReason.DELETED
        if shorter:
            chain.lost = GapReason.REPLACED
            chain.settle = current
            chain.work = [(seen, place) for seen, place in chain.work if seen is not current]
    return chain
