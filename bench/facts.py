"""What is true of a simulated hierarchy and what is told of it, as sets that can be compared: one for each kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from exporter.metrics.transport import SOURCES
from exporter.metrics.views import SiteView
from exporter.replication.state import SiteState, SourceReason, Tally, TroubleKind, WaitReason, owner_of
from exporter.report.hierarchy import progress

Key = tuple[Any, ...]
Facts = Mapping[str, set[Key]]

FINDINGS: Final = (
    "blocked",
    *(f"waiting: {reason}" for reason in WaitReason),
    *(f"source error: {reason}" for reason in SourceReason),
    *(f"transport: {kind}" for kind in TroubleKind),
)
"""What can be wrong at a site: all that the exporter has a word for."""

VERSIONS: Final = ("definition", "content", "source")
_MOVED: Final = (
    Tally.SENDER_REQUESTS,
    Tally.SENDER_BYTES,
    Tally.SENDER_CONNECTION_FAILURES,
    Tally.SENDER_SITES_PUT_ASIDE,
    Tally.SCHEDULER_REQUESTS,
    Tally.SCHEDULER_JOBS_DROPPED,
    Tally.DESPOOLER_INSTRUCTIONS,
    Tally.DESPOOLER_THREAD_WAITS,
    Tally.REPLICATION_FILES,
    Tally.PACKAGE_TRANSFERS,
)
_COUNTED: Final = {
    "counts of definitions": Tally.DEFINITIONS,
    "counts of package threads": Tally.PACKAGE_PROCESSING,
    "counts of failed references": Tally.REFERENCE_FAILURES,
}
_SERVED: Final = {
    "threads in use": "configmgr_component_threads",
    "threads allowed": "configmgr_component_threads_limit",
    "open send requests": "configmgr_scheduler_open_requests",
}
"""What is compared as the metrics serve it."""


def true_facts(truth: Mapping[str, Any]) -> Facts:
    """Return what the truth holds."""
    facts = _facts_of_report(truth)
    sites = truth["sites"]
    for code, site in sites.items():
        for package, versions in site["versions"].items():
            for what in VERSIONS:
                if versions[what] is not None:
                    facts[f"{what} versions"].add((code, package, versions[what]))
        facts["counts of definitions"] |= {(code, *counted) for counted in site["units"].items()}
        facts["counts of package threads"] |= {(code, *counted) for counted in site["processing"].items()}
        facts["counts of failed references"] |= {(code, *counted) for counted in site["reference_failures"].items()}
        facts["counts of transport"] |= {(code, *counted) for counted in site["moved"]}
        facts["threads in use"] |= {(code, component, to, used) for component, to, used, _ in site["threads"]}
        facts["threads allowed"] |= {(code, component, to, limit) for component, to, _, limit in site["threads"]}
        facts["open send requests"] |= {(code, *counted) for counted in site["open_requests"]}
        facts["progress"] |= set(_true_progress(sites, code))
    return facts


def _true_progress(sites: Mapping[str, Any], code: str) -> Iterator[Key]:
    """Give the packages of which a site has the owner's newest definition in its tables, or an older one.

    Newest is what the owner's lines told: that a later one was made in the console, no line of 2007 says.
    """
    for package, told in sites[code]["versions"].items():
        owner = owner_of(package)
        newest = sites.get(owner, {"versions": {}})["versions"].get(package, {}).get("definition")
        if code != owner and newest is not None and told["definition"] is not None:
            yield package, code, "current" if sites[code]["rows"][package] >= newest else "behind"


def told_facts(answer: Mapping[str, Any], states: Mapping[str, SiteState]) -> Facts:
    """Return what the answer and the states behind it hold."""
    facts = _facts_of_report(answer)
    for code, state in states.items():
        for package, versions in state.versions.items():
            for what in VERSIONS:
                number = getattr(versions, what)
                if number is not None:
                    facts[f"{what} versions"].add((code, package, number))
        for kind, tally in _COUNTED.items():
            facts[kind] |= {(code, *key, number) for key, number in state.tallies[tally].items()}
        facts["counts of transport"] |= {(code, *counted) for counted in _moved(state)}
        for kind, family in _SERVED.items():
            facts[kind] |= {(*labels, value) for labels, value in SOURCES[family](SiteView(state, {}, 0))}
    for package in {package for state in states.values() for package in state.versions}:
        reached = progress(states, package)
        facts["progress"] |= {(package, site, "current") for site in reached.current}
        facts["progress"] |= {(package, site, "behind") for site in reached.behind}
    return facts


def _moved(state: SiteState) -> Iterator[Key]:
    for tally in _MOVED:
        yield from ((tally.value, *key, number) for key, number in state.tallies[tally].items())
    for destination, durations in state.transport.send_durations.items():
        yield "send_milliseconds", destination, round(durations.total * 1000)


def _facts_of_report(told: Mapping[str, Any]) -> dict[str, set[Key]]:
    facts: dict[str, set[Key]] = defaultdict(set)
    for code, site in told["sites"].items():
        for one in site["blocked"]:
            missing = sorted((missing["package"], missing["program"]) for missing in one["missing"])
            facts["blocked"].add((code, one["task_sequence"], *missing))
        for one in site["waiting"]:
            facts[f"waiting: {one['reason']}"].add((code, one["package"], one["from_site"]))
        for one in site["source_errors"]:
            facts[f"source error: {one['reason']}"].add((code, one["package"], one["win32_error"]))
        for one in site["transport"]:
            facts[f"transport: {one['trouble']}"].add(
                (code, one["peer_site"], one["job"], one["package"], one["win32_error"])
            )
    return facts
