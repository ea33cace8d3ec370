"""The hierarchy as a whole: what is stuck, because of what, and where."""

from __future__ import annotations

from typing import Final

from dashboards import frame, panels
from dashboards.frame import Sheet, Shelf
from dashboards.meanings import SOURCES
from dashboards.panels import Column, Steps, Words
from dashboards.promql import (
    ATTEMPT,
    BLOCKED,
    MISSING,
    NAMES,
    SITE_BLOCKED,
    SOURCE_ERROR,
    TROUBLE,
    WAITING,
    blocks,
    lag,
    largest,
    number,
    one_of,
    or_none,
    series,
)

_NAMED: Final = 'package!=""'
_CULPRIT: Final = "package, program, source_site"
_NONE_BLOCKED: Final = "Nothing is blocked"
_LARGEST_MAP: Final = 20

_BEHIND: Final[Words] = {-1: ("missing", panels.STUCK), 0: ("newest", panels.GOOD)}
_BEHIND_STEPS: Final[Steps] = ((-2, panels.NONE), (-1, panels.STUCK), (0, panels.GOOD), (1, panels.LATE))


def _culprits() -> panels.AnyPanel:
    sites = number(_CULPRIT, "site", MISSING)
    blocked = number(_CULPRIT, "task_sequence", BLOCKED)
    return panels.table_panel(
        "Culprits",
        "Each program that task sequences wait for, worst first. Look for the cause at the site that owns its package, "
        "usually the source path, mend it there, or touch the package so that it is sent again. The package's name "
        "leads to its journey through the hierarchy. A row without a package: the log said only that the step failed.",
        [
            Column("package", "Package", width=110, links=[frame.to_package()]),
            Column("name", "Name"),
            Column("program", "Program"),
            Column("source_site", "Owner", width=80, links=[frame.to_site("${__value.text}")]),
            Column("A", "Sites", width=70, steps=((0, panels.STUCK),)),
            Column("B", "Task sequences", width=130, steps=((0, panels.STUCK),)),
            Column("C", "Blocked since", unit=panels.TIME, width=165),
            Column("reason", "Error at the owner", width=150, meanings=SOURCES),
            Column("source_path", "Source path"),
        ],
        {
            "A": sites,
            "B": blocked,
            "C": f"min by ({_CULPRIT}) ({blocks()}) * 1000",
            "D": f"{blocked} * on (package) group_left (name) {one_of('package', 'name', NAMES)}",
            "E": f"{blocked} * on (package) group_left (reason, source_path) "
            f"{one_of('package', 'reason, source_path', SOURCE_ERROR)}",
        },
        empty=_NONE_BLOCKED,
        sort=("Sites", True),
    )


def _blocked() -> panels.AnyPanel:
    labels = "site, task_sequence, package, program, source_site"
    each = largest(labels, BLOCKED)
    return panels.table_panel(
        "Blocked task sequences by site",
        "Each task sequence that cannot be stored at a site, with what is missing there. It stays until a later "
        "attempt goes through, never because time has passed: an old last attempt is no sign of recovery.",
        [
            Column("site", "Site", width=70, links=[frame.to_site()]),
            Column("task_sequence", "Task sequence", width=130),
            Column("name", "Name"),
            Column("package", "Missing package", width=140, links=[frame.to_package("${__value.text}")]),
            Column("program", "Missing program"),
            Column("source_site", "Owner", width=80, links=[frame.to_site("${__value.text}")]),
            Column("B", "Blocked since", unit=panels.TIME, width=165),
            Column("C", "Last attempt", unit=panels.AGO, width=150),
        ],
        {
            "A": each,
            "B": f"{blocks()} * 1000",
            "C": f"{each} * on (site, task_sequence) group_left () {largest('site, task_sequence', ATTEMPT)} * 1000",
            "D": f"{each} * on (task_sequence) group_left (name) "
            f'label_replace({one_of("package", "name", NAMES)}, "task_sequence", "$1", "package", "(.*)")',
        },
        empty=_NONE_BLOCKED,
        sort=("Blocked since", False),
    )


def _sites() -> panels.AnyPanel:
    return panels.table_panel(
        "Sites",
        "Every site that an exporter reports, with what is wrong there now. A site whose last record is old may be "
        "quiet, cut off or not read: its dashboard tells which.",
        [
            Column("site", "Site", links=[frame.to_site()]),
            Column("A", "Blocked task sequences", steps=panels.NONE_IS_GOOD),
            Column("B", "Missing programs", steps=panels.NONE_IS_GOOD),
            Column("C", "Late content", steps=panels.NONE_IS_TIMELY),
            Column("D", "Unreadable sources", steps=panels.NONE_IS_GOOD),
            Column("E", "Transport troubles", steps=panels.NONE_IS_TIMELY, links=[frame.to_transport()]),
            Column("F", "Last record", unit=panels.AGO),
            Column("G", "Logs not read", steps=panels.NONE_IS_GOOD),
        ],
        {
            "A": largest("site", SITE_BLOCKED),
            "B": largest("site", "configmgr_site_missing_program_references"),
            "C": _per_site("package, from_site, reason", WAITING),
            "D": _per_site("package, reason", SOURCE_ERROR),
            "E": _per_site("trouble, peer_site, package", TROUBLE),
            "F": f"{largest('site', 'configmgr_log_last_record_timestamp_seconds')} * 1000",
            "G": f"count by (site) ({largest('site, log', 'configmgr_log_up')} == 0) "
            f"or {largest('site', SITE_BLOCKED)} * 0",
        },
        empty="No exporter reports a site",
        sort=("Blocked task sequences", True),
    )


