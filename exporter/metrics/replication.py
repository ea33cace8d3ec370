"""What is stuck at a site, and what its packages are at: rows from the state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from exporter.metrics.rows import Key, RawRow, Source, histogram_rows
from exporter.metrics.tallies import tally
from exporter.metrics.views import SiteView
from exporter.replication.state import (
    Outcome,
    ProcessingOutcome,
    Reference,
    SiteState,
    SourceError,
    Tally,
    Versions,
    owner_of,
)

_NOT_NAMED = Reference("", "")


def _blocked(view: SiteView) -> Iterator[RawRow]:
    for blocked in view.state.blocked.values():
        for reference in blocked.missing or (_NOT_NAMED,):
            yield (view.state.site, blocked.task_sequence, *_labels(reference)), 1


def _labels(reference: Reference) -> Key:
    return reference.package, reference.program, owner_of(reference.package)


def _blocked_since(view: SiteView) -> Iterator[RawRow]:
    return (((view.state.site, b.task_sequence), b.since) for b in view.state.blocked.values())


def _last_attempt(view: SiteView) -> Iterator[RawRow]:
    return (((view.state.site, b.task_sequence), b.last_attempt) for b in view.state.blocked.values())


def _blocked_count(view: SiteView) -> Iterator[RawRow]:
    yield (view.state.site,), len(view.state.blocked)


def _missing(state: SiteState) -> Counter[Reference]:
    return Counter(reference for blocked in state.blocked.values() for reference in dict.fromkeys(blocked.missing))


def _missing_count(view: SiteView) -> Iterator[RawRow]:
    yield (view.state.site,), len(_missing(view.state))


def _missing_task_sequences(view: SiteView) -> Iterator[RawRow]:
    for reference, task_sequences in _missing(view.state).items():
        yield (view.state.site, *_labels(reference)), task_sequences


def _block_durations(view: SiteView) -> Iterator[RawRow]:
    return histogram_rows((view.state.site,), view.state.block_durations)


def _version(which: Callable[[Versions], int | None]) -> Source:
    def rows(view: SiteView) -> Iterator[RawRow]:
        return (((view.state.site, package), which(v)) for package, v in view.state.versions.items())

    return rows


def _waiting(view: SiteView) -> Iterator[RawRow]:
    return (((view.state.site, w.package, w.from_site, w.reason.value), 1) for w in view.state.waiting.values())


def _source_errors(view: SiteView) -> Iterator[RawRow]:
    site = view.state.site
    return (((site, e.package, e.reason.value, e.source_path), 1) for e in view.state.source_errors.values())


def _waiting_since(view: SiteView) -> Iterator[RawRow]:
    return (((view.state.site, w.package, w.from_site, w.reason.value), w.since) for w in view.state.waiting.values())


def _source_error(which: Callable[[SourceError], float | None]) -> Source:
    def rows(view: SiteView) -> Iterator[RawRow]:
        return (((view.state.site, e.package, e.reason.value), which(e)) for e in view.state.source_errors.values())

    return rows


def _names(view: SiteView) -> Iterator[RawRow]:
    return (((view.state.site, package, name), 1) for package, name in view.state.names.items())


SOURCES: dict[str, Source] = {
    "configmgr_task_sequence_blocked": _blocked,
    "configmgr_task_sequence_blocked_since_timestamp_seconds": _blocked_since,
    "configmgr_task_sequence_last_attempt_timestamp_seconds": _last_attempt,
    "configmgr_site_blocked_task_sequences": _blocked_count,
    "configmgr_site_missing_program_references": _missing_count,
    "configmgr_missing_program_reference_task_sequences": _missing_task_sequences,
    "configmgr_program_reference_failures_total": tally(Tally.REFERENCE_FAILURES),
    "configmgr_task_sequence_block_duration_seconds": _block_durations,
    "configmgr_incoming_definitions_total": tally(Tally.DEFINITIONS, [(outcome.value,) for outcome in Outcome]),
    "configmgr_package_definition_version": _version(lambda v: v.definition),
    "configmgr_package_content_version": _version(lambda v: v.content),
    "configmgr_package_source_version": _version(lambda v: v.source),
    "configmgr_package_waiting": _waiting,
    "configmgr_package_waiting_since_timestamp_seconds": _waiting_since,
    "configmgr_package_source_error": _source_errors,
    "configmgr_package_source_error_since_timestamp_seconds": _source_error(lambda error: error.since),
    "configmgr_package_source_win32_error": _source_error(lambda error: error.win32_error),
    "configmgr_package_info": _names,
    "configmgr_package_processing_total": tally(
        Tally.PACKAGE_PROCESSING, [(outcome.value,) for outcome in ProcessingOutcome]
    ),
    "configmgr_status_messages_total": tally(Tally.STATUS_MESSAGES),
    "configmgr_user_messages_total": tally(Tally.USER_MESSAGES),
    "configmgr_site_dropped_entries_total": tally(Tally.DROPPED),
}
