from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.logs import segments as segments_module
from exporter.logs.block import Block
from exporter.logs.segments import MAX_BLOCK, MAX_LINE, MAX_RECORD, Segments, first_stamp, is_stamped, segment
from tests.logs.golden import CORPUS, excerpts

STAMP = b"  $$<SMS_X><06-14-2018 06:26:25.828-60><thread=9112 (0x2398)>"
CCM_TAIL = b']LOG]!><time="10:22:01.003+240" date="10-13-2020" component="X" context="" type="1" thread="4" file="y:1">'


@dataclass(frozen=True)
class Line:
    """A line and what it is, so that a model need not know the syntax."""

    kind: str
    text: bytes


BARE = [
    b"select Name",
    b"<Activating JOB 00000E2A>",
    b"~",
    b"a (b)>",
    b"[x]LOG]!",
    b"cost is $$<x>",
    b"Worker ended (thread=5)",
    b"see <thread=5>",
    b"SMS_X 11/18/2013 7:10:14 PM 4808 (0x12C8)",
    b"\xff\0",
]
SUFFIXES = [
    STAMP,
    b" $$<SMS_X><Mon Apr 21 09:02:14 1997~><thread=168>",
    b"   1995~><thread=E0>",
    b"$$<Configuration Manager Prereq><04-21-2024 07:33:58.583+00>",
    b"~ $$(SMS_HIERARCHY_MANAGER)(Mon Jun 26 16:18:55 2000~)(thread=326)",
    b" $<SMS_DISTRIBUTION_MANAGER>",
    b"$$<SMS_DISTRIBUTION_MANAGER>",
]
FORMS = st.one_of(
    st.builds(Line, st.just("bare"), st.sampled_from(BARE)),
    st.builds(
        lambda message, suffix: Line("stamped", message + suffix),
        st.sampled_from([*BARE, b""]),
        st.sampled_from([*SUFFIXES, *[STAMP] * 8]),
    ),
    st.just(Line("stamped", b" <thread=E0>")),
    st.builds(Line, st.just("blank"), st.sampled_from([b"", b" ", b"\t "])),
    st.just(Line("ccm open", b"<![LOG[torn")),
    st.just(Line("ccm close", b"tail" + CCM_TAIL)),
    st.just(Line("ccm", b"<![LOG[whole" + CCM_TAIL)),
    st.just(Line("rollover", b"ROLLOVER")),
)
LINES = st.lists(st.builds(lambda line, end: (line, end), FORMS, st.sampled_from([b"\n", b"\r\n"])), max_size=30)


def reference(lines: list[Line], *, stamped: bool, limit: int) -> list[list[int]]:
    """Say which lines make up each record, in the plainest way."""
    records: list[list[int]] = []
    waiting: list[int] = []
    in_ccm = False

    def release() -> None:
        nonlocal in_ccm
        records.extend([at] for at in waiting if lines[at].kind != "blank")
        waiting.clear()
        in_ccm = False

    for at, line in enumerate(lines):
        if line.kind in {"ccm", "ccm open", "rollover"} or (line.kind == "stamped" and in_ccm):
            release()
        in_ccm = in_ccm or line.kind == "ccm open"
        if line.kind in {"ccm", "stamped", "rollover"} or (line.kind == "ccm close" and in_ccm):
            records.append([*waiting, at])
            waiting.clear()
            in_ccm = False
        elif waiting or (line.kind != "blank" and (stamped or in_ccm)):
            waiting.append(at)
        elif line.kind != "blank":
            records.append([at])
        if len(waiting) >= limit:
            release()
    release()
    return records


def present(
    data: bytes, sizes: Iterator[int], *, stamped: bool, line: int = 1
) -> tuple[list[tuple[int, bytes]], Segments]:
    """Present a file piece by piece, always with what was left over, and give its records and the counts."""
    records: list[tuple[int, bytes]] = []
    start = end = overlong = stampless = first = 0
    first = line
    while start < len(data) or end < len(data):
        end = min(len(data), end + next(sizes))
        final = end == len(data)
        cut = segment(Block(data[start:end], "x.log", line, stamped, final))
        assert 0 <= cut.consumed <= end - start
        assert not final or cut.consumed == end - start
        assert cut.line_count == data[start : start + cut.consumed].count(b"\n") + (final and data[-1:] != b"\n")
        records += zip(cut.lines, cut.raws, strict=True)
        start += cut.consumed
        line += cut.line_count
        overlong += cut.overlong
        stampless += cut.stampless
    return records, Segments([], [], start, line - first, overlong, stampless)


