from pathlib import Path

from exporter.simulator import demo_plan, run_batch, truth_at

_HOUR = 3_600_000


def test_demo_before_mending_every_child_primary_is_blocked_by_the_drivers() -> None:
    plan = demo_plan()
    truth = truth_at(plan, plan.start_ms + 4 * _HOUR)
    assert [(one["package"], one["sites"], one["cause"]) for one in truth["culprits"]] == [
        ("CEN00012", ["CHI", "LON", "NYC"], {"kind": "source_path_inaccessible", "site": "CEN"})
    ]
    assert truth["culprits"][0]["task_sequences"] == ["CEN00021", "CEN00022", "CEN00023"]


def test_demo_after_mending_nothing_is_blocked_or_late(tmp_path: Path) -> None:
    truth = run_batch(tmp_path, demo_plan())
    assert truth["culprits"] == []
    for site in truth["sites"].values():
        assert (site["blocked"], site["waiting"], site["source_errors"]) == ([], [], [])
