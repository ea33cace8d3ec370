"""Waiting for what another thread or process does, with a limit."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(found: Callable[[], T], seconds: float = 20.0) -> T:
    """Ask again and again until the answer is true, and return it.

    Raises:
        AssertionError: it was not in time.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = found()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"waited {seconds} seconds in vain"
        time.sleep(0.02)
