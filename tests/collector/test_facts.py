from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from exporter.collector.facts import Facts


class Wall:
    """A clock that is set by hand."""

    now = 1e9

    def __call__(self) -> float:
        return self.now


def test_reload_that_fails_leaves_the_time_of_the_last_that_did_not() -> None:
    wall = Wall()
    facts = Facts(wall, keeps_state=True)
    facts.note_reload(ok=False)
    assert (facts.look().reload_ok, facts.look().reload_time) == (False, None)
    facts.note_reload(ok=True)
    wall.now += 60
    facts.note_reload(ok=False)
    assert (facts.look().reload_ok, facts.look().reload_time) == (False, 1e9)


def test_save_tells_how_the_one_before_went() -> None:
    facts = Facts(Wall(), keeps_state=True)
    assert facts.note_save(ok=False) is True
    assert facts.note_save(ok=False) is False
    assert facts.look().checkpoint_failures == 2
    assert facts.note_save(ok=True) is False
    assert (facts.look().checkpoint_ok, facts.look().checkpoint_time) == (True, 1e9)


def test_nothing_is_told_of_saving_where_no_state_is_kept() -> None:
    assert Facts(Wall(), keeps_state=False).look().checkpoint_ok is None


@pytest.mark.parametrize("name", ["web_config", "textfile"])
def test_what_is_not_in_use_is_told_as_neither_good_nor_bad(name: str) -> None:
    facts = Facts(Wall(), keeps_state=False)
    note: Callable[[bool], None] = getattr(facts, f"note_{name}")
    seen = [getattr(facts.look(), f"{name}_ok")]
    for ok in (True, False):
        note(ok)
        seen.append(getattr(facts.look(), f"{name}_ok"))
    assert seen == [None, True, False]


def test_what_many_threads_note_at_once_is_all_counted() -> None:
    facts = Facts(Wall(), keeps_state=False)

    def work() -> None:
        for _ in range(500):
            facts.note_fault()
            facts.note_pass(0.5)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = facts.look()
    assert (told.faults, told.scans, told.scan_seconds, told.last_scan) == (4000, 4000, 2000.0, 1e9)