@given(lines=LINES, stamped=st.booleans(), limit=st.integers(2, 8), first=st.integers(1, 9))
def test_segment_equals_the_plain_reference(
    *,
    lines: list[tuple[Line, bytes]],
    stamped: bool,
    limit: int,
    first: int,
) -> None:
    texts = [line.text + end for line, end in lines]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments_module, "MAX_WAITING_LINES", limit)
        cut = segment(Block(b"".join(texts), "x.log", first, stamped, final=True))
    expected = reference([line for line, _ in lines], stamped=stamped, limit=limit)
    assert [raw.split(b"\n") for raw in cut.raws] == [[texts[at][:-1] for at in record] for record in expected]
    assert list(cut.lines) == [first + record[0] for record in expected]
    assert cut.consumed == sum(map(len, texts))
    assert cut.line_count == len(texts)
    assert cut.overlong == 0


@given(
    lines=st.lists(st.sampled_from(SUFFIXES[:3]), min_size=1, max_size=20), torn=st.sampled_from([b"", b"torn", STAMP])
)
def test_block_of_whole_records_takes_the_short_way(lines: list[bytes], torn: bytes) -> None:
    data = b"".join(b"message" + line + b"\r\n" for line in lines)
    cut = segment(Block(data + torn, "x.log", 5))
    assert cut.raws == data.split(b"\n")[:-1]
    assert cut.lines == range(5, 5 + len(lines))
    assert (cut.consumed, cut.line_count, cut.stampless) == (len(data), len(lines), 0)


CHUNKS = st.lists(st.integers(1, 40), min_size=1)


def cycle(sizes: list[int]) -> Iterator[int]:
    while True:
        yield from sizes


@given(lines=LINES, sizes=CHUNKS, stamped=st.booleans(), ended=st.booleans())
def test_records_do_not_depend_on_where_blocks_are_cut(
    *,
    lines: list[tuple[Line, bytes]],
    sizes: list[int],
    stamped: bool,
    ended: bool,
) -> None:
    data = b"".join(line.text + end for line, end in lines)
    data = data if ended else data[:-1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments_module, "MAX_WAITING_LINES", 5)
        patch.setattr(segments_module, "MAX_WAITING_BYTES", 90)
        patch.setattr(segments_module, "MAX_LINE", 60)
        patch.setattr(segments_module, "MAX_RECORD", 50)
        whole = present(data, iter([len(data)]), stamped=stamped)
        assert present(data, cycle(sizes), stamped=stamped) == whole


TOKENS = st.sampled_from(
    [b"\n", b"\r\n", b"<![LOG[", CCM_TAIL, STAMP, b" $$<SMS_X>", b"<thread=1>", b"ROLLOVER", b"\xc3\xa4", b" "]
)
BYTES = st.lists(st.one_of(st.binary(max_size=8), TOKENS), max_size=40).map(b"".join)


@given(data=BYTES, stamped=st.booleans(), sizes=CHUNKS)
def test_every_line_is_in_exactly_one_record(*, data: bytes, stamped: bool, sizes: list[int]) -> None:
    records, total = present(data, cycle(sizes), stamped=stamped)
    lines = data.split(b"\n")
    assert [line for _, raw in records for line in raw.split(b"\n") if line.strip()] == [
        line for line in lines if line.strip()
    ]
    for number, raw in records:
        assert lines[number - 1] == raw.split(b"\n", 1)[0]
    assert total.line_count == len(lines) - (lines[-1] == b"")
    assert present(data, iter([len(data)]), stamped=stamped) == (records, total)


def test_torn_last_line_waits_for_its_rest() -> None:
    data = b"one" + STAMP + b"\r\ntwo  $$<SMS_X><06-14"
    cut = segment(Block(data, "x.log"))
    assert cut.raws == [b"one" + STAMP + b"\r"]
    assert cut.consumed == len(b"one" + STAMP + b"\r\n")


