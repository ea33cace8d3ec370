"""The ledger against an independent truth, against itself over a restart, and against itself in other orders."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.events.event import Event
from exporter.replication import definitions, ledger, units
from exporter.replication.ledger import Ledger
from exporter.replication.state import Outcome, Reference, SiteState
from exporter.replication.units import LINES
from tests.replication.builders import INCOMING, START, replay

PACKAGES = ("CEN00021", "CEN00022", "CHI00003")
MISSING = (("CEN00012", "Install"), ("CEN00013", "Set-up"), ("NYC00001", "*"))
Line = tuple[str, dict[str, str | int]]

# The truth: units as scripts, of which each thread says one line at a time.


@dataclass(frozen=True)
class Script:
    """A unit that is going to be: `lines` is cut where it never comes to its end."""

    package: str
    file: str
    outcome: Outcome
    missing: tuple[tuple[str, str], ...] = ()
    cut: int | None = None

    @property
    def lines(self) -> list[Line]:
        middle: list[Line] = [
            ("contents_added", {"package": self.package, "version": 2}),
            ("package_info_updated", {"package": self.package}),
        ]
        if self.outcome is Outcome.SKIPPED:
            fields: dict[str, str | int] = {
                "package": self.package,
                "version": 3,
                "current_version": 1,
                "file": self.file,
            }
            middle = [
                ("newer_version_required", fields),
                ("package_not_updated", {"package": self.package, "error": 8}),
            ]
        if self.outcome is Outcome.FAILED:
            middle.append(("package_server_not_updated", {"package": self.package, "error": 3}))
        if self.outcome is Outcome.BLOCKED:
            for package, program in self.missing:
                middle.append(
                    ("program_reference_missing", {"program_id": "*", "package": package, "program": program})
                )
            middle.append(("package_program_not_updated", {"package": self.package, "error": 40}))
        lines: list[Line] = [
            ("incoming_file", {"file": rf"{INCOMING}\{self.file}.PKG"}),
            ("package_locked", {"package": self.package}),
            *middle,
            ("package_unlocked", {"package": self.package}),
        ]
        return lines[: self.cut]

    @property
    def whole(self) -> bool:
        return self.cut is None or self.cut >= len(Script(self.package, self.file, self.outcome, self.missing).lines)


@dataclass
class Block:
    missing: tuple[Reference, ...]
    since: float
    last: float
    attempts: int
    file: str
    files: int


@dataclass
class Truth:
    """What must come out, kept by the rules as the design words them, without a look at any line."""

    blocked: dict[str, Block] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    ended: int = 0

    def close(self, script: Script, failed_at: float | None) -> None:
        self.outcomes[script.outcome.value] += 1
        if script.outcome is Outcome.APPLIED:
            self.clear(script.package)
        elif script.outcome is Outcome.BLOCKED:
            assert failed_at is not None
            missing = tuple(Reference(*reference) for reference in script.missing)
            known = self.blocked.get(script.package)
            if known is None:
                self.blocked[script.package] = Block(missing, failed_at, failed_at, 1, script.file, 1)
            else:
                known.files += known.file != script.file
                known.missing, known.last, known.file = missing, failed_at, script.file
                known.attempts += 1

    def clear(self, package: str) -> None:
        self.ended += self.blocked.pop(package, None) is not None


@dataclass
class Thread:
    number: int
    scripts: list[Script]
    at: int = 0
    failed_at: float | None = None
    open: bool = False


scripts = st.builds(
    Script,
    st.sampled_from(PACKAGES),
    st.sampled_from(("RD5L85BW", "U2J0GVIQ", "1R7IEEHU")),
    st.sampled_from((Outcome.APPLIED, Outcome.BLOCKED, Outcome.BLOCKED, Outcome.FAILED, Outcome.SKIPPED)),
    st.lists(st.sampled_from(MISSING), min_size=1, max_size=3, unique=True).map(tuple),
    st.none() | st.integers(1, 6),
)
# 0-2: a thread says its next line. The rest stands for what ends a block, and for a restart.
steps = st.lists(st.integers(0, 2) | st.sampled_from(("status", "created", "deleted", "restart", "gap")), max_size=120)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(scripts, max_size=6), min_size=3, max_size=3), steps, st.sampled_from(PACKAGES))
def test_blocks_and_counts_are_the_truth(plans: list[list[Script]], steps: list[int | str], package: str) -> None:
    threads = [Thread(100 + number, list(plan)) for number, plan in enumerate(plans)]
    truth, ledger, time = Truth(), Ledger("CHI"), START
    for step in steps:
        time += 7.25
        if isinstance(step, int):
            _next_line(ledger, truth, threads[step], time)
            continue
        _something_else(ledger, truth, step, package, time)
        if step in {"restart", "gap"}:
            for thread in threads:
                _drop_open(truth, thread)

    state = ledger.state
    found = {
        name: Block(
            b.missing, b.since or 0, b.last_attempt or 0, b.attempts, (b.definition or "")[:-4], b.definitions_tried
        )
        for name, b in state.blocked.items()
    }
    assert found == truth.blocked
    counts = next(counts for tally, counts in state.tallies.items() if tally.value == "definitions")
    assert {key[0]: number for key, number in counts.items()} == dict(+truth.outcomes)
    assert sum(state.block_durations.counts) == truth.ended


def _next_line(ledger: Ledger, truth: Truth, thread: Thread, time: float) -> None:
    if not thread.scripts:
        return
    script = thread.scripts[0]
    if thread.at >= len(script.lines):  # it was cut: the thread goes on with the next file
        thread.scripts.pop(0)
        thread.at, thread.failed_at = 0, None
        _next_line(ledger, truth, thread, time)
        return
    name, fields = script.lines[thread.at]
    if thread.at == 0 and thread.open:
        truth.outcomes["unknown"] += 1
    thread.at += 1
    thread.open = True
    if name in {"program_reference_missing", "package_program_not_updated"}:
        thread.failed_at = thread.failed_at or time
    ledger.apply([Event(name, fields, "distmgr", "distmgr.log", 1, time, thread.number, "", name)])
    if name == "package_unlocked":
        truth.close(script, thread.failed_at)
        thread.scripts.pop(0)
        thread.at, thread.failed_at, thread.open = 0, None, False


def _something_else(ledger: Ledger, truth: Truth, step: str, package: str, time: float) -> None:
    names = {"created": "package_created_or_updated", "deleted": "package_deleted", "restart": "component_started"}
    fields: dict[str, str | int] = {"package": package}
    if step == "gap":
        ledger.interrupted("distmgr")
        return
    if step == "status":
        fields |= {"id": "2301", "severity": "I", "component": "SMS_DISTRIBUTION_MANAGER", "name": ""}
    if step == "restart":
        fields = {"component": "SMS_DISTRIBUTION_MANAGER", "thread_id": 1}
    name = names.get(step, "status_message")
    ledger.apply([Event(name, fields, "distmgr", "distmgr.log", 1, time, 9, "", name)])
    if step != "restart":
        truth.clear(package)


def _drop_open(truth: Truth, thread: Thread) -> None:
    """A restart, or lost lines: the rest of what a thread was at is never said."""
    truth.outcomes["unknown"] += thread.open
    if thread.at:
        thread.scripts.pop(0)
    thread.at, thread.failed_at, thread.open = 0, None, False


# Any events whatever, from every log; request, job, package and site go together as they do in a real hierarchy.

_REQUESTS = {
    f"R{n}CEN": (f"J{n}", package, site)
    for n, (package, site) in enumerate(zip(PACKAGES, ("CHI", "NYC", "CHI"), strict=True))
}
_PACKAGE = st.sampled_from(PACKAGES)
_VERSION = st.integers(1, 4)
_SITE = st.sampled_from(("CHI", "NYC"))


def _fields(**parts: st.SearchStrategy[Any] | str | int) -> st.SearchStrategy[dict[str, str | int]]:
    strategies = {name: part if isinstance(part, st.SearchStrategy) else st.just(part) for name, part in parts.items()}
    return st.fixed_dictionaries(strategies)


def _request(name: str) -> dict[str, str | int]:
    job, package, site = _REQUESTS[name]
    return {"request": name, "job": job, "package": package, "site": site, "state": "Pending", "version": 1}


def _status(component: str, *numbers: str) -> st.SearchStrategy[dict[str, str | int]]:
    names = st.sampled_from(("", "Drivers", "Büro"))
    number = st.sampled_from(numbers)
    return _fields(id=number, severity="I", component=component, package=_PACKAGE, name=names, istr1=_SITE)


_REQUEST = st.sampled_from(sorted(_REQUESTS)).map(_request)
_BY_LOG: dict[str, dict[str, st.SearchStrategy[dict[str, str | int]]]] = {
    "distmgr": {
        "incoming_file": _fields(file=st.sampled_from(("A.PKG", "B.PKG", "C.STA"))),
        "package_locked": _fields(package=_PACKAGE),
        "contents_added": _fields(package=_PACKAGE, version=_VERSION),
        "package_info_updated": _fields(package=_PACKAGE),
        "program_reference_missing": _fields(package="CEN00012", program=st.sampled_from("ab")),
        "package_program_not_updated": _fields(package=_PACKAGE, error=40),
        "package_server_not_updated": _fields(package=_PACKAGE, error=3),
        "package_unlocked": _fields(package=_PACKAGE),
        "newer_version_required": _fields(package=_PACKAGE, version=_VERSION, current_version=1, file="A.PKG"),
        "component_started": _fields(component=st.sampled_from(("SMS_DISTRIBUTION_MANAGER", "SMS_X")), thread_id=1),
        "replication_thread_started": _fields(thread_id=1),
        "snapshot_started": _fields(package=_PACKAGE, source_path=st.sampled_from((r"\\A", r"\\B"))),
        "source_directory_inaccessible": _fields(source_path=st.sampled_from((r"\\A", r"\\C")), win32_error=5),
        "snapshot_failed": _fields(package=_PACKAGE),
        "content_not_arrived": _fields(package=_PACKAGE, from_site=_SITE),
        "compressed_files_not_arrived": _fields(package=_PACKAGE, from_site=_SITE),
        "package_created_or_updated": _fields(package=_PACKAGE),
        "package_deletion_started": _fields(package=_PACKAGE),
        "package_deleted": _fields(package=_PACKAGE),
        "program_deleted": _fields(package=_PACKAGE, program="a"),
        "package_thread_started": _fields(package=_PACKAGE, thread_id=st.integers(1, 3)),
        "package_thread_exited": _fields(package=_PACKAGE),
        "package_processing": _fields(package=_PACKAGE, source_version=_VERSION, stored_version=_VERSION),
        "stored_version": _fields(package=_PACKAGE, version=_VERSION),
        "source_version": _fields(package=_PACKAGE, version=_VERSION),
        "package_replicating": _fields(package=_PACKAGE),
        "minijob_created": _fields(package=_PACKAGE, site=_SITE),
        "parent_site": _fields(site=_SITE, parent="CEN"),
        "site_not_active": _fields(site=_SITE),
        "package_threads_used": _fields(used=1, allowed=3),
        "status_message": _status("SMS_DISTRIBUTION_MANAGER", "2300", "2301", "2302", "2306", "2339"),
    },
    "despool": {
        "content_stored": _fields(package=_PACKAGE, version=_VERSION),
        "content_received": _fields(package=_PACKAGE, version=_VERSION),
        "instruction_found": _fields(file=st.sampled_from(("R1CEN.sni", "ds_r2.sni"))),
        "despooling_thread_created": _fields(thread_id=st.integers(1, 3)),
        "despooling_threads_used": _fields(used=1, allowed=3),
        "despooling_thread_awaited": _fields(),
        "signature_verified": _fields(from_site="CEN"),
        "instruction_executing": _fields(type="X|PACKAGE"),
        "content_before_definition": _fields(package=_PACKAGE, version=_VERSION),
        "despooler_retry_created": _fields(job=st.sampled_from(("J1", "J2"))),
        "instruction_failed": _fields(error="12"),
        "instruction_postponed": _fields(file=st.sampled_from(("ds_r1.sni", "ds_r2.sni"))),
        "instruction_executed": _fields(),
        "status_message": _status("SMS_DESPOOLER", "2301", "4400"),
    },
    "sched": {
        "package_file_creating": _fields(file=st.sampled_from(("CEN00012.S00", "CEN00021.S00", "X"))),
        "package_source_inaccessible": _fields(source_path=st.sampled_from((r"\\A", r"\\C")), win32_error=5),
        "package_file_failed": _fields(),
        "job_activating": _REQUEST,
        "job_destination": _fields(site=_SITE),
        "job_transfer_root": _fields(transfer_root="X"),
        "send_request_state": _REQUEST,
        "send_request_checking": _REQUEST,
        "send_request_completed": _fields(),
        "send_request_deleting": _REQUEST,
        "address_missing": _fields(site=_SITE),
        "address_unavailable": _fields(site=_SITE),
        "routing_instruction_failed": _fields(),
        "minijob_skipped": _fields(),
    },
    "sender": {
        "send_request_found": _REQUEST,
        "sending_thread_created": _fields(thread_id=st.integers(1, 3)),
        "site_capacity": _fields(used=1, allowed=3),
        "bytes_written": _fields(bytes=5),
        "remote_connection_failed": _fields(win32_error=53),
        "site_put_aside": _fields(site=_SITE),
        "connect_failed": _fields(),
        "heartbeat_expired": _fields(),
        "site_busy": _fields(site=_SITE),
        "sending_completed": _fields(),
    },
    "pkgxfermgr": {
        "transfer_started": _fields(distribution_point=st.sampled_from("AB")),
        "transfer_failed": _fields(),
        "transfer_thread_completed": _fields(),
        "sending_completed": _fields(),
    },
}


@st.composite
def any_events(draw: st.DrawFn, *, timed: bool) -> list[Event]:
    """Events of all logs in the order of their times, no two of which are alike."""
    names = [(log, name) for log, events in _BY_LOG.items() for name in events]
    chosen = draw(st.lists(st.tuples(st.sampled_from(names), st.integers(1, 3)), max_size=60))
    events = []
    for place, ((log, name), thread) in enumerate(chosen):
        fields = draw(_BY_LOG[log][name])
        time = START + place if timed or draw(st.booleans()) else None
        on = thread if timed or draw(st.integers(0, 4)) else None
        events.append(Event(name, fields, log, f"{log}.log", place + 1, time, on, "", f"{name} {place}"))
    return events


@settings(max_examples=150, deadline=None)
@given(any_events(timed=False), st.integers(0, 60))
def test_a_restart_of_the_exporter_at_any_point_changes_nothing(events: list[Event], place: int) -> None:
    whole, half = replay(events), replay(events[:place])
    again = Ledger.decode(json.loads(json.dumps(half.encode())))
    assert again.state == half.state
    assert again.encode() == half.encode()
    again.apply(events[place:])
    assert again.state == whole.state
    assert again.encode() == whole.encode()


@settings(max_examples=150, deadline=None)
@given(any_events(timed=False))
def test_events_that_come_one_by_one_leave_what_they_leave_at_once(events: list[Event]) -> None:
    one_by_one = Ledger("CHI")
    for event in events:
        one_by_one.apply([event])
    at_once = replay(events)
    assert one_by_one.encode() == at_once.encode()
    assert one_by_one.revision == at_once.revision


_OF_UNITS = {"incoming_file", *LINES}
_unit_lines = st.lists(
    st.sampled_from(sorted(_OF_UNITS | {"package_deleted", "component_started"})).flatmap(
        lambda name: st.builds(
            Event,
            st.just(name),
            _BY_LOG["distmgr"].get(name, _fields(package=_PACKAGE)),
            st.just("distmgr"),
            st.just("distmgr.log"),
            st.integers(1, 9),
            st.none() | st.floats(START, START + 9),
            st.sampled_from((None, 1, 1, 1, 1)),
            st.just(""),
            st.just(name),
        )
    ),
    max_size=40,
)


_ODD = ("thread", "time", "log", "package", "version", "file", "doubled", "lost", "turned")


@st.composite
def _whole_unit(draw: st.DrawFn) -> list[Event]:
    """A unit whose lines stand together, with at most one thing in it that is not so."""
    package, blocked, odd = draw(
        st.tuples(st.sampled_from(PACKAGES[:2]), st.booleans(), st.none() | st.sampled_from(_ODD))
    )
    script = Script(package, f"{package}.PKG", Outcome.BLOCKED if blocked else Outcome.APPLIED, (MISSING[0],))
    thread, time = draw(st.sampled_from((None, 4724))), START + draw(st.integers(0, 9))
    unit = [
        Event(name, fields, "distmgr", "x", 1, time + place, thread, "", name)
        for place, (name, fields) in enumerate(script.lines)
    ]
    place = draw(st.integers(0, len(unit) - 1) | st.just(len(unit) - 1))
    each = unit[place]
    if odd == "doubled":
        unit.insert(place, each)
    elif odd == "lost":
        del unit[place]
    elif odd == "turned":
        unit[place - 1], unit[place] = each, unit[place - 1]
    elif odd == "log":
        unit[place] = each._replace(log="despool")
    elif odd == "thread":
        unit[place] = each._replace(thread=draw(st.sampled_from((None, 7))))
    elif odd == "time":
        unit[place] = each._replace(time=draw(st.sampled_from((None, START))))
    elif odd is not None:
        value = draw(st.sampled_from(("", "CEN00099")))
        unit[place] = each._replace(fields={**each.fields, odd: value})
    return unit


_blocks = st.lists(st.lists(_whole_unit(), max_size=4).map(lambda units: [*chain.from_iterable(units)]), max_size=4)
_cut_anywhere = st.tuples(_unit_lines | any_events(timed=False), st.integers(1, 20)).map(
    lambda drawn: [drawn[0][at : at + drawn[1]] for at in range(0, len(drawn[0]), drawn[1])]
)


@settings(max_examples=500, deadline=None)
@given(blocks=_blocks | _cut_anywhere, crowded=st.booleans())
def test_units_that_are_told_at_once_leave_what_their_lines_leave(*, blocks: list[list[Event]], crowded: bool) -> None:
    at_once, line_by_line = Ledger("CEN"), Ledger("CEN")
    with pytest.MonkeyPatch.context() as patch:
        for module in (units, definitions, ledger) if crowded else ():
            for limit in {"MAX_OPEN", "MAX_PACKAGES"} & set(dir(module)):
                patch.setattr(module, limit, 1)
        for block in blocks:
            at_once.apply(block)
            for event in block:
                line_by_line.apply([event])
            assert at_once.encode() == line_by_line.encode()
    assert at_once.revision == line_by_line.revision


def test_a_unit_whose_lines_stand_together_is_told_at_once() -> None:
    """Else the test above would hold nothing to anything."""
    lines = Script(PACKAGES[0], "A.PKG", Outcome.BLOCKED, (MISSING[0],)).lines
    unit = [Event(name, fields, "distmgr", "distmgr.log", 1, START, 1, "", name) for name, fields in lines]
    at_once = Ledger("CEN")
    at_once._takers.clear()
    at_once.apply(unit * 3)
    assert at_once.state.blocked[PACKAGES[0]].attempts == 3


@settings(max_examples=100, deadline=None)
@given(any_events(timed=True))
def test_logs_may_be_read_in_any_order(events: list[Event]) -> None:
    expected = replay(events).state
    logs = sorted({event.log for event in events})
    for order in list(permutations(logs))[:24]:
        assert _in_order(events, order) == expected


def _in_order(events: Sequence[Event], logs: Sequence[str]) -> SiteState:
    return replay(sorted(events, key=lambda event: logs.index(event.log))).state


@settings(max_examples=50, deadline=None)
@given(any_events(timed=False), st.integers(0, 60))
def test_lost_lines_at_any_point_leave_a_state_that_can_be_written(events: list[Event], place: int) -> None:
    ledger = replay(events[:place])
    for log in _BY_LOG:
        ledger.interrupted(log)
    work = ledger._work
    assert not work.units.open
    assert not work.processing.open
    assert not work.sources.open
    ledger.apply(events[place:])
    assert Ledger.decode(json.loads(json.dumps(ledger.encode()))).state == ledger.state


_WORDS = st.text(max_size=6) | st.integers(-5, 1 << 70) | st.sampled_from(PACKAGES)
_NAMES = sorted({name for events in _BY_LOG.values() for name in events})


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.builds(
            Event,
            st.sampled_from(_NAMES),
            st.dictionaries(st.sampled_from(("package", "file", "site", "version", "request", "job", "id")), _WORDS),
            st.sampled_from(sorted(_BY_LOG)),
            st.just("x.log"),
            st.integers(1, 9),
            st.none() | st.floats(-1e9, 1e10),
            st.none() | st.integers(1, 3),
            st.just(""),
            st.text(max_size=20),
        ),
        max_size=40,
    )
)
def test_events_with_fields_that_are_missing_or_odd_do_no_harm(events: list[Event]) -> None:
    ledger = replay(events)
    assert Ledger.decode(json.loads(json.dumps(ledger.encode()))).encode() == ledger.encode()
