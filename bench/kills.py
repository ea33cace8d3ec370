"""Kill the exporter a thousand times while it follows logs that roll: `python -m bench.kills --runs 1000`.

Random hierarchies are simulated, one after the other. Two exporters follow the logs of each while they are written and
roll: one lives, the other is killed (`kill -9`) at random instants, among them its start and its end, and at the writes
of its checkpoint, which now and then fail as on a full disk; each time it is started again with the same state
directory. In the end the state and all counters of both are compared with each other, with those of a reader that is
shown the whole logs at once, and with what is true of the hierarchy. Needs strace.
"""

from __future__ import annotations

import json
import math
import random
import re
import shutil
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.forked import Fault, Forked, prepare
from exporter.collector.checkpoint import DATABASE, Checkpoint
from exporter.collector.memory import Memory
from exporter.simulator import Plan, Simulation, Truth, run_batch, tell
from exporter.simulator.disk import LogFile
from tests.live import CarefulDisk, read_at_once, unlike
from tests.worlds import troubled_plan

ROLL_BYTES: Final = 20_000
_LONGEST_LIFE: Final = 0.8
_MOST_RECORDS: Final = 12
_LONGEST_SLEEP: Final = 0.02
_PATIENCE: Final = 120.0
_SCRAPES: Final = 0.03
"""How many of the looks at it are followed by a scrape."""
_COUNTER: Final = re.compile(r"^((configmgr_\w+_(?:total|count|bucket))(?:\{.*\})?) (\S+)$", re.MULTILINE)
_ATTEMPTS: Final = tuple(f"configmgr_log_{what}" for what in ("rollovers", "read_errors", "sharing_violations"))
_FAULTY: Final = 0.5
"""How many of the lives have a fault."""
_CALLS: Final = {"pwrite64": 24, "fdatasync": 12, "unlink": 3}
"""The calls of the thread that saves, and at which of them at most a fault comes: in one of the first three saves."""
_LIFE_WITH_KILL: Final = 3.0
"""Seconds that a life may take to come to the call at which it is to end."""
_FAULTS: Final = (
    *((call, "signal=KILL", False) for call in _CALLS),
    ("pwrite64", "error=ENOSPC", False),
    ("pwrite64", "error=ENOSPC", True),
    ("fdatasync", "error=EIO", False),
)

Logs = Mapping[tuple[str, str], LogFile]
"""By site and name of the log."""


@dataclass(slots=True)
class Score:
    """What was done so far, and what came out wrong.

    Attributes:
        kills: how often it was killed, by where.
        saved: how many of those lives had saved something.
        scrapes: how often its counters were compared with those of the scrape before.
        failures: lives in which writing failed, by how.
        worlds, records, rolls: hierarchies simulated, what was written to their logs, and how often those rolled.
        differences: between what should be alike.
    """

    kills: Counter[str] = field(default_factory=Counter)
    saved: int = 0
    scrapes: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    worlds: int = 0
    records: int = 0
    rolls: int = 0
    differences: list[str] = field(default_factory=list)


