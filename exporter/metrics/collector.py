"""The state as prometheus_client's metrics, made anew for every scrape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from exporter.metrics.contract import FAMILIES, Family, Kind
from exporter.metrics.families import exporter_table, site_table
from exporter.metrics.rows import Row
from exporter.metrics.selection import EXPORTER, select
from exporter.metrics.views import Look


def to_metric(family: Family, rows: Iterable[Row] = ()) -> Metric:
    """Return a family and its rows as prometheus_client knows them."""
    # There a counter and an info go by the name without the suffix that their samples carry.
    suffix = {Kind.COUNTER: "_total", Kind.INFO: "_info"}.get(family.kind, "")
    metric = Metric(family.name.removesuffix(suffix), family.help, family.kind.value)
    metric.samples = [_sample(family, row) for row in rows]
    return metric


def _sample(family: Family, row: Row) -> Sample:
    key, value = row
    labels = dict(zip(family.labels, key, strict=False))
    if family.kind is not Kind.HISTOGRAM:
        return Sample(family.name, labels, value)
    part = key[-1]
    if part in {"sum", "count"}:
        return Sample(f"{family.name}_{part}", labels, value)
    return Sample(f"{family.name}_bucket", {**labels, "le": part}, value)


class StateCollector(Collector):
    """Collector for a prometheus_client registry. Holds no numbers: each scrape looks at the sites anew.

    Args:
        look: returns what is to be shown.
        budgets: most series to show of a family, by its name.
    """

    def __init__(self, look: Look, budgets: Mapping[str, int] | None = None) -> None:
        self._look = look
        self._budgets = budgets or {}

    def describe(self) -> Iterator[Metric]:
        """Yield every family without samples, so that a registry knows which names it can filter by."""
        return (to_metric(family) for family in FAMILIES)

    def collect(self) -> Iterator[Metric]:
        """Yield every family with its samples."""
        snapshot = self._look()
        views = sorted(snapshot.sites, key=lambda view: view.state.site)
        tables = {view.state.site: site_table(view) for view in views} | {EXPORTER: exporter_table(snapshot.exporter)}
        for family, parts in select(tables, self._budgets):
            yield to_metric(family, (row for rows in parts.values() for row in rows))
