"""Text of a hostile log as a label value."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.metrics.labels import MAX_LENGTH, label_value


@pytest.mark.parametrize(
    "text", ["", "CEN00010", "\\\\srv\\share$\\Zoë", "a\xa0b", "<script>", 'say "hi"', "漢字", "x" * MAX_LENGTH]
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert label_value(text) == text


@pytest.mark.parametrize("bad", ["\x00", "\x1b[2J", "\r", "\n", "\x85", "\u2028", "\u202e", "\ufeff", "\ud800", "\x7f"])
def test_what_steers_a_terminal_or_a_page_is_replaced_and_marked(bad: str) -> None:
    shown = label_value(f"a{bad}b")
    assert re.fullmatch(r"a�(\[2J)?b#[0-9a-f]{16}", shown)


def test_long_text_is_cut_and_marked() -> None:
    shown = label_value("x" * 1_000_000)
    assert len(shown) == MAX_LENGTH
    assert re.fullmatch(r"x+#[0-9a-f]{16}", shown)


def test_long_texts_that_differ_at_the_end_stay_different() -> None:
    assert label_value("x" * 300 + "a") != label_value("x" * 300 + "b")


@given(st.text(st.characters(codec=None), max_size=400))
def test_any_text_becomes_short_encodable_and_harmless(text: str) -> None:
    shown = label_value(text)
    assert len(shown) <= MAX_LENGTH
    assert shown.encode().decode() == shown
    assert not any(c < " " or "\x7f" <= c < "\xa0" for c in shown)
    assert label_value(shown) == shown
