"""The exporters themselves: whether what the other dashboards show can be believed."""

from __future__ import annotations

from typing import Final

from dashboards import frame, panels
from dashboards.frame import Sheet, Shelf
from dashboards.panels import Column
from dashboards.promql import grown, growth, largest, rate, series

_EXPORTER: Final = "configmgr_exporter_"
_YES_NO: Final = {1: ("yes", panels.GOOD), 0: ("no", panels.STUCK)}


def _own(metric: str) -> str:
    return largest("instance", _EXPORTER + metric)


def _exporters() -> panels.AnyPanel:
    return panels.table_panel(
        "Exporters",
        "Each chosen exporter. Its address leads to its own status page. State kept: no means that a restart would "
        "begin from the logs that are still there; empty means that it runs without a state directory.",
        [
            Column(
                "instance", "Exporter", links=[panels.Link("Status page", "${scheme}://${__value.text}/", new_tab=True)]
            ),
            Column("version", "Version"),
            Column("python_version", "Python"),
            Column("B", "Scraped", unit="none", steps=panels.ONE_IS_GOOD, texts=_YES_NO),
            Column("C", "Configuration read", unit="none", steps=panels.ONE_IS_GOOD, texts=_YES_NO),
            Column("D", "State kept", unit="none", steps=panels.ONE_IS_GOOD, texts=_YES_NO),
            Column("E", "Last pass", unit=panels.AGO),
            Column("F", "Sites", unit="none"),
            Column("G", "Started", unit=panels.AGO),
        ],
        {
            "A": largest("instance, version, python_version", "configmgr_exporter_build_info"),
            "B": largest("instance", "up"),
            "C": _own("config_last_reload_successful"),
            "D": _own("checkpoint_last_save_successful"),
            "E": f"{_own('last_scan_timestamp_seconds')} * 1000",
            "F": f"count by (instance) ({series('configmgr_site_blocked_task_sequences')})",
            "G": f"{largest('instance', 'process_start_time_seconds')} * 1000",
        },
        empty="No exporter is scraped",
    )


def _logs() -> panels.AnyPanel:
    def log(metric: str) -> str:
        return largest("site, log", f"configmgr_log_{metric}")

    return panels.table_panel(
        "Logs",
        "Each log of each site. Not read: access, path or share; the exporter's status page has the system's error. A "
        "last record that is old on a log that is read: the component is quiet or stopped.",
        [
            Column("site", "Site", links=[frame.to_site()]),
            Column("log", "Log"),
            Column("A", "Read", unit="none", steps=panels.ONE_IS_GOOD, texts=_YES_NO),
            Column("B", "Last record", unit=panels.AGO),
            Column("F", "Read after", unit="s"),
            Column("C", "Size", unit="bytes"),
            Column("D", "Not yet read", unit="bytes", steps=((0, panels.GOOD), (1_000_000, panels.LATE))),
            Column("E", "Last loss of lines", unit=panels.AGO),
        ],
        {
            "A": log("up"),
            "B": f"{log('last_record_timestamp_seconds')} * 1000",
            "C": log("size_bytes"),
            "D": f"{log('size_bytes')} - {log('position_bytes')}",
            "E": f"{log('last_gap_timestamp_seconds')} * 1000",
            "F": log("read_delay_seconds"),
        },
        empty="No log is read",
        sort=("Site", False),
    )


def _numbers() -> list[panels.AnyPanel]:
    return [
        panels.stat_panel(
            "Exporters scraped",
            "How many of the chosen exporters answered the last scrape.",
            f"sum({series('up')})",
            empty="none",
        ),
        panels.stat_panel(
            "Exporters down",
            "How many of the chosen exporters did not answer the last scrape: their sites are not watched now.",
            f"count({series('up')} == 0) or max({series('up')}) * 0",
            steps=panels.NONE_IS_GOOD,
            empty="none is known",
        ),
        panels.stat_panel(
            "Logs not read",
            "How many logs could not be read at the latest attempt.",
            f"count({series('configmgr_log_up')} == 0) or max({series('configmgr_log_up')}) * 0",
            steps=panels.NONE_IS_GOOD,
            empty="no log is known",
        ),
        panels.stat_panel(
            "Losses of lines",
            "How often lines were lost before they were read, in the time shown. What they said is not known.",
            f"{grown('', 'configmgr_log_gaps_total')} or max({series('configmgr_log_up')}) * 0",
            steps=panels.NONE_IS_TIMELY,
            empty="no log is known",
        ),
        panels.stat_panel(
            "Series left out",
            "How many series the exporters leave out because a budget is used up. Counts of a site stay complete.",
            f"sum({series(_EXPORTER + 'dropped_series')}) or max({series('up')}) * 0",
            steps=panels.NONE_IS_TIMELY,
            empty="no exporter",
        ),
        panels.stat_panel(
            "Faults",
            "How often an exporter failed in a way that was not foreseen, in the time shown: its own log holds the "
            "details.",
            f"sum({grown('instance', _EXPORTER + 'faults_total')})",
            steps=panels.NONE_IS_GOOD,
            empty="no exporter",
        ),
    ]


