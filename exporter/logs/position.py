"""Where reading stands in the files of one log, in a form that survives a crash and recognises the files again.

A file's name says nothing: the log that is read today is `.lo_` tomorrow. Its identity (device and inode, or file
index) is given to another file after it, and NTFS even hands a new file the old one's creation time. So a file is
known by what was read of it: its first bytes and the bytes before the place where reading stopped. The identity only
decides between two files of the same content.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from typing import Any, Final, Self

from exporter.logs.segments import first_stamp

HEAD: Final = 4096
"""First bytes of a file that it is known by: so many that even of a long first record the stamp is mostly in them."""
LONG_HEAD: Final = 32 << 10
"""In how many first bytes of a file stamps are looked for. If those above hold none, it is known by all up to the
first: else two logs that begin with the same long text and were left at torn records of the same text would be one."""
Signature = tuple[int, str]
"""How many bytes, and their digest."""
TAIL: Final = 256
"""Bytes before the place where reading stopped that a file is known by: more than a line, so that a stamp is in it."""
_PREFIXES: Final = (256, 512, 1024)
"""Lengths of further signatures, besides that of the first record, by which a shorter copy of a file is known."""


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=12).hexdigest()


def _sign(head: bytes, offset: int) -> tuple[Signature, ...]:
    whole = min(offset, max(HEAD, first_stamp(head)))
    lengths = {n for n in (first_stamp(head[:whole]), *_PREFIXES) if 0 < n < whole} | {whole}
    return tuple((length, _digest(head[:length])) for length in sorted(lengths))


@dataclass(frozen=True, slots=True)
class Place:
    """How far one file has been read.

    Attributes:
        file: the name it had then.
        identity: names the file itself, or None when its volume has no such thing.
        offset: bytes of it that have been read and acted on, never 0.
        line: number of the line that begins there, from 1.
        stamped: whether its head showed records that end in a stamp.
        heads: signatures of its first record and its first 256, 512, 1024 and 4096 bytes, as far as `offset` reaches.
            If the first stamp ends behind those but within `LONG_HEAD`, the last signature reaches there.
        tail: signature of the last 256 bytes before `offset`, or of fewer when there are no more.
    """

    file: str
    identity: str | None
    offset: int
    line: int
    stamped: bool
    heads: tuple[Signature, ...]
    tail: str

    @classmethod
    def start(cls, file: str, identity: str | None) -> Self:
        """Describe the start of a file, which is no place to keep: nothing tells it from that of another."""
        return cls(file, identity, 0, 1, stamped=False, heads=(), tail="")

    @property
    def tail_start(self) -> int:
        """Where the bytes begin that `tail` is the signature of."""
        return max(0, self.offset - TAIL)

    def moved(self, offset: int, line: int, head: bytes, tail: bytes, *, stamped: bool) -> Self:
        """Describe a later place in the same file.

        Args:
            offset: bytes read and acted on.
            line: number of the next line.
            head: first bytes of the file, at least as many as signatures are taken of.
            tail: bytes before `offset`, at least as many as the signature is taken of.
            stamped: whether the file's records end in a stamp.
        """
        heads = self.heads if self.offset >= HEAD else _sign(head, offset)
        return replace(self, offset=offset, line=line, stamped=stamped, heads=heads, tail=_digest(tail[-TAIL:]))

    def under(self, file: str, identity: str | None) -> Self:
        """Describe the same place when its file goes by another name, or is a copy."""
        return self if (file, identity) == (self.file, self.identity) else replace(self, file=file, identity=identity)

    def is_in(self, head: bytes, before: bytes) -> bool:
        """Tell whether a file is the one this place is in, or a copy of it that reaches as far.

        Args:
            head: first bytes of the file.
            before: bytes of the file from `tail_start` to `offset`.
        """
        return (
            len(before) == self.offset - self.tail_start
            and _digest(before) == self.tail
            and _digest(head[: self.heads[-1][0]]) == self.heads[-1][1]
        )

    def is_like(self, head: bytes, size: int) -> bool:
        """Tell whether a file that this place is not in begins as the file that it is in.

        Then it is a shorter copy of that file, or an older one that has grown since. Only the start can be compared;
        that is enough if it holds a stamp. However long it is, a text alone is not: the longest lines are statements
        of an SQL trace, which come again, and the longer a line the likelier it is that a new file begins with it.

        Args:
            head: first bytes of the file.
            size: how many it has in all.
        """
        stamp = first_stamp(head)
        return stamp > 0 and any(
            stamp <= length <= size and _digest(head[:length]) == digest for length, digest in self.heads
        )


@dataclass(frozen=True, slots=True)
class Position:
    """All that is needed, besides the files, to go on reading one log after a crash.

    Attributes:
        places: one for each file that has been read and is there, oldest first; the last is the one being read. Of
            the others nothing is left to read unless they grow.
        gone: the latest few in files that are no longer there, oldest first: should one come back, it must not be
            read again.
    """

    places: tuple[Place, ...] = ()
    gone: tuple[Place, ...] = ()

    def encode(self) -> dict[str, Any]:
        """Return the position as data that JSON can hold."""
        return {"places": [_encode(place) for place in self.places], "gone": [_encode(place) for place in self.gone]}

    @classmethod
    def decode(cls, data: dict[str, Any]) -> Self:
        """Read what `encode` returned.

        Raises:
            ValueError: the data is not an encoded position.
        """
        try:
            return cls(tuple(map(_decode, data["places"])), tuple(map(_decode, data["gone"])))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not a position: {error}") from None


def _encode(place: Place) -> dict[str, Any]:
    return {**asdict(place), "heads": [list(signature) for signature in place.heads]}


def _decode(data: dict[str, Any]) -> Place:
    heads = [(length, digest) for length, digest in data["heads"]]
    texts = [data["file"], data["tail"], *(digest for _, digest in heads)]
    numbers = [data["offset"], data["line"], *(length for length, _ in heads)]
    if not (
        all(isinstance(text, str) for text in texts)
        and all(type(number) is int and number > 0 for number in numbers)
        and isinstance(data["identity"], str | None)
        and isinstance(data["stamped"], bool)
        and heads
    ):
        raise ValueError("a part has another type than it is written with")
    return Place(**{**data, "heads": tuple(heads)})
