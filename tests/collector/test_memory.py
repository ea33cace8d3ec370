from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.collector.checkpoint import SavedSite
from exporter.collector.memory import Memory
from exporter.collector.site import Site
from exporter.events.matcher import Matcher
from exporter.logs.clock import Clock
from exporter.logs.discovery import Folder
from exporter.logs.records import RecordReader
from exporter.replication.ledger import Ledger
from tests.lines import applied, blocked, line
from tests.live import CATALOGUE, decode, encode, plain
from tests.logs.memory import MemoryVolume


def _rich() -> Memory:
    """Return a memory with something in every part."""
    volume = MemoryVolume()
    site = Site("CHI", [Folder(volume, "Logs")], Matcher(CATALOGUE, RecordReader(Clock())))
    volume.write("distmgr.log", applied("CEN00020", 1) + blocked("CEN00021", 5) + blocked("CEN00022", 9)[:300])
    volume.write("distmgr.log", line("\r\nSomething failed in a new way", 10))
    volume.write("sender.log", line("No (more) send requests found to process."))
    for _ in range(3):
        site.poll(0.0)
    volume.truncate("distmgr.log")
    volume.write("distmgr.log", blocked("CEN00023", 60))
    for _ in range(3):
        site.poll(1.0)
    return site.memory()


def test_memory_survives_being_saved() -> None:
    memory = _rich()
    assert memory.gaps
    assert memory.ledger.state.blocked
    assert memory.logs["distmgr"].samples

    again = decode(encode(memory))

    assert again.positions == memory.positions
    assert again.logs == memory.logs
    assert again.gaps == memory.gaps
    assert plain(again.ledger.state) == plain(memory.ledger.state)
    assert encode(again) == encode(memory)


def test_new_memory_survives_being_saved() -> None:
    memory = Memory(Ledger("CHI"))

    again = decode(encode(memory))

    assert again.ledger.state.site == "CHI"
    assert (again.positions, again.logs, again.gaps) == ({}, {}, [])


@pytest.mark.parametrize(
    "change",
    [
        {"ledger": None},
        {"ledger": {"format": 999, "ledger": []}},
        {"extra": None},
        {"extra": {}},
        {"extra": {"logs": [], "gaps": []}},
        {"extra": {"logs": {"distmgr": ["of another version"]}, "gaps": []}},
        {"positions": {"distmgr": {}}},
        {"positions": {"distmgr": None}},
        {"positions": {"distmgr": {"places": [{"file": "distmgr.log"}], "gone": []}}},
    ],
)
def test_memory_of_another_format_is_refused(change: dict[str, Any]) -> None:
    saved = json.loads(encode(_rich())) | change

    with pytest.raises(ValueError, match=r"\S"):
        Memory.decode(SavedSite(**saved))


_JUNK: st.SearchStrategy[object] = st.sampled_from([None, 0, -1, 2.5, "", "junk", [], {}, [[]], True, 10**30])


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32), junk=_JUNK)
def test_damaged_memory_is_read_or_refused_and_nothing_else(seed: int, junk: object) -> None:
    saved = json.loads(_TEXT)
    _damage(saved, random.Random(seed), junk)  # noqa: S311 - a place to damage

    try:
        memory = Memory.decode(SavedSite(**saved))
    except ValueError:
        return
    encode(memory)


_TEXT = encode(_rich())


def _damage(value: Any, rng: random.Random, junk: object) -> None:
    """Put junk into a random place of some JSON."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = rng.choice(keys)
        below = value[key]
        if not isinstance(below, dict | list) or not below or rng.random() < 0.2:
            value[key] = junk
            return
        value = below
