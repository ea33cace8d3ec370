"""Whole hours of a simulated hierarchy under the rules as they are shipped, judged by promtool.

Each line is read, each scrape rendered by the exporter's own code; only the clock is not waited for.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dashboards.incident import History
from exporter.simulator import Plan, demo_plan, healthy_plan
from tests.alerts.servers import RULE_FILES, program, said
from tests.alerts.test_rules import SERIES

STEP = 60
_SAMPLE = re.compile(r"(\w+)(\{.*\})? (\S+) (\S+)\n")
_NAMED = {"up"} | {
    name for path in RULE_FILES for name in SERIES.findall(path.read_text(encoding="utf-8")) if ":" not in name
}


def _series(plan: Plan, folder: Path) -> Iterator[dict[str, str]]:
    """Give what is scraped each minute, as promtool takes it: time begins at 0."""
    history = History(folder, plan, STEP)
    history.write()
    start, steps = plan.start_ms / 1000, round(plan.duration.total_seconds()) // STEP
    found: dict[str, list[str]] = defaultdict(lambda: ["_"] * (steps + 1))
    with history.text.open(encoding="utf-8") as text:
        for name, labels, value, time in (match.groups() for match in map(_SAMPLE.fullmatch, text) if match):
            if name in _NAMED:
                is_time = name.endswith("_timestamp_seconds")
                found[name + (labels or "")][round(float(time) - start) // STEP] = (
                    f"{float(value) - start:.3f}" if is_time else value
                )
    for series, values in found.items():
        # A series that is not there at a scrape is told to be stale, as Prometheus does.
        gone = (
            "stale" if value == "_" and number and values[number - 1] != "_" else value
            for number, value in enumerate(values)
        )
        yield {"series": series, "values": " ".join(gone)}


def _judge(plan: Plan, folder: Path, asked: dict[str, list[dict[str, Any]]]) -> None:
    test = {
        "rule_files": [str(path) for path in RULE_FILES],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": list(_series(plan, folder)),
                "promql_expr_test": [
                    {
                        "expr": expression,
                        "eval_time": f"{round(plan.duration.total_seconds())}s",
                        "exp_samples": samples,
                    }
                    for expression, samples in asked.items()
                ],
            }
        ],
    }
    (folder / "test.json").write_text(json.dumps(test), encoding="utf-8")  # JSON is YAML
    status, words = said([program("promtool", "installed"), "test", "rules", str(folder / "test.json")])
    assert status == 0, words


def test_eight_busy_hours_without_trouble_raise_no_alert(tmp_path: Path) -> None:
    _judge(healthy_plan(), tmp_path, {'max_over_time(ALERTS{alertstate="firing"}[8h])': []})


def test_the_incident_fires_once_without_a_pause_from_a_quarter_of_an_hour_on(tmp_path: Path) -> None:
    firing = 'ALERTS{alertname="ConfigMgrTaskSequencesBlocked",alertstate="firing"}'
    labels = '{package="CEN00012",program="Install drivers",source_site="CEN"}'
    # Minutes. The first line stands at 65.6: scraped and recorded at 66, fires a quarter of an hour later. The last
    # block ends at 302.3: no longer scraped at 303, and kept for ten minutes. Groups are evaluated in no order, so that
    # an alert may see what is recorded a minute later.
    begins, ends, late = 81, 312, 1
    by = "by (package, program, source_site)"
    _judge(
        demo_plan(),
        tmp_path,
        {
            'count by (alertname) (max_over_time(ALERTS{alertstate="firing"}[6h]))': [
                {"labels": '{alertname="ConfigMgrTaskSequencesBlocked"}', "value": 1},
                {"labels": '{alertname="ConfigMgrPackageSourceUnreadable"}', "value": 1},
            ],
            f"(min {by} (min_over_time(timestamp({firing})[6h:1m])) / 60 - {begins} <= {late} >= 0) * 0": [
                {"labels": labels, "value": 0}
            ],
            f"(max {by} (max_over_time(timestamp({firing})[6h:1m])) / 60 - {ends} <= {late} >= 0) * 0": [
                {"labels": labels, "value": 0}
            ],
            f"sum {by} (count_over_time({firing}[6h]))": [{"labels": labels, "value": ends - begins + 1}],
        },
    )
