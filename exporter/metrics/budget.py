"""How many series each site may show of a family whose budget does not hold all."""

from __future__ import annotations

from collections.abc import Sequence

DEFAULT_BUDGET = 10_000


def fair_shares(wanted: Sequence[int], budget: int) -> list[int]:
    """Divide a budget so that a site is cut only when no site that is not cut shows more.

    Args:
        wanted: how many series each site has.
        budget: how many may be shown in all.

    Returns:
        How many each site may show, in the order of `wanted`; their sum is at most `budget`.
    """
    shares = [0] * len(wanted)
    left = budget
    modest_first = sorted(range(len(wanted)), key=wanted.__getitem__)
    for served, site in enumerate(modest_first):
        shares[site] = min(wanted[site], left // (len(wanted) - served))
        left -= shares[site]
    return shares
