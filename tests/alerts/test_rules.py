"""The rules, judged by promtool of two generations, and by the conventions for rules."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerts.build import ALERTS, RECORDING, build
from alerts.thresholds import load_thresholds, with_common
from exporter.metrics.contract import FAMILIES
from tests.alerts.servers import GENERATIONS, ROOT, RULE_FILES, program, said

CASES = sorted((Path(__file__).parent / "rules").glob("*.yml"))
FORGETTING = "forgetting"  # its rules forget after two hours: see the file
_RULES = [
    rule
    for path in RULE_FILES
    for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
RECORDED = {rule["record"] for rule in _RULES if "record" in rule}
ALERTING: dict[str, dict[str, Any]] = {rule["alert"]: rule for rule in _RULES if "alert" in rule}
SERIES = re.compile(r"(?<!\w)(?:\w+:)?configmgr_\w+(?::\w+)?")
SAMPLES = {name for family in FAMILIES for name in family.sample_names}
# What a template asks Prometheus for: `printf "QUERY" VALUE...`, or a plain string.
_QUERY = re.compile(r'\(printf "((?:[^"\\]|\\.)*)"')


@pytest.mark.parametrize("generation", GENERATIONS)
def test_rules_are_well_formed(generation: str) -> None:
    lint = ["--lint=all", "--lint-fatal"]
    status, words = said([program("promtool", generation), "check", "rules", *lint, *map(str, RULE_FILES)])
    assert status == 0, words
    assert f"SUCCESS: {len(ALERTING)} rules found" in words
    assert f"SUCCESS: {len(RECORDED)} rules found" in words


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_rules_do_as_the_case_says(case: Path, generation: str, tmp_path: Path) -> None:
    wanted = set(re.findall(r"ConfigMgr\w+", case.read_text(encoding="utf-8")))
    rules = build(with_common(load_thresholds(), {"forget": "2h"} if case.stem == FORGETTING else {}))
    (tmp_path / RECORDING).write_text(rules.recording, encoding="utf-8")
    (tmp_path / ALERTS).write_text(_only(wanted, rules.alerts), encoding="utf-8")
    case = Path(shutil.copy(case, tmp_path))
    case.write_text(case.read_text(encoding="utf-8").replace("../../../alerts/", ""), encoding="utf-8")
    status, words = said([program("promtool", generation), "test", "rules", str(case)])
    assert status == 0, words


def _only(alerts: set[str], rules: str) -> str:
    """Return the rules of some alerts: promtool evaluates all that it is given, at every step."""
    data = yaml.safe_load(rules)
    for group in data["groups"]:
        group["rules"] = [rule for rule in group["rules"] if rule["alert"] in alerts]
    return json.dumps(data)  # JSON is YAML


def test_every_alert_has_a_case_in_which_it_fires_does_not_fire_ends_and_is_read() -> None:
    assert {case.stem for case in CASES} == {*ALERTING, FORGETTING}
    for case in CASES:
        if case.stem == FORGETTING:
            continue
        tests = yaml.safe_load(case.read_text(encoding="utf-8"))["tests"]
        counts = [_counts(test, case.stem) for test in tests]
        assert any(max(states) > 0 and states[0] == 0 and states[-1] < max(states) for states in counts), case.stem
        assert any(max(states) == 0 for states in counts) or case.stem == "ConfigMgrNoExporter", case.stem
        text = case.read_text(encoding="utf-8")
        assert "stale" in text or case.stem in {"ConfigMgrNoExporter", "ConfigMgrExporterDown"}, case.stem
        read = [
            expected for test in tests for check in test.get("alert_rule_test", ()) for expected in check["exp_alerts"]
        ]
        assert read, case.stem
        for expected in read:
            assert expected["exp_annotations"].keys() == ALERTING[case.stem]["annotations"].keys()
            assert not re.search(r"<error|<no value>|%!|\{\{ ", " ".join(expected["exp_annotations"].values()))


def _counts(test: dict[str, Any], alert: str) -> list[int]:
    """Return how many alerts fire at the moments of a test, in their order; no samples are none."""
    checks = [check for check in test.get("promql_expr_test", ()) if f'"{alert}"' in check["expr"]]
    return [sum(sample["value"] for sample in check["exp_samples"]) for check in checks] or [0]


def test_names_severities_and_texts_follow_the_conventions() -> None:
    assert len(ALERTING) >= 20
    for name, rule in ALERTING.items():
        assert re.fullmatch(r"ConfigMgr([A-Z][a-z]+)+", name)
        assert rule["labels"].keys() == {"severity"}, name
        annotations = rule["annotations"]
        assert annotations.keys() == {"summary", "description", "remedy", "runbook_url", "dashboard_url"}, name
        assert re.fullmatch(r"[A-Z][^{}]*\.", annotations["summary"]), name
        assert "{{" in annotations["description"] or name == "ConfigMgrNoExporter", name
        assert annotations["runbook_url"].endswith(f"/{name}.md")
        assert re.search(r"[<>]|==|absent", rule["expr"]), f"{name} compares with nothing"


def test_rules_stand_in_the_time_in_which_the_last_value_is_found() -> None:
    """The held series read their own last value: Prometheus finds it for five minutes."""
    groups = yaml.safe_load(RULE_FILES[0].read_text(encoding="utf-8"))["groups"]
    assert {group["name"]: group["interval"] for group in groups} == {
        "configmgr-state": "1m",
        "configmgr-versions": "5m",
    }
    assert all(":held" not in rule["record"] for rule in groups[1]["rules"])


def _queries() -> list[str]:
    texts = [text for rule in ALERTING.values() for text in rule["annotations"].values()]
    return sorted({query for text in texts for query in _QUERY.findall(text)})


def test_every_series_that_is_named_exists() -> None:
    written = [rule["expr"] for rule in _RULES] + _queries()
    named = {name for text in written for name in SERIES.findall(text)}
    assert {name for name in named if ":" in name} <= RECORDED
    assert {name for name in named if ":" not in name} <= SAMPLES
    assert len(named) > 25


def test_every_recorded_series_is_used() -> None:
    written = " ".join([rule["expr"] for rule in ALERTING.values()] + _queries())
    others = {
        rule["record"]: " ".join(r["expr"] for r in _RULES if r.get("record") != rule["record"])
        for rule in _RULES
        if "record" in rule
    }
    page = (ROOT / "docs" / "prometheus.md").read_text(encoding="utf-8")
    assert [name for name, text in others.items() if name not in written + text + page] == []


def test_labels_that_are_asked_for_are_labels_of_the_family() -> None:
    families = {name: set(family.labels) for family in FAMILIES for name in family.sample_names}
    for text in [rule["expr"] for rule in _RULES] + _queries():
        for name, selector in re.findall(r"\b(configmgr_\w+)\{([^}]*)\}", text):
            assert set(re.findall(r"(\w+)=", selector)) <= families[name] | {"job", "instance"}, text


@pytest.mark.parametrize("generation", GENERATIONS)
def test_queries_of_annotations_are_valid(generation: str, tmp_path: Path) -> None:
    rules = []
    for number, query in enumerate(_queries()):
        values = re.sub(r"%(?:\[\d\])?q", '"x"', json.loads(f'"{query}"'))
        assert "%" not in values, query
        rules.append({"record": f"asked:number{number}", "expr": values})
    assert len(rules) > 15
    file = tmp_path / "rules.json"  # JSON is YAML
    file.write_text(json.dumps({"groups": [{"name": "asked", "rules": rules}]}), encoding="utf-8")
    status, words = said([program("promtool", generation), "check", "rules", str(file)])
    assert status == 0, words
