"""Which rows are shown: all, unless a family has outgrown its budget."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from exporter.metrics.budget import DEFAULT_BUDGET, fair_shares
from exporter.metrics.contract import DROPPED, FAMILIES, Family, Kind
from exporter.metrics.rows import Rows, Table

EXPORTER = ""
"""Owner of the rows that speak of the exporter itself; every other owner is a site, by its code."""


def select(tables: Mapping[str, Table], budgets: Mapping[str, int]) -> Iterator[tuple[Family, dict[str, Rows]]]:
    """Yield every family of the contract with the rows to show, by owner.

    Args:
        tables: the rows of each owner, in the order in which they are shown.
        budgets: most series to show of a family, by its name; `DEFAULT_BUDGET` for those that are not named. Families
            whose labels the logs cannot multiply have no budget.
    """
    dropped: dict[str, int] = {}
    for family in FAMILIES:
        parts = {owner: table.get(family.name, ()) for owner, table in tables.items()}
        if family.budgeted:
            parts, dropped[family.name] = _limit(family, parts, budgets.get(family.name, DEFAULT_BUDGET))
        if family is DROPPED:
            parts = {EXPORTER: tuple(((name,), float(count)) for name, count in dropped.items())}
        yield family, parts


def _limit(family: Family, parts: dict[str, Rows], budget: int) -> tuple[dict[str, Rows], int]:
    wanted = [len(rows) for rows in parts.values()]
    if sum(wanted) <= budget:
        return parts, 0
    shares = fair_shares(wanted, budget)
    kept = {owner: _first(family, rows, share) for (owner, rows), share in zip(parts.items(), shares, strict=True)}
    return kept, sum(wanted) - sum(map(len, kept.values()))


def _first(family: Family, rows: Rows, share: int) -> Rows:
    """Return the oldest rows, so that a new one never pushes out one that is already shown."""
    if family.kind is Kind.HISTOGRAM:  # is shown with all its parts or not at all
        while 0 < share < len(rows) and rows[share - 1][0][:-1] == rows[share][0][:-1]:
            share -= 1
    return rows[:share]
