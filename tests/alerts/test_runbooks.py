"""The runbooks: one for each alert, each with what a person at night needs, and queries that are so."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.events.loader import load_catalogue
from exporter.events.matcher import Matcher
from exporter.logs.block import Block
from exporter.logs.clock import Clock
from exporter.logs.records import RecordReader
from tests.alerts.servers import GENERATIONS, ROOT, RULE_FILES, program, said
from tests.alerts.test_rules import ALERTING, CASES, FORGETTING, RECORDED, SAMPLES, SERIES

FOLDER = ROOT / "docs" / "runbooks"
PAGES = [*sorted(FOLDER.glob("*.md")), ROOT / "docs" / "prometheus.md", ROOT / "docs" / "alerts.md"]
_QUERY = re.compile(r"^```promql\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINES = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_OWN_LOG = re.compile(r"(?:exporter's|own) log(?:[^\"]{0,12})\"([^\"]+)\"")
_SECTIONS = ["Meaning", "Impact", "Confirm", "Mend", "How to know that it is mended"]


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == ALERTING.keys()


@pytest.mark.parametrize("alert", ALERTING)
def test_runbook_has_all_parts(alert: str) -> None:
    text = (FOLDER / f"{alert}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {alert}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == _SECTIONS
    parts = re.split(r"^## .+$", text, flags=re.MULTILINE)[1:]
    assert all(len(part.split()) >= 5 for part in parts), alert
    assert _QUERY.search(parts[2]), f"{alert}: no query to confirm it"
    assert re.search(r"^1\. ", parts[3], re.MULTILINE), f"{alert}: no step to mend it"


@pytest.mark.parametrize("generation", GENERATIONS)
def test_queries_of_the_runbooks_are_valid(generation: str, tmp_path: Path) -> None:
    queries = [query for page in FOLDER.glob("*.md") for query in _QUERY.findall(page.read_text(encoding="utf-8"))]
    assert len(queries) > 30
    rules = [{"record": f"runbook:query:number{number}", "expr": query} for number, query in enumerate(queries)]
    file = tmp_path / "rules.json"  # JSON is YAML
    file.write_text(json.dumps({"groups": [{"name": "runbooks", "rules": rules}]}), encoding="utf-8")
    status, words = said([program("promtool", generation), "check", "rules", str(file)])
    assert status == 0, words


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("case", [case for case in CASES if case.stem != FORGETTING], ids=lambda case: case.stem)
def test_queries_show_something_while_the_alert_fires(case: Path, generation: str, tmp_path: Path) -> None:
    queries = _QUERY.findall((FOLDER / f"{case.stem}.md").read_text(encoding="utf-8"))
    tests = yaml.safe_load(case.read_text(encoding="utf-8"))["tests"]
    firing = [(test, time) for test in tests for time in _firing(test, case.stem)]
    assert firing
    shown = {query for query in queries for test, time in firing if _gives(query, test, time, generation, tmp_path)}
    assert [query for query in queries if query not in shown] == []


def _firing(test: dict[str, Any], alert: str) -> list[str]:
    """Return the times at which a case reads what the alert says."""
    checks = test.get("alert_rule_test", ())
    return [check["eval_time"] for check in checks if check["alertname"] == alert and check["exp_alerts"]]


def _gives(query: str, test: dict[str, Any], time: str, generation: str, folder: Path) -> bool:
    """Return whether a query gives series at a time of a case."""
    asked = {"expr": f"count({query})", "eval_time": time, "exp_samples": []}
    file = folder / "test.json"  # JSON is YAML
    only = {"interval": test["interval"], "input_series": test["input_series"], "promql_expr_test": [asked]}
    file.write_text(json.dumps({"rule_files": [str(RULE_FILES[0])], "evaluation_interval": "1m", "tests": [only]}))
    status, words = said([program("promtool", generation), "test", "rules", str(file)])
    assert status == 0 or "got: {} " in words, words
    return status != 0


def test_log_lines_are_worded_as_the_product_words_them() -> None:
    shown = [
        line
        for path in FOLDER.glob("*.md")
        for block in _LINES.findall(path.read_text(encoding="utf-8"))
        for line in block.splitlines()
    ]
    assert len(shown) > 5
    matcher = Matcher(load_catalogue(), RecordReader(Clock()))
    logs = {message.log for message in load_catalogue().messages}
    for text in shown:
        data = f"{text}\n".encode()
        assert any(matcher.scan(Block(data, f"{log}.log", final=True), log).events for log in logs), text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_series_that_a_page_names_exists(page: Path) -> None:
    named = set(SERIES.findall(page.read_text(encoding="utf-8"))) - {"configmgr_"}
    named = {name for name in named if not name.startswith("__meta")}
    assert {name for name in named if ":" in name} <= RECORDED
    assert {name for name in named if ":" not in name} <= SAMPLES | {"configmgr_exporter"}


def test_what_the_exporter_is_said_to_log_is_what_it_logs() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "exporter").rglob("*.py"))
    quoted = [text for page in PAGES for text in _OWN_LOG.findall(" ".join(page.read_text(encoding="utf-8").split()))]
    assert len(quoted) >= 2
    assert [text for text in quoted if text not in source] == []
