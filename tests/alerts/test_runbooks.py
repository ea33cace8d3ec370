"""The runbooks: one for each alert, each with what a person at night needs, and queries that are so."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.alerts.servers import GENERATIONS, ROOT, program, said
from tests.alerts.test_rules import ALERTING, RECORDED, SAMPLES, SERIES

FOLDER = ROOT / "docs" / "runbooks"
PAGES = [*sorted(FOLDER.glob("*.md")), ROOT / "docs" / "prometheus.md", ROOT / "docs" / "alerts.md"]
_QUERY = re.compile(r"^```promql\n(.*?)^```$", re.MULTILINE | re.DOTALL)
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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_series_that_a_page_names_exists(page: Path) -> None:
    named = set(SERIES.findall(page.read_text(encoding="utf-8"))) - {"configmgr_"}
    named = {name for name in named if not name.startswith("__meta")}
    assert {name for name in named if ":" in name} <= RECORDED
    assert {name for name in named if ":" not in name} <= SAMPLES | {"configmgr_exporter"}
