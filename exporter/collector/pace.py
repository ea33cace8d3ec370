"""When to look at a site again: soon after lines came, later while none come, never later than its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_EAGERNESS: Final = 8
"""How many times as often as its interval a site is looked at whose logs are written just now."""
_SHARE: Final = 20
"""How many times as long as the last pass took its thread rests, within the interval: 5 % of a core."""


@dataclass(slots=True)
class Pace:
    """The pace of one site.

    Attributes:
        interval: seconds between two looks, at most: no line waits longer.
    """

    interval: float
    _pause: float = 0.0

    def rest(self, cost: float, *, came: bool) -> float:
        """Return the seconds from one look to the next.

        Components write in bursts: what follows a line follows soon. A thread that has much to look at, or a slow
        disk, does not hurry.

        Args:
            cost: seconds that the last pass over all sites of the thread took.
            came: whether anything was read in this look.
        """
        self._pause = self.interval / _EAGERNESS if came else min(self.interval, 2 * self._pause)
        return min(self.interval, max(self._pause, _SHARE * cost))
