import re

import pytest

from exporter.metrics.contract import FAMILIES
from tests.dashboards.reading import Query, dashboards, panels, queries, variable_queries

SCRAPE = ("up", "scrape_duration_seconds", "scrape_samples_scraped")  # Prometheus itself makes these of every target
TARGET = {"job", "instance"}
LABELS = {
    **{sample: {*family.labels, *TARGET} for family in FAMILIES for sample in family.sample_names},
    **dict.fromkeys(SCRAPE, TARGET),
}
BUCKETS = {name for name in LABELS if name.endswith("_bucket")}

SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)?\{([^{}]*)\}")
MATCHER = re.compile(r'(\w+)(?:=~|!~|!=|=)"([^"]*)"')
GROUPING = re.compile(r"\b(?:by|on|without|group_left|group_right) \(([^()]*)\)")
MADE = re.compile(r'label_replace\(.*?, "(\w+)", "\$1", "(\w+)"')
NAME = re.compile(r"\b(?:configmgr|process|scrape)_\w+\b(?!\{)")

# Families that no panel shows, and why.
NOT_SHOWN = {
    "configmgr_exporter_config_last_reload_success_timestamp_seconds": "whether the last reload went well is shown",
    "configmgr_exporter_textfile_last_write_successful": "the file's age tells more: node_textfile_mtime_seconds",
    "process_virtual_memory_bytes": "address space tells nothing that memory in RAM does not",
}

EVERY = [*queries(), *variable_queries()]
each_query = pytest.mark.parametrize("query", EVERY, ids=lambda query: query.key)


def selectors(query: Query) -> list[tuple[set[str], dict[str, str]]]:
    """Return the metrics and the matchers of each selector of a query."""
    found = []
    for metric, inside in SELECTOR.findall(query.expression):
        matchers = dict(MATCHER.findall(inside))
        metrics = {metric} if metric else set(matchers.pop("__name__").split("|"))
        found.append((metrics, matchers))
    return found


@each_query
def test_every_metric_of_a_query_is_served(query: Query) -> None:
    for metrics, _ in selectors(query):
        assert metrics <= LABELS.keys()
    bare = NAME.findall(SELECTOR.sub("", query.expression))
    assert bare == ([query.expression] if query.place == "$job" else [])  # nothing is chosen yet when jobs are listed


@each_query
def test_every_label_that_is_asked_for_is_there(query: Query) -> None:
    for metrics, matchers in selectors(query):
        for metric in metrics:
            assert matchers.keys() <= LABELS[metric]


@each_query
def test_every_label_that_is_grouped_by_is_there(query: Query) -> None:
    there = {label for metrics, _ in selectors(query) for metric in metrics for label in LABELS[metric]}
    there |= {made for made, _ in MADE.findall(query.expression)}
    if any(metrics & BUCKETS for metrics, _ in selectors(query)):
        there.add("le")
    for grouping in GROUPING.findall(query.expression):
        assert {label.strip() for label in grouping.split(",") if label.strip()} <= there
    assert {source for _, source in MADE.findall(query.expression)} <= there


@pytest.mark.parametrize("name", dashboards())
def test_every_label_of_a_legend_is_grouped_by(name: str) -> None:
    for panel in panels(dashboards()[name]):
        for target in panel["targets"]:
            grouped = {label.strip() for group in GROUPING.findall(target["expr"]) for label in group.split(",")}
            grouped |= {made for made, _ in MADE.findall(target["expr"])}
            labels = set(re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")))
            assert panel["type"] == "stat" or labels <= grouped, panel["title"]


@pytest.mark.parametrize("name", dashboards())
def test_every_column_of_a_table_is_a_label_or_a_query_of_it(name: str) -> None:
    for panel in panels(dashboards()[name]):
        for step in panel.get("transformations", []):
            if step["id"] == "filterFieldsByName":
                expressions = " ".join(target["expr"] for target in panel["targets"])
                grouped = {label.strip() for group in GROUPING.findall(expressions) for label in group.split(",")}
                grouped |= {made for made, _ in MADE.findall(expressions)}
                values = {f"Value #{target['refId']}" for target in panel["targets"]}
                assert set(step["options"]["include"]["names"]) <= grouped | values | {"Value"}, panel["title"]


def test_every_family_is_shown_or_said_not_to_be() -> None:
    asked = {metric for query in queries() for metrics, _ in selectors(query) for metric in metrics}
    unseen = {family.name for family in FAMILIES if not asked & set(family.sample_names)}
    assert unseen == NOT_SHOWN.keys()