class Mortal:
    """The exporter that is killed, and started again at once.

    Args:
        config: its configuration file.
        state: its state directory.
        rng: when it dies, and how.
        score: where its deaths are counted.
        runs: how many deaths there are to be, over all worlds.
    """

    def __init__(self, config: Path, state: Path, rng: random.Random, score: Score, runs: int) -> None:
        self._config = config
        self._state = state
        self._rng = rng
        self._score = score
        self._runs = runs
        self._saved = b""
        self._counters: dict[str, float] = {}
        self._live(1.0)

    def look_after(self, patience: float = 1.0) -> None:
        """Kill it when its time has come, and start it again when it is dead.

        Args:
            patience: how much longer than usually the next may live.
        """
        if self._rng.random() < _SCRAPES:
            self._scrape()
        if not self._exporter.alive:
            self._exporter.check_killed()
            self._score.kills[f"at {self._fault.call}" if self._fault else "by another"] += 1
        elif time.monotonic() >= self._dies:
            self._exporter.kill()
            self._score.kills["at a random instant"] += 1
        else:
            return
        saved = saves(self._state)
        self._score.saved += saved != self._saved
        self._saved = saved
        self._live(patience)

    def stop(self) -> None:
        """Let it end as a service manager does, unless it is killed before."""
        self._exporter.stop()

    def _scrape(self) -> None:
        """See whether a counter stands behind where it stood before: Prometheus would take that for a new beginning."""
        found = counters(self._exporter.get("/metrics"))
        behind = [name for name, value in found.items() if value < self._counters.get(name, 0.0)]
        behind += [name for name in self._counters if found and name not in found]
        self._score.scrapes += bool(found)
        self._score.differences += [f"{name} stepped back from {self._counters[name]}" for name in behind]
        self._counters |= found

    def _live(self, patience: float) -> None:
        self._fault, life = None, math.inf
        if self._score.kills.total() < self._runs:
            life = self._rng.uniform(0, _LONGEST_LIFE) * patience
            self._fault = _choose_fault(self._rng) if self._rng.random() < _FAULTY else None
        if self._fault and self._fault.kills:
            life = _LIFE_WITH_KILL * patience
        elif self._fault:
            self._score.failures[str(self._fault)] += 1
        self._dies = time.monotonic() + life
        self._exporter = Forked(self._config, self._state, self._fault)


def _choose_fault(rng: random.Random) -> Fault:
    call, what, lasting = rng.choice(_FAULTS)
    return Fault(call, 1 + rng.randrange(_CALLS[call]), what, lasting)


def one_world(folder: Path, seed: int, runs: int, score: Score, show: Callable[[], None]) -> None:
    """Simulate one hierarchy while one exporter follows it that lives, and one that is killed.

    Args:
        folder: an empty one.
        seed: of the hierarchy, and of when what happens.
        runs: kills after which there are to be no more.
        score: what is done is added to it.
        show: called now and then.
    """
    plan = troubled_plan(seed, max_log_bytes=ROLL_BYTES)
    rng = random.Random(seed)  # noqa: S311 - a repeatable history, no secret
    live, states = folder / "live", {name: folder / name for name in ("lives", "killed")}
    config = _configure(folder, plan, live)
    lives = Forked(config, states["lives"])
    mortal = Mortal(config, states["killed"], rng, score, runs)

    def catch_up(code: str) -> None:
        """Wait until both have read and saved all that is there of a site, so that it may roll."""
        began = time.monotonic()
        while not all(is_saved(state, disk.logs, code) for state in states.values()):
            waited = time.monotonic() - began
            if waited > _PATIENCE:
                raise TimeoutError(f"world {seed}: {code} is not read")
            mortal.look_after(1 + waited)
            time.sleep(_LONGEST_SLEEP)

    simulation = Simulation(plan)
    pause = 0
    try:
        with CarefulDisk(live, plan, catch_up) as disk:
            for record in simulation.run():
                disk.write(record)
                score.records += 1
                pause -= 1
                if pause <= 0:
                    pause = rng.randrange(1, _MOST_RECORDS)
                    disk.flush()
                    time.sleep(rng.uniform(0, _LONGEST_SLEEP))
                    mortal.look_after()
                    show()
            truth = tell(simulation, disk.logs)
            disk.flush()
            for site in plan.sites:
                catch_up(site.code)
            score.rolls += sum(log.rolls for log in disk.logs.values())
    finally:
        lives.stop()
        mortal.stop()
    whole = folder / "whole"
    run_batch(whole, replace(plan, max_log_bytes=1 << 40))
    score.worlds += 1
    score.differences += _compare(states, whole, plan, truth)


def _configure(folder: Path, plan: Plan, logs: Path) -> Path:
    sites = [{"site": site.code, "logs": str(logs / f"SMS_{site.code}" / "Logs")} for site in plan.sites]
    for site in sites:
        Path(site["logs"]).mkdir(parents=True)
    path = folder / "config.yml"
    path.write_text(json.dumps({"defaults": {"poll_interval": "100ms"}, "sites": sites}), encoding="utf-8")
    return path


