from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from exporter.logs.health import Gap, GapReason
from tests.logs import follower_model
from tests.logs.follower_model import Act, Broken, Family, World

NUMBERS = st.integers(0, 1000)
ACTS = st.one_of(
    st.tuples(st.sampled_from(sorted(set(follower_model.ACTS) - set(follower_model.RANGES))), st.none()),
    st.tuples(st.sampled_from(sorted(follower_model.RANGES)), NUMBERS),
)


class Histories(RuleBasedStateMachine):
    """Looks for the shortest history in which a line is lost unsaid or given twice."""

    world: World

    @initialize(
        family=st.sampled_from(Family),
        exact=st.booleans(),
        identities=st.booleans(),
        header=st.sampled_from(follower_model.HEADERS),
        late=st.booleans(),
    )
    def begin(self, family: Family, exact: bool, identities: bool, header: bytes, late: bool) -> None:  # noqa: FBT001
        self.world = World(family, exact=exact, identities=identities, header=header, late=late)

    @rule(act=ACTS)
    def act(self, act: Act) -> None:
        self.world.act(act)

    @rule(count=st.integers(1, 6))
    def write(self, count: int) -> None:
        self.world.write(count)

    @rule(
        interruptions=st.lists(st.tuples(st.integers(0, 30), ACTS), max_size=2), most=st.sampled_from([1, 3, 1 << 30])
    )
    def poll(self, interruptions: list[tuple[int, Act]], most: int) -> None:
        self.world.poll(interruptions, most)

    @rule()
    def save(self) -> None:
        self.world.save()

    @rule()
    def kill(self) -> None:
        self.world.kill()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.settle()


Histories.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
test_every_line_once_or_a_gap: Any = Histories.TestCase


@pytest.mark.parametrize("start", range(0, 200, 50))
def test_random_histories(start: int) -> None:
    for seed in range(start, start + 50):
        follower_model.run(seed, 60)


def test_the_model_sees_a_line_given_twice() -> None:
    world = World(Family.ROLLED)
    world.write(3)
    world.poll()
    world.follower = World(Family.ROLLED).follower.__class__(
        world.folder, "distmgr", None, world.follower.health, max_read=follower_model.MAX_READ
    )
    with pytest.raises(Broken, match="line 1 after line 3"):
        world.poll()


def test_the_model_sees_a_line_that_is_missing() -> None:
    world = World(Family.ROLLED)
    world.write(3)
    world.poll()
    world.delivered.remove(2)
    with pytest.raises(Broken, match="line 2 is missing"):
        world.settle()


def test_the_model_sees_a_gap_where_nothing_was_lost() -> None:
    world = World(Family.ROLLED)
    world.write(1)
    world.poll()
    with pytest.raises(Broken, match="everything is there"):
        world._check_gap(Gap("distmgr", GapReason.DELETED, 0.0, None, None, None))
