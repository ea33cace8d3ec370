"""A family that has outgrown its budget."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.metrics.budget import fair_shares
from exporter.metrics.exposition import Exposition, Form
from exporter.metrics.views import SiteView, Snapshot
from exporter.replication.limits import count
from exporter.replication.state import SEND_DURATION_BOUNDS, SiteState, Tally, histogram
from tests.metrics.states import FACTS

FAILURES = "configmgr_program_reference_failures_total"


@pytest.mark.parametrize(
    ("wanted", "budget", "shares"),
    [
        ([], 5, []),
        ([3, 1], 4, [3, 1]),
        ([100, 1, 2], 9, [6, 1, 2]),
        ([100, 100, 1], 9, [4, 4, 1]),
        ([5, 5], 0, [0, 0]),
    ],
)
def test_a_large_site_takes_nothing_from_small_ones(wanted: list[int], budget: int, shares: list[int]) -> None:
    assert fair_shares(wanted, budget) == shares


@given(st.lists(st.integers(0, 50), max_size=6), st.integers(0, 100))
def test_a_budget_is_used_up_and_shared_fairly(wanted: list[int], budget: int) -> None:
    shares = fair_shares(wanted, budget)
    assert sum(shares) == min(sum(wanted), budget)
    for share, want in zip(shares, wanted, strict=True):
        assert share == want or (share < want and max(shares) <= share + 1)


def failing(site: str, *packages: str) -> SiteState:
    state = SiteState(site)
    state.tallies[Tally.REFERENCE_FAILURES] = {(package,): 1 for package in packages}
    return state


def test_oldest_series_stay_and_what_is_left_out_is_counted() -> None:
    state = failing("CHI", "CEN00001", "CEN00002")
    revision = 0
    exposition = Exposition(lambda: Snapshot([SiteView(state, {}, revision)], FACTS), {FAILURES: 2})
    before = exposition.page(Form.TEXT)
    for number in range(3, 50):
        count(state, Tally.REFERENCE_FAILURES, (f"CEN000{number:02}",))
        revision += 1
        after = exposition.page(Form.TEXT)
        assert samples(after, FAILURES) == samples(before, FAILURES)
        assert samples(after, f'configmgr_exporter_dropped_series{{family="{FAILURES}"') == [
            f'configmgr_exporter_dropped_series{{family="{FAILURES}"}} {number - 2}.0'
        ]


def test_series_come_back_when_there_is_room_again() -> None:
    small, large = failing("AAA", "CEN00001", "CEN00002"), failing("BBB", "CEN00001", "CEN00002")
    sites = [SiteView(small, {}, 0), SiteView(large, {}, 0)]
    exposition = Exposition(lambda: Snapshot(sites, FACTS), {FAILURES: 3})
    assert len(samples(exposition.page(Form.TEXT), FAILURES)) == 3
    del sites[0]
    assert samples(exposition.page(Form.TEXT), FAILURES) == [
        f'{FAILURES}{{package="CEN00001",site="BBB"}} 1.0',
        f'{FAILURES}{{package="CEN00002",site="BBB"}} 1.0',
    ]


def test_counts_of_a_site_are_complete_without_a_budget() -> None:
    exposition = Exposition(
        lambda: Snapshot([SiteView(failing("CHI"), {}, 0)], FACTS), {"configmgr_site_blocked_task_sequences": 0}
    )
    assert len(samples(exposition.page(Form.TEXT), "configmgr_site_blocked_task_sequences")) == 1


def samples(page: bytes, start: str) -> list[str]:
    return [line for line in page.decode().splitlines() if line.startswith(start)]


def test_a_histogram_is_shown_whole_or_not_at_all() -> None:
    state = SiteState("CHI")
    state.transport.send_durations = {site: histogram(SEND_DURATION_BOUNDS) for site in ("BOS", "PDX", "SEA")}
    parts = len(SEND_DURATION_BOUNDS) + 3
    name = "configmgr_sender_send_duration_seconds"
    for budget, whole in ((3 * parts, 3), (3 * parts - 1, 2), (parts, 1), (parts - 1, 0), (0, 0)):
        page = Exposition(lambda: Snapshot([SiteView(state, {}, 0)], FACTS), {name: budget}).page(Form.TEXT)
        assert len(samples(page, name)) == whole * parts
        assert samples(page, f'configmgr_exporter_dropped_series{{family="{name}"')[0].endswith(
            f" {(3 - whole) * parts}.0"
        )