def sheet() -> Sheet:
    """Return the dashboard."""
    one = "{{instance}}"
    per_log = "{{site}} {{log}}"
    lines = panels.graph_panel(
        "Lines read",
        "How fast lines are read, by site. A fall to nothing on a busy site: the log is not written or not read.",
        [(rate("site", "configmgr_log_lines_total"), "{{site}}")],
        unit="cps",
        empty="No log is read",
        style="area",
    )
    events = panels.graph_panel(
        "Lines with a known meaning",
        "How fast lines come whose meaning the catalogue knows. Most lines are noise that matters to nobody.",
        [(rate("site", "configmgr_log_events_total"), "{{site}}")],
        unit="cps",
        empty="No log is read",
        style="area",
    )
    odd = panels.graph_panel(
        "Odd lines",
        "Lines with a word of failure that no template matches, without a stamp, not decodable, overlong, or "
        "on which a template of your own ran out of time. A rise "
        "after an upgrade of Configuration Manager hints at a new wording: the status page shows samples.",
        [
            (growth("site, log", "configmgr_log_unmatched_suspicious_lines_total"), f"{per_log}: unknown wording"),
            (growth("site, log", "configmgr_log_stampless_lines_total"), f"{per_log}: no stamp"),
            (growth("site, log", "configmgr_log_undecodable_lines_total"), f"{per_log}: not decodable"),
            (growth("site, log", "configmgr_log_overlong_records_total"), f"{per_log}: overlong"),
            (growth("site, log", "configmgr_log_template_timeouts_total"), f"{per_log}: own template too slow"),
        ],
        unit="short",
        empty="No odd line has come",
        style="bars",
    )
    trouble = panels.graph_panel(
        "Trouble with reading",
        "Losses of lines, failed reads by the system's error, and reads that were put off because another process held "
        "the file.",
        [
            (growth("site, log, reason", "configmgr_log_gaps_total"), f"{per_log}: lines lost, {{{{reason}}}}"),
            (growth("site, log, reason", "configmgr_log_read_errors_total"), f"{per_log}: {{{{reason}}}}"),
            (growth("site, log", "configmgr_log_sharing_violations_total"), f"{per_log}: held by another process"),
        ],
        unit="short",
        empty="Every read went well",
        style="bars",
    )
    rolled = panels.graph_panel(
        "Rollovers",
        "How often logs rolled over. A log that rolls more than once between two passes loses lines.",
        [(growth("site, log", "configmgr_log_rollovers_total"), per_log)],
        unit="short",
        empty="No log has rolled over",
        style="bars",
    )
    passes = panels.graph_panel(
        "Time of a pass over the logs",
        "How long a pass over all logs takes on average.",
        [
            (
                f"{rate('instance', _EXPORTER + 'scan_seconds_total')} / {rate('instance', _EXPORTER + 'scans_total')}",
                one,
            )
        ],
        unit="s",
        empty="No exporter is scraped",
    )
    scrapes = panels.graph_panel(
        "Scrapes",
        "How long a scrape takes, as Prometheus measured it.",
        [(largest("instance", "scrape_duration_seconds"), one)],
        unit="s",
        empty="No exporter is scraped",
    )
    samples = panels.graph_panel(
        "Series",
        "How many series each exporter gives, and how many are left out by family because a budget is used up.",
        [
            (largest("instance", "scrape_samples_scraped"), one),
            (
                f"{largest('instance, family', _EXPORTER + 'dropped_series')} > 0",
                "{{instance}} leaves out {{family}}",
            ),
            (
                growth("site, kind", "configmgr_site_dropped_entries_total"),
                "{{site}} had no room for {{kind}}",
            ),
        ],
        unit="short",
        empty="No exporter is scraped",
        style="steps",
    )
    processor = panels.graph_panel(
        "Processor",
        "Share of one processor core that each exporter uses. Only on Linux.",
        [(rate("instance", "process_cpu_seconds_total"), one)],
        unit="percentunit",
        empty="The exporters do not tell it",
    )
    memory = panels.graph_panel(
        "Memory",
        "Memory in RAM of each exporter. It is bounded: a line that only rises is a fault. Only on Linux.",
        [(largest("instance", "process_resident_memory_bytes"), one)],
        unit="bytes",
        empty="The exporters do not tell it",
    )
    files = panels.graph_panel(
        "Open files",
        "Share of the files and connections that each exporter may have open. Only on Linux.",
        [(f"{largest('instance', 'process_open_fds')} / {largest('instance', 'process_max_fds')}", one)],
        unit="percentunit",
        empty="The exporters do not tell it",
    )
    saved = panels.graph_panel(
        "Age of the saved state",
        "How long ago the state was last saved, and failed attempts to save it. Without a state directory there is "
        "none.",
        [
            (f"time() - {_own('checkpoint_last_success_timestamp_seconds')}", one),
            (growth("instance", _EXPORTER + "checkpoint_failures_total"), "{{instance}}: failures"),
        ],
        unit="s",
        empty="No state directory is used",
    )
    return Sheet(
        uid=frame.EXPORTER,
        title="ConfigMgr / Exporter health",
        description="Whether what the other dashboards show can be believed.",
        variables=[],
        exporter=f"label_values({series('configmgr_exporter_build_info')}, instance)",
        status_page="",
        annotated=None,
        shelves=[
            Shelf(4, [(4, each) for each in _numbers()]),
            Shelf(6, [(24, _exporters())]),
            Shelf(10, [(24, _logs())], "Reading"),
            Shelf(7, [(8, lines), (8, events), (8, rolled)]),
            Shelf(7, [(12, trouble), (12, odd)]),
            Shelf(7, [(8, passes), (8, scrapes), (8, samples)], "Cost"),
            Shelf(7, [(6, processor), (6, memory), (6, files), (6, saved)]),
        ],
    )
