"""Load: many sites that write much, and one long log to scan, with what is in them known."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from exporter.simulator.engine import Record
from exporter.simulator.forms import LineWriter
from exporter.simulator.hierarchy import Era, Form, Package, Reference, Site
from exporter.simulator.names import DISTMGR
from exporter.simulator.noise import Noise
from exporter.simulator.plan import BadSource, Change, Create, Plan, Touch

_START = datetime(2010, 3, 4, 13, 0, tzinfo=UTC)
# Measured on this very plan: what a site writes by itself, and what one change writes for each site but the first.
_BYTES_A_SITE = 80_000
_BYTES_A_TOUCH = 70_000
_SEQUENCES = 50
# Seven noise lines to three others, on the average.
_NOISE_AFTER_A_LINE = (0, 1, 2, 2, 4, 5)
_NOT_PRESENT = " is not present in the PkgPrograms table. Will try later."
_TELLING = "reporting site"  # of the lines between those of interest, the one that the catalogue knows


def big_plan(sites: int, megabytes: float, seed: int = 1, max_log_bytes: int = 1 << 40) -> Plan:
    """Return load: many sites, and about so many megabytes of logs in all, of which none rolls away unless asked.

    A tree with four children to a site. Task sequences and packages of the central site are changed again and again;
    one package cannot be read, so that one task sequence stays blocked under the central site.
    """
    codes = [f"{n:03X}" for n in range(0xA00, 0xA00 + sites)]
    zones = ("Eastern Standard Time", "Central Standard Time", "W. Europe Standard Time", "Pacific Standard Time")
    tree = tuple(
        Site(code, codes[(n - 1) // 4] if n else None, zones[n % 4], sql_trace=n % 8 == 1)
        for n, code in enumerate(codes)
    )
    top, below = codes[0], tuple(codes[1:])
    standing = tuple(
        Package(f"{top}{n:05X}", f"Package {n}", ("Install",), rf"\\FILES01\Source\P{n}", 20_000, (), below)
        for n in range(1, 5)
    )
    references = tuple(Reference(package.id, "Install") for package in standing)
    sequences = tuple(Package(f"{top}{64 + n:05X}", f"Deploy {n}", references=references) for n in range(8))
    bad = Package(f"{top}000FF", "Bad drivers", ("Install drivers",), r"\\FILES01\Drivers\Bad")
    blocked = Package(f"{top}000FE", "Deploy bad drivers", references=(Reference(bad.id, "Install drivers"),))
    touches = round(max(0.0, megabytes * 1e6 - _BYTES_A_SITE * sites) / (_BYTES_A_TOUCH * max(1, sites - 1)))
    changes: list[Change] = [Create(60, bad), Create(600, blocked)]
    # Every tenth change sends content too.
    changes += [
        Touch(900 + 60 * n, (sequences if n % 10 else standing)[n // 10 % 4].id, refresh=n % 10 == 0)
        for n in range(touches)
    ]
    duration = timedelta(seconds=900 + 60 * touches + 3600)
    incidents = (BadSource(bad.id, 0, round(duration.total_seconds())),)
    return Plan(
        "big", tree, _START, duration, (*standing, *sequences), tuple(changes), incidents, seed, 0.7, max_log_bytes
    )


@dataclass(slots=True)
class LogCounts:
    """What a log that was written for a benchmark holds.

    Attributes:
        lines: all of them; `noise`: those that say nothing.
        applied, blocked: complete units of work on a `.PKG` file.
        failures: lines that name a missing program: one to each blocked unit.
        status_messages: status messages, all of number 2301.
        standing: task sequences that are blocked at the end.
    """

    bytes: int = 0
    lines: int = 0
    noise: int = 0
    applied: int = 0
    blocked: int = 0
    failures: int = 0
    status_messages: int = 0
    standing: int = 0


def write_benchmark_log(path: Path, megabytes: float, seed: int = 1, form: Form = Form.NAMED_ZONE) -> LogCounts:
    """Write one `distmgr.log` of so many megabytes, 70 % noise, as fast as that goes, and return what is in it.

    Fifty task sequences are tried again and again; every fifth try of each goes through, and the package is
    processed. This is no world: only the lines are like one.
    """
    rng = random.Random(seed)  # noqa: S311 -- load, not a secret
    era = Era.CM2007 if form is Form.NAMED_ZONE else Era.CM2012
    site = Site("CHI", "CEN", "Central Standard Time", era, form=form)
    encode, counts, blocked = LineWriter(site).encode, LogCounts(), set[str]()
    noise = [line for line in Noise(site, rng, 0.7).flood(DISTMGR, 4000) if _TELLING not in line[1]]
    time, turn = round(_START.timestamp() * 1000), 0
    with path.open("wb", buffering=1 << 20) as file:
        while counts.bytes < megabytes * 1e6:
            sequence, applied = f"CEN{0x400 + turn % _SEQUENCES:05X}", turn // _SEQUENCES % 5 == 4  # noqa: PLR2004
            (blocked.discard if applied else blocked.add)(sequence)
            story = list(_story(counts, sequence, applied=applied))
            lines = [line for said in story for line in (said, *rng.sample(noise, rng.choice(_NOISE_AFTER_A_LINE)))]
            for thread, text in lines:
                time += 3
                counts.bytes += file.write(encode(Record(time, "CHI", "distmgr", DISTMGR, thread, text)))
            counts.lines += len(lines)
            counts.noise += len(lines) - len(story)
            turn += 1
    counts.standing = len(blocked)
    return counts


def _story(counts: LogCounts, sequence: str, *, applied: bool) -> Iterator[tuple[int, str]]:
    """Give the lines of one unit of work on a task sequence, with their threads, and count them."""
    thread, worker = 4724, 6000 + counts.applied % 1000 * 4
    yield thread, rf"~Processing incoming file D:\SMS\inboxes\distmgr.box\INCOMING\{sequence}.PKG."
    yield thread, f"Adding package {sequence} to the active package array."
    yield thread, f"Adding these contents to the package {sequence} version 3."
    yield thread, f"~Updated replicated package info for package {sequence}"
    if applied:
        counts.applied += 1
        counts.status_messages += 1
        yield thread, f"Removing package {sequence} from the active package array."
        yield worker, f"Start updating the package {sequence}..."
        empty = " ".join(f'ISTR{place}=""' for place in range(2, 10))
        head = f'STATMSG: ID=2301 SEV=I LEV=M SOURCE="SMS Server" COMP="{DISTMGR}" SYS=CHISITE SITE=CHI PID=1904 '
        strings = f'ISTR0="Deploy {sequence}" ISTR1="{sequence}" {empty} NUMATTRS=1 AID0=400 AVAL0="{sequence}"'
        yield worker, f"{head}TID={worker} GMTDATE=Thu Mar 04 13:05:47.498 2010 {strings}"
        yield worker, f"~Exiting package processing thread for package {sequence}."
        return
    counts.blocked += 1
    counts.failures += 1
    missing = f"CEN{0x10 + int(sequence[3:], 16) % 7:05X}-Install drivers"
    yield thread, f"Failed to insert SMS Program ID * because the referenced program {missing}{_NOT_PRESENT}"
    yield thread, f"Cannot update the package program for package {sequence} in the package source, error = 40"
    yield thread, f"Removing package {sequence} from the active package array."
