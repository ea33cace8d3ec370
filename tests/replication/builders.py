"""Events made by hand: a teller says one line after another into a ledger, as a log would."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from exporter.events.event import Event
from exporter.replication.ledger import Ledger
from exporter.replication.state import SiteState

START = 1_267_714_800.0  # 2010-03-04 15:00:00 UTC
TS = "CEN00021"
OTHER_TS = "CEN00022"
PKG = "CEN00012"
PROGRAM = "Install drivers"
INCOMING = r"D:\SMS\inboxes\distmgr.box\INCOMING"
SOURCE = r"\\FILES01\Drivers"


@dataclass
class Teller:
    """Says the lines of one site.

    `log`, `thread` and `time` are those of the next line. `late` may be used by a test that keeps events back.
    """

    site: str = "CHI"
    log: str = "distmgr"
    thread: int | None = 100
    time: float | None = START
    ledger: Ledger = field(default_factory=lambda: Ledger("CHI"))
    said: list[Event] = field(default_factory=list)
    line: int = 0

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.site)

    @property
    def state(self) -> SiteState:
        return self.ledger.state

    def event(self, event_name: str, /, **fields: str | int) -> Event:
        """Make the next line, but do not say it."""
        self.line += 1
        words = event_name.replace("_", " ") + " " + " ".join(str(value) for value in fields.values())
        log = self.log
        return Event(event_name, fields, log, f"{log}.log", self.line, self.time, self.thread, "", words.strip())

    def say(self, event_name: str, /, **fields: str | int) -> Event:
        event = self.event(event_name, **fields)
        self.said.append(event)
        self.ledger.apply((event,))
        return event

    def wait(self, seconds: float) -> None:
        assert self.time is not None
        self.time += seconds

    def at(self, seconds: float) -> Teller:
        """Set the clock to so many seconds after the start."""
        self.time = START + seconds
        return self

    def on(self, log: str, thread: int | None = 100) -> Teller:
        """Go on in another log or on another thread."""
        self.log, self.thread = log, thread
        return self

    def status(self, number: int, package: str = "", name: str = "", /, **fields: str | int) -> Event:
        return self.say(
            "status_message",
            id=str(number),
            severity="I",
            component="SMS_DISTRIBUTION_MANAGER",
            package=package,
            name=name,
            **fields,
        )

    def unit(
        self,
        package: str = TS,
        file: str = "RD5L85BW",
        *,
        missing: Iterable[tuple[str, str]] = (),
        version: int = 1,
        until: int | None = None,
    ) -> None:
        """Say a unit, blocked if anything is missing; `until` cuts it after so many lines."""
        lines: list[tuple[str, dict[str, str | int]]] = [
            ("incoming_file", {"file": rf"{INCOMING}\{file}.PKG"}),
            ("package_locked", {"package": package}),
            ("contents_added", {"package": package, "version": version}),
            ("package_info_updated", {"package": package}),
        ]
        for missing_package, program in missing:
            fields = {"program_id": "*", "package": missing_package, "program": program}
            lines.append(("program_reference_missing", dict(fields)))
        if len(lines) > 4:
            lines.append(("package_program_not_updated", {"package": package, "error": 40}))
        lines.append(("package_unlocked", {"package": package}))
        for name, fields_of in lines[:until]:
            self.say(name, **fields_of)

    def blocked_unit(self, package: str = TS, file: str = "RD5L85BW", *, version: int = 1) -> None:
        self.unit(package, file, missing=[(PKG, PROGRAM)], version=version)

    def snapshot(self, package: str = PKG, *, error: int | None = None, failed: bool = False) -> None:
        """Say that the owner takes a snapshot, which the source's error, or something else, may end."""
        self.say("snapshot_started", package=package, source_path=SOURCE)
        if error is not None:
            self.say("source_directory_inaccessible", source_path=SOURCE, win32_error=error)
        if error is not None or failed:
            self.say("snapshot_failed", package=package)

    def tally(self, name: str) -> dict[tuple[str, ...], int]:
        return next(dict(counts) for tally, counts in self.state.tallies.items() if tally.value == name)


def replay(events: Sequence[Event], site: str = "CHI") -> Ledger:
    """Return the ledger that a sequence of events makes."""
    ledger = Ledger(site)
    ledger.apply(events)
    return ledger
