"""Rows are made fit to be served."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from exporter.metrics.rows import RawRow, Rows, to_rows


@pytest.mark.parametrize(
    ("raw", "rows"),
    [
        ([], ()),
        ([(("CHI",), None)], ()),
        ([(("CHI",), 0), (("NYC",), 1.5)], ((("CHI",), 0.0), (("NYC",), 1.5))),
        ([(("CHI",), True)], ((("CHI",), 1.0),)),
        ([(("CHI",), 1), (("CHI",), 2)], ((("CHI",), 2.0),)),
        ([(("CHI",), 10**400)], ((("CHI",), math.inf),)),
        ([(("CHI",), -(10**400))], ((("CHI",), -math.inf),)),
    ],
)
def test_what_is_unknown_is_left_out_and_nothing_stands_twice(raw: Sequence[RawRow], rows: Rows) -> None:
    assert to_rows(raw) == rows


def test_zero_has_no_sign() -> None:
    assert repr(to_rows([((), -0.0)])) == "(((), 0.0),)"


def test_a_long_key_of_short_values_stays_as_it_is() -> None:
    key = ("x" * 200, "y" * 200)
    assert to_rows([(key, 1)]) == ((key, 1.0),)


def test_only_the_bad_value_of_a_key_is_changed() -> None:
    (((site, package), _),) = to_rows([(("CHI", "a\x00b"), 1)])
    assert site == "CHI"
    assert package.startswith("a�b#")