def test_torn_last_line_of_a_rolled_file_is_a_record() -> None:
    data = b"one" + STAMP + b"\r\ntwo  $$<SMS_X><06-14"
    cut = segment(Block(data, "x.lo_", final=True))
    assert cut.raws[1:] == [b"two  $$<SMS_X><06-14"]
    assert (cut.consumed, cut.line_count, cut.stampless) == (len(data), 2, 1)


def test_bare_lines_wait_for_the_line_with_their_stamp() -> None:
    data = b"one" + STAMP + b"\r\nSend Request 202SQCS1\r\n  JobID: 1\r\n\r\n  Status: Pending" + STAMP + b"\r\n"
    cut = segment(Block(data, "sched.log", 10))
    assert cut.lines == [10, 11]
    assert cut.raws[1] == b"Send Request 202SQCS1\r\n  JobID: 1\r\n\r\n  Status: Pending" + STAMP + b"\r"
    assert cut.stampless == 0


@pytest.mark.parametrize("line", BARE)
def test_line_that_only_looks_like_an_end_waits(line: bytes) -> None:
    assert segment(Block(line + b"\nend" + STAMP + b"\n", "x.log")).raws == [line + b"\nend" + STAMP]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_line_with_any_suffix_ends_a_record(suffix: bytes) -> None:
    assert segment(Block(b"a\nb" + suffix + b" \r\r\nc", "x.log")).raws == [b"a\nb" + suffix + b" \r\r"]


def test_bare_lines_are_released_when_too_many_wait() -> None:
    data = b"bare\n" * 100 + b"end" + STAMP + b"\n"
    cut = segment(Block(data, "x.log"))
    assert cut.raws == [b"bare"] * 64 + [b"\n".join([b"bare"] * 36 + [b"end" + STAMP])]
    assert cut.stampless == 64


def test_bare_lines_are_released_when_too_much_waits() -> None:
    data = b"x" * 40_000 + b"\n" + b"y" * 40_000 + b"\nend" + STAMP + b"\n"
    cut = segment(Block(data, "x.log"))
    assert [len(raw) for raw in cut.raws] == [40_000, 40_000, 3 + len(STAMP)]
    assert cut.stampless == 2


def test_unstamped_text_is_never_made_to_wait() -> None:
    cut = segment(Block(b"one\r\n\r\ntwo\r\nthree", "pasted.txt", stamped=False))
    assert cut.raws == [b"one\r", b"two\r"]
    assert cut.lines == [1, 3]
    assert cut.line_count == 3
    assert cut.stampless == 0


def test_torn_ccm_record_does_not_swallow_its_neighbour() -> None:
    data = b"<![LOG[torn by a crash\n<![LOG[good" + CCM_TAIL + b"\n<![LOG[torn again\ngood" + STAMP + b"\n"
    cut = segment(Block(data, "x.log"))
    assert cut.raws == [b"<![LOG[torn by a crash", b"<![LOG[good" + CCM_TAIL, b"<![LOG[torn again", b"good" + STAMP]


def test_record_of_megabytes_keeps_its_start_and_its_stamp() -> None:
    data = b"SQL>>>" + b"x" * (3 << 20) + STAMP + b"\r\nnext" + STAMP + b"\r\n"
    cut = segment(Block(data, "x.log"))
    assert cut.overlong == 1
    assert len(cut.raws) == 2
    assert cut.raws[0].startswith(b"SQL>>>xxx")
    assert cut.raws[0].endswith(b"xxx" + STAMP + b"\r")
    assert b"[... 2097" in cut.raws[0]
    assert len(cut.raws[0]) < MAX_RECORD + 100
    assert cut.consumed == len(data)


def test_record_of_megabytes_is_not_cut_within_a_character() -> None:
    data = "€".encode() * (1 << 20) + b"." + STAMP + b"\n"
    cut = segment(Block(data, "x.log"))
    text = cut.raws[0].decode()
    assert text.startswith("€€")
    assert text.count("€") + int(text.partition("[... ")[2].partition(" ")[0]) // 3 == 1 << 20


