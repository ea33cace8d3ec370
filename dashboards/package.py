"""One package: its journey through the hierarchy, and who waits for it."""

from __future__ import annotations

from typing import Final

from dashboards import frame, panels
from dashboards.frame import Sheet, Shelf
from dashboards.meanings import SOURCE_ERRORS, SOURCES, WAITS
from dashboards.panels import Column, Words
from dashboards.promql import (
    BLOCKED,
    CONTENT,
    DEFINITION,
    MISSING,
    NAMES,
    SOURCE,
    SOURCE_ERROR,
    TROUBLE,
    WAITING,
    blocks,
    growth,
    lag,
    largest,
    number,
    one_of,
    or_none,
    series,
)
from exporter.report.words import TROUBLE_WORDS

THIS: Final = 'package="$package"'
_STATES: Final[Words] = {
    4: ("source unreadable", panels.STUCK),
    3: ("missing: task sequences wait", panels.STUCK),
    2: ("content late", panels.LATE),
    1: ("older definition", "yellow"),
    0: ("newest definition", panels.GOOD),
    -1: ("definition not told", panels.DIM),
}
_KNOWN: Final = (
    f'{{__name__=~"{DEFINITION}|{MISSING}|{WAITING}|{SOURCE_ERROR}", package!="", job=~"$job", instance=~"$instance"}}'
)


def state() -> str:
    """Return how far the package has come at each site: a key of the states."""
    return (
        f"({largest('site', SOURCE_ERROR, THIS)} > bool 0) * 4 "
        f"or on (site) ({largest('site', MISSING, THIS)} > bool 0) * 3 "
        f"or on (site) ({largest('site', WAITING, THIS)} > bool 0) * 2 "
        f"or on (site) ({lag(THIS)} > bool 0) "
        f"or on (site) {largest('site', SOURCE, THIS)} * 0 - 1 "
        f"or on (site) {largest('site', CONTENT, THIS)} * 0 - 1"
    )


def _journey() -> panels.AnyPanel:
    return panels.table_panel(
        "Journey through the hierarchy",
        "Where the package is at each site. It is touched at its owner; its definition travels down the hierarchy; the "
        "content follows; then the task sequences that run it go in at their next attempt. The first site on the way "
        "that is not green is where to look.",
        [
            Column("site", "Site", width=80, links=[frame.to_site()]),
            Column(
                "A",
                "State",
                unit="none",
                width=230,
                steps=((-1, panels.DIM), (0, panels.GOOD), (1, "yellow"), (2, panels.LATE), (3, panels.STUCK)),
                texts=_STATES,
            ),
            Column("B", "Definition", unit="none"),
            Column("C", "Content", unit="none"),
            Column("D", "Source", unit="none"),
            Column("E", "Task sequences that wait", unit="none", steps=((0, panels.GOOD), (1, panels.STUCK))),
            Column(
                "F", "Held up on the way here", unit="none", steps=panels.NONE_IS_TIMELY, links=[frame.to_transport()]
            ),
        ],
        {
            "A": f"max by (site) ({state()})",
            "B": largest("site", DEFINITION, THIS),
            "C": largest("site", CONTENT, THIS),
            "D": largest("site", SOURCE, THIS),
            "E": number("site", "task_sequence", BLOCKED, THIS),
            "F": "label_replace(count by (peer_site) (max by (site, peer_site, trouble, package) "
            f'({series(TROUBLE, _CONCERNS)})), "site", "$1", "peer_site", "(.*)")',
        },
        empty="No site's logs have told of $package",
        sort=("State", True),
    )


_CONCERNS: Final = 'package=~"|$package"'


def _waiting_sequences() -> panels.AnyPanel:
    labels = "site, task_sequence, program"
    return panels.table_panel(
        "Task sequences that wait for it",
        "Each task sequence that is blocked at a site because a program of this package is missing there.",
        [
            Column("site", "Site", width=70, links=[frame.to_site()]),
            Column("task_sequence", "Task sequence", width=130),
            Column("name", "Name"),
            Column("program", "Program"),
            Column("B", "Since", unit=panels.AGO, width=140),
        ],
        {
            "A": largest(labels, BLOCKED, THIS),
            "B": f"min by ({labels}) ({_since()}) * 1000",
            "C": f"{largest(labels, BLOCKED, THIS)} * on (task_sequence) group_left (name) "
            f'label_replace({one_of("package", "name", NAMES)}, "task_sequence", "$1", "package", "(.*)")',
        },
        empty="No task sequence waits for $package",
        sort=("Site", False),
    )


def _since() -> str:
    return f"{blocks()} and on (package) {largest('package', BLOCKED, THIS)}"


def _waits() -> panels.AnyPanel:
    labels = "site, from_site, reason"
    return panels.table_panel(
        "Sites that wait for its content",
        "Where the definition is known and the content is late, and which site should send it.",
        [
            Column("site", "Site", width=70, links=[frame.to_site()]),
            Column("from_site", "From", width=70, links=[frame.to_transport("${__value.text}")]),
            Column("reason", "Reason", meanings=WAITS),
            Column("B", "Since", unit=panels.AGO, width=140),
        ],
        {
            "A": largest(labels, WAITING, THIS),
            "B": f"{largest(labels, 'configmgr_package_waiting_since_timestamp_seconds', THIS)} * 1000",
        },
        empty="No site waits for content of $package",
    )


