"""Logs that are read while they are written, roll and are left alone now and then, against the same logs read at once.

`CONFIGMGR_EXPORTER_TESTS_WORLDS=5000 ./dev test tests/test_live.py` tries many more random worlds.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.replication.limits import count
from exporter.replication.state import Tally
from exporter.report.hierarchy import report
from exporter.simulator import run_batch
from tests.live import read_at_once, unlike, watch_live
from tests.worlds import cut, troubled_plan

WORLDS = int(os.environ.get("CONFIGMGR_EXPORTER_TESTS_WORLDS", "9")) // 3
_SMALL = 20_000  # bytes at which logs roll: a few dozen times in a few hours


# In 7 a log begins anew with a line that another began with; in 38 with one so long that its stamp is not in the head.
@pytest.mark.parametrize("seed", [1, 2, 3, 7, 38])
def test_reader_that_is_killed_ends_where_one_that_lives_ends(seed: int) -> None:
    _killed_ends_where_lived_ends(seed)


@settings(max_examples=WORLDS, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_reader_that_is_killed_ends_where_one_that_lives_ends_in_any_world(seed: int) -> None:
    _killed_ends_where_lived_ends(seed)


def _killed_ends_where_lived_ends(seed: int) -> None:
    plan = troubled_plan(seed, max_log_bytes=_SMALL)
    with TemporaryDirectory() as name:
        live, whole = Path(name) / "live", Path(name) / "whole"
        watched = watch_live(live, plan, seed)
        run_batch(whole, replace(plan, max_log_bytes=1 << 40))
        for code, lived in watched.lived.items():
            killed, at_once = watched.killed[code].site.memory(), read_at_once(whole, code).memory()
            assert unlike(lived.memory(), killed, at_once, watched.truth, code) == []


def test_one_count_that_differs_is_told() -> None:
    with TemporaryDirectory() as name:
        truth = run_batch(Path(name), troubled_plan(1))
        code = next(iter(truth["sites"]))
        one, other = read_at_once(Path(name), code).memory(), read_at_once(Path(name), code).memory()
    assert unlike(one, other, one, truth, code) == []
    count(other.ledger.state, Tally.STATUS_MESSAGES, ("SMS_HIERARCHY_MANAGER", "3306", "I"))
    assert len(unlike(one, other, one, truth, code)) == 1


@settings(max_examples=WORLDS, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_reader_that_comes_late_invents_nothing(seed: int) -> None:
    """Of logs that have rolled away twice, it knows less: fewer blocks and tries, since later; but none that is not."""
    plan = cut(troubled_plan(seed, max_log_bytes=_SMALL), seed)
    with TemporaryDirectory() as name:
        truth = run_batch(Path(name), plan)
        for code, site in truth["sites"].items():
            told = report({code: read_at_once(Path(name), code).ledger.state}).to_json()["sites"][code]
            true = {block["task_sequence"]: block for block in site["blocked"]}
            for block in told["blocked"]:
                standing = true[block["task_sequence"]]
                assert [(m["package"], m["program"]) for m in block["missing"]] == [
                    (m["package"], m["program"]) for m in standing["missing"]
                ]
                assert block["attempts"] <= standing["attempts"]
                assert block["since"] >= standing["since"]
                assert block["last_attempt"] == standing["last_attempt"]


def test_worlds_have_rollovers_and_kills_in_them() -> None:
    with TemporaryDirectory() as name:
        watched = watch_live(Path(name), troubled_plan(3, max_log_bytes=_SMALL), 3)

    assert watched.rolls >= 5
    assert watched.kills >= 5
