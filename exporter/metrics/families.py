"""The rows of every family of the contract: from state to label values and numbers.

A row's key holds the label values in the contract's order. A histogram's key ends in one value more, which names the
part: an upper bound, `sum` or `count`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate

from prometheus_client.utils import floatToGoString

from exporter.logs.health import GapReason, LogHealth
from exporter.metrics.contract import PROCESS_FAMILIES
from exporter.metrics.labels import MAX_LENGTH, label_value
from exporter.metrics.views import ExporterFacts, SiteView
from exporter.replication.state import Outcome, ProcessingOutcome, Reference, SiteState, Tally, Versions, owner_of

Key = tuple[str, ...]
Row = tuple[Key, float]
Rows = tuple[Row, ...]
Table = Mapping[str, Rows]

_RawRow = tuple[Key, float | None]
_NOT_NAMED = Reference("", "")
_COMMON_READ_ERRORS = ("EACCES", "EIO", "ENOENT")


def site_table(view: SiteView) -> Table:
    """Return the rows of every family that speaks of a site, by family name, oldest first within a family."""
    with view.lock:
        return {name: _rows(source(view)) for name, source in _SITE_SOURCES.items()}


def exporter_table(facts: ExporterFacts) -> Table:
    """Return the rows of every family that speaks of the exporter itself, but the one that counts what is left out."""
    table = {name: _rows([source(facts)]) for name, source in _EXPORTER_SOURCES.items()}
    return table | {name: _rows([((), facts.process.get(name))]) for name in PROCESS_FAMILIES}


def _rows(raw: Iterable[_RawRow]) -> Rows:
    """Make rows fit to be served: labels safe, numbers floats, nothing unknown, no key twice."""
    return tuple({_safe(key): _number(value) for key, value in raw if value is not None}.items())


def _safe(key: Key) -> Key:
    # One look at all values together costs a third of one look at each; nearly every key passes it.
    together = "".join(key)
    if len(together) <= MAX_LENGTH and together.isprintable():
        return key
    return tuple(map(label_value, key))


def _number(value: float) -> float:
    try:
        return float(value) + 0.0  # makes -0.0 plain zero: the two are equal but are written differently
    except OverflowError:  # an integer of hundreds of digits, as only a damaged or forged line holds
        return math.inf if value > 0 else -math.inf


def _blocked(view: SiteView) -> Iterator[_RawRow]:
    site = view.state.site
    for blocked in view.state.blocked.values():
        for reference in blocked.missing or (_NOT_NAMED,):
            yield (site, blocked.task_sequence, *_reference_labels(reference)), 1


def _reference_labels(reference: Reference) -> Key:
    return reference.package, reference.program, owner_of(reference.package)


def _blocked_since(view: SiteView) -> Iterator[_RawRow]:
    return (((view.state.site, b.task_sequence), b.since) for b in view.state.blocked.values())


def _last_attempt(view: SiteView) -> Iterator[_RawRow]:
    return (((view.state.site, b.task_sequence), b.last_attempt) for b in view.state.blocked.values())


def _blocked_count(view: SiteView) -> Iterator[_RawRow]:
    yield (view.state.site,), len(view.state.blocked)


def _missing(state: SiteState) -> Counter[Reference]:
    return Counter(reference for blocked in state.blocked.values() for reference in dict.fromkeys(blocked.missing))


def _missing_count(view: SiteView) -> Iterator[_RawRow]:
    yield (view.state.site,), len(_missing(view.state))


def _missing_task_sequences(view: SiteView) -> Iterator[_RawRow]:
    for reference, task_sequences in _missing(view.state).items():
        yield (view.state.site, *_reference_labels(reference)), task_sequences


def _block_durations(view: SiteView) -> Iterator[_RawRow]:
    durations = view.state.block_durations
    cumulative = list(accumulate(durations.counts))
    for bound, count in zip((*durations.bounds, math.inf), cumulative, strict=True):
        yield (view.state.site, floatToGoString(bound)), count  # type: ignore[no-untyped-call]  # untyped in the library
    yield (view.state.site, "count"), cumulative[-1]
    yield (view.state.site, "sum"), durations.total


def _tally(tally: Tally, known: Iterable[Key] = ()) -> Callable[[SiteView], Iterator[_RawRow]]:
    """Return the source of a counter: keys that are known beforehand stand at 0 from the start."""
    zeros = dict.fromkeys(known, 0)

    def rows(view: SiteView) -> Iterator[_RawRow]:
        counts = {**zeros, **view.state.tallies[tally]}
        return (((view.state.site, *key), count) for key, count in counts.items())

    return rows


def _version(which: Callable[[Versions], int | None]) -> Callable[[SiteView], Iterator[_RawRow]]:
    def rows(view: SiteView) -> Iterator[_RawRow]:
        return (((view.state.site, package), which(v)) for package, v in view.state.versions.items())

    return rows


def _waiting(view: SiteView) -> Iterator[_RawRow]:
    return (((view.state.site, w.package, w.from_site, w.reason.value), 1) for w in view.state.waiting.values())


def _source_errors(view: SiteView) -> Iterator[_RawRow]:
    site = view.state.site
    return (((site, e.package, e.reason.value, e.source_path), 1) for e in view.state.source_errors.values())


def _names(view: SiteView) -> Iterator[_RawRow]:
    return (((view.state.site, package, name), 1) for package, name in view.state.names.items())


def _log(value: Callable[[LogHealth], float | None]) -> Callable[[SiteView], Iterator[_RawRow]]:
    def rows(view: SiteView) -> Iterator[_RawRow]:
        return (((view.state.site, log), value(health)) for log, health in view.logs.items())

    return rows


def _gaps(view: SiteView) -> Iterator[_RawRow]:
    zeros = {reason.value: 0 for reason in GapReason}
    for log, health in view.logs.items():
        for reason, count in {**zeros, **health.gaps}.items():
            yield (view.state.site, log, reason), count


def _last_gap(view: SiteView) -> Iterator[_RawRow]:
    latest = {gap.log: gap.noticed for gap in view.gaps}  # of several, the one noticed last stands last
    return (((view.state.site, log), noticed) for log, noticed in latest.items())


def _read_errors(view: SiteView) -> Iterator[_RawRow]:
    zeros = dict.fromkeys(_COMMON_READ_ERRORS, 0)
    for log, health in view.logs.items():
        for reason, count in {**zeros, **health.read_errors}.items():
            yield (view.state.site, log, reason), count


_SITE_SOURCES: dict[str, Callable[[SiteView], Iterable[_RawRow]]] = {
    "configmgr_task_sequence_blocked": _blocked,
    "configmgr_task_sequence_blocked_since_timestamp_seconds": _blocked_since,
    "configmgr_task_sequence_last_attempt_timestamp_seconds": _last_attempt,
    "configmgr_site_blocked_task_sequences": _blocked_count,
    "configmgr_site_missing_program_references": _missing_count,
    "configmgr_missing_program_reference_task_sequences": _missing_task_sequences,
    "configmgr_program_reference_failures_total": _tally(Tally.REFERENCE_FAILURES),
    "configmgr_task_sequence_block_duration_seconds": _block_durations,
    "configmgr_incoming_definitions_total": _tally(Tally.DEFINITIONS, ((outcome.value,) for outcome in Outcome)),
    "configmgr_package_definition_version": _version(lambda v: v.definition),
    "configmgr_package_content_version": _version(lambda v: v.content),
    "configmgr_package_source_version": _version(lambda v: v.source),
    "configmgr_package_waiting": _waiting,
    "configmgr_package_source_error": _source_errors,
    "configmgr_package_info": _names,
    "configmgr_package_processing_total": _tally(
        Tally.PACKAGE_PROCESSING, ((outcome.value,) for outcome in ProcessingOutcome)
    ),
    "configmgr_status_messages_total": _tally(Tally.STATUS_MESSAGES),
    "configmgr_site_dropped_entries_total": _tally(Tally.DROPPED),
    "configmgr_log_up": _log(lambda h: h.up),
    "configmgr_log_size_bytes": _log(lambda h: h.size),
    "configmgr_log_position_bytes": _log(lambda h: h.position),
    "configmgr_log_last_record_timestamp_seconds": _log(lambda h: h.last_record),
    "configmgr_log_lines_total": _log(lambda h: h.lines),
    "configmgr_log_events_total": _log(lambda h: h.events),
    "configmgr_log_unmatched_suspicious_lines_total": _log(lambda h: h.unmatched),
    "configmgr_log_stampless_lines_total": _log(lambda h: h.stampless),
    "configmgr_log_undecodable_lines_total": _log(lambda h: h.undecodable),
    "configmgr_log_overlong_records_total": _log(lambda h: h.overlong),
    "configmgr_log_rollovers_total": _log(lambda h: h.rollovers),
    "configmgr_log_gaps_total": _gaps,
    "configmgr_log_last_gap_timestamp_seconds": _last_gap,
    "configmgr_log_read_errors_total": _read_errors,
    "configmgr_log_sharing_violations_total": _log(lambda h: h.sharing_violations),
}

_EXPORTER_SOURCES: dict[str, Callable[[ExporterFacts], _RawRow]] = {
    "configmgr_exporter_build_info": lambda f: ((f.version, f.python_version), 1),
    "configmgr_exporter_config_last_reload_successful": lambda f: ((), f.reload_ok),
    "configmgr_exporter_config_last_reload_success_timestamp_seconds": lambda f: ((), f.reload_time),
    "configmgr_exporter_checkpoint_last_save_successful": lambda f: ((), f.checkpoint_ok),
    "configmgr_exporter_checkpoint_last_success_timestamp_seconds": lambda f: ((), f.checkpoint_time),
    "configmgr_exporter_checkpoint_failures_total": lambda f: ((), f.checkpoint_failures),
    "configmgr_exporter_scans_total": lambda f: ((), f.scans),
    "configmgr_exporter_scan_seconds_total": lambda f: ((), f.scan_seconds),
    "configmgr_exporter_last_scan_timestamp_seconds": lambda f: ((), f.last_scan),
    "configmgr_exporter_faults_total": lambda f: ((), f.faults),
}
