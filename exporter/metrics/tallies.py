"""Counters from the tallies of a site."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from exporter.metrics.rows import Key, RawRow, Source
from exporter.metrics.views import SiteView
from exporter.replication.state import Tally


def tally(which: Tally, known: Sequence[Key] = ()) -> Source:
    """Return the source of a counter; keys that are known beforehand stand at 0 from the start."""
    zeros = dict.fromkeys(known, 0)

    def rows(view: SiteView) -> Iterator[RawRow]:
        counts = {**zeros, **view.state.tallies[which]}
        return (((view.state.site, *key), count) for key, count in counts.items())

    return rows


def tally_by_outcome(which: Tally, outcomes: Sequence[str]) -> Source:
    """Return the source of a counter by peer and outcome: every outcome stands at 0 once its peer is known."""

    def rows(view: SiteView) -> Iterator[RawRow]:
        counts = view.state.tallies[which]
        zeros: dict[Key, int] = {(peer, outcome): 0 for peer, _ in counts for outcome in outcomes}
        return (((view.state.site, *key), count) for key, count in {**zeros, **counts}.items())

    return rows
