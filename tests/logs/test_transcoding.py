from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.logs.transcoding import find_mark, raw_length, transcode, whole_lines

CODECS = ["utf-16-le", "utf-16-be"]
# Units that make characters of every kind, halves of pairs, line feeds, and their bytes where they are none.
UNITS = st.sampled_from(
    [0x41, 0x0A, 0x0D, 0x0A0A, 0x410A, 0x0A41, 0xE9, 0x20AC, 0xD83D, 0xDE00, 0xDC00, 0xFFFD, 0xFEFF, 0]
)


@st.composite
def encoded(draw: st.DrawFn) -> tuple[bytes, str]:
    codec = draw(st.sampled_from(CODECS))
    units = draw(st.lists(UNITS, max_size=20))
    return b"".join(unit.to_bytes(2, "little" if codec.endswith("le") else "big") for unit in units), codec


@pytest.mark.parametrize(
    ("head", "mark"),
    [
        (b"", (0, "")),
        (b"\xff", (0, "")),
        (b"\xef\xbb", (0, "")),
        (codecs.BOM_UTF8 + b"a", (3, "")),
        (codecs.BOM_UTF16_LE + b"a\0", (2, "utf-16-le")),
        (codecs.BOM_UTF16_BE + b"\0a", (2, "utf-16-be")),
        (b"plain", (0, "")),
    ],
)
def test_byte_order_marks(head: bytes, mark: tuple[int, str]) -> None:
    assert find_mark(head) == mark


@given(encoded(), st.data())
def test_any_part_of_the_text_tells_how_many_bytes_it_came_from(text: tuple[bytes, str], data: st.DataObject) -> None:
    raw, codec = text
    whole = transcode(raw, codec, final=True)
    characters = whole.decode()
    part = characters[: data.draw(st.integers(0, len(characters)))].encode()
    length = raw_length(part, codec)
    assert transcode(raw[:length], codec, final=True) == part
    assert part + transcode(raw[length:], codec, final=True) == whole


@given(encoded(), st.integers(0, 40))
def test_text_that_comes_in_two_parts_is_the_same(text: tuple[bytes, str], cut: int) -> None:
    raw, codec = text
    first = transcode(raw[:cut], codec, final=False)
    rest = raw[raw_length(first, codec) :]
    assert first + transcode(rest, codec, final=True) == transcode(raw, codec, final=True)


def test_an_odd_byte_and_half_a_pair_wait() -> None:
    assert transcode(b"a\0\n", "utf-16-le", final=False) == b"a"
    assert transcode(b"a\0\x3d\xd8", "utf-16-le", final=False) == b"a"
    assert transcode(b"a\0\x3d\xd8\x00\xde", "utf-16-le", final=False) == "a\U0001f600".encode()
    assert transcode(b"a\0\n", "utf-16-le", final=True) == "a\ufffd".encode()
    assert transcode(b"\x00\xdea\0", "utf-16-le", final=False) == "\ufffda".encode()


def naive_whole_lines(raw: bytes, codec: str, least: int) -> tuple[int, int]:
    width = 2 if codec else 1
    feed = "\n".encode(codec or "ascii")
    ends = [at + width for at in range(0, len(raw) - width + 1, width) if raw[at : at + width] == feed]
    upto = [end for at, end in enumerate(ends) if at == 0 or ends[at - 1] < least]
    return len(upto), upto[-1] if upto else 0


@given(encoded(), st.integers(1, 50))
def test_whole_lines_of_utf_16(text: tuple[bytes, str], least: int) -> None:
    assert whole_lines(*text, least) == naive_whole_lines(*text, least)


@given(st.lists(st.sampled_from([b"\n", b"a", b"bc", b"\r\n", b"\0"])).map(b"".join), st.integers(1, 30))
def test_whole_lines_of_bytes(raw: bytes, least: int) -> None:
    assert whole_lines(raw, "", least) == naive_whole_lines(raw, "", least)
