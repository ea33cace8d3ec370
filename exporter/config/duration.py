"""Durations as Prometheus writes them: `500ms`, `15s`, `1m`, `1h30m`, `7d`."""

from __future__ import annotations

import re
from typing import Final

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+", re.ASCII)
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", re.ASCII)


def seconds_of(text: str) -> float:
    """Return how many seconds a duration is.

    Raises:
        ValueError: it is none; the text says how one is written.
    """
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is no duration: write a number and a unit, such as 500ms, 15s, 1m or 1h30m")
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
