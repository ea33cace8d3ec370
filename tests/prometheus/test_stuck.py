"""`stuck` against a real Prometheus that scrapes a real exporter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from dashboards.servers import Prometheus, exporter, prometheus, wait_until
from exporter.cli import cli
from exporter.simulator import demo_plan, run_batch


def _ask(*arguments: str) -> tuple[int, Any]:
    answer = CliRunner().invoke(cli, [*arguments, "--json"])
    return answer.exit_code, json.loads(answer.stdout)


def _scraped(server: Prometheus) -> bool:
    return bool(server.query("configmgr_task_sequence_blocked")) and bool(server.query("configmgr_package_info"))


def test_stuck_names_the_culprit_that_explain_names(tmp_path: Path) -> None:
    logs = tmp_path / "hierarchy"
    run_batch(logs, demo_plan(mended=False))
    with (
        exporter([logs], tmp_path / "state", tmp_path / "exporter.log") as target,
        prometheus(tmp_path, [target]) as server,
    ):
        wait_until(lambda: _scraped(server), "the first scrape")
        status, from_prometheus = _ask("stuck", "--prometheus", server.url)
    _, from_logs = _ask("explain", str(logs))
    assert status == 1
    told, shown = from_prometheus["culprits"][0], from_logs["culprits"][0]
    for key in ("package", "program", "name", "source_site", "sites", "task_sequences", "since"):
        assert told[key] == shown[key], key
    assert told["cause"]["kind"] == shown["cause"]["kind"] == "source_path_inaccessible"
    assert {site: len(each["blocked"]) for site, each in from_prometheus["sites"].items()} == {
        site: len(each["blocked"]) for site, each in from_logs["sites"].items()
    }


def test_prometheus_that_scrapes_no_exporter_gives_no_all_clear(tmp_path: Path) -> None:
    with prometheus(tmp_path) as server:
        answer = CliRunner().invoke(cli, ["stuck", "--prometheus", server.url])
    assert answer.exit_code != 0
    assert "Nothing is stuck" not in answer.output


def test_no_server_is_told_as_refused() -> None:
    # CliRunner raises what main() would show and end with status 2.
    answer = CliRunner().invoke(cli, ["stuck", "--prometheus", "http://127.0.0.1:1"])
    assert answer.exit_code != 0
    assert "refused" in answer.output
