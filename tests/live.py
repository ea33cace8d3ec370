"""Sites that are read while a simulation writes their logs, and that are killed now and then."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from exporter.collector.checkpoint import SavedSite
from exporter.collector.memory import Memory
from exporter.collector.site import Site
from exporter.events.loader import load_catalogue
from exporter.events.matcher import Matcher
from exporter.logs.clock import Clock
from exporter.logs.discovery import Folder
from exporter.logs.records import RecordReader
from exporter.logs.volume import LocalVolume
from exporter.replication.state import Evidence, SiteState, Tally
from exporter.simulator import Plan, Simulation, Truth, tell
from exporter.simulator.disk import Disk, LogFile

CATALOGUE = load_catalogue()

# Of a log that rolled before anything of it was saved, a restart cannot know that it did; how late a line was read is
# of the moment.
_NOT_COMPARED = {"rollovers", "read_delay"}


def reader_of(folder: Path, code: str, memory: Memory | None = None) -> Site:
    """Make what reads a simulated site's logs."""
    logs = Folder(LocalVolume(), str(folder / f"SMS_{code}" / "Logs"))
    return Site(code, [logs], Matcher(CATALOGUE, RecordReader(Clock())), memory)


def read_at_once(folder: Path, code: str) -> Site:
    """Read all that is there of a simulated site's logs."""
    site = reader_of(folder, code)
    while site.poll(0.0):
        pass
    return site


def encode(memory: Memory) -> str:
    """Return a site's memory as the checkpoint writes it."""
    saved = memory.encode()
    return json.dumps({"positions": saved.positions, "ledger": saved.ledger, "extra": saved.extra})


def decode(text: str) -> Memory:
    """Read a site's memory as the checkpoint reads it."""
    return Memory.decode(SavedSite(**json.loads(text)))


@dataclass
class Mortal:
    """One site's reader, what it saved last, and how often it was killed."""

    folder: Path
    code: str
    site: Site = field(init=False)
    saved: str = field(init=False)
    kills: int = 0

    def __post_init__(self) -> None:
        self.site = reader_of(self.folder, self.code)
        self.saved = encode(self.site.memory())

    def save(self) -> None:
        self.saved = encode(self.site.memory())

    def kill(self) -> None:
        """Lose all that was not saved, as kill -9 does."""
        self.kills += 1
        self.site = reader_of(self.folder, self.code, decode(self.saved))

    def catch_up(self) -> None:
        while self.site.poll(0.0):
            pass


@dataclass
class Watched:
    """How a live run went: readers that lived, readers that were killed, and the truth at the end."""

    lived: Mapping[str, Site]
    killed: Mapping[str, Mortal]
    truth: Truth
    rolls: int

    @property
    def kills(self) -> int:
        return sum(mortal.kills for mortal in self.killed.values())


def watch_live(folder: Path, plan: Plan, seed: int) -> Watched:
    """Write a plan's logs, rolling, while two readers follow each site: one lives, the other is killed at random.

    Both look often enough to lose nothing: no log rolls twice between what was saved and the next look.
    """
    rng = random.Random(seed)  # noqa: S311 - moments to look and to die at
    simulation = Simulation(plan)
    codes = [site.code for site in plan.sites]
    lived = {code: reader_of(folder, code) for code in codes}
    killed = {code: Mortal(folder, code) for code in codes}
    left = 0
    for code in codes:
        (folder / f"SMS_{code}" / "Logs").mkdir(parents=True)
        _read_all(lived[code], killed[code])
    with CarefulDisk(folder, plan, lambda code: _read_all(lived[code], killed[code])) as disk:
        for record in simulation.run():
            disk.write(record)
            left -= 1
            if left <= 0:
                left = rng.randrange(1, 1000)
                disk.flush()
                for code in codes:
                    lived[code].poll(0.0)
                    _step(killed[code], rng)
        truth = tell(simulation, disk.logs)
        rolls = sum(log.rolls for log in disk.logs.values())
    for code in codes:
        _read_all(lived[code], killed[code])
    return Watched(lived, killed, truth, rolls)


