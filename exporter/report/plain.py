"""Findings as plain data: the shapes that `explain --json` prints and the API answers with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from exporter.replication.cause import Cause, Proof
from exporter.replication.state import Blocked, Evidence, SourceError, Trouble, Waiting, owner_of
from exporter.replication.win32 import in_words

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class LostLines(Protocol):
    """A gap in a log: lines that were lost unread. See `exporter.logs.health.Gap`, whose shape this is."""

    @property
    def log(self) -> str:
        """Name of the log."""

    @property
    def reason(self) -> str:
        """How the lines were lost."""

    @property
    def noticed(self) -> float:
        """Wall time at which the loss was seen."""

    @property
    def after(self) -> float | None:
        """Log time of the last record before the gap."""

    @property
    def before(self) -> float | None:
        """Log time of the first record after it."""

    @property
    def unread_bytes(self) -> int | None:
        """How many bytes were certainly lost."""


def rfc3339(time: float | None) -> str | None:
    """Return POSIX seconds as UTC with milliseconds, `2010-03-04T15:15:32.123Z`; None for a time after year 9999."""
    try:
        moment = None if time is None else _EPOCH + timedelta(seconds=time)
    except OverflowError:
        return None
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _line_json(line: Evidence) -> dict[str, Any]:
    return {"file": line.file, "line": line.line, "time": rfc3339(line.time), "text": line.text}


def _proof_json(proof: Proof) -> dict[str, Any]:
    return {"site": proof.site, **_line_json(proof.line)}


def cause_json(cause: Cause) -> dict[str, Any]:
    """Return a cause."""
    return {
        "kind": cause.kind.value,
        "certainty": cause.certainty.value,
        "site": cause.site,
        "words": cause.words,
        "ended": cause.ended,
        "behind": None if cause.behind is None else {"package": cause.behind.package, "program": cause.behind.program},
        "evidence": [_proof_json(proof) for proof in cause.evidence],
    }


def blocked_json(block: Blocked, names: Mapping[str, str]) -> dict[str, Any]:
    """Return a blocked task sequence."""
    return {
        "task_sequence": block.task_sequence,
        "name": names.get(block.task_sequence),
        "missing": [
            {
                "package": missing.package,
                "program": missing.program,
                "source_site": owner_of(missing.package),
                "name": names.get(missing.package),
            }
            for missing in block.missing
        ],
        "since": rfc3339(block.since),
        "last_attempt": rfc3339(block.last_attempt),
        "attempts": block.attempts,
        "version": block.version,
        "definition": block.definition,
        "definitions_tried": block.definitions_tried,
        "error": block.error,
        "evidence": [_line_json(line) for line in block.evidence],
    }


def waiting_json(waiting: Waiting, names: Mapping[str, str], cause: Cause | None) -> dict[str, Any]:
    """Return a package whose content is late, and what keeps it away, where a line tells that."""
    return {
        "package": waiting.package,
        "name": names.get(waiting.package),
        "from_site": waiting.from_site,
        "reason": waiting.reason.value,
        "since": rfc3339(waiting.since),
        "last_seen": rfc3339(waiting.last_seen),
        "attempts": waiting.attempts,
        "version": waiting.version,
        "cause": None if cause is None else cause_json(cause),
        "evidence": [_line_json(line) for line in waiting.evidence],
    }


def source_error_json(error: SourceError, names: Mapping[str, str]) -> dict[str, Any]:
    """Return a package whose source its owner cannot read."""
    return {
        "package": error.package,
        "name": names.get(error.package),
        "reason": error.reason.value,
        "source_path": error.source_path,
        **_win32_json(error.win32_error),
        "since": rfc3339(error.since),
        "last_seen": rfc3339(error.last_seen),
        "evidence": [_line_json(line) for line in error.evidence],
    }


def gap_json(gap: LostLines) -> dict[str, Any]:
    """Return lost lines."""
    return {
        "log": gap.log,
        "reason": str(gap.reason),
        "noticed": rfc3339(gap.noticed),
        "after": rfc3339(gap.after),
        "before": rfc3339(gap.before),
        "unread_bytes": gap.unread_bytes,
    }


def trouble_json(trouble: Trouble, names: Mapping[str, str]) -> dict[str, Any]:
    """Return something that keeps packages from getting on."""
    return {
        "trouble": trouble.kind.value,
        "peer_site": trouble.site,
        "job": trouble.job or None,
        "distribution_point": trouble.point or None,
        "package": trouble.package or None,
        "name": names.get(trouble.package),
        **_win32_json(trouble.win32_error),
        "since": rfc3339(trouble.since),
        "last_seen": rfc3339(trouble.last_seen),
        "attempts": trouble.attempts,
        "evidence": [_line_json(line) for line in trouble.evidence],
    }


def _win32_json(code: int | None) -> dict[str, Any]:
    return {"win32_error": code, "win32_error_text": None if code is None else in_words(code)}
