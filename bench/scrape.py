"""Scrapes: what the kept text saves beside prometheus_client's own rendering, and what it costs to compress."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from functools import partial

from prometheus_client import CollectorRegistry, generate_latest

from bench.measure import Cost, call, cpu, in_turns, one_core, ratio
from bench.results import Cell, Figure, Part, Table, Target
from exporter.metrics.collector import StateCollector
from exporter.metrics.contract import FAMILIES
from exporter.metrics.exposition import Exposition, Form
from exporter.metrics.views import ExporterFacts, SiteView, Snapshot
from exporter.replication.state import Blocked, Reference, SiteState

_FACTS = ExporterFacts("0", "3")
_START = 1_273_000_000.0
_SERIES_A_SEQUENCE = 4
_ALL = {family.name: 1 << 30 for family in FAMILIES}


class Sites:
    """Sites with blocked task sequences, of which some are tried again from scrape to scrape."""

    def __init__(self, sites: int, series: int) -> None:
        each = max(1, series // _SERIES_A_SEQUENCE // sites)
        self._views = [SiteView(_state(f"{0xA00 + n:03X}", each), {}, 0) for n in range(sites)]
        self._turn = itertools.count(1)

    def look(self) -> Snapshot:
        """Return what a scrape shows."""
        return Snapshot(self._views, _FACTS)

    def change(self, share: float) -> None:
        """Let this share of the task sequences be tried again, at as few sites as hold them."""
        turn = next(self._turn)
        left = max(1, round(share * sum(len(view.state.blocked) for view in self._views)))
        for place, view in enumerate(self._views):
            some = list(view.state.blocked.values())[:left]
            for block in some:
                block.last_attempt = _START + turn
            self._views[place] = dataclasses.replace(view, revision=turn)
            left -= len(some)
            if not left:
                return


def _state(code: str, sequences: int) -> SiteState:
    state = SiteState(code)
    for n in range(sequences):
        name = f"CEN{0x1000 + n:05X}"
        missing = (Reference(f"CEN{n % 97:05X}", "Install drivers"),)
        state.blocked[name] = Blocked(name, missing, _START, _START, 1, 3, "A.PKG", 40, ())
    return state


def scrape(series: tuple[int, ...], repeats: int) -> Part:
    """Compare scrapes of so many series at ten sites, and of as many at 500."""
    rows: list[list[Cell]] = []
    figures: dict[str, list[tuple[float, float]]] = {}
    targets: list[Target] = []
    sizes = [(10, count) for count in series] + [(500, series[-1])]
    for sites, count in sizes:
        runs, real = _runs(sites, count, repeats)
        plain = runs["prometheus_client"]
        for name, each in runs.items():
            rows.append([f"{sites} sites", real, name, cpu(each) * 1000, ratio(plain, each)])
            if sites != 500:
                figures.setdefault(name, []).append((real, cpu(each) * 1000))
        for name, wanted in (("nothing changed", 10), ("1 % changed", 2)):
            faster = ratio(plain, runs[name])
            what = f"scrape, {real:,} series of {sites} sites, {name}"
            targets.append(Target(what, f"at least {wanted} times as fast", f"{faster:.1f}", faster >= wanted))
    table = Table(
        "One scrape, CPU time", ("", "series", "what", "ms", "so many times as fast as prometheus_client"), rows
    )
    figure = Figure("scrape-series", "CPU time of a scrape", "series", "ms", figures, logarithmic=True)
    how = "Blocked task sequences, rendered by each way in turn. The answers equal prometheus_client's, byte by byte."
    return Part("scrape", "Scrapes", how, [table], [figure], targets)


def _runs(sites: int, series: int, repeats: int) -> tuple[dict[str, list[Cost]], int]:
    shown = Sites(sites, series)
    kept = Exposition(shown.look, _ALL)
    registry = CollectorRegistry()
    registry.register(StateCollector(shown.look, _ALL))
    assert kept.page(Form.TEXT) == generate_latest(registry)
    contestants: dict[str, Callable[[], Cost]] = {
        "prometheus_client": partial(call, partial(generate_latest, registry)),
        "nothing changed": partial(call, partial(kept.page, Form.TEXT)),
        "1 % changed": partial(_after_change, shown, kept, compressed=False),
        "1 % changed, gzip": partial(_after_change, shown, kept, compressed=True),
    }
    with one_core():
        runs = in_turns(contestants, repeats)
    text = kept.page(Form.TEXT)
    assert text == generate_latest(registry)
    return runs, sum(1 for _ in _samples(text))


def _after_change(shown: Sites, kept: Exposition, *, compressed: bool) -> Cost:
    shown.change(0.01)
    return call(partial(kept.page, Form.TEXT, compressed=compressed))


def _samples(text: bytes) -> Iterator[bytes]:
    return (line for line in text.splitlines() if not line.startswith(b"#"))
