"""Scanning: lines a second with the whole catalogue and with state, beside what else could read the same log."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from bench import mtail
from bench.measure import Cost, Runs, call, cpu, exporter, in_turns, one_core, process, ratio
from bench.results import Part, Table, Target
from exporter.events.loader import load_catalogue
from exporter.events.matcher import COMPILED, Matcher
from exporter.events.messages import Message
from exporter.logs import records
from exporter.logs.block import Block
from exporter.logs.clock import Clock
from exporter.logs.records import RecordReader
from exporter.logs.segments import segment
from exporter.replication.ledger import Ledger
from exporter.simulator.load import LogCounts, write_benchmark_log

SEVEN: Final = (
    "incoming_file",
    "package_locked",
    "contents_added",
    "package_info_updated",
    "program_reference_missing",
    "package_program_not_updated",
    "package_unlocked",
)
"""The messages of a blocked task sequence's unit of work."""

_OURS: Final = "configmgr-exporter explain, whole catalogue, with state"
_PACKAGE: Final = Path(records.__file__).parents[1]
_WHOLE: Final = "whole catalogue"
_PEERS_SHARE: Final = 0.1
_SLOW_SHARE: Final = 0.01
"""How much of the log the others read, and of them those that know the whole catalogue. Lines a second are compared:
the exporter is for backlogs, and takes longer to start than the others do."""


@dataclass(frozen=True, slots=True)
class Log:
    """A log to read."""

    path: Path
    lines: int


@dataclass(frozen=True, slots=True)
class Contestant:
    """What reads a log."""

    run: Callable[[], Cost]
    lines: int


def scan(folder: Path, megabytes: float, repeats: int, *, download: bool) -> Part:
    """Compare the exporter with mtail, ripgrep and a bare reading of the log."""
    assert COMPILED is not None, "the scanner was not compiled: install gcc and python3-dev, and run ./dev setup"
    whole, counts = _write(folder / "CHI", megabytes / _PEERS_SHARE)
    part = _head(whole, folder / "part", _PEERS_SHARE)
    short = _head(whole, folder / "short", _SLOW_SHARE)
    messages = [message for message in load_catalogue().messages if message.is_matched]
    seven = [message for message in messages if message.name in SEVEN]
    peers = mtail.find(download=download)
    contestants = {
        _OURS: Contestant(partial(_explain, whole.path.parent, counts.standing), whole.lines),
        f"the same, of the first {_PEERS_SHARE:.0%}": Contestant(partial(_explain, part.path.parent), part.lines),
        f"the same, not compiled, of the first {_PEERS_SHARE:.0%}": Contestant(
            partial(_explain, part.path.parent, package=_not_compiled(folder / "plain")), part.lines
        ),
    }
    for kind in mtail.Program:
        for peer in peers:
            for title, some, log in ((_WHOLE, messages, short), ("seven messages", seven, part)):
                name = f"{peer.name}, {title}, {kind.value}"
                programs = _programs(folder / f"{kind.value} {title}", some, kind)
                contestants[name] = Contestant(partial(_mtail, peer, programs, log, some), log.lines)
    contestants |= _others(part, short, seven)
    with one_core():
        runs = in_turns({name: each.run for name, each in contestants.items()}, repeats)
        steps = _steps(short, repeats)
    found = _part(runs, {name: each.lines for name, each in contestants.items()}, counts)
    return replace(found, tables=[*found.tables, steps])


def _steps(log: Log, repeats: int) -> Table:
    """Measure the steps of a scan one by one, in this process."""
    data = log.path.read_bytes()
    blocks = [Block(piece, "distmgr.log", line) for piece, line in _pieces(data)]
    compiled, plain = (Matcher(load_catalogue(), RecordReader(Clock()), compiled=each) for each in (True, False))
    runs = in_turns(
        {
            "bytes cut at line ends": partial(call, lambda: [len(block.data.split(b"\n")) for block in blocks]),
            "the same, ends of records told": partial(call, lambda: [len(segment(block).raws) for block in blocks]),
            "all of the matcher, not compiled: events found": partial(
                call, lambda: [len(plain.scan(block, "distmgr").events) for block in blocks]
            ),
            "all of the matcher, compiled": partial(
                call, lambda: [len(compiled.scan(block, "distmgr").events) for block in blocks]
            ),
            "the same, and the ledger: events put into the state": partial(call, partial(_put, compiled, blocks)),
        },
        3 * repeats,
    )
    lines = data.count(b"\n")
    found = sum(len(compiled.scan(block, "distmgr").events) for block in blocks)
    return Table(
        f"Where the exporter's time goes: one process, without its start; {found / lines:.0%} of the lines are events",
        ("step", "ns a line"),
        [(name, cpu(each) / lines * 1e9) for name, each in runs.items()],
    )


