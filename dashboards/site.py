"""One site: what is blocked and late there, what it does about it, and how well its logs are read."""

from __future__ import annotations

from typing import Final

from dashboards import frame, panels
from dashboards.frame import Sheet, Shelf
from dashboards.meanings import SOURCE_ERRORS, SOURCES, WAITS
from dashboards.panels import Column
from dashboards.promql import (
    ATTEMPT,
    BLOCKED,
    CONTENT,
    DEFINITION,
    NAMES,
    SITE_BLOCKED,
    SOURCE,
    SOURCE_ERROR,
    TROUBLE,
    WAITING,
    blocks,
    grown,
    growth,
    largest,
    number,
    one_of,
    or_none,
    series,
)
from exporter.events.loader import load_catalogue

HERE: Final = 'site="$site"'

_MESSAGES: Final = grown("component, message_id, severity", "configmgr_status_messages_total", HERE, 'severity!="info"')
_MEANINGS: Final = {number: message.meaning for number, message in load_catalogue().status_messages.items()}
OUTCOMES: Final = {
    "applied": panels.GOOD,
    "succeeded": panels.GOOD,
    "completed": panels.GOOD,
    "executed": panels.GOOD,
    "blocked": panels.STUCK,
    "failed": panels.STUCK,
    "discarded": panels.STUCK,
    "waiting": panels.LATE,
    "retried": panels.LATE,
    "postponed": panels.LATE,
    "skipped": panels.DIM,
    "unknown": panels.DIM,
    "ended": panels.DIM,
    "taken": panels.PLAIN,
    "created": panels.PLAIN,
    "started": panels.PLAIN,
    "found": panels.PLAIN,
}
"""The colour of each outcome, the same everywhere."""


def _blocked() -> panels.AnyPanel:
    each = largest("site, task_sequence, package, program, source_site", BLOCKED, HERE)
    return panels.table_panel(
        "Blocked task sequences",
        "Each task sequence that cannot be stored here, with what is missing. Its ID leads to the exporter's page with "
        "the log lines and the remedy.",
        [
            Column(
                "task_sequence",
                "Task sequence",
                width=130,
                links=[
                    frame.to_status_page("task-sequence/${site}/${__value.text}", "Log lines and remedy"),
                ],
            ),
            Column("name", "Name"),
            Column("package", "Missing package", width=140, links=[frame.to_package("${__value.text}")]),
            Column("program", "Missing program"),
            Column("source_site", "Owner", width=80, links=[frame.to_site("${__value.text}")]),
            Column("B", "Blocked since", unit=panels.TIME, width=165),
            Column("C", "Last attempt", unit=panels.AGO, width=150),
        ],
        {
            "A": each,
            "B": f"{blocks(HERE)} * 1000",
            "C": f"{each} * on (site, task_sequence) group_left () "
            f"{largest('site, task_sequence', ATTEMPT, HERE)} * 1000",
            "D": f"{each} * on (task_sequence) group_left (name) "
            f'label_replace({one_of("package", "name", NAMES)}, "task_sequence", "$1", "package", "(.*)")',
        },
        empty="Nothing is blocked at $site",
        sort=("Blocked since", False),
    )


def _late() -> panels.AnyPanel:
    each = largest("package, from_site, reason", WAITING, HERE)
    since = largest("package, from_site, reason", "configmgr_package_waiting_since_timestamp_seconds", HERE)
    return panels.table_panel(
        "Late content",
        "Content that the site waits for. It comes from the named site by way of its scheduler and sender and the "
        "despooler here: the transport dashboard shows where it is held up.",
        [
            Column("package", "Package", width=110, links=[frame.to_package()]),
            Column("name", "Name"),
            Column("from_site", "From", width=70, links=[frame.to_transport("${__value.text}")]),
            Column("reason", "Reason", meanings=WAITS),
            Column("B", "Since", unit=panels.AGO, width=140),
        ],
        {
            "A": each,
            "B": f"{since} * 1000",
            "C": f"{each} * on (package) group_left (name) {one_of('package', 'name', NAMES)}",
        },
        empty="No content is late at $site",
    )


