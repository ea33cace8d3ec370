"""From the metrics of all exporters, as one Prometheus holds them, to the state of each site.

What the metrics do not carry stays unknown: the log lines, how often a site tried, what the scheduler gave up, deleted
programs. The search for causes works with what is there, and `doubts` says what is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from exporter.prometheus.client import PrometheusError, Sample, finite, matchers
from exporter.replication.limits import latest
from exporter.replication.state import (
    Blocked,
    Reference,
    SiteState,
    SourceError,
    SourceReason,
    Trouble,
    TroubleKind,
    Versions,
    Waiting,
    WaitReason,
)

Query = Callable[[str], Sequence[Sample]]

_BLOCKED: Final = "configmgr_task_sequence_blocked"
_BLOCKED_SINCE: Final = "configmgr_task_sequence_blocked_since_timestamp_seconds"
_LAST_ATTEMPT: Final = "configmgr_task_sequence_last_attempt_timestamp_seconds"
_WAITING: Final = "configmgr_package_waiting"
_WAITING_SINCE: Final = "configmgr_package_waiting_since_timestamp_seconds"
_SOURCE_ERROR: Final = "configmgr_package_source_error"
_SOURCE_ERROR_SINCE: Final = "configmgr_package_source_error_since_timestamp_seconds"
_WIN32_ERROR: Final = "configmgr_package_source_win32_error"
_TROUBLE: Final = "configmgr_transport_trouble"
_REPORTED: Final = "configmgr_site_blocked_task_sequences"
_LAST_GAP: Final = "configmgr_log_last_gap_timestamp_seconds"
_STATE: Final = (
    *(_BLOCKED, _BLOCKED_SINCE, _LAST_ATTEMPT, _WAITING, _WAITING_SINCE),
    *(_SOURCE_ERROR, _SOURCE_ERROR_SINCE, _WIN32_ERROR, _TROUBLE, _REPORTED, _LAST_GAP),
)
_VERSIONS: Final = {
    "configmgr_package_definition_version": "definition",
    "configmgr_package_content_version": "content",
    "configmgr_package_source_version": "source",
}
_NAMES: Final = "configmgr_package_info"
_GAPS: Final = "configmgr_log_gaps_total"
_BUILD: Final = "configmgr_exporter_build_info"
_IDS_AT_ONCE: Final = 200
_MOST_NAMED: Final = 12
_STALLED_SECONDS: Final = 300
_OF_JOBS: Final = frozenset(
    {TroubleKind.DESPOOLER_RETRY, TroubleKind.CONTENT_BEFORE_DEFINITION, TroubleKind.INSTRUCTION_LOST}
)

EVIDENCE_ELSEWHERE: Final = (
    "Prometheus holds no log lines, number of tries, deleted programs or jobs that were given up: run explain on the "
    "logs of a culprit's owner and of one blocked site for these."
)


@dataclass(frozen=True, slots=True)
class LostLines:
    """That lines of a log were lost, as far as metrics tell; see `exporter.report.hierarchy.LostLines`."""

    log: str
    reason: str
    noticed: float
    after: float | None = None
    before: float | None = None
    unread_bytes: int | None = None


@dataclass(slots=True)
class Observed:
    """What a Prometheus server knows of a hierarchy at one moment.

    Attributes:
        states: by site code, of every site that an exporter reports at that moment.
        gaps: lost lines, by site code.
        logs: how many logs are read.
        records_until: log time of the latest record of any.
        doubts: sentences on what is not known.
        blind: whether a part of the hierarchy is not seen, so that "nothing is stuck" would say nothing about it.
    """

    states: dict[str, SiteState] = field(default_factory=dict)
    gaps: dict[str, list[LostLines]] = field(default_factory=dict)
    logs: int = 0
    records_until: float | None = None
    doubts: list[str] = field(default_factory=list)
    blind: bool = False


def observe(query: Query, labels: Sequence[tuple[str, str]] = ()) -> Observed:
    """Return what is known at one moment.

    Args:
        query: evaluates an expression, always at the same moment.
        labels: label values that every series must have, to choose one hierarchy of several.

    Raises:
        PrometheusError: a question was not answered, or no exporter is scraped.
    """
    return _Observer(query, labels).observe()


class _Observer:
    def __init__(self, query: Query, labels: Sequence[tuple[str, str]]) -> None:
        self._query = query
        self._labels = labels
        self._seen = Observed()

    def observe(self) -> Observed:
        found = self._families(_STATE)
        for sample in found[_REPORTED]:
            self._seen.states.setdefault(sample["site"], SiteState(sample["site"]))
        if not self._seen.states:
            self._refuse_nothing()
        _add_blocks(self._seen.states, found)
        _add_waiting(self._seen.states, found)
        _add_source_errors(self._seen.states, found)
        _add_troubles(self._seen.states, found[_TROUBLE])
        self._add_packages(_packages_of(self._seen.states.values()))
        self._add_gaps(found[_LAST_GAP])
        self._add_reading()
        self._seen.doubts += [*self._unseen(), *self._unread(), EVIDENCE_ELSEWHERE]
        return self._seen

    def _series(self, name: str, more: str = "") -> str:
        return f"{name}{{{','.join(filter(None, (matchers(self._labels), more)))}}}"

    def _families(self, names: Iterable[str], more: str = "") -> dict[str, list[Sample]]:
        """Return the series of several families by one question, so that they fit each other."""
        found: dict[str, list[Sample]] = {name: [] for name in names}
        pattern = "|".join(found)
        for sample in self._query(self._series("", ",".join(filter(None, (f'__name__=~"{pattern}"', more))))):
            found[sample["__name__"]].append(sample)
        return found

    def _refuse_nothing(self) -> None:
        """End with why there is no site at all: this must never look like a hierarchy without trouble."""
        if self._query(self._series(_BUILD)):
            raise PrometheusError("exporters are scraped, and none reports a site: see what they are told to read")
        last_day = self._query(f"last_over_time({self._series(_BUILD)}[1d])")
        if last_day:
            known = _some({sample["instance"] for sample in last_day})
            raise PrometheusError(f"no exporter can be scraped now; within the last day there were: {known}")
        chosen = f" with {matchers(self._labels)}" if self._labels else ""
        raise PrometheusError(
            f"this server has no metrics of configmgr-exporter{chosen}: it scrapes none, or none under these labels"
        )

    def _add_packages(self, packages: Collection[str]) -> None:
        """Add names and versions of the packages that are spoken of: a hierarchy holds a million of others."""
        ordered = sorted(packages)
        for start in range(0, len(ordered), _IDS_AT_ONCE):
            pattern = "|".join(map(re.escape, ordered[start : start + _IDS_AT_ONCE]))
            # In a string of PromQL, the backslash of the pattern is written twice.
            wanted = 'package=~"{}"'.format(pattern.replace("\\", "\\\\").replace('"', '\\"'))
            found = self._families([_NAMES, *_VERSIONS], wanted)
            for name in _VERSIONS:
                _add_versions(self._seen.states, found[name], _VERSIONS[name])
            for sample in found[_NAMES]:
                if sample["site"] in self._seen.states:
                    self._seen.states[sample["site"]].names[sample["package"]] = sample["name"]

    def _add_gaps(self, last: Iterable[Sample]) -> None:
        times = {(sample["site"], sample["log"]): sample.value for sample in last}
        if not times:
            return
        for sample in self._query(f"{self._series(_GAPS)} > 0"):
            noticed = times.get((sample["site"], sample["log"]))
            if noticed is not None:
                lost = LostLines(sample["log"], sample["reason"], noticed)
                self._seen.gaps.setdefault(sample["site"], []).append(lost)

    def _add_reading(self) -> None:
        for sample in self._query(f"count({self._series('configmgr_log_up')})"):
            self._seen.logs = int(sample.value)
        for sample in self._query(f"max({self._series('configmgr_log_last_record_timestamp_seconds')})"):
            self._seen.records_until = finite(sample.value)

    def _unseen(self) -> Iterator[str]:
        """Say which exporters and sites were seen within a day and are not now."""
        down = self._query(
            f"last_over_time({self._series(_BUILD)}[1d]) unless on (job, instance) {self._series(_BUILD)}"
        )
        if down:
            self._seen.blind = True
            yield f"Not scraped now: {_some({sample['instance'] for sample in down})}. What happens there is not seen."
        gone = self._query(f"last_over_time({self._series(_REPORTED)}[1d]) unless on (site) {self._series(_REPORTED)}")
        if gone:
            self._seen.blind = True
            yield f"Reported within the last day and not now: {_some({sample['site'] for sample in gone})}."

    def _unread(self) -> Iterator[str]:
        """Say what exporters that answer do not read or do not tell."""
        for sample in self._query(f"{self._series('configmgr_log_up')} == 0"):
            self._seen.blind |= sample["log"] == "distmgr"
            yield f"{sample['site']} {sample['log']}: not read."
        stalled = self._query(
            f"time() - {self._series('configmgr_exporter_last_scan_timestamp_seconds')} > {_STALLED_SECONDS}"
        )
        for sample in stalled:
            self._seen.blind = True
            yield f"{sample['instance']} has finished no pass over its logs for {sample.value:.0f} seconds."
        for sample in self._query(f"{self._series('configmgr_exporter_dropped_series')} > 0"):
            yield f"{sample['instance']} leaves out {sample.value:.0f} series of {sample['family']}, which has no room."


def _some(names: Collection[str]) -> str:
    ordered = sorted(names)
    more = len(ordered) - _MOST_NAMED
    return ", ".join(ordered[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _times(samples: Iterable[Sample], *labels: str) -> dict[tuple[str, ...], float]:
    """Return values by labels; of several exporters that read the same site, the earliest."""
    found: dict[tuple[str, ...], float] = {}
    for sample in samples:
        value = finite(sample.value)
        key = tuple(sample[label] for label in labels)
        if value is not None:
            found[key] = min(value, found.get(key, value))
    return found


def _add_blocks(states: Mapping[str, SiteState], found: Mapping[str, Sequence[Sample]]) -> None:
    since = _times(found[_BLOCKED_SINCE], "site", "task_sequence")
    last = _times(found[_LAST_ATTEMPT], "site", "task_sequence")
    for sample in found[_BLOCKED]:
        state, sequence = states.get(sample["site"]), sample["task_sequence"]
        if state is None:
            continue
        key = (sample["site"], sequence)
        block = state.blocked.setdefault(
            sequence, Blocked(sequence, (), since.get(key), last.get(key), 0, None, None, None, ())
        )
        reference = Reference(sample["package"], sample["program"])
        if reference.package and reference not in block.missing:
            block.missing = (*block.missing, reference)


def _add_waiting(states: Mapping[str, SiteState], found: Mapping[str, Sequence[Sample]]) -> None:
    since = _times(found[_WAITING_SINCE], "site", "package", "from_site", "reason")
    for sample in found[_WAITING]:
        state = states.get(sample["site"])
        if state is None or sample["reason"] not in set(WaitReason):
            continue
        package, from_site, reason = sample["package"], sample["from_site"], WaitReason(sample["reason"])
        began = since.get((sample["site"], package, from_site, reason))
        state.waiting[package, from_site, reason] = Waiting(package, from_site, reason, began, None, 0, None, ())


def _add_source_errors(states: Mapping[str, SiteState], found: Mapping[str, Sequence[Sample]]) -> None:
    since = _times(found[_SOURCE_ERROR_SINCE], "site", "package", "reason")
    codes = _times(found[_WIN32_ERROR], "site", "package", "reason")
    for sample in found[_SOURCE_ERROR]:
        state = states.get(sample["site"])
        if state is None or sample["reason"] not in set(SourceReason):
            continue
        package, reason = sample["package"], SourceReason(sample["reason"])
        key = (sample["site"], package, reason)
        code = int(codes[key]) if key in codes else None
        error = SourceError(package, reason, sample["source_path"], code, since.get(key), None, ())
        state.source_errors[package, reason] = error


def _add_troubles(states: Mapping[str, SiteState], samples: Iterable[Sample]) -> None:
    for sample in samples:
        state = states.get(sample["site"])
        if state is None or sample["trouble"] not in set(TroubleKind):
            continue
        kind, peer, package = TroubleKind(sample["trouble"]), sample["peer_site"], sample["package"]
        subject = package or ("-" if kind in _OF_JOBS else "")  # the metric counts jobs and does not name them
        state.transport.troubles[kind, peer, subject] = Trouble(kind, peer, "", package, None, None, None, 0, ())


def _add_versions(states: Mapping[str, SiteState], samples: Iterable[Sample], which: str) -> None:
    for sample in samples:
        state, value = states.get(sample["site"]), finite(sample.value)
        if state is None or value is None:
            continue
        versions = state.versions.setdefault(sample["package"], Versions())
        setattr(versions, which, latest(getattr(versions, which), int(value)))
        if which == "definition" and sample["package"] in state.blocked:
            # The row is written before the programs fail, so that it has the version that cannot be stored.
            state.blocked[sample["package"]].version = versions.definition


def _packages_of(states: Iterable[SiteState]) -> set[str]:
    packages: set[str] = set()
    for state in states:
        packages.update(state.blocked, (w.package for w in state.waiting.values()))
        packages.update(error.package for error in state.source_errors.values())
        packages.update(missing.package for block in state.blocked.values() for missing in block.missing)
    return packages
