"""A run of whole lines taken from one log file: what the reader of files hands to the readers of syntax."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive bytes of one file.

    Attributes:
        data: the bytes, in an encoding that holds ASCII as itself (UTF-8 or an ANSI code page; UTF-16 has been
            transcoded to UTF-8 and a byte order mark left out). Starts at the start of a line.
        file: name of the file the bytes came from, for evidence (`distmgr.lo_` or `distmgr.log`).
        line: number of the first line of `data` in that file, from 1.
        stamped: whether the head of this file showed records that end in a stamp. If so, a line without one waits
            for the line that carries the stamp of its record; in text that people paste, each line stands alone.
        final: whether nothing can follow these bytes in this file (it has rolled away, or is read only once), so
            that an unfinished record at the end is all there will ever be of it.
    """

    data: bytes
    file: str
    line: int = 1
    stamped: bool = True
    final: bool = False
