"""Pictures: copies that change no more, made anew only when something has changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

from exporter.logs.health import LogHealth
from exporter.metrics.views import SiteView, Snapshot
from exporter.replication.state import LinkBasis, Reference, SiteState
from exporter.report.picture import Given, Painter
from tests.metrics.states import FACTS, MAY, blocked, chicago, quiet


@dataclass
class World:
    views: list[SiteView] = field(default_factory=lambda: [quiet("NYC"), chicago()])
    given: Given = field(default_factory=Given)
    unready: str = ""

    def painter(self) -> Painter:
        return Painter(
            lambda: Snapshot(self.views, FACTS), lambda: self.unready, lambda: self.given, lambda: MAY + 9000
        )


def test_sites_stand_in_the_order_of_their_codes_with_their_report() -> None:
    picture = World().painter().picture()
    assert list(picture.sites) == ["CHI", "NYC"]
    assert {block.task_sequence for block in picture.report.sites["CHI"].blocked} >= {"CEN0000A", "CEN0000B"}
    assert picture.records_until == MAY + 7260
    assert picture.sites["NYC"].records_until is None
    assert picture.taken == MAY + 9000
    assert picture.exporter == FACTS


def test_a_hundred_looks_at_what_stands_still_cost_one() -> None:
    painter = World().painter()
    first = painter.picture()
    for _ in range(100):
        again = painter.picture()
        assert again.report is first.report
        assert again.sites["CHI"] is first.sites["CHI"]
    assert again.revision == first.revision


def test_only_the_site_that_changed_is_copied_again() -> None:
    world = World()
    painter = world.painter()
    before = painter.picture()
    world.views[1].state.blocked.pop("CEN0000A")
    world.views[1] = replace(world.views[1], revision=8)
    after = painter.picture()
    assert after.revision == before.revision + 1
    assert after.sites["NYC"] is before.sites["NYC"]
    assert "CEN0000A" in before.states["CHI"].blocked
    assert "CEN0000A" not in after.states["CHI"].blocked


def test_a_site_that_comes_or_goes_changes_the_picture() -> None:
    world = World()
    painter = world.painter()
    first = painter.picture()
    world.views.append(quiet("SEA"))
    assert list(painter.picture().sites) == ["CHI", "NYC", "SEA"]
    del world.views[1:]
    last = painter.picture()
    assert list(last.sites) == ["NYC"]
    assert last.revision == first.revision + 2
    assert not last.report.stuck


def test_a_state_that_was_put_in_place_of_another_is_copied_though_its_revision_is_the_same() -> None:
    world = World()
    painter = world.painter()
    painter.picture()
    world.views[1] = SiteView(SiteState("CHI"), {}, 7)
    assert not painter.picture().report.stuck


def test_what_is_configured_goes_before_what_the_logs_tell() -> None:
    world = World()
    world.views[1].state.transport.links["NYC", "CHI"] = LinkBasis.INFERRED
    painter = world.painter()
    assert painter.picture().tree.parents == {"CHI": "NYC"}
    assert painter.picture().names == {"CEN00020": "Office 2010"}
    world.given = Given({"NYC": "CHI"}, {"CEN00020": "Office", "CEN00010": "Visio"})
    picture = painter.picture()
    assert picture.tree.parents == {"NYC": "CHI"}
    assert picture.names == {"CEN00020": "Office", "CEN00010": "Visio"}
    assert picture.report.culprits[0].name == "Visio"


def test_readiness_is_told_though_nothing_else_has_changed() -> None:
    world = World()
    painter = world.painter()
    first = painter.picture()
    world.unready = "still reading"
    assert painter.picture().unready == "still reading"
    assert painter.picture().report is first.report


def test_a_site_is_copied_with_its_lock_held_and_no_other() -> None:
    held: list[str] = []
    taken: list[list[str]] = []

    @contextmanager
    def lock(code: str) -> Iterator[None]:
        held.append(code)
        taken.append(list(held))
        yield
        held.remove(code)

    views = [replace(quiet("NYC"), lock=lock("NYC")), replace(chicago(), lock=lock("CHI"))]
    Painter(lambda: Snapshot(views, FACTS)).picture()
    assert taken == [["CHI"], ["NYC"]]


def mutables(value: Any, path: str = "") -> Iterator[tuple[str, int]]:
    """Every object below a value that can be changed in place, and where it stands."""
    if is_dataclass(value) and not isinstance(value, type):
        if not value.__dataclass_params__.frozen:  # type: ignore[attr-defined]
            yield path, id(value)
        for each in fields(value):
            yield from mutables(getattr(value, each.name), f"{path}.{each.name}")
    elif isinstance(value, dict):
        yield path, id(value)
        for key, below in value.items():
            yield from mutables(below, f"{path}[{key}]")
    elif isinstance(value, list | set):
        yield path, id(value)
        for below in value:
            yield from mutables(below, f"{path}[]")


def test_nothing_that_a_site_may_still_change_is_shared_with_a_picture() -> None:
    view = chicago()
    view.state.past_source_errors = dict(view.state.source_errors)
    view.logs["distmgr"].samples.append("Failed to do it")
    site = Painter(lambda: Snapshot([view], FACTS)).picture().sites["CHI"]
    for mine, theirs in ((view.state, site.state), (view.logs, site.logs)):
        shared = {place for _, place in mutables(mine)} & {place for _, place in mutables(theirs)}
        assert [path for path, place in mutables(mine) if place in shared] == []
        assert mine == theirs
    assert len(list(mutables(view.state))) > 30


def test_a_picture_keeps_showing_what_it_showed() -> None:
    view = chicago()
    picture = Painter(lambda: Snapshot([view], FACTS)).picture()
    before = picture.report.to_json()
    view.state.blocked["CEN0000A"] = blocked("CEN0000A", Reference("CEN00099", "x"))
    view.state.blocked["CEN0000B"].attempts += 1
    view.state.waiting.clear()
    view.logs["distmgr"].lines += 1
    assert picture.report.to_json() == before
    assert picture.sites["CHI"].logs["distmgr"].lines == 100_000
    assert isinstance(picture.sites["CHI"].logs["distmgr"], LogHealth)
