"""Rows: label values and a number, fit to be served.

A row's key holds the label values in the contract's order. A histogram's key ends in one value more, which names the
part: an upper bound, `sum` or `count`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate

from prometheus_client.utils import floatToGoString

from exporter.metrics.labels import MAX_LENGTH, label_value
from exporter.metrics.views import SiteView
from exporter.replication.state import Histogram

Key = tuple[str, ...]
Row = tuple[Key, float]
Rows = tuple[Row, ...]
Table = Mapping[str, Rows]

RawRow = tuple[Key, float | None]
"""A row as a source gives it: labels as the log has them, None for what is not known."""
Source = Callable[[SiteView], Iterable[RawRow]]
"""Gives the rows of one family at one site, oldest first."""


def to_rows(raw: Iterable[RawRow]) -> Rows:
    """Make rows fit to be served: labels safe, numbers floats, nothing unknown, no key twice."""
    return tuple({_safe(key): _number(value) for key, value in raw if value is not None}.items())


def histogram_rows(labels: Key, histogram: Histogram) -> Iterator[RawRow]:
    """Yield the parts of a histogram: counts up to each bound, then the whole count and sum."""
    cumulative = list(accumulate(histogram.counts))
    for bound, count in zip((*histogram.bounds, math.inf), cumulative, strict=True):
        yield (*labels, floatToGoString(bound)), count  # type: ignore[no-untyped-call]  # untyped in the library
    yield (*labels, "count"), cumulative[-1]
    yield (*labels, "sum"), histogram.total


def _safe(key: Key) -> Key:
    # One look at all values together costs a third of one look at each; nearly every key passes it.
    together = "".join(key)
    if len(together) <= MAX_LENGTH and together.isprintable():
        return key
    return tuple(map(label_value, key))


def _number(value: float) -> float:
    try:
        return float(value) + 0.0  # makes -0.0 plain zero: the two are equal but are written differently
    except OverflowError:  # an integer of hundreds of digits, as only a damaged or forged line holds
        return math.inf if value > 0 else -math.inf
