"""The numbers of the alerts, each with its reason, and the durations among them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

THRESHOLDS: Final = Path(__file__).resolve().parent / "thresholds.yml"
SCRAPE_INTERVAL: Final = "1m"
"""What docs/prometheus.md recommends."""

_DURATION: Final = re.compile(r"(?:\d+(?:ms|[smhdw]))+")
_UNIT: Final = re.compile(r"(\d+)(ms|[smhdw])")
_SECONDS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_UNIT_WORDS: Final = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


class BuildError(Exception):
    """The sources do not make rules; the text says what is wrong with them."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number and the reason for it."""

    value: str
    why: str


@dataclass(frozen=True, slots=True)
class Thresholds:
    """All thresholds.

    Attributes:
        common: those of all rules, by name.
        alerts: those of each alert, by the alert's name and their own.
    """

    common: Mapping[str, Threshold]
    alerts: Mapping[str, Mapping[str, Threshold]]


def is_duration(text: str) -> bool:
    """Return whether this is a duration as Prometheus writes it."""
    return _DURATION.fullmatch(text) is not None


def seconds_of(duration: str) -> float:
    """Return how long a duration of Prometheus is.

    Raises:
        BuildError: it is none.
    """
    if not is_duration(duration):
        raise BuildError(f"{duration!r} is not a duration: write it as 90s, 15m, 2h or 7d")
    return sum(int(number) * _SECONDS[unit] for number, unit in _UNIT.findall(duration))


def duration_of(seconds: float) -> str:
    """Return so many seconds as Prometheus writes them, to the millisecond."""
    milliseconds = round(seconds * 1000)
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


def words_of(duration: str) -> str:
    """Return a duration in words: in the largest unit that gives a whole number."""
    seconds = seconds_of(duration)
    fits = ((size, unit) for size, unit in _UNIT_WORDS if seconds >= size and seconds % size == 0)
    size, unit = next(fits, (1, "second"))
    count = seconds / size
    return f"{count:g} {unit}" + ("" if count == 1 else "s")


def load_thresholds(path: Path = THRESHOLDS) -> Thresholds:
    """Read thresholds.

    Raises:
        BuildError: the file cannot be read, or one of them has no value or no reason.
    """
    data = load_yaml(path)
    return Thresholds(
        _thresholds(data.get("common"), "common"),
        {alert: _thresholds(values, alert) for alert, values in data.get("alerts", {}).items()},
    )


def load_yaml(path: Path) -> dict[str, Any]:
    """Read a map.

    Raises:
        BuildError: the file cannot be read, or holds something else.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise BuildError(f"{path}: {error}") from None
    if not isinstance(data, dict):
        raise BuildError(f"{path} does not hold what it should")
    return data


def _thresholds(data: object, where: str) -> dict[str, Threshold]:
    if not isinstance(data, dict):
        raise BuildError(f"{where}: give thresholds, each with `value` and `why`")
    found = {}
    for name, entry in data.items():
        if not isinstance(entry, dict) or entry.keys() != {"value", "why"} or not entry["why"]:
            raise BuildError(f"{where}: {name}: give `value` and `why`, and nothing else")
        found[name] = Threshold(str(entry["value"]), str(entry["why"]).strip())
    return found


def with_common(thresholds: Thresholds, values: Mapping[str, str]) -> Thresholds:
    """Return thresholds with other values of common ones."""
    changed = {name: Threshold(value.rstrip("/"), thresholds.common[name].why) for name, value in values.items()}
    return Thresholds({**thresholds.common, **changed}, thresholds.alerts)
