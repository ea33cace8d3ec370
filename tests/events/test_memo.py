from __future__ import annotations

import pytest

from exporter.events import memo as memo_module
from exporter.events.dispatch import Tables
from exporter.events.matcher import Matcher, Scan
from exporter.events.memo import LONGEST, Memo
from exporter.logs.block import Block
from exporter.logs.clock import Clock
from exporter.logs.records import RecordReader
from tests.events.golden import catalogue
from tests.events.lines import STATMSG, named

_EXITED = "~Exiting package processing thread for package CEN0000E."


def _matcher(tables: Tables, code_page: str = "cp1252") -> Matcher:
    return Matcher(catalogue(), RecordReader(Clock(), code_page), tables)


def _scan(matcher: Matcher, *lines: bytes) -> Scan:
    return matcher.scan(Block(b"\r\n".join([*lines, b""]), "distmgr.log", 1), "distmgr")


def test_words_that_one_site_said_are_known_of_all() -> None:
    tables = Tables(catalogue())
    _scan(_matcher(tables), named(_EXITED).encode())
    assert [told and told[0] for told in tables.memo("cp1252").values()] == ["package_thread_exited"]

    class Unread(RecordReader):
        def read_said(self, said: bytes) -> tuple[str, str]:
            raise AssertionError(said)

    (event,) = _scan(Matcher(catalogue(), Unread(Clock()), tables), named(_EXITED).encode()).events
    assert (event.name, event.fields) == ("package_thread_exited", {"package": "CEN0000E"})


def test_words_of_another_code_page_are_others() -> None:
    tables = Tables(catalogue())
    said = 'Package Source Directory = "D:\\Quelle\\\xc4"'
    lines = [
        _scan(
            _matcher(tables, page),
            named(f"Taking package snapshot for package CEN0000E from source {said}").encode("latin-1"),
        )
        for page in ("cp1252", "cp437")
    ]
    texts = [event.text for scan in lines for event in scan.events]
    assert len(set(texts)) == len(texts) == 2


def test_words_are_forgotten_before_they_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo_module, "MOST", 30)
    memo = Memo()
    for number in range(1, 10):
        memo.learn(b"x" * number, None)
        assert memo.size == sum(map(len, memo)) <= 30
    assert [len(said) for said in memo] == [8, 9]


def test_long_words_are_not_remembered() -> None:
    tables = Tables(catalogue())
    long = f"~Processing incoming file D:\\{'x' * LONGEST}\\RD5L85BW.PKG."
    found = _scan(_matcher(tables), named(long).encode())
    assert [event.name for event in found.events] == ["incoming_file"]
    assert not tables.memo("cp1252")


def test_status_message_is_known_again_at_another_time() -> None:
    tables = Tables(catalogue())
    _scan(_matcher(tables), named(STATMSG).encode())

    later = STATMSG.replace("Mon May 16 14:36:10.061 2016", "Tue May 17 09:00:00.001 2016")
    later = later.replace(" PID=", " PID=9")
    assert "PID=91" in later
    assert "May 17" in later
    (told,) = tables.memo("cp1252").values()
    (event,) = _scan(_matcher(tables), named(later).encode()).events
    assert told is not None
    assert event.fields is told[1]
    assert event.text == later
    assert len(tables.memo("cp1252")) == 1


def test_status_message_of_an_odd_form_is_not_remembered() -> None:
    tables = Tables(catalogue())
    odd = STATMSG.replace(" LEV=M", "")
    (event,) = _scan(_matcher(tables), named(odd).encode()).events
    assert event.name == "status_message"
    assert not tables.memo("cp1252")


def test_words_of_status_messages_count_in_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo_module, "MOST", 30)
    memo = Memo()
    memo.learn((b"x" * 10, b"y" * 10), None)
    assert memo.size == 20
    memo.learn((b"z" * 10, b"y" * 10), None)
    assert (memo.size, len(memo)) == (20, 1)
