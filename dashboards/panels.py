"""The kinds of panel that the dashboards are made of, all of one look.

Colours say what to do: red is stuck and needs a person, orange is late or in doubt, green is as it should be; what is
neither good nor bad is blue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    DataSourceRef,
    GraphDrawStyle,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    LineInterpolation,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    MatcherConfig,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DATA_SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")
GOOD: Final = "green"
LATE: Final = "orange"
STUCK: Final = "red"
PLAIN: Final = "blue"
DIM: Final = "#6e7687"
NONE: Final = "transparent"
"""Of a cell in which nothing is known: Grafana gives it the first colour of the steps."""

TIME: Final = "dateTimeAsIso"
AGO: Final = "dateTimeFromNow"

_TIP: Final = common_builders.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)

Steps = Sequence[tuple[float, str]]
"""Colours of values, each from its number on; what is smaller than the first has the colour of the first."""
Words = Mapping[int, tuple[str, str]]
"""What values are shown as: a text and a colour."""

NONE_IS_GOOD: Final[Steps] = ((0, GOOD), (1, STUCK))
NONE_IS_TIMELY: Final[Steps] = ((0, GOOD), (1, LATE))
ONE_IS_GOOD: Final[Steps] = ((0, STUCK), (1, GOOD))


def thresholds(steps: Steps) -> builders.ThresholdsConfig:
    """Return thresholds; the first colour holds for all smaller values too."""
    (_, base), *others = steps
    levels = [Threshold(None, base), *(Threshold(value, color) for value, color in others)]
    return builders.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(levels)


def words(texts: Words) -> list[Any]:
    """Return value mappings."""
    return [
        ValueMap({str(value): ValueMappingResult(text, color, index=index)})
        for index, (value, (text, color)) in enumerate(texts.items())
    ]


def _meanings(meanings: Mapping[Any, str]) -> list[Any]:
    """Return value mappings that leave the colour as it is."""
    texts = {str(key): f"{key} {meaning}" if isinstance(key, int) else meaning for key, meaning in meanings.items()}
    results = {value: ValueMappingResult(text, index=index) for index, (value, text) in enumerate(texts.items())}
    return [ValueMap(results)]


def range_query(expression: str, legend: str, ref: str = "A") -> prometheus.Dataquery:
    """Return a query for a graph."""
    return prometheus.Dataquery().expr(expression).range().legend_format(legend).ref_id(ref).datasource(DATA_SOURCE)


def _instant(expression: str, ref: str, form: PromQueryFormat) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(expression).instant().format(form).ref_id(ref).datasource(DATA_SOURCE)


@dataclass(frozen=True, slots=True)
class Link:
    """Where a cell leads to."""

    title: str
    url: str
    new_tab: bool = False

    def as_json(self) -> dict[str, object]:
        """Return it as a field's configuration holds it."""
        return {"title": self.title, "url": self.url, "targetBlank": self.new_tab}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        field: a label, or the letter of a query for its value.
        title: what stands above it.
        unit: unit of a value.
        width: pixels; 0 shares what is left.
        steps: colours of a value's background.
        texts: texts for values.
        meanings: what numbers stand for, shown after them, or values of a label, shown instead of them.
        links: where its cells lead to.
    """

    field: str
    title: str
    unit: str = ""
    width: int = 0
    steps: Steps = ()
    texts: Words | None = None
    meanings: Mapping[Any, str] | None = None
    links: Sequence[Link] = ()

    def override(self) -> tuple[str, list[DynamicConfigValue]]:
        """Return how the column differs from others."""
        made: list[DynamicConfigValue] = [DynamicConfigValue("noValue", " ")]
        if self.unit:
            made.append(DynamicConfigValue("unit", self.unit))
        if self.width:
            made.append(DynamicConfigValue("custom.width", self.width))
        if self.steps:
            made.append(DynamicConfigValue("thresholds", thresholds(self.steps).build()))
        if self.texts:
            made.append(DynamicConfigValue("mappings", words(self.texts)))
            made.append(DynamicConfigValue("custom.align", "left"))
        if self.meanings:
            made.append(DynamicConfigValue("mappings", _meanings(self.meanings)))
        if self.steps or self.texts:
            made.append(DynamicConfigValue("color", {"mode": "thresholds"}))
            made.append(DynamicConfigValue("custom.cellOptions", {"type": "color-text"}))
        if self.links:
            made.append(DynamicConfigValue("links", [link.as_json() for link in self.links]))
        return self.title, made


def table_panel(  # noqa: PLR0913 - a panel has that many properties, each its own
    title: str,
    description: str,
    columns: Sequence[Column],
    queries: Mapping[str, str],
    *,
    empty: str,
    sort: tuple[str, bool] | None = None,
) -> table.Panel:
    """Return a table: one row for each combination of the labels that all queries share.

    Args:
        title: says what a row is.
        description: what it tells, and what to do with it.
        columns: what is shown, from left to right; everything else is left out.
        queries: by letter; instant.
        empty: what stands there when there is no row.
        sort: title of the column that it is sorted by at first, and whether the largest comes first.
    """
    value = {letter: "Value" if len(queries) == 1 else f"Value #{letter}" for letter in queries}
    fields = [value.get(column.field, column.field) for column in columns]
    panel = (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(DATA_SOURCE)
        .unit("short")
        .no_value(empty)
        .filterable(filterable=False)
        .with_transformation(DataTransformerConfig("merge", options={}))
        .with_transformation(DataTransformerConfig("filterFieldsByName", options={"include": {"names": fields}}))
        .with_transformation(
            DataTransformerConfig(
                "organize",
                options={
                    "excludeByName": {},
                    "indexByName": {name: index for index, name in enumerate(fields)},
                    "renameByName": {name: column.title for name, column in zip(fields, columns, strict=True)},
                },
            )
        )
    )
    for letter, expression in queries.items():
        panel.with_target(_instant(expression, letter, PromQueryFormat.TABLE))
    for column in columns:
        panel.override_by_name(*column.override())
    if sort:
        panel.sort_by([common_builders.TableSortByFieldState().display_name(sort[0]).desc(sort[1])])
    return panel


def matrix_panel(  # noqa: PLR0913 - a panel has that many properties, each its own
    title: str,
    description: str,
    expression: str,
    axes: tuple[str, str],
    *,
    steps: Steps,
    texts: Words,
    unknown: str,
    empty: str,
    links: Sequence[Link] = (),
) -> table.Panel:
    """Return a map: a row for each value of one label, a column for each value of another.

    Args:
        title: says what is shown.
        description: what the values mean.
        expression: gives one value for each cell; instant.
        axes: the label of the rows and that of the columns.
        steps: colours of the cells.
        texts: texts for values.
        unknown: what stands in cells without a value.
        empty: what stands there when there is nothing to show.
        links: where cells lead to.
    """
    rows, columns = axes
    number = MatcherConfig("byType", "number")
    return (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(DATA_SOURCE)
        .unit("short")
        .no_value(empty)
        .with_target(_instant(expression, "A", PromQueryFormat.TABLE))
        .with_transformation(
            DataTransformerConfig(
                "groupingToMatrix",
                options={"rowField": rows, "columnField": columns, "valueField": "Value", "emptyValue": "null"},
            )
        )
        .with_override(
            number,
            [
                DynamicConfigValue("noValue", unknown),
                DynamicConfigValue("thresholds", thresholds(steps).build()),
                DynamicConfigValue("mappings", words(texts)),
                DynamicConfigValue("color", {"mode": "thresholds"}),
                DynamicConfigValue("custom.cellOptions", {"type": "color-background", "mode": "basic"}),
                DynamicConfigValue("custom.align", "center"),
                DynamicConfigValue("custom.width", 110),
                DynamicConfigValue("links", [link.as_json() for link in links]),
            ],
        )
        .override_by_name(
            f"{rows}\\{columns}", [DynamicConfigValue("displayName", rows), DynamicConfigValue("custom.width", 90)]
        )
    )


def stat_panel(  # noqa: PLR0913 - a panel has that many properties, each its own
    title: str,
    description: str,
    expression: str,
    *,
    unit: str = "short",
    steps: Steps = ((0, PLAIN),),
    texts: Words | None = None,
    empty: str = "no site is read",
    shows: str = "",
    links: Sequence[Link] = (),
) -> stat.Panel:
    """Return one number, or one name.

    Args:
        title: what is counted.
        description: what the number means, and what to do about it.
        expression: gives the number, now; instant.
        unit: its unit.
        steps: its colours.
        texts: texts for values.
        empty: what stands there when there is none.
        shows: the label that is shown instead of the number.
        links: where it leads to.
    """
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(DATA_SOURCE)
        .unit(unit)
        .no_value(empty)
        .thresholds(thresholds(steps))
        .color_scheme(builders.FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .color_mode(BigValueColorMode.BACKGROUND if len(steps) > 1 else BigValueColorMode.VALUE)
        .graph_mode(BigValueGraphMode.NONE)
        .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]))
        .text_mode(BigValueTextMode.NAME if shows else BigValueTextMode.VALUE)
        .with_target(_instant(expression, "A", PromQueryFormat.TIME_SERIES).legend_format(f"{{{{{shows or 'site'}}}}}"))
    )
    if texts:
        panel.mappings(words(texts))
    if links:
        panel.data_links([_builder(link) for link in links])
    return panel


def _builder(link: Link) -> builders.DashboardLink:
    return builders.DashboardLink(link.title).url(link.url).target_blank(link.new_tab)


def graph_panel(  # noqa: PLR0913 - a panel has that many properties, each its own
    title: str,
    description: str,
    queries: Sequence[tuple[str, str]],
    *,
    unit: str,
    empty: str,
    style: str = "line",
    colors: Mapping[str, str] | None = None,
    steps: Steps = (),
    largest: float | None = None,
    links: Sequence[Link] = (),
) -> timeseries.Panel:
    """Return a graph over time.

    Args:
        title: what is drawn.
        description: what it tells.
        queries: expressions with their legends.
        unit: unit of all of them.
        empty: what stands there when there is nothing to draw.
        style: `line`; `steps` for values that jump; `points` for what is rarely there; `area` and `bars` are stacked.
            A bar is at least five minutes: much shorter than the window in which a counter's growth is measured, and
            one event would stand in several of them.
        colors: colour of each legend that has a meaning.
        steps: colours of a threshold line.
        largest: end of the axis, where the values have one.
        links: where a series leads to.
    """
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(DATA_SOURCE)
        .unit(unit)
        .min(0)
        .no_value(empty)
        .color_scheme(builders.FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC))
        .legend(
            common_builders.VizLegendOptions()
            .show_legend(show_legend=True)
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .calcs([])
        )
        .tooltip(_TIP)
    )
    _draw(panel, style)
    if largest is not None:
        panel.max(largest)
    if steps:
        panel.thresholds(thresholds(steps))
        panel.thresholds_style(common_builders.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED))
    for number, (expression, legend) in enumerate(queries):
        panel.with_target(range_query(expression, legend, chr(ord("A") + number)))
    for name, color in (colors or {}).items():
        panel.override_by_name(name, [DynamicConfigValue("color", {"mode": "fixed", "fixedColor": color})])
    if links:
        panel.data_links([_builder(link) for link in links])
    return panel


def _draw(panel: timeseries.Panel, style: str) -> None:
    panel.line_width(2 if style in {"line", "steps"} else 1)
    panel.fill_opacity({"line": 8, "steps": 0, "points": 0, "area": 35, "bars": 70}[style])
    panel.show_points(VisibilityMode.ALWAYS if style == "points" else VisibilityMode.NEVER)
    if style in {"steps", "area"}:
        panel.line_interpolation(LineInterpolation.STEP_AFTER)
    if style in {"area", "bars"}:
        panel.stacking(common_builders.StackingConfig().mode(StackingMode.NORMAL).group("A"))
    if style == "bars":
        panel.draw_style(GraphDrawStyle.BARS).decimals(0).interval("5m")
    if style == "points":
        panel.draw_style(GraphDrawStyle.POINTS).point_size(7).interval("5m")


def states_panel(  # noqa: PLR0913 - a panel has that many properties, each its own
    title: str,
    description: str,
    query: tuple[str, str],
    texts: Words,
    *,
    empty: str,
    links: Sequence[Link] = (),
) -> statetimeline.Panel:
    """Return a row for each series that shows its states over time.

    Args:
        title: what a row is.
        description: what the states mean.
        query: the expression, and the name of a row.
        texts: the states: text and colour of each value.
        empty: what stands there when there is no row.
        links: where a row leads to.
    """
    panel = (
        statetimeline.Panel()
        .title(title)
        .description(description)
        .datasource(DATA_SOURCE)
        .unit("none")
        .no_value(empty)
        .mappings(words(texts))
        .color_scheme(builders.FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .thresholds(thresholds(((0, DIM),)))
        .merge_values(merge_values=True)
        .show_value(VisibilityMode.AUTO)
        .row_height(0.8)
        .fill_opacity(80)
        .line_width(0)
        .legend(
            common_builders.VizLegendOptions()
            .show_legend(show_legend=True)
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
        )
        .tooltip(common_builders.VizTooltipOptions().mode(TooltipDisplayMode.SINGLE))
        .with_target(range_query(*query))
    )
    if links:
        panel.data_links([_builder(link) for link in links])
    return panel


AnyPanel = stat.Panel | table.Panel | timeseries.Panel | statetimeline.Panel
"""Any of the builders above; each makes a `Panel`."""
