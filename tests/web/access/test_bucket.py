"""The limit on requests, against what it promises."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exporter.web.access.bucket import Bucket


def test_a_burst_and_then_one_per_interval() -> None:
    bucket = Bucket(interval=2.0, burst=3, now=100.0)
    assert [bucket.take(100.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(101.9), bucket.take(102.0), bucket.take(102.1)] == [False, True, False]
    assert [bucket.take(1000.0) for _ in range(4)] == [True, True, True, False]  # no more than fits


@given(
    interval=st.floats(0.001, 100), burst=st.integers(1, 20), steps=st.lists(st.floats(0, 300), min_size=1, max_size=60)
)
def test_never_more_than_the_burst_and_one_per_interval(interval: float, burst: int, steps: list[float]) -> None:
    bucket = Bucket(interval, burst, 0.0)
    now = 0.0
    taken = 0
    for step in steps:
        now += step
        taken += bucket.take(now)
        assert taken <= burst + now / interval + 1e-6 * len(steps)
