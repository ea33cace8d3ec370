"""The table of families agrees with itself, with its sources and with the state's own words."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from pathlib import Path

import pytest

from exporter.logs.health import GapReason
from exporter.metrics import docs
from exporter.metrics.contract import DROPPED, FAMILIES, Kind
from exporter.metrics.families import exporter_table, site_table
from exporter.metrics.selection import EXPORTER, select
from exporter.replication.state import Outcome, ProcessingOutcome, SourceReason, TroubleKind, WaitReason
from tests.metrics.promtool import complaints
from tests.metrics.states import FACTS, chicago, full

ROOT = Path(__file__).parents[2]


def test_every_family_but_the_count_of_what_is_left_out_has_one_source() -> None:
    sources = [*site_table(chicago()), *exporter_table(FACTS)]
    assert sources == [family.name for family in FAMILIES if family is not DROPPED]


def test_what_is_left_out_is_counted_after_all_that_may_be_left_out() -> None:
    assert not any(family.budgeted for family in FAMILIES[FAMILIES.index(DROPPED) :])


def test_every_row_has_a_value_for_every_label() -> None:
    tables = {view.state.site: site_table(view) for view in full().sites} | {EXPORTER: exporter_table(full().exporter)}
    for family, parts in select(tables, {}):
        values = len(family.labels) + (family.kind is Kind.HISTOGRAM)
        keys = [key for rows in parts.values() for key, _ in rows]
        assert {len(key) for key in keys} <= {values}, family.name
        assert keys, f"the hand-made state shows nothing of {family.name}"


def test_names_follow_the_conventions() -> None:
    for family in FAMILIES:
        assert family.name.endswith("_total") == (family.kind is Kind.COUNTER), family.name
        assert family.name.endswith("_info") == (family.kind is Kind.INFO), family.name
        assert family.help.endswith("."), family.name
        assert not set(family.help) & set("\n`"), family.name  # it is shown as plain text
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)


@pytest.mark.parametrize(
    ("family", "values"),
    [
        ("configmgr_incoming_definitions_total", Outcome),
        ("configmgr_package_processing_total", ProcessingOutcome),
        ("configmgr_package_waiting", WaitReason),
        ("configmgr_package_source_error", SourceReason),
        ("configmgr_log_gaps_total", GapReason),
        ("configmgr_transport_trouble", TroubleKind),
    ],
)
def test_every_value_of_a_closed_label_is_explained(family: str, values: type[StrEnum]) -> None:
    notes = next(each.notes for each in FAMILIES if each.name == family)
    assert [value.value for value in values if f"`{value.value}`" not in notes] == []


def test_the_documentation_is_up_to_date() -> None:
    written = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert written == docs.render(), "run: python -m exporter.metrics.docs > docs/metrics.md"


def test_queries_in_the_documentation_are_valid(tmp_path: Path) -> None:
    queries = [
        query for query in re.findall(r"`([^`]+)`", docs.render()) if re.search(r"configmgr_\w+ [-*=]|by \(", query)
    ]
    assert len(queries) >= 4
    rules = [{"record": f"documented:query:number{number}", "expr": query} for number, query in enumerate(queries)]
    file = tmp_path / "rules.json"  # JSON is YAML
    file.write_text(json.dumps({"groups": [{"name": "documented", "rules": rules}]}))
    assert complaints("check", "rules", str(file)) == ""
    names = {name for query in queries for name in re.findall(r"configmgr_\w+", query)}
    assert names <= {family.name for family in FAMILIES}
