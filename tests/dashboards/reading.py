"""The committed dashboards, taken apart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dashboards.build import FOLDER

BUILT_IN = {"__rate_interval", "__range", "__interval", "__url_time_range"}
_VARIABLE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$([a-z_]\w*)")
LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")


@dataclass(frozen=True)
class Query:
    """One query, and where it stands."""

    dashboard: str
    place: str
    ref: str
    expression: str
    instant: bool

    @property
    def key(self) -> str:
        return f"{self.dashboard} / {self.place} / {self.ref}"


def dashboards() -> dict[str, dict[str, Any]]:
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def variables(dashboard: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {variable["name"]: variable for variable in dashboard["templating"]["list"]}


def queries() -> Iterator[Query]:
    """Give every query of every panel and annotation."""
    for name, dashboard in dashboards().items():
        for panel in panels(dashboard):
            for target in panel["targets"]:
                yield Query(name, panel["title"], target["refId"], target["expr"], bool(target.get("instant")))
        for annotation in dashboard["annotations"].get("list", []):
            yield Query(name, annotation["name"], "", annotation["expr"], instant=False)


def variable_queries() -> Iterator[Query]:
    """Give what every query variable asks for: the selector is the expression, the label the reference."""
    for name, dashboard in dashboards().items():
        for variable in variables(dashboard).values():
            if variable["type"] == "query":
                asked = LABEL_VALUES.fullmatch(variable["query"]["query"])
                assert asked, variable
                yield Query(name, f"${variable['name']}", asked[2], asked[1], instant=True)


def used_variables(text: str) -> set[str]:
    return {one or other for one, other in _VARIABLE.findall(text)}


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values in the place of variables, as Grafana does."""
    return _VARIABLE.sub(lambda found: values[found[1] or found[2]], text)
