"""Scrapes: what they say, and that keeping their lines changes nothing."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterable
from dataclasses import replace
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.registry import Collector

from exporter.metrics import exposition as exposition_module
from exporter.metrics.collector import StateCollector
from exporter.metrics.contract import FAMILIES
from exporter.metrics.exposition import Exposition, Form
from exporter.metrics.views import SiteView, Snapshot
from exporter.replication.limits import count
from exporter.replication.state import Outcome, SiteState, Tally
from tests.metrics import golden
from tests.metrics.promtool import complaints
from tests.metrics.states import FACTS, blocked, chicago, full, quiet, snapshots

SAMPLE_NAMES = sorted(name for family in FAMILIES for name in family.sample_names)


def plainly(snapshot: Snapshot, form: Form, budgets: dict[str, int], names: Iterable[str] | None = None) -> bytes:
    """Render by prometheus_client alone, with nothing kept."""
    registry = CollectorRegistry()
    registry.register(StateCollector(lambda: snapshot, budgets))
    wanted: Collector = registry if names is None else registry.restricted_registry(names)
    if form is Form.TEXT:
        return generate_latest(wanted)
    text: bytes = generate_openmetrics(wanted)  # type: ignore[no-untyped-call]  # untyped in the library
    return text


@pytest.mark.parametrize("file", golden.FILES)
def test_a_scrape_is_as_the_golden_one(file: str) -> None:
    expected = (golden.FOLDER / file).read_bytes()
    assert golden.render(file).decode() == expected.decode(), (
        "run: python -m tests.metrics.golden, and read the difference"
    )


@pytest.mark.parametrize("name", ["full", "quiet", "no_sites"])
def test_promtool_finds_nothing_to_mend(name: str) -> None:
    assert complaints("check", "metrics", stdin=golden.render(f"{name}.text.txt")) == ""


@pytest.mark.parametrize("name", ["full", "quiet", "no_sites"])
def test_openmetrics_is_read_by_a_strict_parser_as_the_same_samples(name: str) -> None:
    strict = parse_openmetrics(golden.render(f"{name}.openmetrics.txt").decode())  # type: ignore[no-untyped-call]  # untyped in the library
    classic = parse_text(golden.render(f"{name}.text.txt").decode())
    assert [s for family in strict for s in family.samples] == [s for family in classic for s in family.samples]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(snapshots(), min_size=1, max_size=4),
    st.sampled_from([{}, dict.fromkeys((family.name for family in FAMILIES), 2)]),
    st.sets(st.sampled_from([*SAMPLE_NAMES, "configmgr_nothing"]), max_size=8),
)
def test_kept_lines_give_what_prometheus_client_gives(
    history: list[Snapshot], budgets: dict[str, int], names: set[str]
) -> None:
    current = history[0]
    exposition = Exposition(lambda: current, budgets)
    for current in [*history, *reversed(history)]:
        for form in Form:
            page = exposition.page(form)
            assert page == plainly(current, form, budgets)
            assert exposition.page(form) is page
            assert gzip.decompress(exposition.page(form, compressed=True)) == page
            assert exposition.page(form, names=names) == plainly(current, form, budgets, names)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_state_that_changes_in_place_is_shown_as_it_is(data: st.DataObject) -> None:
    state = SiteState("CHI")
    revision = 0
    exposition = Exposition(lambda: Snapshot([SiteView(state, {}, revision), quiet("NYC")], FACTS))
    for _ in range(data.draw(st.integers(1, 6))):
        package = data.draw(st.sampled_from(["CEN00001", "CEN00002", "CEN00003"]))
        if package in state.blocked and data.draw(st.booleans()):
            del state.blocked[package]
        else:
            state.blocked[package] = blocked(package, since=data.draw(st.sampled_from([1.0, 2.0])))
        count(state, Tally.DEFINITIONS, (Outcome.BLOCKED.value,))
        revision += 1
        assert exposition.page(Form.TEXT) == plainly(
            Snapshot([SiteView(state, {}, 0), quiet("NYC")], FACTS), Form.TEXT, {}
        )


def test_a_site_at_an_unchanged_revision_is_not_read_again() -> None:
    view = chicago()
    exposition = Exposition(lambda: Snapshot([view], FACTS))
    before = exposition.page(Form.TEXT)
    view.state.blocked.clear()
    assert exposition.page(Form.TEXT) is before


def test_a_site_that_starts_anew_at_the_same_revision_is_read_again() -> None:
    sites = [chicago()]
    exposition = Exposition(lambda: Snapshot(sites, FACTS))
    exposition.page(Form.TEXT)
    sites[0] = replace(sites[0], state=SiteState("CHI"))
    assert b'configmgr_site_blocked_task_sequences{site="CHI"} 0.0\n' in exposition.page(Form.TEXT)


def test_a_scrape_that_failed_leaves_nothing_half_done_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    current = Snapshot([quiet("CHI")], FACTS)
    exposition = Exposition(lambda: current)
    exposition.page(Form.TEXT)
    current = full()
    with monkeypatch.context() as broken:
        broken.setattr(exposition_module, "_encode", _out_of_order)
        with pytest.raises(RuntimeError, match="out of order"):
            exposition.page(Form.TEXT)
    assert exposition.page(Form.TEXT) == plainly(current, Form.TEXT, {})


def _out_of_order(*_args: object) -> NoReturn:
    raise RuntimeError("out of order")


def test_what_ends_disappears_and_what_counts_stands_at_zero_from_the_start() -> None:
    page = golden.render("quiet.text.txt").decode()
    assert "configmgr_task_sequence_blocked{" not in page
    for sample in (
        'configmgr_site_blocked_task_sequences{site="CHI"} 0.0',
        'configmgr_incoming_definitions_total{outcome="unknown",site="CHI"} 0.0',
        'configmgr_task_sequence_block_duration_seconds_count{site="CHI"} 0.0',
        'configmgr_log_gaps_total{log="distmgr",reason="rolled_twice",site="CHI"} 0.0',
    ):
        assert f"\n{sample}\n" in page


def test_a_site_is_read_with_its_lock_held() -> None:
    lock = threading.Lock()
    seen: list[bool] = []

    class Watched(SiteState):
        def __getattribute__(self, name: str) -> object:
            if name == "blocked":
                seen.append(lock.locked())
            return super().__getattribute__(name)

    exposition = Exposition(lambda: Snapshot([SiteView(Watched("CHI"), {}, 0, lock=lock)], FACTS))
    exposition.page(Form.TEXT)
    assert seen
    assert all(seen)
    assert not lock.locked()


def test_the_same_state_gives_the_same_compressed_bytes_in_every_process() -> None:
    pages = {Exposition(full).page(Form.TEXT, compressed=True) for _ in range(2)}
    assert len(pages) == 1
