"""What the metrics are made from: read-only looks at the sites and at the exporter itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from exporter.logs.health import Gap, LogHealth
from exporter.replication.state import SiteState


@dataclass(frozen=True, slots=True)
class SiteView:
    """One site as it is now.

    Attributes:
        state: what its logs have told.
        logs: health of each log, by the log's name.
        revision: a number that changes after every change of the others. While it and the `state` object are the
            same, nothing is read again.
        gaps: losses of lines, in the order in which they were noticed.
        lock: held while `state`, `logs` and `gaps` are read, so that they do not change meanwhile.
    """

    state: SiteState
    logs: Mapping[str, LogHealth]
    revision: int
    gaps: Sequence[Gap] = ()
    lock: AbstractContextManager[object] = field(default_factory=nullcontext)


@dataclass(frozen=True, slots=True)
class ExporterFacts:
    """What the exporter says about itself. Times are wall time in POSIX seconds; None is a time not yet known.

    Attributes:
        version: the exporter's own version; `python_version`: that of the interpreter.
        reload_ok: whether the configuration was last read without an error.
        checkpoint_ok: whether the state was last saved without an error; None when no state is kept.
        scans: passes over all logs; `scan_seconds`: time they took.
        faults: times that reading a site failed in a way that was not foreseen.
        process: what the system says about the process; see `read_process`.
        web_config_ok: whether the web configuration was last read without an error; None when there is none.
        textfile_ok: whether the metrics were last written to a file without an error; None when they are not written.
    """

    version: str
    python_version: str
    reload_ok: bool = True
    reload_time: float | None = None
    checkpoint_ok: bool | None = None
    checkpoint_time: float | None = None
    checkpoint_failures: int = 0
    scans: int = 0
    scan_seconds: float = 0.0
    last_scan: float | None = None
    faults: int = 0
    process: Mapping[str, float] = field(default_factory=dict)
    textfile_ok: bool | None = None
    web_config_ok: bool | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that one scrape shows. A site code stands in it once."""

    sites: Sequence[SiteView]
    exporter: ExporterFacts


Look = Callable[[], Snapshot]
