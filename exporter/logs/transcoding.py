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


def count_lines(raw: bytes, codec: str) -> int:
    """Count the line feeds in bytes that begin at the start of a character."""
    return raw.decode(codec, "replace").count("\n") if codec else raw.count(b"\n")


def end_of_last_line(raw: bytes, codec: str) -> int:
    """Return how many of some bytes make up whole lines."""
    if not codec:
        return raw.rfind(b"\n") + 1
    text = raw.decode(codec, "replace")
    return len(text[: text.rfind("\n") + 1].encode(codec))
