"""That the benchmark of a hierarchy runs and finds what it has to; nothing is timed here."""

from __future__ import annotations

from pathlib import Path

from bench.hierarchy import _table, measure


def test_small_hierarchy_is_measured(tmp_path: Path) -> None:
    found = measure(tmp_path, sites=6, processes=2, changes=1, faster=120)
    assert found.blocks > 0
    assert found.alerts > 0
    assert found.head_series > found.series > 500
    assert len(found.rules) >= 5
    assert all(seconds > 0 for seconds in found.rules.values())
    assert _table([found]).row_count == 10 + len(found.rules)
