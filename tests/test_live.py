"""Logs that are read while they are written, roll and are left alone now and then, against the same logs read at once.

`CONFIGMGR_EXPORTER_TESTS_WORLDS=5000 ./dev test tests/test_live.py` tries many more random worlds.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.hierarchy import report
from exporter.replication.state import SiteState, Tally
from exporter.simulator import Truth, run_batch
from exporter.site import Site
from tests.live import differences, plain, reader_of, watch_live
from tests.test_truth import answer_differences
from tests.worlds import cut, troubled_plan

WORLDS = int(os.environ.get("CONFIGMGR_EXPORTER_TESTS_WORLDS", "9")) // 3
_SMALL = 20_000  # bytes at which logs roll: a few dozen times in a few hours

# Of a log that rolled before anything of it was saved, a restart cannot know that it did.
_NOT_COMPARED = {"rollovers"}


def _read_at_once(folder: Path, code: str) -> Site:
    site = reader_of(folder, code)
    while site.poll(0.0):
        pass
    return site


def _health(site: Site) -> dict[str, Any]:
    return {
        log: {key: value for key, value in each.items() if key not in _NOT_COMPARED}
        for log, each in _mapping(plain(site.logs)).items()
    }


def _mapping(value: object) -> Mapping[str, Any]:
    assert isinstance(value, dict)
    return value


def _counts(state: SiteState, tally: Tally) -> dict[str, int]:
    return {key[0]: number for key, number in state.tallies[tally].items()}


def _own_knowledge(truth: Truth, code: str) -> dict[str, Any]:
    site = truth["sites"][code]
    return {
        "units": site["units"],
        "failures": site["reference_failures"],
        "versions": site["versions"],
        "names": site["names"],
    }


def _known(state: SiteState) -> dict[str, Any]:
    return {
        "units": _counts(state, Tally.DEFINITIONS),
        "failures": _counts(state, Tally.REFERENCE_FAILURES),
        "versions": plain(state.versions),
        "names": state.names,
    }


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
            killed = watched.killed[code].site
            at_once = _read_at_once(whole, code)
            assert lived.gaps == []
            assert killed.gaps == []
            assert list(differences(plain(lived.ledger.state), plain(killed.ledger.state))) == []
            assert list(differences(_health(lived), _health(killed))) == []
            assert list(differences(plain(at_once.ledger.state), plain(lived.ledger.state))) == []
            assert {log: h.lines for log, h in at_once.logs.items()} == {log: h.lines for log, h in lived.logs.items()}
            assert list(differences(_own_knowledge(watched.truth, code), _known(killed.ledger.state))) == []
        answer = report({code: mortal.site.ledger.state for code, mortal in watched.killed.items()})
        assert answer_differences(watched.truth, answer.to_json()) == []


@settings(max_examples=WORLDS, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_reader_that_comes_late_invents_nothing(seed: int) -> None:
    """Of logs that have rolled away twice, it knows less: fewer blocks and tries, since later; but none that is not."""
    plan = cut(troubled_plan(seed, max_log_bytes=_SMALL), seed)
    with TemporaryDirectory() as name:
        truth = run_batch(Path(name), plan)
        for code, site in truth["sites"].items():
            told = report({code: _read_at_once(Path(name), code).ledger.state}).to_json()["sites"][code]
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