def _source_errors() -> panels.AnyPanel:
    labels = "package, reason"
    return panels.table_panel(
        "Sources that cannot be read",
        "Packages that this site owns and whose source it cannot read: every site below goes without them. The path "
        "must exist, and the site server's computer account must be able to read it. Win32 error 5 is access denied, "
        "2 and 3 not found, 53 and 67 no such server or share.",
        [
            Column("package", "Package", width=110, links=[frame.to_package()]),
            Column("reason", "Reason", width=150, meanings=SOURCES),
            Column("source_path", "Source path"),
            Column("B", "Win32 error", unit="none", width=210, meanings=SOURCE_ERRORS),
            Column("C", "Since", unit=panels.AGO, width=140),
        ],
        {
            "A": largest(f"{labels}, source_path", SOURCE_ERROR, HERE),
            "B": largest(labels, "configmgr_package_source_win32_error", HERE),
            "C": f"{largest(labels, 'configmgr_package_source_error_since_timestamp_seconds', HERE)} * 1000",
        },
        empty="$site can read the sources of its packages",
    )


def _versions() -> panels.AnyPanel:
    newest = f"{largest('package', DEFINITION)} and on (package) {largest('package', DEFINITION, HERE)}"
    own = largest("package", DEFINITION, HERE, 'package=~"($site).+"')
    behind = f"{largest('package', DEFINITION)} - on (package) {largest('package', DEFINITION, HERE)}"
    return panels.table_panel(
        "Packages here",
        "The versions that the site's logs have told, beside the newest definition that any site has. Content may be "
        "older than the definition while it is on its way; a package without content here may simply not be "
        "distributed to this site. What the site owns is never behind, though its log tells no new version where only "
        "properties changed.",
        [
            Column("package", "Package", width=110, links=[frame.to_package()]),
            Column("name", "Name"),
            Column("A", "Definition", unit="none", width=100),
            Column("B", "Newest definition", unit="none", width=140),
            Column("C", "Behind", unit="none", width=85, steps=panels.NONE_IS_TIMELY),
            Column("D", "Content", unit="none", width=90),
            Column("E", "Source", unit="none", width=85),
        ],
        {
            "A": largest("package", DEFINITION, HERE),
            "B": newest,
            "C": f"({behind}) unless on (package) {own} or {own} * 0",
            "D": largest("package", CONTENT, HERE),
            "E": largest("package", SOURCE, HERE),
            "F": one_of("package", "name", NAMES),
        },
        empty="The logs of $site have told of no package yet",
        sort=("Behind", True),
    )


def _logs() -> panels.AnyPanel:
    def log(metric: str) -> str:
        return largest("log", f"configmgr_log_{metric}", HERE)

    return panels.table_panel(
        "Logs",
        "How well each log of the site is read. Lost lines: what stood in them is not known, and a block that began or "
        "ended there shows at the next attempt.",
        [
            Column("log", "Log"),
            Column(
                "A",
                "Read",
                unit="none",
                steps=panels.ONE_IS_GOOD,
                texts={1: ("yes", panels.GOOD), 0: ("no", panels.STUCK)},
            ),
            Column("B", "Last record", unit=panels.AGO),
            Column("C", "Not yet read", unit="bytes", steps=((0, panels.GOOD), (1_000_000, panels.LATE))),
            Column("D", "Losses of lines", steps=panels.NONE_IS_TIMELY),
            Column("E", "Unknown wording", steps=panels.NONE_IS_TIMELY),
        ],
        {
            "A": log("up"),
            "B": f"{log('last_record_timestamp_seconds')} * 1000",
            "C": f"{log('size_bytes')} - {log('position_bytes')}",
            "D": f"sum by (log) ({series('configmgr_log_gaps_total', HERE)}) or {log('up')} * 0",
            "E": log("unmatched_suspicious_lines_total"),
        },
        empty="No log of $site is read",
        sort=("Log", False),
    )


def _messages() -> panels.AnyPanel:
    return panels.table_panel(
        "Errors and warnings that components wrote",
        "Status messages of the site's components in the time shown, most frequent first. What a number without words "
        "means is told by the status message viewer of the console.",
        [
            Column("component", "Component", width=270),
            Column("message_id", "Message", meanings=_MEANINGS),
            Column("severity", "Severity", width=95),
            Column("Value", "Times", unit="short", width=85),
        ],
        {"A": f"topk(20, {_MESSAGES} > 0)"},
        empty="No errors or warnings in the time shown",
        sort=("Times", True),
    )


