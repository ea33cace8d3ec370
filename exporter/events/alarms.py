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


def alarming(raws: Sequence[bytes]) -> list[int]:
    """Return the places of the raw records that hold a word of failure anywhere.

    They are searched in one piece: it costs less than half of asking each one, and there is seldom anything to find.
    """
    text = b"\n".join(raws).lower()
    ends = list(accumulate(len(raw) + 1 for raw in raws)) if any(word in text for word in _WORDS) else []
    found: set[int] = set()
    for word in _WORDS:
        position = text.find(word) if ends else -1
        while position >= 0:
            place = bisect_right(ends, position)
            found.add(place)
            position = text.find(word, ends[place])
    return sorted(found)


def is_alarm(record: Record) -> bool:
    """Tell whether a record is coloured as a failure and is not the text of a traced SQL statement."""
    return record.severity is not Severity.INFO and not record.message.startswith(_SQL_TRACE)
