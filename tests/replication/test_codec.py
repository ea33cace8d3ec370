"""State to plain data and back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.replication.codec import CodecError, decode, encode
from exporter.replication.state import SiteState, Versions


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Leaf:
    text: str
    number: int | None
    time: float | None


@dataclass
class Tree:
    leaf: Leaf
    leaves: list[Leaf] = field(default_factory=list)
    row: tuple[Leaf, ...] = ()
    pair: tuple[str, int | None] = ("", None)
    by_key: dict[tuple[Colour, str], Leaf] = field(default_factory=dict)
    nested: dict[str, dict[str, list[tuple[float | None, int | None]]]] = field(default_factory=dict)
    counts: dict[tuple[str, ...], int] = field(default_factory=dict)
    flag: bool = False
    colour: Colour = Colour.RED


texts = st.text(max_size=8)
times = st.none() | st.floats(allow_nan=False, allow_infinity=False)
numbers = st.none() | st.integers()
leaves = st.builds(Leaf, texts, numbers, times)
trees = st.builds(
    Tree,
    leaves,
    st.lists(leaves, max_size=3),
    st.lists(leaves, max_size=3).map(tuple),
    st.tuples(texts, numbers),
    st.dictionaries(st.tuples(st.sampled_from(Colour), texts), leaves, max_size=3),
    st.dictionaries(texts, st.dictionaries(texts, st.lists(st.tuples(times, numbers), max_size=3), max_size=2)),
    st.dictionaries(st.lists(texts, max_size=3).map(tuple), st.integers(), max_size=3),
    st.booleans(),
    st.sampled_from(Colour),
)


@given(trees)
def test_what_is_read_back_is_what_was_written(tree: Tree) -> None:
    again = decode(Tree, json.loads(json.dumps(encode(tree))))
    assert again == tree
    assert list(again.by_key) == list(tree.by_key)
    assert all(isinstance(colour, Colour) for colour, _ in again.by_key)


def test_what_is_written_is_small_and_plain() -> None:
    assert encode(Versions(1, None, 3)) == [1, None, 3]
    assert json.loads(json.dumps(encode(SiteState("CHI")))) == encode(SiteState("CHI"))


def test_a_field_that_was_added_at_the_end_is_read_with_its_default() -> None:
    assert decode(Versions, [1]) == Versions(1)


@pytest.mark.parametrize(
    "data",
    [
        None,
        "text",
        {},
        [],
        [["a", 1, 2.0], [], [], ["", None], [], [], [], False, "red", "one too many"],
        [["a", 1, 2.0], [], [], ["", None], [], [], [], False, "green"],
        [["a", "1", 2.0]],
        [["a", 1, "2.0"]],
        [["a", True, 2.0]],
        [["a", 1]],
        [[1, 1, 2.0]],
        [["a", 1, 2.0], ["not a leaf"]],
        [["a", 1, 2.0], [], [], ["", None, 1]],
        [["a", 1, 2.0], [], [], ["", None], [["key", ["a", 1, 2.0]]]],
        [["a", 1, 2.0], [], [], ["", None], [["key"]]],
        [["a", 1, 2.0], [], [], ["", None], [[[["red"], "x"], ["a", 1, 2.0]]]],
    ],
)
def test_data_that_does_not_fit_is_refused(data: object) -> None:
    with pytest.raises(CodecError, match="Tree"):
        decode(Tree, data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=15,
)


@given(json_values)
def test_no_data_brings_anything_but_a_refusal(data: object) -> None:
    for kind in (Tree, SiteState):
        try:
            decode(kind, data)
        except CodecError:
            pass
        else:
            assert isinstance(data, list)


def test_a_whole_number_is_read_where_a_float_stands() -> None:
    leaf = decode(Leaf, ["a", 1, 2])
    assert leaf == Leaf("a", 1, 2.0)
    assert isinstance(leaf.time, float)
