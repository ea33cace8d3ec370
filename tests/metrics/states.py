"""States of sites, made by hand and at random, for tests of what is served from them."""

from __future__ import annotations

from collections import Counter

from hypothesis import strategies as st

from exporter.logs.health import Gap, GapReason, LogHealth
from exporter.metrics.contract import PROCESS_FAMILIES
from exporter.metrics.views import ExporterFacts, SiteView, Snapshot
from exporter.replication.state import (
    SEND_DURATION_BOUNDS,
    Blocked,
    Evidence,
    Outcome,
    ProcessingOutcome,
    Reference,
    SendRequest,
    SiteState,
    SourceError,
    SourceReason,
    Tally,
    ThreadUse,
    Trouble,
    TroubleKind,
    Versions,
    Waiting,
    WaitReason,
    histogram,
)

FACTS = ExporterFacts("0.1.0", "3.11.7")
MAY = 1_273_000_000.0  # 4 May 2010, 19:06:40 UTC


def blocked(task_sequence: str, *missing: Reference, since: float | None = None, last: float | None = None) -> Blocked:
    return Blocked(
        task_sequence, missing, since, last, 1, None, None, 40, (Evidence("distmgr.log", 1, since, "Cannot"),)
    )


def waiting(package: str, from_site: str, reason: WaitReason = WaitReason.CONTENTS) -> Waiting:
    return Waiting(package, from_site, reason, MAY, MAY, 1, None, ())


def chicago() -> SiteView:
    """A child site at which much is stuck."""
    state = SiteState("CHI")
    state.blocked = {
        "CEN0000A": blocked(
            "CEN0000A",
            Reference("CEN00010", "Install silently"),
            Reference("NYC00011", "Per-system unattended"),
            since=MAY,
            last=MAY + 7200.5,
        ),
        "CEN0000B": blocked("CEN0000B", Reference("CEN00010", "Install silently"), since=MAY + 60, last=MAY + 7260),
        "CEN0000C": blocked("CEN0000C"),
        "<Task_Sequence_ID>": blocked("<Task_Sequence_ID>", Reference("PackageID", 'say "hi" \\ bye')),
    }
    state.waiting = {
        ("CEN00020", "CEN", WaitReason.CONTENTS): waiting("CEN00020", "CEN"),
        ("CEN00021", "", WaitReason.NEWER_VERSION): waiting("CEN00021", "", WaitReason.NEWER_VERSION),
    }
    state.source_errors = {
        ("CHI00030", SourceReason.INACCESSIBLE): SourceError(
            "CHI00030", SourceReason.INACCESSIBLE, "\\\\FILES\\Src$\\Zoë", 5, MAY, MAY, ()
        )
    }
    state.versions = {"CEN00010": Versions(definition=3), "CEN00020": Versions(4, 2, 4)}
    state.names = {"CEN00020": "Office 2010"}
    state.tallies[Tally.REFERENCE_FAILURES] = {("CEN00010",): 12, ("NYC00011",): 3}
    state.tallies[Tally.DEFINITIONS] = {(Outcome.BLOCKED.value,): 15, (Outcome.APPLIED.value,): 40}
    state.tallies[Tally.PACKAGE_PROCESSING] = {(ProcessingOutcome.SUCCEEDED.value,): 7}
    state.tallies[Tally.STATUS_MESSAGES] = {("SMS_DISTRIBUTION_MANAGER", "2301", "info"): 7}
    state.tallies[Tally.USER_MESSAGES] = {("distmgr", "backup_failed"): 2}
    state.tallies[Tally.DROPPED] = {("packages",): 1}
    _add_transport(state)
    state.block_durations.add(600)
    state.block_durations.add(5_000_000)
    distmgr = LogHealth(
        up=True,
        size=2000,
        position=1900,
        last_record=MAY + 7260,
        lines=100_000,
        events=40_000,
        unmatched=2,
        rollovers=3,
        read_delay=0.25,
    )
    distmgr.gaps[GapReason.ROLLED_TWICE] = 1
    despool = LogHealth(error="Permission denied", read_errors=Counter(EACCES=4, ESTALE=1), sharing_violations=2)
    gaps = (Gap("distmgr", GapReason.ROLLED_TWICE, MAY + 9000, MAY, MAY + 60, None),)
    return SiteView(state, {"distmgr": distmgr, "despool": despool}, 7, gaps)