def counters(text: str) -> dict[str, float]:
    """Return the counters of a scrape, but for those of the exporter's own attempts and life."""
    return {
        name: float(value)
        for name, family, value in _COUNTER.findall(text)
        if not family.startswith(("configmgr_exporter_", *_ATTEMPTS))
    }


def saves(state: Path) -> bytes:
    """Return what a database changes with each transaction: the counter in its header (SQLite file format, 1.3.7)."""
    try:
        return (state / DATABASE).read_bytes()[24:28]
    except OSError:
        return b""


def is_saved(state: Path, logs: Logs, code: str) -> bool:
    """Tell whether the checkpoint of a running exporter holds all that is in a site's logs."""
    try:
        connection = sqlite3.connect(f"file:{state / DATABASE}?mode=ro", uri=True)
        try:
            row = connection.execute("SELECT state FROM saved WHERE name = ?", (code,)).fetchone()
        finally:
            connection.close()
    except sqlite3.OperationalError:  # it is not there yet, or the exporter must mend it first
        return False
    positions = json.loads(row[0])["positions"] if row else {}
    return all(
        _is_at_end(positions.get(name, {}).get("places"), log) for (site, name), log in logs.items() if site == code
    )


def _is_at_end(places: list[dict[str, Any]] | None, log: LogFile) -> bool:
    found = log.path.stat()
    newest = places[-1] if places else {"identity": None, "offset": 0}
    return not found.st_size or (newest["identity"], newest["offset"]) == (
        f"{found.st_dev:x}:{found.st_ino:x}",
        found.st_size,
    )


def _compare(states: Mapping[str, Path], whole: Path, plan: Plan, truth: Truth) -> list[str]:
    lived, killed = (_recall(state) for state in states.values())
    found = []
    for site in plan.sites:
        at_once = read_at_once(whole, site.code).memory()
        found += unlike(lived[site.code], killed[site.code], at_once, truth, site.code)
    return found


def _recall(state: Path) -> dict[str, Memory]:
    with Checkpoint(state) as checkpoint:
        return {code: Memory.decode(site) for code, site in checkpoint.load().sites.items()}


@click.command()
@click.option("--runs", type=click.IntRange(1), default=1000, show_default=True, help="How often to kill it.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the first hierarchy; the next has the next.")
def main(runs: int, seed: int) -> None:
    """Show that an exporter that is killed again and again ends where one that lives ends."""
    if shutil.which("strace") is None:
        raise click.ClickException("strace is needed, which injects the faults: apt install strace")
    prepare()
    console = Console(highlight=False)
    score = Score()
    began = time.monotonic()
    # Drawn by this thread alone: a process with two threads had better not fork.
    with Progress(console=console, auto_refresh=False, transient=True) as progress:
        task = progress.add_task("kills", total=runs)

        def show() -> None:
            progress.update(task, completed=score.kills.total(), refresh=console.is_terminal)

        while score.kills.total() < runs and not score.differences:
            with TemporaryDirectory(prefix="kills-") as name:
                one_world(Path(name), seed + score.worlds, runs, score, show)
    _print(console, score, seed, time.monotonic() - began)
    sys.exit(1 if score.differences else 0)


def _print(console: Console, score: Score, seed: int, seconds: float) -> None:
    table = Table(title=f"{score.kills.total()} kills in {seconds:.0f} seconds", title_justify="left")
    table.add_column("what")
    table.add_column("figure", justify="right")
    for how, number in score.kills.most_common():
        table.add_row(f"killed {how}", f"{number:,}")
    table.add_row("lives that had saved something", f"{score.saved:,}")
    table.add_row("scrapes, of which no counter may step back", f"{score.scrapes:,}")
    for how, number in score.failures.most_common():
        table.add_row(f"lives with a fault: {how}", f"{number:,}")
    table.add_row("hierarchies", f"{score.worlds:,}")
    table.add_row("records written", f"{score.records:,}")
    table.add_row("rollovers", f"{score.rolls:,}")
    table.add_row("differences in state or counters", f"{len(score.differences):,}")
    console.print(table)
    for difference in score.differences:
        console.print(f"seed {seed + score.worlds - 1}: {difference}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
