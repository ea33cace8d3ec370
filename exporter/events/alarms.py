"""Lines that tell of a failure and that nothing knows, so that a new wording is noticed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from exporter.logs.records import Record, Severity

# The words by which a viewer colours a line. Whether one stands in the message, and means it, is asked later.
_WORDS: Final = (b"error", b"fail", b"warn")
_SQL_TRACE: Final = "SQL>>>"

# Three groups of letters that stand for one another, of either case, so that one search finds all three words (and a
# few others, such as `general`, which are looked at): it costs a third of three searches in a text of small letters.
_GROUPS: Final = {"w": "wfe", "a": "air", "n": "nlo"}
_TABLE: Final = bytes(
    next((ord(name) for name, letters in _GROUPS.items() if chr(byte).lower() in letters), 0) for byte in range(256)
)
_PATTERN: Final = b"waan"  # erro, fail, warn


def alarming(raws: Sequence[bytes]) -> list[int]:
    """Return the places of the raw records that hold a word of failure anywhere.

    They are searched in one piece: it costs less than half of asking each one, and there is seldom anything to find.
    """
    text = b"\n".join(raws).translate(_TABLE)
    position = text.find(_PATTERN)
    if position < 0:
        return []
    ends = list(accumulate(len(raw) + 1 for raw in raws))
    found: list[int] = []
    while position >= 0:
        place = bisect_right(ends, position)
        lower = raws[place].lower()
        if any(word in lower for word in _WORDS):
            found.append(place)
        position = text.find(_PATTERN, ends[place])
    return found


def is_alarm(record: Record) -> bool:
    """Tell whether a record is coloured as a failure and is not the text of a traced SQL statement."""
    return record.severity is not Severity.INFO and not record.message.startswith(_SQL_TRACE)
