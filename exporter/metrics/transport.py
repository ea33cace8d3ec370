"""How files move between sites: rows from the transport's state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from exporter.metrics.rows import RawRow, Source, histogram_rows
from exporter.metrics.tallies import tally, tally_by_outcome
from exporter.metrics.views import SiteView
from exporter.replication.state import Tally, ThreadUse


def _troubles(view: SiteView) -> Iterator[RawRow]:
    jobs = Counter((t.kind.value, t.site, t.package) for t in view.state.transport.troubles.values())
    return (((view.state.site, *key), count) for key, count in jobs.items())


def _send_durations(view: SiteView) -> Iterator[RawRow]:
    for destination, durations in view.state.transport.send_durations.items():
        yield from histogram_rows((view.state.site, destination), durations)


def _open_requests(view: SiteView) -> Iterator[RawRow]:
    requests = (request for request in view.state.transport.requests.values() if not request.done)
    counts = Counter((request.destination, request.state or "unknown") for request in requests)
    return (((view.state.site, *key), count) for key, count in counts.items())


def _threads(which: Callable[[ThreadUse], int]) -> Source:
    def rows(view: SiteView) -> Iterator[RawRow]:
        for user, use in view.state.transport.threads.items():
            component, _, destination = user.partition("/")  # the sender's threads are counted for each destination
            yield (view.state.site, component, destination), which(use)

    return rows


SOURCES: dict[str, Source] = {
    "configmgr_transport_trouble": _troubles,
    "configmgr_sender_requests_total": tally_by_outcome(Tally.SENDER_REQUESTS, ("taken", "completed", "failed")),
    "configmgr_sender_sent_bytes_total": tally(Tally.SENDER_BYTES),
    "configmgr_sender_send_duration_seconds": _send_durations,
    "configmgr_sender_connection_failures_total": tally(Tally.SENDER_CONNECTION_FAILURES),
    "configmgr_sender_put_aside_total": tally(Tally.SENDER_SITES_PUT_ASIDE),
    "configmgr_scheduler_requests_total": tally_by_outcome(Tally.SCHEDULER_REQUESTS, ("created", "completed")),
    "configmgr_scheduler_open_requests": _open_requests,
    "configmgr_scheduler_jobs_dropped_total": tally(Tally.SCHEDULER_JOBS_DROPPED),
    "configmgr_despooler_instructions_total": tally_by_outcome(
        Tally.DESPOOLER_INSTRUCTIONS, ("executed", "failed", "retried")
    ),
    "configmgr_despooler_thread_waits_total": tally(Tally.DESPOOLER_THREAD_WAITS, [()]),
    "configmgr_replication_manager_files_total": tally(Tally.REPLICATION_FILES, [("found",), ("discarded",)]),
    "configmgr_package_transfer_attempts_total": tally_by_outcome(
        Tally.PACKAGE_TRANSFERS, ("started", "completed", "failed", "postponed")
    ),
    "configmgr_component_threads": _threads(lambda use: use.used),
    "configmgr_component_threads_limit": _threads(lambda use: use.limit),
}
