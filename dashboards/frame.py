"""What all dashboards share: variables, links, annotations and the grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    DashboardLinkType,
    GridPos,
    Panel,
    RowPanel,
    VariableHide,
    VariableRefresh,
    VariableSort,
)

from dashboards.panels import DATA_SOURCE, GOOD, STUCK, AnyPanel, Link
from dashboards.promql import BLOCKED, SINCE, SITE_BLOCKED, largest, series

TAG: Final = "configmgr"
COLUMNS: Final = 24
HIERARCHY: Final = "configmgr-hierarchy"
SITE: Final = "configmgr-site"
PACKAGE: Final = "configmgr-package"
TRANSPORT: Final = "configmgr-transport"
EXPORTER: Final = "configmgr-exporter"

_SCHEMA: Final = 39  # of Grafana 10.4: newer ones migrate it, older ones of 10 read it
_CARRIED: Final = "${datasource:queryparam}&${job:queryparam}&${instance:queryparam}&${__url_time_range}"
_STATUS: Final = "${scheme}://${exporter}"


def to_site(field: str = "${__data.fields.Site}") -> Link:
    """Return a link to the dashboard of the site that a row or a legend names."""
    return Link("Site ${__value.text}", f"/d/{SITE}?var-site={field}&{_CARRIED}")


def to_package(field: str = "${__data.fields.Package}") -> Link:
    """Return a link to the dashboard of the package that a row or a legend names."""
    return Link("Package ${__value.text}", f"/d/{PACKAGE}?var-package={field}&{_CARRIED}")


def to_transport(field: str = "${__data.fields.Site}") -> Link:
    """Return a link to what holds up the files of a site."""
    return Link("Transport of ${__value.text}", f"/d/{TRANSPORT}?var-site={field}&{_CARRIED}")


def to_dashboard(uid: str, title: str) -> Link:
    """Return a link to another dashboard as a whole."""
    return Link(title, f"/d/{uid}?{_CARRIED}")


def to_status_page(path: str, title: str) -> Link:
    """Return a link to a page of the exporter itself, which holds the log lines and the remedy."""
    return Link(title, f"{_STATUS}/{path}", new_tab=True)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Panels side by side, all of one height; their widths fill the grid.

    Attributes:
        height: in units of the grid.
        panels: each with its width.
        heading: title of the row that begins here, or "".
    """

    height: int
    panels: Sequence[tuple[int, AnyPanel]]
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One dashboard.

    Attributes:
        uid: stays the same for ever: links rely on it.
        title: its name.
        description: what it answers.
        variables: its own, besides those that all have.
        exporter: query for the address of an exporter whose status page tells of what the dashboard shows.
        status_page: path of that page.
        annotated: matchers of the blocks whose beginning and end are marked; None marks none.
        shelves: what it shows, from top to bottom.
    """

    uid: str
    title: str
    description: str
    variables: Sequence[builders.QueryVariable]
    exporter: str
    status_page: str
    annotated: Sequence[str] | None
    shelves: Sequence[Shelf]


def query_variable(name: str, label: str, description: str, query: str) -> builders.QueryVariable:
    """Return a variable whose values a query gives."""
    return (
        builders.QueryVariable(name)
        .label(label)
        .description(description)
        .datasource(DATA_SOURCE)
        .query({"query": query, "refId": name, "qryType": 1})
        .definition(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )


def many(variable: builders.QueryVariable) -> builders.QueryVariable:
    """Return the variable such that several values, or all, can be chosen."""
    return variable.multi(multi=True).include_all(include_all=True).all_value(".+")


def _variables(
    sheet: Sheet,
) -> Iterator[builders.DatasourceVariable | builders.QueryVariable | builders.ConstantVariable]:
    yield (
        builders.DatasourceVariable("datasource")
        .label("Data Source")
        .description("The Prometheus server that scrapes the exporters.")
        .type("prometheus")
    )
    yield many(
        query_variable("job", "Job", "Scrape jobs of exporters.", "label_values(configmgr_exporter_build_info, job)")
    )
    yield many(
        query_variable(
            "instance",
            "Instance",
            "Exporters.",
            'label_values(configmgr_exporter_build_info{job=~"$job"}, instance)',
        )
    )
    yield from sheet.variables
    yield query_variable("exporter", "Exporter", "The exporter whose status page is linked to.", sheet.exporter).hide(
        VariableHide.HIDE_VARIABLE
    )
    yield (
        builders.ConstantVariable("scheme")
        .label("Scheme of the status pages")
        .description("http, or https where the exporters use TLS.")
        .value("http")
    )


def _annotations(matchers: Sequence[str]) -> Iterator[builders.AnnotationQuery]:
    """Give the marks of blocks that begin and end.

    The value is the time of the mark. The end is told by absence: for an hour after it, the last minute in which the
    block was still there is found again, which is always the same mark. A site that nobody reports has no end.
    """
    labels = "site, task_sequence"
    block = largest(labels, BLOCKED, *matchers)
    begun = f"{largest(labels, SINCE)} * 1000 and on ({labels}) {block}"
    gone = (
        f"max by ({labels}) (max_over_time(timestamp({series(BLOCKED, *matchers)})[1h:1m])) * 1000 "
        f"unless on ({labels}) {block} and on (site) {largest('site', SITE_BLOCKED)}"
    )
    for name, color, text, expression in (
        ("Blocks that begin", STUCK, "is blocked at", begun),
        ("Blocks that end", GOOD, "is no longer blocked at", gone),
    ):
        yield (
            builders.AnnotationQuery()
            .name(name)
            .datasource(DATA_SOURCE)
            .enable(enable=True)
            .icon_color(color)
            .expr(expression)
            .step("60s")
            .title_format(f"{{{{task_sequence}}}} {text} {{{{site}}}}")
            .text_format("")
            .tag_keys("site,task_sequence")
            .use_value_for_time(use_value_for_time=True)
        )


def _place(shelves: Sequence[Shelf]) -> Iterator[Panel | RowPanel]:
    ids = count(1)
    y = 0
    for shelf in shelves:
        if shelf.heading:
            yield RowPanel(title=shelf.heading, id_val=next(ids), grid_pos=GridPos(1, COLUMNS, 0, y))
            y += 1
        x = 0
        for width, panel in shelf.panels:
            built = panel.id(next(ids)).grid_pos(GridPos(shelf.height, width, x, y)).build()
            yield built
            x += width
        if x != COLUMNS:
            raise ValueError(f"a shelf under {shelf.heading!r} at {y} is {x} wide, not {COLUMNS}")
        y += shelf.height


def build(sheet: Sheet) -> Dashboard:
    """Return the dashboard.

    Raises:
        ValueError: panels do not fill the grid.
    """
    frame = (
        builders.Dashboard(sheet.title)
        .uid(sheet.uid)
        .description(sheet.description)
        .tags([TAG])
        .readonly()
        .refresh("1m")
        .time("now-6h", "now")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(
            builders.DashboardLink("ConfigMgr")
            .type(DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .include_vars(include_vars=True)
            .keep_time(keep_time=True)
        )
        .link(
            builders.DashboardLink("Status page")
            .type(DashboardLinkType.LINK)
            .url(f"{_STATUS}/{sheet.status_page}")
            .icon("external link")
            .tooltip("The exporter's own page, with log lines and remedy")
            .target_blank(target_blank=True)
        )
    )
    for variable in _variables(sheet):
        frame.with_variable(variable)
    for annotation in _annotations(sheet.annotated) if sheet.annotated is not None else ():
        frame.annotation(annotation)
    made = frame.build()
    made.schema_version = _SCHEMA
    made.panels = list(_place(sheet.shelves))
    return made