def _add_transport(state: SiteState) -> None:
    transport = state.transport
    kinds = [
        (TroubleKind.PUT_ASIDE, "PDX", "", ""),
        (TroubleKind.DESPOOLER_RETRY, "CEN", "00000E2A", "CEN00020"),
        (TroubleKind.DESPOOLER_RETRY, "CEN", "00000E2B", "CEN00020"),
    ]
    for kind, site, job, package in kinds:
        transport.troubles[kind, site, job] = Trouble(kind, site, job, package, 53, MAY, MAY, 2, ())
    transport.threads = {"distmgr": ThreadUse(2, 3, MAY), "sender/PDX": ThreadUse(5, 5, MAY)}
    transport.requests = {
        "202SQCHI": SendRequest("PDX", "CHI00030", state="Pending"),
        "202SRCHI": SendRequest("PDX", "CHI00031"),
        "202SSCHI": SendRequest("PDX", "CHI00032", state="Completed", done=True),
    }
    transport.send_durations = {"PDX": histogram(SEND_DURATION_BOUNDS)}
    transport.send_durations["PDX"].add(42.5)
    state.tallies[Tally.SENDER_REQUESTS] = {("PDX", "taken"): 5, ("PDX", "completed"): 3}
    state.tallies[Tally.SENDER_BYTES] = {("PDX",): 123_456_789_012}
    state.tallies[Tally.SENDER_CONNECTION_FAILURES] = {("PDX", "53"): 2}
    state.tallies[Tally.SENDER_SITES_PUT_ASIDE] = {("PDX",): 1}
    state.tallies[Tally.SCHEDULER_REQUESTS] = {("PDX", "created"): 5}
    state.tallies[Tally.SCHEDULER_JOBS_DROPPED] = {("BOS", TroubleKind.NO_ADDRESS.value): 1}
    state.tallies[Tally.DESPOOLER_INSTRUCTIONS] = {("CEN", "executed"): 70, ("CEN", "retried"): 4}
    state.tallies[Tally.REPLICATION_FILES] = {("found",): 900}
    state.tallies[Tally.PACKAGE_TRANSFERS] = {("\\\\DP1.example.com", "failed"): 1}


def quiet(site: str) -> SiteView:
    """A site about which nothing is known yet."""
    return SiteView(SiteState(site), {"distmgr": LogHealth()}, 0)


def full() -> Snapshot:
    process = dict.fromkeys(PROCESS_FAMILIES, 4096.0)
    facts = ExporterFacts("0.1.0", "3.11.7", False, MAY, True, MAY + 1, 2, 1200, 3.75, MAY + 2, 1, process, True)  # noqa: FBT003 - in order
    return Snapshot([quiet("NYC"), chicago()], facts)


# At random. Few different values, so that they meet again: a state that ends, comes back and grows a row.

_SITES = st.sampled_from(["AAA", "BBB", "CCC"])
_TEXTS = st.sampled_from(
    ["", "CEN00010", "CEN00011", "x" * 300, "x" * 301, 'q"\\\n', "\r", "\x1b[31m", "\ud800", "né\xa0e", "\u202e"]
)
_TIMES = st.none() | st.sampled_from([0.0, 1.5, MAY, 1e20])
_COUNTS = st.integers(0, 3) | st.sampled_from([10**6, 10**400])
_REFERENCES = st.builds(Reference, _TEXTS, _TEXTS)


@st.composite
def _states(draw: st.DrawFn, site: str) -> SiteState:
    state = SiteState(site)
    for name in draw(st.lists(_TEXTS, unique=True, max_size=4)):
        state.blocked[name] = blocked(
            name, *draw(st.lists(_REFERENCES, max_size=3)), since=draw(_TIMES), last=draw(_TIMES)
        )
    for package in draw(st.lists(_TEXTS, unique=True, max_size=3)):
        reason = draw(st.sampled_from(WaitReason))
        state.waiting[package, package, reason] = waiting(package, package, reason)
        source = draw(st.sampled_from(SourceReason))
        state.source_errors[package, source] = SourceError(package, source, draw(_TEXTS), 5, None, None, ())
        state.versions[package] = draw(
            st.builds(Versions, st.none() | _COUNTS, st.none() | _COUNTS, st.none() | _COUNTS)
        )
        state.names[package] = draw(_TEXTS)
    state.tallies[Tally.REFERENCE_FAILURES].update(draw(st.dictionaries(st.tuples(_TEXTS), _COUNTS, max_size=3)))
    state.tallies[Tally.STATUS_MESSAGES].update(
        draw(st.dictionaries(st.tuples(_TEXTS, _TEXTS, _TEXTS), _COUNTS, max_size=4))
    )
    state.tallies[Tally.SENDER_REQUESTS].update(
        draw(st.dictionaries(st.tuples(_TEXTS, st.sampled_from(["taken", "failed"])), _COUNTS, max_size=3))
    )
    for destination in draw(st.sets(_TEXTS, max_size=2)):
        state.transport.send_durations[destination] = histogram(SEND_DURATION_BOUNDS)
        state.transport.requests[destination] = SendRequest(destination, state=draw(_TEXTS))
        state.transport.threads[f"sender/{destination}"] = ThreadUse(draw(_COUNTS), 5, None)
    for seconds in draw(st.lists(st.floats(0, 1e7), max_size=2)):
        state.block_durations.add(seconds)
    return state


@st.composite
def _views(draw: st.DrawFn, site: str) -> SiteView:
    health = draw(
        st.builds(LogHealth, up=st.booleans(), size=_COUNTS, last_record=_TIMES, read_errors=st.just(Counter(EBADF=1)))
    )
    return SiteView(
        draw(_states(site)), dict.fromkeys(draw(st.sets(_TEXTS, max_size=2)), health), draw(st.integers(0, 2))
    )


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Up to three sites in any state."""
    sites = [draw(_views(site)) for site in draw(st.lists(_SITES, unique=True))]
    return Snapshot(sites, draw(st.sampled_from([FACTS, full().exporter])))
