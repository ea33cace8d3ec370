"""How often `explain` is right: over simulated hierarchies, what it tells against what is true of them.

`python -m bench.score --worlds 200` runs every scenario of the simulator, while its trouble lasts and when it is over,
and 200 random hierarchies. The truth is told from the simulator's tables, the answer from the lines alone. Exit status:
0 when nothing was missed and nothing wrongly told, 1 otherwise; the worlds that differ are named, to be run again with
`--seed`.

What is simulated is what was thought of. A score of 1.00 says that the reading of the lines is free of errors there,
not that real logs hold nothing else.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.explained import Explained, Truth, causes, causes_of_late, explain, way_is_told
from bench.facts import FINDINGS, Key, told_facts, true_facts
from exporter.events.loader import load_catalogue
from exporter.events.matcher import Matcher
from exporter.logs.clock import Clock
from exporter.logs.records import RecordReader
from exporter.replication.cause import CauseKind
from exporter.simulator import SCENARIOS, Plan, random_plan, scenario_plan
from tests.worlds import cut, troubled_plan

ON_ITS_WAY: Final = "(on its way)"
WAY_NOT_TOLD: Final = "(way not told)"
LATE: Final = "causes of late content"

SHAPES: Final[Mapping[str, Callable[[int], Plan]]] = {
    "troubled": troubled_plan,
    "troubled, mended": lambda seed: troubled_plan(seed, mended=True),
    "troubled, cut": lambda seed: cut(troubled_plan(seed), seed),
    "random": random_plan,
    "random, mended": lambda seed: random_plan(seed, mended=True),
    "random, cut": lambda seed: cut(random_plan(seed), seed),
    "newer troubles": lambda seed: troubled_plan(seed, newer=True),
    "newer troubles, mended": lambda seed: troubled_plan(seed, mended=True, newer=True),
    "newer troubles, cut": lambda seed: cut(troubled_plan(seed, newer=True), seed),
}
"""How a random world is made of a seed; they take turns, so that seed 7 is always of the same kind."""


@dataclass(slots=True)
class Tally:
    """How many there are of something, how many were told, and how many of those are so."""

    true: int = 0
    told: int = 0
    right: int = 0

    @property
    def precision(self) -> float:
        """The share of what is told that is so; 1 when nothing is told."""
        return self.right / self.told if self.told else 1.0

    @property
    def recall(self) -> float:
        """The share of what is so that is told; 1 when there is nothing."""
        return self.right / self.true if self.true else 1.0


@dataclass(slots=True)
class Score:
    """What all worlds together gave.

    Attributes:
        findings: by the kind of finding.
        causes: by the kind of cause, for each missing program at each site.
        sites: those causes of the right kind whose site was right too, by kind.
        proven: told causes whose lines stand where the answer says, by kind; `unproven`: those that have none.
        differing: what differs, by the name of the world.
    """

    findings: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    causes: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    sites: Counter[str] = field(default_factory=Counter)
    proven: Counter[str] = field(default_factory=Counter)
    unproven: Counter[str] = field(default_factory=Counter)
    differing: dict[str, list[str]] = field(default_factory=dict)

    @property
    def perfect(self) -> bool:
        """Whether nothing was missed, wrongly told, placed at a wrong site or told without a line."""
        tallies = (*self.findings.values(), *self.causes.values())
        told_right = all(tally.precision == tally.recall == 1.0 for tally in tallies)
        return told_right and not self.differing and not self.unproven


def worlds(seed: int, count: int) -> Iterator[tuple[str, Plan]]:
    """Give every scenario and that many random worlds, with their names."""
    for name in SCENARIOS:
        yield f"scenario {name}", scenario_plan(name)
        yield f"scenario {name}, over", scenario_plan(name, over=True)
    shapes = list(SHAPES.items())
    for each in range(seed, seed + count):
        shape, make = shapes[each % len(shapes)]
        yield f"seed {each} ({shape})", make(each)


def score(explained: Explained, name: str, into: Score) -> None:
    """Count one world.

    Args:
        explained: its truth and the answer.
        name: of the world, for what differs.
        into: the score that is counted up.
    """
    differing: list[str] = []
    true_of, told_of = true_facts(explained.truth), told_facts(explained.answer, explained.states)
    for kind in (*FINDINGS, *sorted({*true_of, *told_of}.difference(FINDINGS))):
        true, told = true_of.get(kind, set()), told_of.get(kind, set())
        _count(into.findings[kind], true, told)
        differing += _named(kind, true, told)
    true_late, told_late = _late(explained, explained.truth), _late(explained, explained.answer)
    _count(into.findings[LATE], true_late, told_late)
    differing += _named(LATE, true_late, told_late)
    true_causes, told_causes = causes(explained.truth), causes(explained.answer)
    for key in true_causes.keys() | told_causes.keys():
        elsewhere = key in true_causes and true_causes[key]["site"] != key[0][:3]
        if elsewhere and key in told_causes and not way_is_told(explained, key):
            # The fault stands in the logs of a site of which no line tells that the definition comes over it.
            _count(into.causes[WAY_NOT_TOLD], {key}, {key})
            into.sites[WAY_NOT_TOLD] += 1
            continue
        differing += _score_cause(key, true_causes.get(key), told_causes.get(key), into)
    for key, cause in told_causes.items():
        (into.unproven if key in explained.absent else into.proven)[cause["kind"]] += 1
    differing += [f"cause of {_words(key)}: its lines do not stand in the logs" for key in explained.absent]
    if differing:
        into.differing[name] = sorted(differing)


def _count(tally: Tally, true: set[Key], told: set[Key]) -> None:
    tally.true += len(true)
    tally.told += len(told)
    tally.right += len(true & told)


def _late(explained: Explained, told: Truth) -> set[Key]:
    """Return what keeps late content away. Where no line tells the way that it comes, nothing need be told."""
    answered = causes_of_late(explained.answer)
    return {
        (*key, cause["kind"], cause["site"])
        for key, cause in causes_of_late(told).items()
        if key in answered or way_is_told(explained, key)
    }


def _score_cause(key: Key, true: Mapping[str, Any] | None, told: Mapping[str, Any] | None, into: Score) -> list[str]:
    if true is not None and told is not None and true["on_its_way"]:
        # Nothing is wrong any more. What kept the program back until now may then be named, as a conclusion.
        kinds, right = (ON_ITS_WAY, ON_ITS_WAY), told["certainty"] == "inferred"
    else:
        kinds = (true["kind"] if true else "", told["kind"] if told else "")
        right = kinds[0] == kinds[1]
    for kind, there in zip(kinds, ("true", "told"), strict=True):
        if kind:
            setattr(into.causes[kind], there, getattr(into.causes[kind], there) + 1)
    if true is None or told is None or not right:
        return [f"cause of {_words(key)}: true is {_brief(true)}, told is {_brief(told)}"]
    into.causes[kinds[0]].right += 1
    if true["site"] != told["site"]:
        return [f"cause of {_words(key)}: true is {_brief(true)}, told is {_brief(told)}"]
    into.sites[kinds[0]] += 1
    return []


def _brief(cause: Mapping[str, Any] | None) -> str:
    return f"{cause['kind']} at {cause['site']}" if cause else "nothing"


def _words(key: Key) -> str:
    return " ".join(map(str, key))


def _named(kind: str, true: set[Key], told: set[Key]) -> list[str]:
    missed = [f"{kind}: missed {_words(key)}" for key in true - told]
    return missed + [f"{kind}: wrongly told {_words(key)}" for key in told - true]


def show(console: Console, result: Score, count: int) -> None:
    """Print the score, and what differs."""
    findings = Table("finding", "true", "told", "right", "precision", "recall", title=f"Findings in {count} worlds")
    for kind, tally in result.findings.items():
        findings.add_row(kind, *_numbers(tally))
    causes = Table("cause", "true", "told", "right", "precision", "recall", "site", "lines", title="Causes")
    for kind in sorted({*CauseKind, *result.causes}):
        tally = result.causes[kind]
        told = result.proven[kind] + result.unproven[kind]
        proven = f"{result.proven[kind]}/{told}" if told else ""
        causes.add_row(kind, *_numbers(tally), f"{result.sites[kind]}/{tally.right}", proven)
    for table in (findings, causes):
        table.title_justify = "left"
        table.box = SIMPLE
        table.padding = (0, 1, 0, 0)
        table.columns[0].no_wrap = True
        for column in table.columns[1:]:
            column.justify = "right"
        console.print(table)
    for name, lines in result.differing.items():
        console.print(f"\n{name}", style="bold red")
        for line in lines:
            console.print(f"  {line}", markup=False)


def _numbers(tally: Tally) -> Iterable[str]:
    counts = (str(tally.true), str(tally.told), str(tally.right))
    return (*counts, f"{tally.precision:.2f}" if tally.told else "-", f"{tally.recall:.2f}" if tally.true else "-")


@click.command()
@click.option("--worlds", "count", default=60, show_default=True, type=click.IntRange(0), help="How many at random.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of the first; each adds one.")
@click.option("--scenarios/--no-scenarios", default=True, help="Whether to run the scenarios too.")
def main(*, count: int, seed: int, scenarios: bool) -> None:
    """Compare what `explain` says of simulated hierarchies with what is true of them."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    matcher = Matcher(load_catalogue(), RecordReader(Clock()))
    result = Score()
    chosen = [(name, plan) for name, plan in worlds(seed, count) if scenarios or not name.startswith("scenario")]
    for name, plan in track(chosen, console=Console(stderr=True), transient=True):
        score(explain(plan, matcher), name, result)
    show(console, result, len(chosen))
    sys.exit(0 if result.perfect else 1)


if __name__ == "__main__":
    main()
