from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from exporter.events.alarms import alarming

_PIECES = st.sampled_from(
    [b"error", b"ERROR", b"erRor", b"fail", b"FailOver", b"warn", b"Warning", b"general", b"fair", b"w", b"ar", b"n"]
)
_RECORDS = st.lists(st.lists(st.one_of(_PIECES, st.binary(max_size=3)), max_size=6).map(b"".join), max_size=8)


@given(_RECORDS)
@example([b"erro", b"r fai", b"", b"l"])
def test_records_that_hold_a_word_of_failure_in_any_case_are_found(raws: list[bytes]) -> None:
    words = (b"error", b"fail", b"warn")
    assert alarming(raws) == [at for at, raw in enumerate(raws) if any(word in raw.lower() for word in words)]
