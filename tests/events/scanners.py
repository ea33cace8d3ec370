"""A compiled scanner of some bytes, with all that it needs."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

from exporter.events.dispatch import Tables
from exporter.events.interpreter import Interpreter, Source
from exporter.events.loader import load_catalogue
from exporter.events.matcher import COMPILED
from exporter.logs.clock import Clock
from exporter.logs.records import RecordReader

if TYPE_CHECKING:
    from exporter.events.scanner import Scanner

Alarms = list[tuple[bytes, int]]


@cache
def _needs() -> tuple[Source, RecordReader, Interpreter]:
    catalogue, reader = load_catalogue(), RecordReader(Clock())
    tables = Tables(catalogue)
    source = Source("distmgr", "distmgr.log", tables.of_log("distmgr"), Counter())
    return source, reader, Interpreter(catalogue, reader, tables.memo(reader.code_page))


def scanner_of(data: bytes) -> Scanner:
    """Return a scanner of a block."""
    assert COMPILED is not None, "the compiled scanner was not built"
    return COMPILED(data, *_needs())