def test_endless_line_is_not_cut_within_a_character() -> None:
    data = "€".encode() * (MAX_BLOCK // 3 + 1)
    cut = segment(Block(data, "x.log"))
    assert cut.consumed == MAX_LINE - MAX_LINE % 3
    assert cut.line_count == 0
    cut.raws[0].decode()


def test_endless_line_makes_progress_in_bounded_memory() -> None:
    data = b"z" * ((8 << 20) + 1000) + STAMP + b"\nnext" + STAMP + b"\n"
    start, number, raws = 0, 1, list[bytes]()
    size = 1 << 20
    while start < len(data):
        cut = segment(Block(data[start : start + size], "x.log", number))
        assert cut.consumed or size < MAX_BLOCK
        size = 1 << 20 if cut.consumed else size + (1 << 20)
        start, number = start + cut.consumed, number + cut.line_count
        raws += cut.raws
    assert raws[2:] == [b"z" * 1000 + STAMP, b"next" + STAMP]
    assert all(len(raw) < MAX_RECORD + 100 for raw in raws)
    assert number == 3


@pytest.mark.parametrize("stamped", [True, False])
@pytest.mark.parametrize(
    "data",
    [
        b"a" * (MAX_BLOCK + 1),
        b"bare\n" * 63 + b"a" * MAX_BLOCK,
        b"b" * (64 << 10) + b"\n" + b"a" * (MAX_LINE + 1),
        b"<![LOG[" + b"a" * MAX_BLOCK,
        b"\x80" * (MAX_BLOCK + 1),
    ],
)
def test_block_of_the_largest_size_is_always_consumed_in_part(*, data: bytes, stamped: bool) -> None:
    cut = segment(Block(data[: MAX_BLOCK + 1], "x.log", stamped=stamped))
    assert cut.consumed > 0


def test_rollover_line_stands_alone() -> None:
    cut = segment(Block(b"waits\r\nROLLOVER\r\none" + STAMP + b"\r\n", "x.log"))
    assert cut.raws == [b"waits\r", b"ROLLOVER\r", b"one" + STAMP + b"\r"]
    assert cut.stampless == 2


STAMPED_ARTICLES = ("Q153246", "Q159201", "Q168510", "Q169491", "Q193766", "Q235774", "Q244405-distmgr.", "Q270218")


@pytest.mark.parametrize("excerpt", excerpts())
def test_stamped_files_are_told_from_pasted_text(excerpt: str) -> None:
    assert is_stamped((CORPUS / excerpt).read_bytes()) == (
        excerpt.endswith("-raw.log") or any(article in excerpt for article in STAMPED_ARTICLES)
    )


@pytest.mark.parametrize(
    ("head", "stamped"),
    [
        (b"", False),
        (b"\r\n\r\n", False),
        (b"torn" + STAMP[:-10], False),
        (b"one" + STAMP, True),
        (b"bare\n" * 7 + b"one" + STAMP + b"\ntorn", False),
        (b"bare\n" * 6 + b"one" + STAMP + b"\n\n\n\ntorn", True),
        (b"<![LOG[a\nb\nc\n", True),
    ],
)
def test_head_with_few_stamps_is_pasted_text(*, head: bytes, stamped: bool) -> None:
    assert is_stamped(head) == stamped


def test_segments_of_an_empty_block() -> None:
    block = Block(b"", "x.log", 7)
    for empty in (block, replace(block, stamped=False), replace(block, final=True)):
        cut = segment(empty)
        assert (cut.raws, list(cut.lines), cut.consumed, cut.line_count) == ([], [], 0, 0)


CCM = b'<![LOG[Adding]LOG]!><time="06:26:25.828-60" date="06-14-2018" component="X" thread="9112" file="">'
PLAIN = b"Adding package  $$<SMS_DISTRIBUTION_MANAGER><06-14-2018 06:26:25.828-60><thread=9112 (0x2398)>"


@pytest.mark.parametrize(
    ("head", "end"),
    [
        (b"", 0),
        (b"=" * 300 + b"\r\n", 0),
        (PLAIN, len(PLAIN)),
        (PLAIN + b"\r\n" + PLAIN, len(PLAIN) + 2),
        (b"SQL>>>\r\nselect\r\n" + PLAIN + b"\r\n", len(PLAIN) + 18),
        (b"\n" * 63 + PLAIN, len(PLAIN) + 63),
        (b"\n" * 64 + PLAIN, 0),
        (CCM + b"\n" + CCM, len(CCM) + 1),
        (CCM[:-20], 0),
        (b"<![LOG[one\n" + CCM[7:] + b"\n", len(CCM) + 5),
    ],
)
def test_a_log_is_known_by_its_first_whole_stamp(head: bytes, end: int) -> None:
    assert first_stamp(head) == end
