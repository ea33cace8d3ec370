"""Transport between sites: what is held up, and how much goes through."""

from __future__ import annotations

from typing import Final

from dashboards import frame, panels
from dashboards.frame import Sheet, Shelf
from dashboards.panels import Column
from dashboards.promql import SITE_BLOCKED, TROUBLE, grown, growth, largest, or_none, rate, series
from dashboards.site import OUTCOMES
from exporter.report.words import TROUBLE_WORDS

HERE: Final = 'site=~"$site"'
_THREADS: Final = "site, component, destination_site"


def _colors(*outcomes: str) -> dict[str, str]:
    return {name: OUTCOMES[name] for name in outcomes}


def _troubles() -> panels.AnyPanel:
    labels = "site, trouble, peer_site, package"
    return panels.table_panel(
        "What is held up now",
        "Files that wait between two sites, as the logs of the first one tell. Sender: site not active, put aside, "
        "connection failed, no address. Receiver: the despooler retries, or content came before its definition; there "
        "the peer is where the files came from. Without a package all files to the peer are meant.",
        [
            Column("site", "Site", width=80, links=[frame.to_site()]),
            Column("trouble", "Trouble", meanings=TROUBLE_WORDS),
            Column("peer_site", "Peer", width=80, links=[frame.to_site("${__value.text}")]),
            Column("package", "Package", width=110, links=[frame.to_package()]),
            Column("Value", "Count", unit="none", width=75, steps=((0, panels.LATE),)),
        ],
        {"A": f"{largest(labels, TROUBLE, HERE)} or {largest(labels, TROUBLE, _PEER)}"},
        empty="Nothing is held up",
        sort=("Site", False),
    )


_PEER: Final = 'peer_site=~"$site"'


def _dropped() -> panels.AnyPanel:
    return panels.table_panel(
        "Jobs that were given up",
        "Jobs that the scheduler dropped in the time shown. What was in them is not sent again by itself: touch the "
        "packages that their destination lacks.",
        [
            Column("site", "Site", width=80, links=[frame.to_site()]),
            Column("destination_site", "To", width=80, links=[frame.to_site("${__value.text}")]),
            Column("reason", "Reason", meanings=TROUBLE_WORDS),
            Column("Value", "Jobs", unit="short", width=75, steps=((0, panels.STUCK),)),
        ],
        {"A": f"{grown('site, destination_site, reason', 'configmgr_scheduler_jobs_dropped_total', HERE)} > 0"},
        empty="No job was given up in the time shown",
    )


def _numbers() -> list[panels.AnyPanel]:
    used, limit = "configmgr_component_threads", "configmgr_component_threads_limit"
    trouble = "site, trouble, peer_site, package"
    return [
        panels.stat_panel(
            "Held up",
            "How many troubles hold up files between sites now.",
            or_none(f"count({largest(trouble, TROUBLE, HERE)})"),
            steps=panels.NONE_IS_TIMELY,
        ),
        panels.stat_panel(
            "Open requests",
            "Send requests that are not completed. A few are normal while something is sent.",
            or_none(f"sum({largest('site, destination_site, state', 'configmgr_scheduler_open_requests', HERE)})"),
        ),
        panels.stat_panel(
            "Failed connections",
            "Attempts to reach another site that failed in the time shown.",
            or_none(grown("", "configmgr_sender_connection_failures_total", HERE)),
            steps=panels.NONE_IS_TIMELY,
        ),
        panels.stat_panel(
            "Jobs given up",
            "Jobs that a scheduler dropped in the time shown: they are not sent again by themselves.",
            or_none(grown("", "configmgr_scheduler_jobs_dropped_total", HERE)),
            steps=panels.NONE_IS_GOOD,
        ),
        panels.stat_panel(
            "Sent",
            "What senders wrote to other sites in the time shown.",
            grown("", "configmgr_sender_sent_bytes_total", HERE),
            unit="bytes",
            empty="nothing",
        ),
        panels.stat_panel(
            "Busiest threads",
            "The largest share of its threads that a component uses. At 100 % for long, it is the bottleneck.",
            f"max({largest(_THREADS, used, HERE)} / {largest(_THREADS, limit, HERE)})",
            unit="percentunit",
            steps=((0, panels.GOOD), (0.8, panels.LATE), (1, panels.STUCK)),
            empty="not told",
        ),
    ]


