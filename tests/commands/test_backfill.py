"""`backfill`, and what a real Prometheus makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from dashboards.servers import Prometheus, load_history, prometheus
from exporter.commands.backfill import _TAKEN
from exporter.metrics.timeline import TOLD_FAMILIES
from exporter.simulator import Plan, demo_plan, run_batch, truth_at
from tests.commands.conftest import Command
from tests.lines import START, applied, blocked

_MINUTE = 60_000


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The incident, mended in the end, of which no log rolls away."""
    return replace(demo_plan(), max_log_bytes=1 << 40)


@pytest.fixture(scope="module")
def logs(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What it leaves on disk."""
    folder = tmp_path_factory.mktemp("hierarchy")
    run_batch(folder, plan)
    return folder


@pytest.fixture
def server(command: Command, logs: Path, tmp_path: Path) -> Iterator[Prometheus]:
    """A Prometheus that was given the past."""
    result = command("backfill", logs, "--output", tmp_path / "history.om")
    assert result.status == 0, result.err
    load_history(tmp_path / "history.om", tmp_path)
    with prometheus(tmp_path) as running:
        yield running


def _blocked(samples: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    return {
        (one["metric"]["site"], one["metric"]["task_sequence"]): one["metric"]["package"]
        for one in samples
        if one["value"][1] == "1"
    }


def test_prometheus_knows_what_was_blocked_at_each_time_of_the_past(server: Prometheus, plan: Plan) -> None:
    seen = []
    for minutes in range(30, 360, 30):
        moment = plan.start_ms + minutes * _MINUTE
        truth = truth_at(plan, moment)
        expected = {
            (code, one["task_sequence"]): one["missing"][0]["package"]
            for code, site in truth["sites"].items()
            for one in site["blocked"]
        }
        assert _blocked(server.query("configmgr_task_sequence_blocked", moment / 1000)) == expected, minutes
        seen.append(len(expected))
    assert seen[0] == 0, "before it began"
    assert max(seen) == 9, "three task sequences at three sites"
    assert seen[-1] == 0, "after it was mended"


def test_beginning_and_end_are_right_to_the_step(server: Prometheus, plan: Plan) -> None:
    start, end = plan.start_ms / 1000, plan.end_ms / 1000
    (series,) = server.query_range(
        'configmgr_task_sequence_blocked{site="CHI",task_sequence="CEN00021"}', start, end, 60
    )
    times = [at for at, _ in series["values"]]
    (since,) = server.query(
        'configmgr_task_sequence_blocked_since_timestamp_seconds{site="CHI",task_sequence="CEN00021"}', times[0]
    )
    assert 0 <= times[0] - float(since["value"][1]) < 60
    # A series that ended is still found for five minutes: Prometheus looks back so far for a sample.
    last = times[-1] - 300
    assert "CEN00021" in {one["task_sequence"] for one in truth_at(plan, round(last * 1000))["sites"]["CHI"]["blocked"]}
    after = truth_at(plan, round((last + 120) * 1000))["sites"]["CHI"]["blocked"]
    assert "CEN00021" not in {one["task_sequence"] for one in after}


def test_counters_grow_and_labels_are_those_of_the_scrape(server: Prometheus, plan: Plan) -> None:
    (grown,) = server.query(
        'increase(configmgr_incoming_definitions_total{site="CHI",outcome="blocked"}[6h])', plan.end_ms / 1000
    )
    assert float(grown["value"][1]) > 3
    assert (grown["metric"]["job"], grown["metric"]["instance"]) == ("configmgr", "backfill")


def _write(folder: Path, data: bytes) -> Path:
    folder.mkdir()
    (folder / "distmgr.log").write_bytes(data)
    return folder


def _by_family(text: str, at: float) -> str:
    """Return the samples of one time, family by family, as a strict reader of the format wants them."""
    headers = [line for line in text.splitlines() if line.startswith("# ") and line != "# EOF"]
    samples = [line for line in text.splitlines() if line.endswith(f" {at:.3f}")]
    found: list[str] = []
    for family in TOLD_FAMILIES:
        name = family.name.removesuffix("_total").removesuffix("_info")
        found += [line for line in headers if line.split()[2] == name]
        found += [line for line in samples if re.match(r"\w+", line)[0] in family.sample_names]  # type: ignore[index]
    return "\n".join([*found, "# EOF", ""])


def test_lines_are_those_of_a_scrape_with_time_and_labels(command: Command, tmp_path: Path) -> None:
    logs = _write(tmp_path / "Logs", blocked("CEN00021", 30) + applied("CEN00021", 150))
    out = tmp_path / "h.om"

    result = command("backfill", f"CHI={logs}", "--output", out, "--step", "2m", "--label", 'job=my "own"')

    assert result.status == 0
    assert re.match(r"\d+ samples, 2010-03-04 14:02:00 UTC to 2010-03-04 14:04:00 UTC, are in ", result.out)
    text = out.read_text()
    assert f'configmgr_site_blocked_task_sequences{{job="my \\"own\\"",site="CHI"}} 1.0 {START + 120:.3f}\n' in text
    assert f'configmgr_site_blocked_task_sequences{{job="my \\"own\\"",site="CHI"}} 0.0 {START + 240:.3f}\n' in text
    assert text.endswith("# EOF\n")
    assert not list(tmp_path.glob("*.part"))
    families = list(text_string_to_metric_families(_by_family(text, START + 120)))  # type: ignore[no-untyped-call]
    assert {family.documentation for family in families} == {family.help for family in TOLD_FAMILIES}
    assert int(result.out.split()[0]) == sum(not line.startswith("#") for line in text.splitlines())


def test_nothing_that_tells_a_time_leaves_the_old_file(command: Command, tmp_path: Path) -> None:
    logs = _write(tmp_path / "Logs", b"Adding package CEN00021 to the active package array.\r\n")
    (tmp_path / "h.om").write_text("of yesterday")

    result = command("backfill", f"CHI={logs}", "--output", tmp_path / "h.om")

    assert result.status == 2
    assert "nothing was written: no line that is known has a time in a known zone" in result.err
    assert (tmp_path / "h.om").read_text() == "of yesterday"
    assert not list(tmp_path.glob("*.part"))


def test_folder_to_write_to_is_not_there(command: Command, tmp_path: Path) -> None:
    logs = _write(tmp_path / "Logs", blocked("CEN00021"))

    result = command("backfill", f"CHI={logs}", "--output", tmp_path / "nowhere" / "h.om")

    assert result.status == 2
    assert "nowhere/h.om.part: No such file or directory" in result.err


@pytest.mark.parametrize("label", ["site=CHI", "job", "9=x", "__name__=x"])
def test_label_that_cannot_be(command: Command, tmp_path: Path, label: str) -> None:
    logs = _write(tmp_path / "Logs", blocked("CEN00021"))

    result = command("backfill", f"CHI={logs}", "--output", tmp_path / "h.om", "--label", label)

    assert result.status == 2
    assert f"--label {label}: give a name that is not taken, and its value" in result.err


def test_labels_of_families_are_taken() -> None:
    assert {"site", "package", "task_sequence", "le"} <= _TAKEN
