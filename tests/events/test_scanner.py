"""The compiled scanner beside the plain way, where it differs; `test_equivalence` holds both to a reference."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exporter.events.event import Event
from exporter.events.loader import load_catalogue
from exporter.events.matcher import COMPILED, MAX_BREAKS, Matcher
from exporter.logs.block import Block
from exporter.logs.clock import Clock
from exporter.logs.records import RecordReader
from exporter.logs.segments import MAX_RECORD
from tests.events import memory
from tests.events.lines import BLOCKED_UNIT, NOISE, STAMPED_FORMS, STATMSG, biased, named
from tests.events.scanners import Alarms, scanner_of

_ALARM = re.compile(rb"erro|fail|warn", re.IGNORECASE)
_STAMP_END = re.compile(rb"><thread=[^<>\n]{0,40}>\r?$")


def test_compiled_scanner_was_built() -> None:
    assert COMPILED is not None, "no compiler? install gcc and python3-dev, and run ./dev setup"


_ENDS = st.lists(
    st.sampled_from([b"<", b">", b"><", b"><thread=", b"thread=", b"1234 (0x4D2)", b"\r", b"x" * 31, b"y", b"$$<"]),
    max_size=7,
).map(b"".join)


@given(_ENDS, st.integers(36, 44))
@example(b"><thread=" + b"x" * 31 + b">", 40)
@example(b"><thread=>", 40)
@example(b"<thread=1>", 40)
@example(b"a><thread=1>\r\r", 40)
@settings(max_examples=2000, deadline=None)
def test_line_is_whole_where_it_ends_in_a_stamp(end: bytes, length: int) -> None:
    for line in (end, b"><thread=" + b"z" * length + end, end + b">"):
        whole = _STAMP_END.search(line) is not None
        assert (scanner_of(line + b"\n").end_of_whole_line(0) > 0) == whole
        assert scanner_of(b"torn\n" + line + b"\n").end_of_whole_line(0) == (len(line) + 6 if whole else 0)
        assert scanner_of(line).end_of_whole_line(0) == 0


_WORDS = st.sampled_from(
    [
        "error",
        "ERROR",
        "erro",
        "rror",
        "fail",
        "FaiLover",
        "warn",
        "WARNing",
        "fai",
        "wann",
        "general",
        "@RROR",
        "e",
        "w",
    ]
)


@given(st.lists(st.lists(st.one_of(_WORDS, st.text("\0 aeflnorwEFR\x7f\xff", max_size=4))), min_size=1, max_size=6))
def test_lines_that_may_hold_a_word_of_failure_in_any_case_are_found(texts: list[list[str]]) -> None:
    lines = [biased("".join(text)).encode() for text in texts]
    events: list[Event] = []
    alarms: Alarms = []
    scanner = scanner_of(b"\n".join([*lines, b""]))
    assert scanner.whole_lines(0, 7, events, alarms)[1] == 7 + len(lines)
    assert events == []
    assert alarms == [(line, number) for number, line in enumerate(lines, 7) if _ALARM.search(line)]


def test_reading_stops_at_the_line_that_is_no_whole_record_and_goes_on_behind_it() -> None:
    first, folded, end = (text.encode() for text in (biased(BLOCKED_UNIT[0]), "a folded", biased("record")))
    data = b"\n".join([first, folded, end, b"torn"])
    scanner = scanner_of(data)
    events: list[Event] = []
    assert scanner.whole_lines(0, 1, events, []) == (len(first) + 1, 2)
    assert [event.name for event in events] == ["incoming_file"]
    assert scanner.end_of_whole_line(len(first) + 1) == len(data) - len(b"torn")
    assert scanner.whole_lines(len(data) - 4, 4, events, []) == (len(data) - 4, 4)
    for outside in (-1, len(data) + 1):
        with pytest.raises(IndexError, match="no place in the block"):
            scanner.whole_lines(outside, 1, events, [])


def test_line_that_is_too_long_to_be_kept_is_left_to_the_plain_way() -> None:
    line = b"x" * MAX_RECORD + biased("y").encode() + b"\n"
    assert scanner_of(line).whole_lines(0, 1, [], []) == (0, 1)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_log_with_records_of_several_lines_is_read_alike(share: float) -> None:
    chance = random.Random(3)  # noqa: S311  # nothing secret
    lines = []
    for _ in range(40 * MAX_BREAKS):
        line = chance.choice(STAMPED_FORMS)(chance.choice([*BLOCKED_UNIT, *NOISE, STATMSG]))
        lines.append(line.replace(" ", "\r\n", 2) if chance.random() < share else line)
    _read_alike("\r\n".join([*lines, "torn"]).encode())


def test_threads_seconds_and_zones_that_change_are_read_alike() -> None:
    chance = random.Random(4)  # noqa: S311  # nothing secret
    lines = []
    for _ in range(4000):
        line = chance.choice((biased, named))(chance.choice([*BLOCKED_UNIT, *NOISE]))
        thread, second = chance.choice([7, 168, 2212, 9112, 100000]), chance.choice(["05", "25", "59", "61", "x1"])
        line = re.sub(r"<thread=.*>", f"<thread={thread} (0x{thread:X})>", line)
        line = re.sub(r":\d\d\.\d{3}", f":{second}.{chance.choice(['007', '999', '0a1'])}", line)
        lines.append(line.replace("Eastern", chance.choice(["Eastern", "Pacific", "No Such"])))
    _read_alike("\n".join([*lines, ""]).encode())


def _read_alike(data: bytes) -> None:
    reader, catalogue = RecordReader(Clock()), load_catalogue()
    matchers = [Matcher(catalogue, reader, compiled=compiled) for compiled in (True, False)]
    for final in (False, True):
        compiled, plain = (matcher.scan(Block(data, "x.log", 5, final=final), "distmgr") for matcher in matchers)
        assert compiled == plain
        assert plain.events


def test_nothing_outside_of_a_block_is_read(tmp_path: Path) -> None:
    """Run random, hostile blocks with a module that stops at the first byte it takes beside an object."""
    done = subprocess.run(
        [sys.executable, "-m", memory.__name__, str(tmp_path), "--blocks", "1500"],
        env=memory.build(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout == "1500 blocks, found the same\n"
