"""What the dashboards say of six hours with an incident, asked of a Prometheus that holds them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dashboards.incident import History, incident_plan
from dashboards.servers import Prometheus, load_history, prometheus
from exporter.simulator import Plan
from exporter.simulator.plans import healthy_plan
from tests.dashboards.reading import fill, queries

STEP = 120
BELOW = ("CHI", "NYC", "LON")  # the primary sites below the owner


@dataclass
class Past:
    server: Prometheus
    plan: Plan

    @property
    def start(self) -> float:
        return self.plan.start_ms / 1000

    @property
    def end(self) -> float:
        return self.plan.end_ms / 1000

    def expression(self, dashboard: str, place: str, ref: str = "A", **choice: str) -> str:
        values = {"job": ".+", "instance": ".+", "__rate_interval": "10m", "__range": "6h"} | choice
        (found,) = (q for q in queries() if (q.dashboard, q.place, q.ref) == (f"{dashboard}.json", place, ref))
        return fill(found.expression, values)

    def now(self, dashboard: str, place: str, ref: str = "A", **choice: str) -> list[dict[str, str]]:
        """Return the labels of each series, with its value, at the end."""
        series = self.server.query(self.expression(dashboard, place, ref, **choice), self.end)
        return [{**one["metric"], "value": one["value"][1]} for one in series]

    def marks(self, place: str) -> dict[tuple[str, str], set[float]]:
        """Return when blocks began or ended, by site and task sequence."""
        series = self.server.query_range(self.expression("hierarchy", place, ""), self.start, self.end, STEP)
        return {
            (one["metric"]["site"], one["metric"]["task_sequence"]): {float(value) / 1000 for _, value in one["values"]}
            for one in series
        }


@contextmanager
def past_of(plan: Plan, folder: Path) -> Iterator[Past]:
    history = History(folder, plan, STEP)
    history.write()
    load_history(history.text, folder)
    with prometheus(folder) as server:
        yield Past(server, plan)


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    with past_of(incident_plan(), tmp_path_factory.mktemp("past")) as past:
        yield past


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    plan = healthy_plan()
    plan = healthy_plan(datetime.now(UTC) - plan.duration)
    with past_of(plan, tmp_path_factory.mktemp("healthy")) as past:
        yield past


def test_each_block_has_one_mark_where_it_begins_and_one_where_it_ends(past: Past) -> None:
    begun, ended = past.marks("Blocks that begin"), past.marks("Blocks that end")
    standing = {(one["site"], one["task_sequence"]) for one in past.now("hierarchy", "Blocked task sequences by site")}
    assert {site for site, _ in begun} == set(BELOW)
    assert ended.keys() == begun.keys() - standing
    assert {("CHI", "CEN00024"), ("LON", "CEN00024")} <= ended.keys()
    for block, times in ended.items():
        (mark,) = times
        assert max(begun[block]) < mark < past.end, block
        assert mark >= past.start + 3 * 3600, block  # nothing is mended before


def test_a_block_that_stands_has_no_mark_of_an_end_when_its_exporter_is_silent(past: Past) -> None:
    later = past.end + 1200
    series = past.server.query(past.expression("hierarchy", "Blocks that end", ""), later)
    assert series == []


def test_the_worst_culprit_is_named_with_its_owner_and_the_error_there(past: Past) -> None:
    culprits = {one["package"]: one for one in past.now("hierarchy", "Culprits")}
    assert culprits.keys() == {"CEN00012"}
    assert culprits["CEN00012"]["source_site"] == "CEN"
    assert culprits["CEN00012"]["value"] == str(len(BELOW))
    (error,) = past.now("hierarchy", "Culprits", "E")
    assert error["reason"] == "source_path_inaccessible"
    assert error["source_path"] == r"\\FILES01\Drivers\Laptops"


def test_the_map_shows_where_a_package_is_missing(past: Past) -> None:
    cells = {(one["site"], one["package"]): one["value"] for one in past.now("hierarchy", "Package versions by site")}
    assert {site for (site, package), value in cells.items() if (package, value) == ("CEN00012", "-1")} == set(BELOW)


def test_a_package_that_is_mended_turns_from_missing_to_newest_at_each_site(past: Past) -> None:
    expression = past.expression("package", "Progress at each site", package="CEN00013")
    states = past.server.query_range(expression, past.start, past.end, STEP)
    course = {one["metric"]["site"]: [value for _, value in one["values"]] for one in states}
    missed = {site for site, states in course.items() if "3" in states}
    assert {"CHI", "LON"} <= missed
    for site in missed:
        assert course[site][-1] == "0", site
        last_missing = max(at for at, value in enumerate(course[site]) if value == "3")
        assert "3" not in course[site][last_missing + 1 :]


def test_nobody_is_behind_in_a_healthy_hierarchy_and_least_of_all_an_owner(healthy: Past) -> None:
    """The owner's log tells no new version where only properties changed, and those of the sites below it do."""
    told = healthy.server.query('configmgr_package_definition_version{package="CEN00002"}', healthy.end)
    assert {one["metric"]["site"] for one in told if one["value"][1] == "1"} == {"CEN"}, "or this shows nothing"
    assert healthy.now("hierarchy", "Package versions by site") == []
    packages = healthy.now("site", "Packages here", "C", site="CEN")
    assert {one["value"] for one in packages} == {"0"}
    assert "CEN00002" in {one["package"] for one in packages}
    states = healthy.now("package", "Journey through the hierarchy", package="CEN00002")
    assert {one["site"]: one["value"] for one in states}["CEN"] == "0"
    assert {one["value"] for one in states} <= {"0", "-1"}


def test_an_event_that_is_the_first_of_its_series_is_counted(past: Past) -> None:
    """Jobs that a scheduler gives up are a series only from the first one on."""
    (given_up,) = past.now("transport", "Jobs given up", site=".+")
    raw = past.server.query("sum(configmgr_scheduler_jobs_dropped_total)", past.end)
    assert float(given_up["value"]) == float(raw[0]["value"][1]) > 0


def test_a_hierarchy_without_an_exporter_is_not_shown_as_healthy(past: Past) -> None:
    for query in queries():
        if query.dashboard == "hierarchy.json" and query.instant:
            long_before = past.server.query(past.expression("hierarchy", query.place, query.ref), past.start - 7200)
            assert long_before == [], query.key