def sheet() -> Sheet:
    """Return the dashboard."""
    pair = "{{site}} to {{destination_site}}"
    sent = panels.graph_panel(
        "Bytes sent",
        "What each sender writes to each site.",
        [(rate("site, destination_site", "configmgr_sender_sent_bytes_total", HERE), pair)],
        unit="Bps",
        empty="Nothing was sent",
    )
    bucket = rate("site, destination_site, le", "configmgr_sender_send_duration_seconds_bucket", HERE)
    duration = panels.graph_panel(
        "Time to send",
        "Within how long nine of ten send requests ended, failed ones among them.",
        [(f"histogram_quantile(0.9, {bucket}) >= 0", pair)],
        unit="s",
        empty="Nothing was sent",
        style="points",
    )
    requests = panels.graph_panel(
        "Send requests",
        "What the senders did with their requests. A failed one is taken again later.",
        [(growth("outcome", "configmgr_sender_requests_total", HERE), "{{outcome}}")],
        unit="short",
        empty="No request was taken",
        style="bars",
        colors=_colors("taken", "completed", "failed"),
    )
    failures = panels.graph_panel(
        "Failed connections over time",
        "Attempts to reach a site that failed, by Win32 error: 53 and 67 no such server or share, 5 access is denied, "
        "64 the connection broke. After several the sender puts the site aside for an hour.",
        [
            (
                growth("site, destination_site, win32_error", "configmgr_sender_connection_failures_total", HERE),
                f"{pair}: error {{{{win32_error}}}}",
            ),
            (growth("site, destination_site", "configmgr_sender_put_aside_total", HERE), f"{pair}: put aside"),
        ],
        unit="short",
        empty="No connection has failed",
        style="bars",
    )
    open_requests = panels.graph_panel(
        "Open requests over time",
        "Send requests that are not completed, by destination and state. A line that only rises is a site that takes "
        "nothing.",
        [
            (
                largest("site, destination_site, state", "configmgr_scheduler_open_requests", HERE),
                f"{pair}: {{{{state}}}}",
            )
        ],
        unit="short",
        empty="The schedulers have listed no open request",
        style="steps",
    )
    scheduled = panels.graph_panel(
        "Scheduled requests",
        "What the schedulers saw of send requests. Created without completed is what waits.",
        [(growth("outcome", "configmgr_scheduler_requests_total", HERE), "{{outcome}}")],
        unit="short",
        empty="No request was created",
        style="bars",
        colors=_colors("created", "completed"),
    )
    despooled = panels.graph_panel(
        "Instructions that arrived",
        "What the despoolers made of instructions from other sites. Retried ones come back every few minutes until "
        "what they need is there.",
        [(growth("outcome", "configmgr_despooler_instructions_total", HERE), "{{outcome}}")],
        unit="short",
        empty="No instruction has arrived",
        style="bars",
        colors=_colors("executed", "failed", "retried"),
    )
    files = panels.graph_panel(
        "Replication files",
        "What the replication managers did with their files. Discarded ones are lost until they are sent again.",
        [(growth("outcome", "configmgr_replication_manager_files_total", HERE), "{{outcome}}")],
        unit="short",
        empty="No file was seen",
        style="bars",
        colors=_colors("found", "discarded"),
    )
    transfers = panels.graph_panel(
        "Transfers to distribution points",
        "Packages that are pushed to or pulled by distribution points. It does not matter for blocked task sequences: "
        "these wait for a package's information, not for its content on distribution points.",
        [(growth("outcome", "configmgr_package_transfer_attempts_total", HERE), "{{outcome}}")],
        unit="short",
        empty="No package was transferred",
        style="bars",
        colors=_colors("started", "completed", "failed", "postponed"),
    )
    used, limit = "configmgr_component_threads", "configmgr_component_threads_limit"
    threads = panels.graph_panel(
        "Threads in use",
        "The share of its threads that each component uses, as its log told last. At 100 % for long, it is the "
        "bottleneck: give it more threads or fewer packages.",
        [
            (
                f"{largest(_THREADS, used, HERE)} / {largest(_THREADS, limit, HERE)}",
                "{{site}} {{component}} {{destination_site}}",
            )
        ],
        unit="percentunit",
        empty="No component has told of its threads",
        style="steps",
        steps=((0, "transparent"), (1, panels.STUCK)),
        largest=1,
    )
    waits = panels.graph_panel(
        "Waits for a despooler thread",
        "How often a despooler had work and no free thread.",
        [(growth("site", "configmgr_despooler_thread_waits_total", HERE), "{{site}}")],
        unit="short",
        empty="No despooler waits",
        style="bars",
    )
    return Sheet(
        uid=frame.TRANSPORT,
        title="ConfigMgr / Transport",
        description="What is held up between sites, and how much goes through.",
        variables=[
            frame.many(
                frame.query_variable(
                    "site", "Site", "The sites that send.", f"label_values({series(SITE_BLOCKED)}, site)"
                )
            )
        ],
        exporter=f"label_values({series(SITE_BLOCKED, HERE)}, instance)",
        status_page="",
        annotated=None,
        shelves=[
            Shelf(4, [(4, each) for each in _numbers()]),
            Shelf(8, [(14, _troubles()), (10, _dropped())]),
            Shelf(7, [(8, sent), (8, duration), (8, requests)], "Sending"),
            Shelf(7, [(8, failures), (8, open_requests), (8, scheduled)]),
            Shelf(7, [(8, despooled), (8, files), (8, transfers)], "Receiving and distributing"),
            Shelf(7, [(12, threads), (12, waits)]),
        ],
    )
