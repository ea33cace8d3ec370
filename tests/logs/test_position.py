from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.logs.position import HEAD, TAIL, Place, Position

STAMP = b"  $$<SMS_DISTRIBUTION_MANAGER><06-14-2018 06:26:25.828-60><thread=9112 (0x2398)>\r\n"
LINE = b"Adding package" + STAMP


def place_in(data: bytes, offset: int, identity: str | None = "1:1") -> Place:
    tail = data[max(0, offset - TAIL) : offset]
    return Place.start("distmgr.log", identity).moved(offset, 7, data[:HEAD], tail, stamped=True)


def is_in(place: Place, data: bytes) -> bool:
    return place.is_in(data[:HEAD], data[place.tail_start : place.offset])


@given(st.binary(min_size=1, max_size=3 * HEAD), st.data())
def test_a_place_is_in_its_file_and_in_its_copies(content: bytes, data: st.DataObject) -> None:
    offset = data.draw(st.integers(1, len(content)))
    place = place_in(content, offset)
    assert is_in(place, content)
    assert is_in(place, content[:offset])
    assert not is_in(place, content[: offset - 1])


@given(st.binary(min_size=1, max_size=3 * HEAD), st.data())
def test_a_place_is_in_no_file_that_differs_at_the_start_or_before_it(content: bytes, data: st.DataObject) -> None:
    offset = data.draw(st.integers(1, len(content)))
    near = st.one_of(st.integers(0, min(offset, HEAD) - 1), st.integers(max(0, offset - TAIL), offset - 1))
    at = data.draw(near)
    other = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    assert not is_in(place_in(content, offset), other)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=8))
def test_a_place_that_moves_is_the_same_as_one_made_there(steps: list[int]) -> None:
    content = bytes(range(256)) * 16
    place, offset = Place.start("distmgr.log", "1:1"), 0
    for step in steps:
        before, offset = offset, offset + step
        tail = content[max(0, before - TAIL) : offset]
        place = place.moved(offset, 7, content[:HEAD], tail, stamped=True)
    assert place == place_in(content, offset)


def test_a_shorter_copy_is_alike() -> None:
    content = b"".join(b"%d%b" % (number, LINE) for number in range(100))
    place = place_in(content, 9000)
    for size in (len(LINE) + 1, 300, 700, 1024, 5000, 8999):
        assert place.is_like(content[:size][:HEAD], size)


def test_an_older_copy_that_has_grown_is_alike() -> None:
    content = b"".join(b"%d%b" % (number, LINE) for number in range(100))
    assert place_in(content, 5000).is_like((content[:3000] + LINE * 50)[:HEAD], 8000)


def test_another_log_is_not_alike() -> None:
    content = b"".join(b"%d%b" % (number, LINE) for number in range(100))
    other = b"".join(b"%d%b" % (number, LINE) for number in range(1, 100))
    for size in (50, len(LINE), 300, 1024, 5000, 8000):
        assert not place_in(content, 5000).is_like(other[:size][:HEAD], size)


def test_a_banner_without_stamp_makes_no_logs_alike() -> None:
    banner = b"=" * 300 + b"\r\n"
    content = banner + LINE * 30
    assert not place_in(content, 2000).is_like(banner, len(banner))
    assert not place_in(banner, len(banner)).is_like(banner[:200], 200)


def test_a_text_longer_than_the_head_makes_no_logs_alike() -> None:
    """A `<![LOG[` record shows its stamp at its end only: of a statement of an SQL trace, behind the head."""
    text = b"<![LOG[SQL>>>select * from PkgServers where PkgID in (" + b"'CEN00001'," * 1000
    first, second = (
        text + b')]LOG]!><time="06:26:25.%d-60" date="06-14-2018" component="X" context="" type="1" thread="9112" '
        b'file="">\r\n' % ms
        for ms in (828, 829)
    )
    assert not place_in(first, len(first)).is_like(second[:HEAD], len(second))


def test_a_shorter_copy_of_a_log_with_long_records_is_alike_by_its_first() -> None:
    record = b'<![LOG[Adding package]LOG]!><time="06:26:25.828-60" date="06-14-2018" thread="9112" file="">\r\n'
    content = record + b"<![LOG[" + b"x" * 5000 + record
    place = place_in(content, len(content))
    assert place.is_like(record, len(record))
    assert place.is_like(content[:3000], 3000)
    assert not place.is_like(record.replace(b"828", b"829") + content[len(record) : 3000], 3000)


@given(
    st.lists(
        st.builds(
            place_in,
            st.binary(min_size=2000, max_size=3000),
            st.integers(1, 2000),
            st.one_of(st.none(), st.text(max_size=10)),
        ),
        max_size=4,
    ),
    st.integers(0, 4),
)
def test_a_position_survives_json(places: list[Place], split: int) -> None:
    position = Position(tuple(places[:split]), tuple(places[split:]))
    assert Position.decode(json.loads(json.dumps(position.encode()))) == position


STRANGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
)


@given(
    STRANGE
    | st.fixed_dictionaries({"places": STRANGE.filter(bool), "gone": STRANGE})
    | st.fixed_dictionaries(
        {"places": st.lists(st.fixed_dictionaries({"heads": STRANGE, "file": STRANGE}), min_size=1)}
    )
)
def test_what_is_no_position_is_refused(data: Any) -> None:
    with pytest.raises(ValueError, match="not a position"):
        Position.decode(data)


@pytest.mark.parametrize("field", ["file", "identity", "offset", "line", "stamped", "heads", "tail"])
def test_a_place_of_which_a_part_is_missing_or_strange_is_refused(field: str) -> None:
    encoded = Position((place_in(LINE, 10),)).encode()
    without = {key: value for key, value in encoded["places"][0].items() if key != field}
    for place in (without, {**encoded["places"][0], field: {}}):
        with pytest.raises(ValueError, match="not a position"):
            Position.decode({**encoded, "places": [place]})
