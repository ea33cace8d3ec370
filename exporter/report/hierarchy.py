"""Many sites together: which missing programs block which task sequences where, why, and what to do.

Worst first: a culprit that blocks more task sequences, counted once at each site, goes before one that blocks fewer;
of equals the one at more sites, then the one that blocks for longer, then by package and program.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from exporter.replication.advice import for_source_error, for_trouble, for_waiting
from exporter.replication.diagnosis import Case, Cause, World, diagnose, why_late
from exporter.replication.limits import earliest, latest
from exporter.replication.remedy import Patient, remedy
from exporter.replication.state import (
    Blocked,
    Reference,
    SiteState,
    SourceError,
    Trouble,
    Versions,
    Waiting,
    WaitReason,
    owner_of,
)
from exporter.replication.tree import tree_of
from exporter.report.plain import (
    LostLines,
    blocked_json,
    cause_json,
    gap_json,
    rfc3339,
    source_error_json,
    trouble_json,
    waiting_json,
)


@dataclass(frozen=True, slots=True)
class Filter:
    """What to report.

    Attributes:
        since: leave out what was last seen before this time; what has no time stays.
        packages: only what concerns these packages, as the one that is blocked, missing, late or unreadable; or all.
        sites: only what is stuck at these sites; or at all. Causes are looked for at every site all the same.
    """

    since: float | None = None
    packages: Collection[str] = ()
    sites: Collection[str] = ()

    def seen(self, time: float | None) -> bool:
        """Whether something last seen at that time is reported."""
        return self.since is None or time is None or time >= self.since

    def concerns(self, packages: Iterable[str]) -> bool:
        """Whether something about these packages is reported."""
        return not self.packages or not set(self.packages).isdisjoint(packages)


@dataclass(frozen=True, slots=True)
class SiteReport:
    """What is stuck at one site, and what keeps packages from getting on, which may stick nothing yet.

    Attributes:
        behind_waits: what keeps the content away that is waited for, by package, sending site and reason, where a line
            tells it.
        names: of packages, when known.
    """

    site: str
    parent: str
    parent_inferred: bool
    blocked: Sequence[Blocked]
    waiting: Sequence[Waiting]
    behind_waits: Mapping[tuple[str, str, WaitReason], Cause]
    source_errors: Sequence[SourceError]
    troubles: Sequence[Trouble]
    gaps: Sequence[LostLines]
    names: Mapping[str, str]

    def because(self, waiting: Waiting) -> Cause | None:
        """Return what keeps content away, where a line tells it."""
        return self.behind_waits.get((waiting.package, waiting.from_site, waiting.reason))

    def to_json(self) -> dict[str, Any]:
        """Return the site's part of the report as plain data."""
        return {
            "parent": self.parent or None,
            "parent_inferred": self.parent_inferred,
            "blocked": [blocked_json(block, self.names) for block in self.blocked],
            "waiting": [
                {
                    **waiting_json(waiting, self.names, self.because(waiting)),
                    "remedy": for_waiting(self.site, waiting, self.because(waiting)),
                }
                for waiting in self.waiting
            ],
            "source_errors": [
                {**source_error_json(error, self.names), "remedy": for_source_error(self.site, error)}
                for error in self.source_errors
            ],
            "transport": [
                {**trouble_json(trouble, self.names), "remedy": for_trouble(self.site, trouble)}
                for trouble in self.troubles
            ],
            "gaps": [gap_json(gap) for gap in self.gaps],
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """A cause, and the sites at which it explains the missing program."""

    cause: Cause
    sites: Sequence[str]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the newest version of a package has come.

    Attributes:
        owner: the site that owns it, "" when not known.
        versions: what each site that told any tells, by site.
        current: sites other than the owner that have the version of the definition that the owner's lines told last. Of
            a change of properties in the console, ConfigMgr 2007 tells no version before it is sent.
        behind: sites that have an older one.
    """

    owner: str
    versions: Mapping[str, Versions]
    current: Sequence[str]
    behind: Sequence[str]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        versions = {
            site: {"definition": told.definition, "content": told.content, "source": told.source}
            for site, told in self.versions.items()
        }
        return {"versions": versions, "current_at": list(self.current), "behind_at": list(self.behind)}


def progress(states: Mapping[str, SiteState], package: str) -> Progress:
    """Return how far a package has come: what to watch after it was touched."""
    owner = owner_of(package)
    versions = {site: state.versions[package] for site, state in sorted(states.items()) if package in state.versions}
    newest = versions[owner].definition if owner in versions else None
    told = {site: known.definition for site, known in versions.items() if site != owner}
    if newest is None:
        return Progress(owner, versions, [], [])
    current = [site for site, version in told.items() if version is not None and version >= newest]
    behind = [site for site, version in told.items() if version is not None and version < newest]
    return Progress(owner, versions, current, behind)


@dataclass(frozen=True, slots=True)
class Culprit:
    """One missing program of one package, and all that it blocks.

    Attributes:
        reference: the missing program.
        source_site: the owner of its package.
        name: of its package, "" when not known.
        sites: where it is missing.
        task_sequences: what it blocks, at any of the sites.
        blocks: how many task sequences, each counted at each site.
        since: when the first of them began to fail.
        findings: the different causes, the one that explains most sites first.
        remedy: what to do about the first.
        progress: how far the newest version of the package has come.
        also_blocked, also_waiting: those of the sites where the package itself is blocked, or its content late.
    """

    reference: Reference
    source_site: str
    name: str
    sites: Sequence[str]
    task_sequences: Sequence[str]
    blocks: int
    since: float | None
    findings: Sequence[Finding]
    remedy: Sequence[str]
    progress: Progress
    also_blocked: Sequence[str]
    also_waiting: Sequence[str]

    @property
    def cause(self) -> Cause:
        """The cause that explains most of the sites."""
        return self.findings[0].cause

    def to_json(self) -> dict[str, Any]:
        """Return the culprit as plain data."""
        return {
            "package": self.reference.package,
            "program": self.reference.program,
            "name": self.name or None,
            "source_site": self.source_site,
            "sites": list(self.sites),
            "task_sequences": list(self.task_sequences),
            "since": rfc3339(self.since),
            "cause": cause_json(self.cause),
            "causes": [{**cause_json(finding.cause), "sites": list(finding.sites)} for finding in self.findings],
            "remedy": list(self.remedy),
            **self.progress.to_json(),
            "also_blocked_at": list(self.also_blocked),
            "also_waiting_at": list(self.also_waiting),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """What is stuck in the hierarchy: culprits, the worst first, then each site."""

    culprits: Sequence[Culprit]
    sites: Mapping[str, SiteReport] = field(default_factory=dict)

    @property
    def stuck(self) -> bool:
        """Whether anything is: a task sequence blocked, content late, a source that cannot be read."""
        return any(site.blocked or site.waiting or site.source_errors for site in self.sites.values())

    def to_json(self) -> dict[str, Any]:
        """Return the object that `explain --json` prints."""
        return {
            "sites": {code: site.to_json() for code, site in self.sites.items()},
            "culprits": [culprit.to_json() for culprit in self.culprits],
        }


def report(
    states: Mapping[str, SiteState],
    gaps: Mapping[str, Sequence[LostLines]] | None = None,
    tree: Mapping[str, str] | None = None,
    only: Filter | None = None,
    names: Mapping[str, str] | None = None,
) -> Report:
    """Return what is stuck, why, and what to do.

    Args:
        states: by site code.
        gaps: lost lines by site code.
        tree: the parent of each site, as configured; other parents are inferred from the transport's lines.
        only: what to report.
        names: names of packages from an inventory. They go before those that the logs told.
    """
    only = only or Filter()
    world = World(states, tree_of(states, tree))
    known = names_of(states, names)
    sites = {
        code: _site_report(state, world, only, known, (gaps or {}).get(code, ()))
        for code, state in sorted(states.items())
        if not only.sites or code in only.sites
    }
    culprits = [
        _culprit(reference, blocks, world, known)
        for reference, blocks in _by_reference(sites.values()).items()
        if only.concerns({reference.package, *(block.task_sequence for _, block in blocks)})
    ]
    return Report(sorted(culprits, key=_badness), sites)


def names_of(states: Mapping[str, SiteState], inventory: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """Return the names of packages by ID: those of an inventory, and for the others what the logs told."""
    return {**{p: n for state in states.values() for p, n in state.names.items()}, **(inventory or {})}


def _badness(culprit: Culprit) -> tuple[int, int, float, Reference]:
    since = culprit.since if culprit.since is not None else float("inf")
    return -culprit.blocks, -len(culprit.sites), since, culprit.reference


def _site_report(
    state: SiteState, world: World, only: Filter, names: Mapping[str, str], gaps: Sequence[LostLines]
) -> SiteReport:
    blocked = [
        block
        for block in state.blocked.values()
        if only.seen(block.last_attempt)
        and only.concerns({block.task_sequence, *(missing.package for missing in block.missing)})
    ]
    waiting = [w for w in state.waiting.values() if only.seen(w.last_seen) and only.concerns({w.package})]
    errors = [e for e in state.source_errors.values() if only.seen(e.last_seen) and only.concerns({e.package})]
    causes = {(w.package, w.from_site, w.reason): why_late(w, state.site, world) for w in waiting}
    troubles = [replace(t, package=world.carried(state.site, t)) for t in state.transport.troubles.values()]
    return SiteReport(
        state.site,
        world.tree.parents.get(state.site, ""),
        state.site in world.tree.inferred,
        sorted(blocked, key=lambda block: block.task_sequence),
        sorted(waiting, key=lambda w: (w.package, w.from_site, w.reason)),
        {key: cause for key, cause in causes.items() if cause is not None},
        sorted(errors, key=lambda e: (e.package, e.reason)),
        sorted(
            (t for t in troubles if only.seen(t.last_seen) and (not t.package or only.concerns({t.package}))),
            key=lambda t: (t.site, t.kind, t.package, t.job),
        ),
        gaps,
        names,
    )


def _by_reference(sites: Iterable[SiteReport]) -> dict[Reference, list[tuple[str, Blocked]]]:
    found: dict[Reference, list[tuple[str, Blocked]]] = {}
    for site in sites:
        for block in site.blocked:
            for reference in block.missing:
                found.setdefault(reference, []).append((site.site, block))
    return found


def _culprit(
    reference: Reference,
    blocks: Sequence[tuple[str, Blocked]],
    world: World,
    names: Mapping[str, str],
) -> Culprit:
    since: dict[str, float | None] = {}
    last: dict[str, float | None] = {}
    for site, block in blocks:
        since[site] = earliest(since.get(site), block.since)
        last[site] = latest(last.get(site), block.last_attempt)
    cases = [Case(reference, site, since[site], last[site], world) for site in sorted(since)]
    findings = _findings(cases)
    sites = sorted(since)
    sequences = sorted({block.task_sequence for _, block in blocks})
    owner = owner_of(reference.package)
    name = names.get(reference.package, "")
    return Culprit(
        reference,
        owner,
        name,
        sites,
        sequences,
        len(blocks),
        min((time for time in since.values() if time is not None), default=None),
        findings,
        _remedy(findings[0].cause, Patient(reference, name, owner, sites, sequences), names),
        progress(world.states, reference.package),
        [site for site in sites if reference.package in world.states[site].blocked],
        [site for site in sites if (site, reference.package) in world.late],
    )


def _remedy(cause: Cause, patient: Patient, names: Mapping[str, str]) -> list[str]:
    """Return the steps for the package that the cause is of, which may lie behind the one that is missing."""
    if cause.behind is not None:
        package = cause.behind.package
        patient = replace(patient, reference=cause.behind, name=names.get(package, ""), owner=owner_of(package))
    return remedy(patient, cause)


def _findings(cases: Sequence[Case]) -> list[Finding]:
    """Return the different causes; what is wrong in one way at one place is one cause for all the sites behind it."""
    grouped: dict[tuple[str, str], tuple[Cause, list[str]]] = {}
    for case in cases:
        cause = diagnose(case)
        grouped.setdefault((cause.kind, cause.site), (cause, []))[1].append(case.site)
    findings = [Finding(cause, sites) for cause, sites in grouped.values()]
    return sorted(findings, key=lambda finding: -len(finding.sites))
