"""The rules of Grafana's dashboard-linter, which is a Go program: the same demands, asked here.

Rules about Loki have nothing to look at: no dashboard asks it.
"""

import re
from typing import Any

import pytest
import yaml

from dashboards.build import FOLDER
from tests.dashboards.reading import LABEL_VALUES, Query, dashboards, panels, queries, variables

ALL = dashboards()
EXCLUSIONS = yaml.safe_load((FOLDER.parent / ".lint").read_text(encoding="utf-8"))["exclusions"]
SELECTOR = re.compile(r"\{([^{}]*)\}")
RATE = re.compile(r"\b(?:rate|irate|increase)\((\w+)\{[^{}]*\}\[([^\]]+)\]")
each_dashboard = pytest.mark.parametrize("dashboard", ALL.values(), ids=ALL)


@each_dashboard
def test_template_datasource(dashboard: dict[str, Any]) -> None:
    found = [each for each in dashboard["templating"]["list"] if each["type"] == "datasource"]
    assert [(each["name"], each["label"], each["query"]) for each in found] == [
        ("datasource", "Data Source", "prometheus")
    ]


@each_dashboard
@pytest.mark.parametrize(("name", "label"), [("job", "Job"), ("instance", "Instance")])
def test_template_job_and_instance(dashboard: dict[str, Any], name: str, label: str) -> None:
    variable = variables(dashboard)[name]
    assert variable["type"] == "query"
    assert variable["label"] == label
    assert variable["datasource"]["uid"] == "${datasource}"
    assert variable["multi"]
    assert variable["includeAll"]
    assert variable["allValue"] == ".+"


@each_dashboard
def test_template_label_promql(dashboard: dict[str, Any]) -> None:
    for variable in variables(dashboard).values():
        if variable["type"] == "query":
            assert LABEL_VALUES.fullmatch(variable["query"]["query"]), variable["name"]
            assert variable["definition"] == variable["query"]["query"]


@each_dashboard
def test_template_on_time_change_reload(dashboard: dict[str, Any]) -> None:
    for variable in variables(dashboard).values():
        if variable["type"] == "query":
            assert variable["refresh"] == 2, variable["name"]


@each_dashboard
def test_panel_datasource(dashboard: dict[str, Any]) -> None:
    for panel in panels(dashboard):
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]
        for target in panel["targets"]:
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]


@each_dashboard
def test_panel_title_description(dashboard: dict[str, Any]) -> None:
    for panel in panels(dashboard):
        assert panel["title"].strip()
        assert panel["description"].endswith("."), panel["title"]


@each_dashboard
def test_panel_units(dashboard: dict[str, Any]) -> None:
    for panel in panels(dashboard):
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


@each_dashboard
def test_panel_no_targets(dashboard: dict[str, Any]) -> None:
    for panel in panels(dashboard):
        assert panel["targets"], panel["title"]
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references), panel["title"]


def test_target_rate_interval() -> None:
    for query in queries():
        for _, window in RATE.findall(query.expression):
            assert window == "$__rate_interval", query.key


def test_target_job_and_instance() -> None:
    for query in queries():
        selectors = SELECTOR.findall(query.expression)
        assert selectors, query.key
        for selector in selectors:
            assert 'job=~"$job"' in selector, query.key
            assert 'instance=~"$instance"' in selector, query.key


def test_target_counter_agg() -> None:
    excluded = {(entry["dashboard"], entry["panel"]) for entry in EXCLUSIONS["target-counter-agg-rule"]["entries"]}
    bare = {(ALL[query.dashboard]["title"], query.place) for query in queries() if _bare_counters(query)}
    assert bare == excluded


def _bare_counters(query: Query) -> set[str]:
    counters = re.findall(r"(\w+_(?:total|count|sum|bucket))\{", query.expression)
    rated = [metric for metric, _ in RATE.findall(query.expression)]
    return {counter for counter in counters if counters.count(counter) != rated.count(counter)}


@each_dashboard
def test_uneditable(dashboard: dict[str, Any]) -> None:
    assert dashboard["editable"] is False


def test_every_exclusion_has_a_reason() -> None:
    for rule, exclusion in EXCLUSIONS.items():
        assert exclusion["reason"].endswith("."), rule
        assert exclusion["entries"], rule
