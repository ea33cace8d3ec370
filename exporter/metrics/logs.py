"""How well the logs of a site are read: rows from their health."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from exporter.logs.health import GapReason, LogHealth
from exporter.metrics.rows import RawRow, Source
from exporter.metrics.views import SiteView

_COMMON_READ_ERRORS = ("EACCES", "EIO", "ENOENT")


def _log(value: Callable[[LogHealth], float | None]) -> Source:
    def rows(view: SiteView) -> Iterator[RawRow]:
        return (((view.state.site, log), value(health)) for log, health in view.logs.items())

    return rows


def _gaps(view: SiteView) -> Iterator[RawRow]:
    zeros = {reason.value: 0 for reason in GapReason}
    for log, health in view.logs.items():
        for reason, count in {**zeros, **health.gaps}.items():
            yield (view.state.site, log, reason), count


def _last_gap(view: SiteView) -> Iterator[RawRow]:
    latest = {gap.log: gap.noticed for gap in view.gaps}  # of several, the one noticed last stands last
    return (((view.state.site, log), noticed) for log, noticed in latest.items())


def _read_errors(view: SiteView) -> Iterator[RawRow]:
    zeros = dict.fromkeys(_COMMON_READ_ERRORS, 0)
    for log, health in view.logs.items():
        for reason, count in {**zeros, **health.read_errors}.items():
            yield (view.state.site, log, reason), count


SOURCES: dict[str, Source] = {
    "configmgr_log_up": _log(lambda h: h.up),
    "configmgr_log_size_bytes": _log(lambda h: h.size),
    "configmgr_log_position_bytes": _log(lambda h: h.position),
    "configmgr_log_last_record_timestamp_seconds": _log(lambda h: h.last_record),
    "configmgr_log_read_delay_seconds": _log(lambda h: h.read_delay),
    "configmgr_log_lines_total": _log(lambda h: h.lines),
    "configmgr_log_events_total": _log(lambda h: h.events),
    "configmgr_log_unmatched_suspicious_lines_total": _log(lambda h: h.unmatched),
    "configmgr_log_stampless_lines_total": _log(lambda h: h.stampless),
    "configmgr_log_undecodable_lines_total": _log(lambda h: h.undecodable),
    "configmgr_log_overlong_records_total": _log(lambda h: h.overlong),
    "configmgr_log_template_timeouts_total": _log(lambda h: h.template_timeouts),
    "configmgr_log_rollovers_total": _log(lambda h: h.rollovers),
    "configmgr_log_gaps_total": _gaps,
    "configmgr_log_last_gap_timestamp_seconds": _last_gap,
    "configmgr_log_read_errors_total": _read_errors,
    "configmgr_log_sharing_violations_total": _log(lambda h: h.sharing_violations),
}
