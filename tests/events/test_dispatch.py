from __future__ import annotations

import dataclasses

import pytest

from exporter.events.dispatch import Dispatch
from exporter.events.loader import Catalogue, load_catalogue
from exporter.events.matcher import Matcher
from exporter.events.messages import Message
from exporter.events.templates import HEAD_LENGTH, compile_template
from exporter.events.user import UserTemplate
from exporter.logs.block import Block
from exporter.logs.clock import Clock
from exporter.logs.records import Record, RecordReader
from tests.events.golden import catalogue
from tests.events.lines import BLOCKED_UNIT, NOISE, biased


class CountingReader(RecordReader):
    """Counts the records that are read."""

    def __init__(self) -> None:
        super().__init__(Clock())
        self.read = 0

    def parse(self, raw: bytes, file: str, line: int) -> Record:
        self.read += 1
        return super().parse(raw, file, line)

    def read_said(self, said: bytes) -> tuple[str, str]:
        self.read += 1
        return super().read_said(said)


def _message(name: str, text: str) -> Message:
    (base,) = (message for message in catalogue().messages if message.name == "package_adding")
    return dataclasses.replace(base, name=name, templates=(compile_template(text),))


def _read(known: Catalogue, lines: list[str]) -> int:
    reader = CountingReader()
    Matcher(known, reader).scan(Block("".join(f"{biased(line)}\r\n" for line in lines).encode(), "x.log"), "distmgr")
    return reader.read


def _grown(times: int) -> Catalogue:
    known = catalogue()
    words = ("Adding", "Zeta", "The", "Package")
    more = [
        _message(f"{message.name}_{n}", f"{words[n % 4]} {message.templates[0].text} again{n}")
        for n in range(times)
        for message in known.messages
        if not message.templates[0].text.endswith("}")
    ]
    return dataclasses.replace(known, messages=(*known.messages, *more))


_QUIET = [
    "Performing cleanup prior to returning.",
    "~Use drive E for storing the compressed package.",
    "Start validating package CEN00010 on server X...",
    "~Package CEN00010 was looked at",
    "Adding a user",
]


def test_lines_that_mean_nothing_are_not_even_read() -> None:
    assert _read(catalogue(), _QUIET * 100) == 1  # the last, for its time


def test_template_that_can_begin_anyhow_reads_only_lines_that_hold_its_rarest_word() -> None:
    known = load_catalogue([UserTemplate(name="looked", text="{text:what} was looked at")])
    assert _read(known, _QUIET * 100) == 1 + 100


def test_larger_catalogue_makes_no_line_dearer() -> None:
    lines = [*_QUIET, *BLOCKED_UNIT] * 20
    small, large = _read(catalogue(), lines), _read(_grown(9), lines)
    assert small == large == 1 + len(BLOCKED_UNIT)  # what is said twenty times is read once


def _names(table: Dispatch, beginning: bytes) -> list[str]:
    found = table[beginning]
    return [wording.message.name for wording in found.wordings] if found else []


@pytest.mark.parametrize(
    ("beginning", "names"),
    [
        (b"Start adding", ["adding", "short"]),
        (b"~Start addin", ["adding", "short"]),
        (b" ~ Start  ad", ["adding", "short"]),
        (b"Start~adding", ["adding", "short"]),
        (b"Start removi", ["short"]),
        (b"Start", ["adding", "short"]),
        (b"Begin adding", []),
        (b"PS1 is not a", ["value"]),
        (b"~PS1~is  not", ["value"]),
        (b"PS1 is now a", []),
        (b"PS12 is not ", []),
    ],
)
def test_beginning_tells_what_a_line_can_be(beginning: bytes, names: list[str]) -> None:
    messages = [
        _message("adding", "Start adding package {package}"),
        _message("short", "Start {text:what}"),
        _message("value", "{site} is not active"),
    ]
    assert len(beginning) <= HEAD_LENGTH
    assert _names(Dispatch(messages), beginning) == names


@pytest.mark.parametrize(
    "beginning",
    [
        b"STATMSG: ID=",
        b"~STATMSG: ID",
        b"<![LOG[Start",
        b"~~~~~~~~~~~~",
        b"SMS_LAN_SEND",
        b"SMS_X 12 (0x",
        b"\xc2\xa0Start ad",
        b"ROLLOVER",
    ],
)
def test_line_whose_message_is_not_seen_yet_is_read(beginning: bytes) -> None:
    found = Dispatch([])[beginning]
    assert found is not None
    assert found.is_open


@pytest.mark.parametrize(
    "beginning", [b"", b"Start adding", b"DP Thread: A", b"A program fo", b"SQL>>>select", b"CWmi::Open()"]
)
def test_other_line_is_not_read(beginning: bytes) -> None:
    assert Dispatch([])[beginning] is None


def test_beginnings_are_forgotten_before_they_fill_the_memory() -> None:
    table = Dispatch([_message("adding", "Start adding package {package}")])
    for n in range(40_000):
        assert table[b"%d" % n] is None
    assert len(table) < 20_000
    assert _names(table, b"Start adding") == ["adding"]


def test_most_specific_wording_comes_first() -> None:
    table = Dispatch([_message("general", "Start {text:what}"), _message("special", "Start {text:what} in earnest")])
    assert _names(table, b"Start adding") == ["special", "general"]


def test_noise_of_the_tests_is_unknown() -> None:
    found = Matcher(catalogue(), RecordReader(Clock())).scan(
        Block("".join(f"{biased(line)}\n" for line in NOISE).encode(), "x.log"), "distmgr"
    )
    assert found.events == []
