"""A hierarchy whose time runs faster: its stamps fit the clock, and its source can be mended at any moment."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from alerts.drill.hierarchy import Course, Hierarchy
from alerts.drill.plan import BREAKS, CULPRIT, LIVE, PROGRAM, SEQUENCES, SITES, drill_plan
from exporter.cli import cli
from exporter.simulator import Simulation
from exporter.simulator.disk import Disk
from exporter.simulator.plan import BadSource
from tests.waiting import until

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
PLAN = drill_plan(NOW)
FASTER = 60
BLOCKED = BREAKS + 600  # all three task sequences have been tried everywhere


@pytest.mark.parametrize("second", [0, BREAKS + 1, BLOCKED, BLOCKED + 77])
def test_an_end_that_is_put_in_on_the_way_is_the_end_that_a_plan_had(second: int) -> None:
    ended = replace(PLAN, incidents=(BadSource(CULPRIT, 0, second, win32_error=5),))
    course = Course(PLAN)
    records = list(course.until(PLAN.start_ms + second * 1000 - 1))
    course.end_incidents(second)
    last = PLAN.start_ms + (BLOCKED + 3600) * 1000
    records += course.until(last)
    assert records == list(Simulation(ended).run(last))
    assert records != list(Simulation(PLAN).run(last))


def test_records_that_are_not_due_wait() -> None:
    course = Course(PLAN)
    times = [PLAN.start_ms + second * 1000 for second in range(0, 4000, 37)]
    given = [[record.time for record in course.until(time)] for time in times]
    assert [*itertools.chain(*given)] == [record.time for record in Simulation(PLAN).run(times[-1])]
    assert all(max(some, default=0) <= time for some, time in zip(given, times, strict=True))


class _Time:
    """A hierarchy under a clock that stands still."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW.timestamp()
        self.hierarchy = Hierarchy(folder, PLAN, LIVE, FASTER, lambda: self.now)
        self._folder = folder

    def pass_to(self, disk: Disk, second: int) -> None:
        """Let time pass until so many seconds of the plan are over."""
        self.now = NOW.timestamp() + (second - LIVE) / FASTER
        self.hierarchy.write_due(disk)

    def explain(self) -> Any:
        answer = CliRunner().invoke(cli, ["explain", "--json", str(self._folder)])
        return json.loads(answer.stdout)


def test_stamps_fit_the_clock_through_the_incident_and_its_end(tmp_path: Path) -> None:
    time = _Time(tmp_path)
    with Disk(tmp_path, PLAN.sites, PLAN.max_log_bytes) as disk:
        time.hierarchy.write_past(disk)
        past = [site.newest / 1000 for site in disk.logs.values()]
        assert NOW.timestamp() - 5 < max(past) <= time.now
        assert time.explain()["culprits"] == []

        time.pass_to(disk, BREAKS - 1)
        assert time.explain()["culprits"] == []

        time.pass_to(disk, BLOCKED)
        (culprit,) = time.explain()["culprits"]
        assert (culprit["package"], culprit["program"]) == (CULPRIT, PROGRAM)
        assert (culprit["sites"], culprit["task_sequences"]) == (list(SITES), list(SEQUENCES))
        assert culprit["cause"]["kind"] == "source_path_inaccessible"
        since = datetime.fromisoformat(culprit["since"]).timestamp()
        assert NOW.timestamp() + (BREAKS - LIVE) / FASTER < since < time.now

        time.hierarchy.mend()
        time.pass_to(disk, BLOCKED + 900)
        assert time.explain()["culprits"] == []
    assert all(at <= time.now for at, _ in time.hierarchy.lines)


def test_time_goes_on_by_itself(tmp_path: Path) -> None:
    with Disk(tmp_path, PLAN.sites, PLAN.max_log_bytes) as disk:
        hierarchy = Hierarchy(tmp_path, PLAN, LIVE, 6000)
        hierarchy.write_past(disk)
        with hierarchy.goes_on(disk):
            until(lambda: hierarchy.lines)
        written = len(hierarchy.lines)
        assert hierarchy.second > LIVE
    assert len(hierarchy.lines) == written