def _numbers() -> list[panels.AnyPanel]:
    ended = grown("", "configmgr_task_sequence_block_duration_seconds_count", HERE)
    lasted = grown("", "configmgr_task_sequence_block_duration_seconds_sum", HERE)
    return [
        panels.stat_panel(
            "Blocked",
            "How many task sequences cannot be stored here now.",
            f"max({series(SITE_BLOCKED, HERE)})",
            steps=panels.NONE_IS_GOOD,
        ),
        panels.stat_panel(
            "Missing programs",
            "How many programs the blocked task sequences wait for.",
            f"max({series('configmgr_site_missing_program_references', HERE)})",
            steps=panels.NONE_IS_GOOD,
        ),
        panels.stat_panel(
            "Packages that are late",
            "How many packages' content the site waits for.",
            or_none(number("", "package", WAITING, HERE), HERE),
            steps=panels.NONE_IS_TIMELY,
        ),
        panels.stat_panel(
            "Transport troubles",
            "How many things hold up files to or from this site, as its own logs and those of its peers tell.",
            or_none(
                f"count({largest('site, trouble, peer_site, package', TROUBLE, HERE)} or "
                f"{largest('site, trouble, peer_site, package', TROUBLE, _PEER)})",
                HERE,
            ),
            steps=panels.NONE_IS_TIMELY,
            links=[frame.to_transport("${site}")],
        ),
        panels.stat_panel(
            "Blocks that ended",
            "How many blocks ended in the time shown.",
            ended,
        ),
        panels.stat_panel(
            "They lasted",
            "How long the blocks that ended in the time shown had lasted, by log time, on average.",
            f"{lasted} / ({ended} > 0)",
            unit="s",
            empty="none ended",
        ),
    ]


_PEER: Final = 'peer_site="$site"'


def sheet() -> Sheet:
    """Return the dashboard."""
    timeline = panels.states_panel(
        "Blocked over time",
        "When each task sequence was blocked here, as the exporter saw it.",
        (largest("task_sequence", BLOCKED, HERE), "{{task_sequence}}"),
        {1: ("blocked", panels.STUCK)},
        empty="Nothing was blocked at $site in the time shown",
    )
    tries = panels.graph_panel(
        "Attempts to store definitions",
        "What became of incoming definition files. Red ones are the attempts of blocked task sequences: they come back "
        "about hourly on a quiet site, at once on a busy one.",
        [(growth("outcome", "configmgr_incoming_definitions_total", HERE), "{{outcome}}")],
        unit="short",
        empty="No definition has come in",
        style="bars",
        colors={name: OUTCOMES[name] for name in ("applied", "blocked", "failed", "skipped", "unknown")},
    )
    failures = panels.graph_panel(
        "Failed attempts by missing package",
        "How often a program could not be stored because this package is missing. It measures how often the site "
        "tries, not how bad the block is.",
        [(growth("package", "configmgr_program_reference_failures_total", HERE), "{{package}}")],
        unit="short",
        empty="No attempt has failed",
        style="bars",
        links=[panels.Link("Package ${__field.labels.package}", frame.to_package("${__field.labels.package}").url)],
    )
    processing = panels.graph_panel(
        "Package processing",
        "How package processing threads ended. Waiting: the content had not arrived yet.",
        [(growth("outcome", "configmgr_package_processing_total", HERE), "{{outcome}}")],
        unit="short",
        empty="No package was processed",
        style="bars",
        colors={name: OUTCOMES[name] for name in ("succeeded", "failed", "waiting", "ended", "unknown")},
    )
    own = panels.graph_panel(
        "Messages of your own",
        "Lines that a template of the exporter's configuration file knows, by the template's name.",
        [(growth("log, template", "configmgr_user_messages_total", HERE), "{{template}} in {{log}}")],
        unit="short",
        empty="No template of your own has matched at $site",
        style="bars",
    )
    return Sheet(
        uid=frame.SITE,
        title="ConfigMgr / Site",
        description="What is blocked and late at one site, what it does about it, and how well its logs are read.",
        variables=[frame.query_variable("site", "Site", "The site.", f"label_values({series(SITE_BLOCKED)}, site)")],
        exporter=f"label_values({series(SITE_BLOCKED, HERE)}, instance)",
        status_page="site/${site}",
        annotated=(HERE,),
        shelves=[
            Shelf(4, [(4, each) for each in _numbers()]),
            Shelf(8, [(24, _blocked())]),
            Shelf(8, [(12, timeline), (12, tries)]),
            Shelf(8, [(12, failures), (12, processing)]),
            Shelf(7, [(12, _late()), (12, _source_errors())], "Packages"),
            Shelf(9, [(24, _versions())]),
            Shelf(8, [(14, _logs()), (10, own)], "What is read"),
            Shelf(7, [(24, _messages())]),
        ],
    )
