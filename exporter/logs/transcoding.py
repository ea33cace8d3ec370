"""Bytes of a file to bytes that hold ASCII as itself, and how many of the one make up some of the other."""

from __future__ import annotations

import codecs
from typing import Final

_MARKS: Final = ((codecs.BOM_UTF8, ""), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def find_mark(head: bytes) -> tuple[int, str]:
    """Look for a byte order mark.

    Returns:
        Its length, and the codec to transcode from, or "" when the bytes hold ASCII as itself.
    """
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return len(mark), codec
    return 0, ""


def transcode(raw: bytes, codec: str, *, final: bool) -> bytes:
    """Turn UTF-16 into UTF-8; what is no valid UTF-16 becomes a replacement character, one for each unit.

    Unless `final`, an odd last byte and the first half of a surrogate pair are left out: they wait for more.
    """
    return codecs.getincrementaldecoder(codec)("replace").decode(raw, final).encode()


def raw_length(data: bytes, codec: str) -> int:
    """Return how many bytes of UTF-16 a transcoded text came from, in which a rare character is two units."""
    return len(data.decode().encode(codec))


def whole_lines(raw: bytes, codec: str, least: int) -> tuple[int, int]:
    """Find the end of the line that reaches to byte `least`, or of the last whole line before it.

    Args:
        raw: bytes that begin at the start of a character.
        codec: what they are encoded in, as `find_mark` says.
        least: a number of bytes, more than 0.

    Returns:
        How many lines end up to there, and how many bytes that is.
    """
    feed = "\n".encode(codec or "ascii")
    lines = end = start = 0
    while end < least and (at := raw.find(feed, start)) >= 0:
        start = at + 1
        if at % len(feed) == 0:  # else it is half of one unit and half of the next
            lines, end = lines + 1, at + len(feed)
    return lines, end