def _per_site(each: str, metric: str) -> str:
    return f"{number('site', each, metric)} or {largest('site', SITE_BLOCKED)} * 0"


def _map() -> panels.AnyPanel:
    missing = f"{largest('site, package', MISSING, _NAMED)} * 0 - 1"
    cells = f"({missing} or {lag()})"
    worst = f"topk({_LARGEST_MAP}, count by (package) ({cells} != 0))"
    return panels.matrix_panel(
        "Package versions by site",
        "How far each site is behind the newest definition of a package, for the packages with which something is "
        f"wrong somewhere, at most the {_LARGEST_MAP} worst. Missing: task sequences there wait for a program of it. "
        "A dot: the site's logs have not told of the package.",
        f"{cells} and on (package) {worst}",
        ("site", "package"),
        steps=_BEHIND_STEPS,
        texts=_BEHIND,
        unknown="·",
        empty="Every site has the newest definition of every package",
        links=[panels.Link("Package ${__field.name}", frame.to_package("${__field.name}").url)],
    )


def sheet() -> Sheet:
    """Return the dashboard."""
    oldest = f"time() - min({blocks()})"
    numbers = [
        panels.stat_panel(
            "Blocked task sequences",
            "How many different task sequences cannot be stored at one site or more.",
            or_none(number("", "task_sequence", BLOCKED)),
            steps=panels.NONE_IS_GOOD,
        ),
        panels.stat_panel(
            "Sites with blocks",
            "How many sites have at least one blocked task sequence.",
            or_none(f"count({largest('site', SITE_BLOCKED)} > 0)"),
            steps=panels.NONE_IS_GOOD,
        ),
        panels.stat_panel(
            "Oldest block",
            "How long ago, by log time, the oldest block that still stands began.",
            oldest,
            unit="s",
            steps=((0, panels.GOOD), (1, panels.LATE), (3600, panels.STUCK)),
            empty="none",
        ),
        panels.stat_panel(
            "Late content",
            "How many packages' content some site waits for. On 2012 and Current Branch this is what blocks. Some of "
            "it is normal for minutes after a change.",
            or_none(number("", "package", WAITING)),
            steps=panels.NONE_IS_TIMELY,
        ),
        panels.stat_panel(
            "Unreadable sources",
            "How many packages have a source that the owning site cannot read: a frequent cause of blocks everywhere "
            "below it.",
            or_none(number("", "package", SOURCE_ERROR)),
            steps=panels.NONE_IS_GOOD,
        ),
        panels.stat_panel(
            "Sites reported",
            "How many sites the chosen exporters report. A site that is missing here is not watched.",
            f"count({largest('site', SITE_BLOCKED)})",
        ),
    ]
    trend = panels.graph_panel(
        "Blocked over time",
        "How many task sequences are blocked at each site. A red mark is a block that began, a green one a block that "
        "ended.",
        [(largest("site", SITE_BLOCKED), "{{site}}")],
        unit="short",
        empty="No exporter reports a site",
        style="area",
        links=[panels.Link("Site ${__field.labels.site}", frame.to_site("${__field.labels.site}").url)],
    )
    culprit_trend = panels.graph_panel(
        "Sites that miss each package",
        "At how many sites task sequences wait for a program of the package. A line that ends is a package that has "
        "arrived everywhere.",
        [(number("package", "site", MISSING, _NAMED), "{{package}}")],
        unit="short",
        empty="No package is missing",
        style="steps",
        links=[panels.Link("Package ${__field.labels.package}", frame.to_package("${__field.labels.package}").url)],
    )
    return Sheet(
        uid=frame.HIERARCHY,
        title="ConfigMgr / Hierarchy",
        description="What is stuck in the hierarchy, because of what, and where.",
        variables=[],
        exporter=f"label_values({series(SITE_BLOCKED)}, instance)",
        status_page="",
        annotated=(),
        shelves=[
            Shelf(4, [(4, each) for each in numbers]),
            Shelf(7, [(24, _culprits())]),
            Shelf(9, [(24, _blocked())]),
            Shelf(8, [(12, trend), (12, culprit_trend)]),
            Shelf(8, [(24, _sites())], "Sites and packages"),
            Shelf(9, [(24, _map())]),
        ],
    )