class CarefulDisk(Disk):
    """Lets readers look before a log rolls that has rolled since they looked last.

    Args:
        read: reads all that is there of a site, and saves it.
    """

    def __init__(self, folder: Path, plan: Plan, read: Callable[[str], None]) -> None:
        super().__init__(folder, plan.sites, plan.max_log_bytes)
        self._read = read
        self._seen: dict[tuple[str, str], int] = {}

    def _roll(self, log: LogFile) -> None:
        (code,) = (site for (site, name), each in self.logs.items() if each is log)
        ours = {key: each for key, each in self.logs.items() if key[0] == code}
        if any(each is log and each.rolls > self._seen.get(key, 0) for key, each in ours.items()):
            self.flush()
            self._read(code)
            self._seen |= {key: each.rolls for key, each in ours.items()}
        super()._roll(log)


def _read_all(lived: Site, mortal: Mortal) -> None:
    while lived.poll(0.0):
        pass
    mortal.catch_up()
    mortal.save()


def _step(mortal: Mortal, rng: random.Random) -> None:
    match rng.randrange(5):
        case 0:  # killed in the middle of a poll
            mortal.site.poll(0.0, turns=rng.randrange(1, 4))
            mortal.kill()
        case 1:  # killed right after it has saved
            mortal.site.poll(0.0)
            mortal.save()
            mortal.kill()
        case 2:  # not running at all
            pass
        case _:
            mortal.site.poll(0.0)


def unlike(lived: Memory, killed: Memory, at_once: Memory, truth: Truth, code: str) -> list[str]:
    """Say how the memories of one site differ that should be alike.

    Args:
        lived: of a reader that followed its logs without a pause.
        killed: of one that was killed now and then.
        at_once: of one that read the whole logs, which did not roll.
        truth: what is true of the hierarchy.
        code: of the site.
    """
    pairs: dict[str, tuple[object, object]] = {
        "gaps where nothing was lost": ([], plain([*lived.gaps, *killed.gaps])),
        "state, lived and killed": (plain(lived.ledger.state), plain(killed.ledger.state)),
        "health, lived and killed": (_health(lived), _health(killed)),
        "state, at once and lived": (plain(at_once.ledger.state), plain(lived.ledger.state)),
        "lines, at once and lived": (_lines(at_once), _lines(lived)),
        "truth and killed": (_truth(truth, code), _known(killed.ledger.state)),
    }
    return [f"{code} {what}{each}" for what, pair in pairs.items() for each in differences(*pair)]


def _health(memory: Memory) -> dict[str, Any]:
    return {
        log: {each.name: plain(getattr(health, each.name)) for each in fields(health) if each.name not in _NOT_COMPARED}
        for log, health in memory.logs.items()
    }


def _lines(memory: Memory) -> dict[str, int]:
    return {log: health.lines for log, health in memory.logs.items()}


def _truth(truth: Truth, code: str) -> dict[str, Any]:
    site = truth["sites"][code]
    return {
        "units": site["units"],
        "failures": site["reference_failures"],
        "versions": site["versions"],
        "names": site["names"],
    }


def _known(state: SiteState) -> dict[str, Any]:
    return {
        "units": _counts(state, Tally.DEFINITIONS),
        "failures": _counts(state, Tally.REFERENCE_FAILURES),
        "versions": plain(state.versions),
        "names": state.names,
    }


def _counts(state: SiteState, tally: Tally) -> dict[str, int]:
    return {key[0]: number for key, number in state.tallies[tally].items()}


def plain(value: object) -> object:
    """Return state as plain data to compare: a line by its time and text, for the file it is found in has rolled."""
    if isinstance(value, Evidence):
        return (value.time, value.text)
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return value


def differences(one: Any, other: Any, where: str = "") -> Iterator[str]:
    """Say where two plain values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}, key=str):
            if key not in one or key not in other:
                yield f"{where}/{key}: {one.get(key)!r} against {other.get(key)!r}"
            else:
                yield from differences(one[key], other[key], f"{where}/{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for at, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, f"{where}[{at}]")
    elif one != other:
        yield f"{where}: {one!r} against {other!r}"
