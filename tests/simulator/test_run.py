import json
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from exporter.simulator.plans import demo_plan
from exporter.simulator.random_plan import random_plan
from exporter.simulator.run import run_batch, run_live
from exporter.simulator.scenarios import scenario_plan
from exporter.simulator.truth import truth_at


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.lo[g_]"))}


def test_live_run_writes_the_same_bytes_as_a_batch_and_sleeps_the_plan_s_time(tmp_path: Path) -> None:
    plan = replace(demo_plan(), max_log_bytes=40_000)
    slept: list[float] = []
    live = run_live(tmp_path / "live", plan, slept.append, 600)
    batch = run_batch(tmp_path / "batch", plan)
    assert live == batch
    assert _bytes(tmp_path / "live") == _bytes(tmp_path / "batch")
    assert sum(slept) == pytest.approx(6 * 3600 / 600, rel=0.05)


def test_live_reader_finds_whole_lines_at_every_sleep(tmp_path: Path) -> None:
    plan = replace(demo_plan(), duration=timedelta(minutes=30))
    log = tmp_path / "SMS_CEN" / "Logs" / "distmgr.log"
    seen: list[bytes] = []
    run_live(tmp_path, plan, lambda _: seen.append(log.read_bytes()), 6)
    assert all(earlier == later[: len(earlier)] for earlier, later in pairwise(seen))
    assert {data[-2:] for data in seen} == {b"\r\n"}
    assert len({len(data) for data in seen}) > 20


def test_truth_beside_the_logs_is_the_truth_at_the_end(tmp_path: Path) -> None:
    plan = scenario_plan("mixed_eras")
    truth = run_batch(tmp_path, plan)
    assert json.loads((tmp_path / "truth.json").read_text(encoding="utf-8")) == truth
    assert {**truth, "logs": {}} == truth_at(plan, plan.end_ms)


def test_truth_says_what_each_log_has_lost(tmp_path: Path) -> None:
    plan = replace(demo_plan(), max_log_bytes=20_000)
    truth = run_batch(tmp_path, plan)
    told = truth["logs"]["CHI"]["distmgr"]
    left = sum(path.read_bytes().count(b"\r\n") for path in (tmp_path / "SMS_CHI" / "Logs").glob("distmgr.lo*"))
    assert told["rollovers"] > 2
    assert told["records"] - told["overwritten"] == left
    assert told["oldest"] > truth["start"]
    assert all(path.stat().st_size <= 20_000 for path in (tmp_path / "SMS_CHI" / "Logs").iterdir())


def test_healthy_log_that_has_not_rolled_has_lost_nothing(tmp_path: Path) -> None:
    truth = run_batch(tmp_path, random_plan(1))
    told = [log for site in truth["logs"].values() for log in site.values()]
    assert {(log["overwritten"], log["rollovers"]) for log in told} == {(0, 0)}


def test_progress_ends_with_all_records_and_guesses_well_before(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    run_batch(tmp_path, demo_plan(), lambda done, total: calls.append((done, total)))
    assert calls[-1][0] == calls[-1][1] > 10_000
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    assert all(done <= total for done, total in calls)


def test_logs_of_a_former_simulation_are_removed(tmp_path: Path) -> None:
    run_batch(tmp_path, scenario_plan("late_content_2012"))
    assert (tmp_path / "SMS_CHI" / "Logs" / "pkgxfermgr.log").exists()
    run_batch(tmp_path, scenario_plan("source_access_denied"))
    assert not (tmp_path / "SMS_CHI" / "Logs" / "pkgxfermgr.log").exists()


def test_logs_that_no_simulation_wrote_are_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "SMS_CEN" / "Logs" / "distmgr.log"
    log.parent.mkdir(parents=True)
    log.write_bytes(b"of a real site")
    with pytest.raises(FileExistsError, match="no simulation wrote"):
        run_batch(tmp_path, demo_plan())
    assert log.read_bytes() == b"of a real site"