def _source_error() -> panels.AnyPanel:
    labels = "site, reason"
    return panels.table_panel(
        "Error at its source",
        "What keeps the owner from reading the package's source. The path must exist, and the site server's computer "
        "account must be able to read it. Win32 error 5 is access denied, 2 and 3 not found, 53 and 67 no such server "
        "or share.",
        [
            Column("site", "Owner", width=75, links=[frame.to_site("${__value.text}")]),
            Column("reason", "Reason", width=150, meanings=SOURCES),
            Column("source_path", "Source path"),
            Column("B", "Win32 error", unit="none", width=210, meanings=SOURCE_ERRORS),
            Column("C", "Since", unit=panels.AGO, width=140),
        ],
        {
            "A": largest(f"{labels}, source_path", SOURCE_ERROR, THIS),
            "B": largest(labels, "configmgr_package_source_win32_error", THIS),
            "C": f"{largest(labels, 'configmgr_package_source_error_since_timestamp_seconds', THIS)} * 1000",
        },
        empty="No error at the source of $package",
    )


def _transport() -> panels.AnyPanel:
    labels = "site, trouble, peer_site"
    return panels.table_panel(
        "Transport troubles that concern it",
        "What holds up files of this package, or all files, between two sites.",
        [
            Column("site", "Site", width=70, links=[frame.to_transport()]),
            Column("trouble", "Trouble", meanings=TROUBLE_WORDS),
            Column("peer_site", "Peer", width=70, links=[frame.to_transport("${__value.text}")]),
            Column("Value", "Count", unit="none", width=75),
        ],
        {"A": largest(labels, TROUBLE, _CONCERNS)},
        empty="Nothing holds up $package between sites",
    )


def _numbers() -> list[tuple[int, panels.AnyPanel]]:
    told = f"max by (package) ({{{THIS}, {_KNOWN[1:]})"
    owner = f'label_replace({told}, "owner", "$1", "package", "(...).*")'
    error = number("", "site, reason", SOURCE_ERROR, THIS)
    return [
        (
            6,
            panels.stat_panel(
                "Name",
                "The package's name, as a status message told it.",
                one_of("package", "name", NAMES, THIS),
                empty="not told",
                shows="name",
            ),
        ),
        (
            2,
            panels.stat_panel(
                "Owner",
                "The site that owns the package, from the first three characters of its ID: causes are mended there.",
                owner,
                empty="not told",
                shows="owner",
                links=[frame.to_site("${__field.labels.owner}")],
            ),
        ),
        (
            4,
            panels.stat_panel(
                "Sites that miss it",
                "At how many sites task sequences wait for a program of this package.",
                or_none(number("", "site", MISSING, THIS)),
                steps=panels.NONE_IS_GOOD,
            ),
        ),
        (
            4,
            panels.stat_panel(
                "Task sequences that wait",
                "How many different task sequences are blocked by it somewhere.",
                or_none(number("", "task_sequence", BLOCKED, THIS)),
                steps=panels.NONE_IS_GOOD,
            ),
        ),
        (
            4,
            panels.stat_panel(
                "Sites with an older definition",
                "How many sites have told of an older definition than the newest that any site has.",
                or_none(f"count(({lag(THIS)}) > 0)"),
                steps=panels.NONE_IS_TIMELY,
            ),
        ),
        (
            4,
            panels.stat_panel(
                "Source",
                "Whether the owner could read the package's source at its latest attempt.",
                f"({or_none(error)}) > bool 0",
                unit="none",
                steps=panels.NONE_IS_GOOD,
                texts={0: ("no error", panels.GOOD), 1: ("unreadable", panels.STUCK)},
            ),
        ),
    ]


def sheet() -> Sheet:
    """Return the dashboard."""
    progress = panels.states_panel(
        "Progress at each site",
        "How the package came through the hierarchy. After a touch at its owner, sites turn yellow, and green one by "
        "one as the new definition arrives; red ones turn green last.",
        (f"max by (site) ({state()})", "{{site}}"),
        _STATES,
        empty="No site's logs have told of $package",
        links=[panels.Link("Site ${__field.labels.site}", frame.to_site("${__field.labels.site}").url)],
    )
    tries = panels.graph_panel(
        "Failed attempts",
        "How often sites could not store a task sequence because of this package.",
        [(growth("site", "configmgr_program_reference_failures_total", THIS), "{{site}}")],
        unit="short",
        empty="No attempt has failed",
        style="bars",
    )
    versions = [
        panels.graph_panel(
            title,
            description,
            [(largest("site", metric, THIS), "{{site}}")],
            unit="none",
            empty=f"No site's logs have told of it: {title.lower()}",
            style="steps",
        )
        for title, description, metric in (
            (
                "Definition version",
                "The definition that each site has. A touch makes a new one at the owner.",
                DEFINITION,
            ),
            ("Content version", "The content that each site has stored.", CONTENT),
        )
    ]
    return Sheet(
        uid=frame.PACKAGE,
        title="ConfigMgr / Package",
        description="One package's journey through the hierarchy, and who waits for it.",
        variables=[frame.query_variable("package", "Package", "The package.", f"label_values({_KNOWN}, package)")],
        exporter=f"label_values({{{THIS}, {_KNOWN[1:]}, instance)",
        status_page="package/${package}",
        annotated=(THIS,),
        shelves=[
            Shelf(4, _numbers()),
            Shelf(8, [(24, _journey())]),
            Shelf(8, [(24, progress)]),
            Shelf(7, [(12, _waiting_sequences()), (12, _source_error())], "Who waits, and why"),
            Shelf(6, [(12, _waits()), (12, _transport())]),
            Shelf(7, [(8, versions[0]), (8, versions[1]), (8, tries)], "Over time"),
        ],
    )
