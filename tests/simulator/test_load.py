import re
from pathlib import Path

import pytest

from exporter.simulator.hierarchy import Form
from exporter.simulator.load import big_plan, write_benchmark_log
from exporter.simulator.run import run_batch


@pytest.mark.parametrize("form", [Form.NAMED_ZONE, Form.BIAS, Form.CCM])
def test_benchmark_log_holds_what_is_said(form: Form, tmp_path: Path) -> None:
    path = tmp_path / "distmgr.log"
    counts = write_benchmark_log(path, 2, seed=7, form=form)
    data = path.read_bytes()
    assert counts.bytes == len(data) >= 2_000_000
    assert counts.lines == data.count(b"\r\n")
    assert counts.failures == data.count(b"Failed to insert SMS Program ID") == counts.blocked
    assert counts.blocked + counts.applied == data.count(b"Processing incoming file")
    assert counts.status_messages == data.count(b"STATMSG: ID=2301") > 0
    steps = re.findall(rb"(Adding|Cannot update the) package (?:program for package )?(CEN\w{5}) ", data)
    blocked = {sequence: step.startswith(b"Cannot") for step, sequence in steps}
    assert counts.standing == sum(blocked.values())
    assert 0.66 < counts.noise / counts.lines < 0.74


def test_benchmark_log_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_benchmark_log(tmp_path / name, 0.2, seed)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() != (tmp_path / "c").read_bytes()


def test_big_plan_writes_about_the_megabytes_that_were_asked_for(tmp_path: Path) -> None:
    truth = run_batch(tmp_path, big_plan(8, 12))
    written = sum(path.stat().st_size for path in tmp_path.rglob("*.log"))
    assert 8e6 < written < 17e6
    assert [one["package"] for one in truth["culprits"]] == ["A00000FF"]
    assert len(truth["sites"]) == 8
    assert truth["culprits"][0]["sites"] == ["A01", "A02", "A03", "A04"]
