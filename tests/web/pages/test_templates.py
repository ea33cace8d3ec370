"""What templates say for what the state holds: nothing of it is left without a word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

import pytest

from exporter.replication.state import FactKind, SourceReason, TroubleKind, WaitReason
from exporter.report.condition import Condition
from exporter.report.words import SOURCE_WORDS, TROUBLE_WORDS, WAIT_WORDS
from exporter.web.pages.templates import FACT_WORDS, MARKS


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        (FACT_WORDS, FactKind),
        (SOURCE_WORDS, SourceReason),
        (TROUBLE_WORDS, TroubleKind),
        (WAIT_WORDS, WaitReason),
        (MARKS, Condition),
    ],
)
def test_every_kind_has_words_of_its_own(words: Mapping[StrEnum, str], kinds: Iterable[StrEnum]) -> None:
    assert words.keys() == set(kinds)
    assert len(set(words.values())) == len(words)
