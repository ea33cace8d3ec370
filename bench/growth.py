"""How the cost of a scan grows: with templates, blocked task sequences, sites, threads, and what lines are like."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from bench.measure import Cost, call, cpu, in_turns, one_core, ratio
from bench.results import Cell, Figure, Part, Table, Target
from exporter.events.dispatch import Tables
from exporter.events.loader import Catalogue, load_catalogue
from exporter.events.matcher import Matcher
from exporter.events.messages import Message
from exporter.events.templates import compile_template
from exporter.logs.block import Block
from exporter.logs.clock import Clock
from exporter.logs.records import RecordReader
from exporter.replication.ledger import Ledger
from exporter.simulator.load import write_benchmark_log

_BLOCK: Final = 1 << 20
_TIMES: Final = (1, 2, 5, 10)
_WORDS: Final = ("Adding", "Zeta", "The", "Package")
_UNIT: Final = b"~Processing incoming file"
_THREAD: Final = b"thread=4724 (0x1274)"


def growth(folder: Path, megabytes: float, repeats: int) -> Part:
    """Measure how lines a second change with what there is more and more of."""
    path = folder / "distmgr.log"
    write_benchmark_log(path, megabytes)
    data = path.read_bytes()
    known = load_catalogue()
    many, sites, threads, lengths = (50, 500, 5000), (1, 10, 100), (1, 8, 64), (0, 200, 1000)
    shares = (0, 25, 100)
    axes: dict[str, tuple[str, Sequence[float], Sequence[Callable[[], object]]]] = {
        "templates": (
            "templates in the catalogue",
            [len(grown(known, times).messages) for times in _TIMES],
            [partial(read, data, grown(known, times)) for times in _TIMES],
        ),
        "sequences": ("blocked task sequences", many, [partial(read, _sequences(data, n), known) for n in many]),
        "sites": ("sites", sites, [partial(_sites, data, n, known) for n in sites]),
        "threads": ("threads that write", threads, [partial(read, _threads(data, n), known) for n in threads]),
        "mixed": (
            "percent of units with another thread's line in them",
            shares,
            [partial(read, _mixed(data, n), known) for n in shares],
        ),
        "length": (
            "bytes more in each quiet line",
            lengths,
            [partial(read, b"".join(_longer(data, n)), known) for n in lengths],
        ),
    }
    rows: list[list[Cell]] = []
    figures: list[Figure] = []
    times = 0.0
    lines = data.count(b"\n")
    for name, (title, amounts, functions) in axes.items():
        contestants: dict[str, Callable[[], Cost]] = {
            str(amount): partial(call, function) for amount, function in zip(amounts, functions, strict=True)
        }
        with one_core():
            runs = list(in_turns(contestants, repeats).values())
        speeds = [lines / cpu(each) / 1000 for each in runs]
        ratios = [ratio(each, runs[0]) for each in runs]
        rows += [[title, *row] for row in zip(amounts, speeds, ratios, strict=True)]
        points = list(zip(amounts, speeds, strict=True))
        figures.append(Figure(f"scan-{name}", f"Speed of a scan by {title}", title, "1000 lines/s", {"scan": points}))
        if name == "templates":
            times = ratios[-1]
    table = Table(
        "Matcher and ledger in one process, one core, without start", ("more of", "", "1000 lines/s", "time"), rows
    )
    target = Target("scan, ten times the templates", "at most 1.1 times the time", f"{times:.2f}", times <= 1.1)
    how = f"One log of {megabytes:g} MB, changed so that there is more and more of one thing in it."
    return Part("growth", "How the cost of a scan grows", how, [table], figures, [target])


def grown(known: Catalogue, times: int) -> Catalogue:
    """Return a catalogue of so many times the templates; those added begin as real ones do, and match nothing."""
    more = [
        _again(message, f"{_WORDS[n % len(_WORDS)]} {message.templates[0].text} again{n}", n)
        for n in range(times - 1)
        for message in known.messages
        if not message.templates[0].text.endswith("}")
    ]
    return dataclasses.replace(known, messages=(*known.messages, *more))


def _again(message: Message, text: str, number: int) -> Message:
    return dataclasses.replace(message, name=f"{message.name}_{number}", templates=(compile_template(text),))


def _sites(data: bytes, count: int, known: Catalogue) -> None:
    """Read the log as the logs of so many sites, of which each holds an equal part."""
    tables, begin = Tables(known), 0
    for place in range(1, count + 1):
        end = data.find(b"\n", len(data) * place // count - 1) + 1 or len(data)
        read(data[begin:end], known, tables)
        begin = end


def read(data: bytes, known: Catalogue, tables: Tables | None = None) -> Ledger:
    """Read a log into a ledger."""
    matcher, ledger, at, line = Matcher(known, RecordReader(Clock()), tables), Ledger("CHI"), 0, 1
    while at < len(data):
        scan = matcher.scan(Block(data[at : at + _BLOCK], "distmgr.log", line), "distmgr")
        ledger.apply(scan.events)
        at, line = at + scan.consumed, line + scan.lines
    return ledger


def _sequences(data: bytes, count: int) -> bytes:
    """Let the units of work be of so many task sequences, in turn."""
    units = data.split(_UNIT)
    changed = (re.sub(rb"CEN004[0-9A-F]{2}", b"CEN%05X" % (0x4000 + n % count), unit) for n, unit in enumerate(units))
    return _UNIT.join(changed)


def _threads(data: bytes, count: int) -> bytes:
    """Let the units of work be done by so many threads, in turn."""
    units = data.split(_UNIT)
    numbers = (4724 + 4 * (n % count) for n in range(len(units)))
    changed = (unit.replace(_THREAD, b"thread=%d (0x%X)" % (n, n)) for n, unit in zip(numbers, units, strict=True))
    return _UNIT.join(changed)


def _mixed(data: bytes, percent: int) -> bytes:
    """Let a package processing thread write a line that means something into so many of the units."""
    units = data.split(_UNIT)
    for n, unit in enumerate(units):
        if n and n % 100 < percent:
            said, mark, rest = unit.partition(b"  $$<")
            stamp, end, rest = rest.partition(b"\n")
            other = b"Start adding package CEN00010..." + mark + stamp.replace(_THREAD, b"thread=5000 (0x1388)") + end
            units[n] = said + mark + stamp + end + other + rest
    return _UNIT.join(units)


def _longer(data: bytes, length: int) -> Iterator[bytes]:
    """Make the lines longer that are not of units of work."""
    for line in data.splitlines(keepends=True):
        yield line if _THREAD in line or b"STATMSG" in line else line.replace(b"  $$<", b" " + b"x" * length + b"  $$<")
