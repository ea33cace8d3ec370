"""A limit on how often something may be done, with room for some of it at once: a token bucket."""

from __future__ import annotations


class Bucket:
    """Holds as many tokens as may be used at once; one comes back with every interval.

    Args:
        interval: seconds for one token, more than 0.
        burst: tokens when it is full, at least 1.
        now: the time, in seconds of a clock that never goes back.
    """

    def __init__(self, interval: float, burst: int, now: float) -> None:
        self._interval = interval
        self._burst = burst
        self._tokens = float(burst)
        self._filled = now

    def take(self, now: float) -> bool:
        """Take a token if there is one, and return whether there was."""
        self._tokens = min(self._burst, self._tokens + (now - self._filled) / self._interval)
        self._filled = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