def _pieces(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Cut a log into blocks of whole lines; give each with the number of its first line."""
    begin, line = 0, 1
    while begin < len(data):
        end = data.rfind(b"\n", begin, begin + (1 << 20)) + 1
        piece = data[begin:end]
        yield piece, line
        begin, line = end, line + piece.count(b"\n")


def _put(matcher: Matcher, blocks: Sequence[Block]) -> None:
    ledger = Ledger("CHI")
    for block in blocks:
        ledger.apply(matcher.scan(block, "distmgr").events)


def _write(folder: Path, megabytes: float) -> tuple[Log, LogCounts]:
    folder.mkdir(parents=True)
    path = folder / "distmgr.log"
    counts = write_benchmark_log(path, megabytes)
    return Log(path, counts.lines), counts


def _head(log: Log, folder: Path, share: float) -> Log:
    """Write the first part of a log."""
    folder.mkdir()
    with log.path.open("rb") as file:
        data = file.read(round(log.path.stat().st_size * share))
    data = data[: data.rindex(b"\n") + 1]
    path = folder / "distmgr.log"
    path.write_bytes(data)
    return Log(path, data.count(b"\n"))


def _programs(folder: Path, messages: list[Message], kind: mtail.Program) -> Path:
    folder.mkdir(exist_ok=True)
    text = mtail.program(messages, kind, status=len(messages) > len(SEVEN))
    (folder / "distmgr.mtail").write_text(text, encoding="utf-8")
    return folder


def _not_compiled(folder: Path) -> Path:
    """Copy the exporter as it is where no compiler was; return where to."""
    shutil.copytree(_PACKAGE, folder / _PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyd"))
    return folder


def _explain(folder: Path, standing: int | None = None, package: Path = _PACKAGE.parent) -> Cost:
    """Run `explain`, and hold its answer to how many task sequences are blocked at the end, if that is known."""
    cost = process(
        exporter("explain", "--json", f"CHI={folder}"), environment={"PYTHONPATH": str(package), "PYTHONSAFEPATH": "1"}
    )
    blocked = len(json.loads(cost.output)["sites"]["CHI"]["blocked"])
    assert standing in {None, blocked}, f"{blocked} blocked, not {standing}"
    return cost


def _mtail(peer: mtail.Mtail, programs: Path, log: Log, messages: list[Message]) -> Cost:
    """Run mtail, and hold its counts to the exporter's: who finds less is not faster."""
    cost = process(mtail.command(peer, programs, log.path))
    found = mtail.counts(cost.output)
    names = {message.name for message in messages}
    if len(messages) > len(SEVEN):
        names.add("status_message")
    wanted = {name: count for name, count in _found(log).items() if name in names}
    assert found == wanted, f"{peer.name} found {found}, not {wanted}"
    return cost


_KNOWN: dict[Path, Mapping[str, int]] = {}


def _found(log: Log) -> Mapping[str, int]:
    """Return how often each message stands in a log."""
    if log.path not in _KNOWN:
        matcher, found, line, rest = Matcher(load_catalogue(), RecordReader(Clock())), Counter[str](), 1, b""
        with log.path.open("rb") as file:
            while data := file.read(1 << 20):
                scanned = matcher.scan(Block(rest + data, "distmgr.log", line), "distmgr")
                found.update(event.name for event in scanned.events)
                rest, line = (rest + data)[scanned.consumed :], line + scanned.lines
        _KNOWN[log.path] = found
    return _KNOWN[log.path]


def _others(log: Log, short: Log, seven: list[Message]) -> dict[str, Contestant]:
    others = {}
    if shutil.which("rg"):
        pattern, fields = _one_pattern(seven)
        others["ripgrep, seven messages, taking the fields"] = Contestant(
            partial(process, ["rg", "--no-filename", "-N", "-o", "-r", fields, pattern, short.path]), short.lines
        )
    if shutil.which("wc"):
        others["wc -l"] = Contestant(partial(process, ["wc", "-l", log.path]), log.lines)
    if shutil.which("cat"):
        others["cat"] = Contestant(partial(process, ["cat", log.path]), log.lines)
    return others


def _one_pattern(messages: list[Message]) -> tuple[str, str]:
    """Return all messages as one pattern, and what to print of it."""
    texts = [mtail.expression(template) for message in messages for template in message.templates]
    numbered = [re.sub(r"\(\?P<(\w+)>", rf"(?P<\g<1>_{n}>", text) for n, text in enumerate(texts)]
    pattern = rf"^~?(?:{'|'.join(numbered)})[.~ ]*{mtail.SUFFIX}"
    names = re.findall(r"\(\?P<(\w+)>", pattern)
    return pattern, " ".join(f"${{{name}}}" for name in names)


def _part(runs: Runs, lines: Mapping[str, int], counts: LogCounts) -> Part:
    times = {name: ratio(each, runs[_OURS]) * lines[_OURS] / lines[name] for name, each in runs.items()}
    table = Table(
        "One core. CPU time of whole processes, start included. Medians of the turns",
        ("what reads", "1000 lines/s", "the exporter is faster by"),
        [(name, lines[name] / cpu(each) / 1000, times[name]) for name, each in runs.items()],
    )
    share = 1 - counts.noise / counts.lines
    how = (
        f"One distmgr.log of {counts.bytes / 1e6:,.0f} MB, {counts.lines:,} lines, {share:.0%} of them of units of "
        f"work, read in turns: by the exporter whole, by others the first {_PEERS_SHARE:.0%}, by mtail with the whole "
        f"catalogue and by ripgrep the first {_SLOW_SHARE:.0%}. "
        "In every run mtail's count of each message is held to the exporter's, and the exporter's answer to what was "
        "written."
    )
    return Part("scan", "Scanning", how, [table], targets=[*_targets(times)])


def _targets(times: Mapping[str, float]) -> Iterator[Target]:
    for name, faster in times.items():
        if not name.startswith("mtail"):
            continue
        peer, what, kind = name.split(", ")
        is_old = "rc" in peer  # bookworm's is a release candidate of the version before sid's
        wanted = 20 if what == _WHOLE else 8 if is_old else 5
        if kind == mtail.Program.NESTED and not (is_old and what == _WHOLE):
            yield Target(
                f"scan, {what}, beside {peer}", f"at least {wanted} times as fast", f"{faster:.1f}", faster >= wanted
            )
