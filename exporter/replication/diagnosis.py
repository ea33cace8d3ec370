"""Why a program of a package is missing at a site: pure, from the states of every site that is read.

What counts as evidence, in time. A finding that stands counts. One that has ended counts only if it ended after the
block began, and only when nothing that stands explains the block: a source error mended before the block began is
history. A deletion counts for as long as the block lasts, for what was deleted does not come back by itself. Where a
time is not known, the evidence is taken to be in time.

A cause is *stated* when a line says what is wrong with this package or on its way, and *inferred* when it follows from
comparing lines, or from lines that are not there. That the stated fault is the cause of this block is our conclusion
in either case; a log never says so.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from exporter.replication.state import (
    Blocked,
    Evidence,
    Fact,
    FactKind,
    Reference,
    SiteState,
    SourceError,
    SourceReason,
    Trouble,
    TroubleKind,
    owner_of,
)
from exporter.replication.tree import Tree
from exporter.replication.win32 import in_words


class CauseKind(StrEnum):
    """Why a program of a package is missing at a site."""

    SOURCE_PATH_INACCESSIBLE = "source_path_inaccessible"
    SNAPSHOT_FAILED = "snapshot_failed"
    PROGRAM_DELETED = "program_deleted"
    NEVER_SENT = "never_sent"
    TRANSPORT = "transport"
    DEFINITION_OLD = "definition_old"
    CONTENT_LATE = "content_late"
    OWNER_NOT_READ = "owner_not_read"
    UNKNOWN = "unknown"


class Certainty(StrEnum):
    """How a cause is known."""

    STATED = "stated"
    INFERRED = "inferred"


@dataclass(frozen=True, slots=True)
class Proof:
    """A line, and the site whose log holds it."""

    site: str
    line: Evidence


@dataclass(frozen=True, slots=True)
class Cause:
    """Why one program of one package is missing at a site.

    Attributes:
        kind: what is wrong.
        certainty: whether a line states it.
        site: the site where it is wrong, which is where to look and mend; the owner where that is not known.
        words: the finding in a sentence, for a person.
        evidence: the lines that show it.
        destination: for a cause on the way between two sites, the site that does not get its files.
        source_path: for a cause in the package's source, the folder.
    """

    kind: CauseKind
    certainty: Certainty
    site: str
    words: str
    evidence: tuple[Proof, ...] = ()
    destination: str = ""
    source_path: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One missing reference at one site, and all that is known of the hierarchy.

    Attributes:
        reference: what is missing.
        site: where.
        since: when the first of the task sequences that lack it there began to fail.
        states: of every site that is read.
        tree: which site is whose parent.
    """

    reference: Reference
    site: str
    since: float | None
    states: Mapping[str, SiteState]
    tree: Tree = field(default_factory=Tree)

    @property
    def package(self) -> str:
        """The package whose program is missing."""
        return self.reference.package

    @property
    def owner(self) -> str:
        """The site that owns it, "" when its ID does not tell."""
        return owner_of(self.reference.package)

    @property
    def route(self) -> tuple[str, ...]:
        """The sites that its definition passes, from the owner to the site that lacks it."""
        return self.tree.route(self.owner, self.site) if self.owner else (self.site,)

    def ended_before(self, time: float | None) -> bool:
        """Whether something that ended at that time was over when the block began."""
        return time is not None and self.since is not None and time <= self.since

    def facts(self, site: str, *kinds: FactKind) -> list[Fact]:
        """Return what a site's logs tell of the package, of the kinds given, oldest first."""
        state = self.states.get(site)
        facts = state.facts.get(self.package, {}).values() if state else ()
        return sorted((fact for fact in facts if fact.kind in kinds), key=lambda fact: fact.evidence.time or 0.0)


def diagnose(case: Case) -> Cause:
    """Return why a reference is missing at a site. See the head of this module for what counts.

    The order of the search is the order in which a mend helps: what is gone or cannot be read at the owner cannot be
    sent; what is not sent cannot arrive; what waits for its content is not stored.
    """
    for look in _LOOKS:
        cause = look(case)
        if cause is not None:
            return cause
    if case.owner not in case.states:
        return _owner_not_read(case)
    words = f"the logs of {case.owner}, the owner, show nothing wrong with package {case.package}"
    return Cause(CauseKind.UNKNOWN, Certainty.INFERRED, case.owner, words)


def _program_deleted(case: Case) -> Cause | None:
    """Look for the deletion of the program, or of the whole package, on the way from the owner to the site."""
    for site in case.route:
        for fact in case.facts(site, FactKind.PROGRAM_DELETED, FactKind.DELETED):
            if fact.kind is FactKind.PROGRAM_DELETED and fact.subject != case.reference.program:
                continue
            what = f"program {fact.subject} of package" if fact.kind is FactKind.PROGRAM_DELETED else "package"
            words = f"{what} {case.package} was deleted at {site}"
            return Cause(CauseKind.PROGRAM_DELETED, Certainty.STATED, site, words, (Proof(site, fact.evidence),))
    return None


def _source_error(case: Case) -> Cause | None:
    state = case.states.get(case.owner)
    if state is None:
        return None
    standing = [state.source_errors.get((case.package, reason)) for reason in SourceReason]
    return next((_unreadable(case, error, Certainty.STATED) for error in standing if error is not None), None)


def _past_source_error(case: Case) -> Cause | None:
    """Look for a source error that lasted into the block and was mended: the new definition may be on its way."""
    state = case.states.get(case.owner)
    if state is None:
        return None
    past = [state.past_source_errors.get((case.package, reason)) for reason in SourceReason]
    ended = [error for error in past if error is not None and not case.ended_before(error.until)]
    return next((_unreadable(case, error, Certainty.INFERRED) for error in ended), None)


def _unreadable(case: Case, error: SourceError, certainty: Certainty) -> Cause:
    if error.reason is SourceReason.INACCESSIBLE:
        kind, words = CauseKind.SOURCE_PATH_INACCESSIBLE, f"{case.owner} cannot read the source of {case.package}"
    else:
        kind, words = CauseKind.SNAPSHOT_FAILED, f"{case.owner} could not take the snapshot of {case.package}"
    if error.source_path:
        words += f" from {error.source_path}"
    if error.win32_error is not None:
        words += f": {in_words(error.win32_error)} (Win32 error {error.win32_error})"
    if certainty is Certainty.INFERRED:
        words += "; it has read it since, but the program has not arrived"
    proofs = tuple(Proof(case.owner, line) for line in error.evidence)
    return Cause(kind, certainty, case.owner, words, proofs, source_path=error.source_path)


def _not_active(case: Case) -> Cause | None:
    """Look for a site on the way that a site above it does not regard as active, and sends nothing to."""
    for above, below in _hops(case):
        for trouble in _troubles(case, above, {below, case.site}, {TroubleKind.SITE_NOT_ACTIVE}):
            words = f"{above} does not send to {trouble.site}: it is not an active site there"
            return _on_the_way(CauseKind.NEVER_SENT, above, trouble, words)
    return None


_SENDING = {
    TroubleKind.NO_REQUEST_ID: "the scheduler of {site} cannot number its send requests, and sends nothing",
    TroubleKind.NO_ADDRESS: "{site} has no address of {other}",
    TroubleKind.PUT_ASIDE: "the sender of {site} cannot connect to {other} and leaves it alone for an hour at a time",
    TroubleKind.CONNECTION_FAILED: "the sender of {site} cannot connect to {other}",
}


def _transport(case: Case) -> Cause | None:
    for above, below in _hops(case):
        for trouble in _troubles(case, above, {below, case.site, ""}, _SENDING):
            words = _SENDING[trouble.kind].format(site=above, other=trouble.site or below)
            return _on_the_way(CauseKind.TRANSPORT, above, trouble, words)
        for trouble in _troubles(case, below, {above, case.owner, ""}, {TroubleKind.DESPOOLER_RETRY}):
            words = f"the despooler of {below} cannot yet carry out what {above} sent it"
            return _on_the_way(CauseKind.TRANSPORT, below, trouble, words)
    return None


def _hops(case: Case) -> Iterable[tuple[str, str]]:
    route = case.route
    return itertools.pairwise(route)


def _troubles(case: Case, site: str, others: set[str], kinds: Iterable[TroubleKind]) -> list[Trouble]:
    """Return the standing troubles of a site with others, about this package or every one, in the order of `kinds`."""
    state = case.states.get(site)
    if state is None:
        return []
    order = list(kinds)
    found = [
        trouble
        for trouble in state.transport.troubles.values()
        if trouble.kind in order and trouble.site in others and trouble.package in {"", case.package}
    ]
    return sorted(found, key=lambda trouble: order.index(trouble.kind))


def _on_the_way(kind: CauseKind, site: str, trouble: Trouble, words: str) -> Cause:
    if trouble.win32_error:
        words += f": {in_words(trouble.win32_error)} (Win32 error {trouble.win32_error})"
    proofs = tuple(Proof(site, line) for line in trouble.evidence)
    return Cause(kind, Certainty.STATED, site, words, proofs, destination=trouble.site)


def _content_late(case: Case) -> Cause | None:
    """Look for the package's content being late at the site, or on the way to it: its definition is put off for it."""
    for site in reversed(case.route):
        state = case.states.get(site)
        for waiting in state.waiting.values() if state else ():
            if waiting.package == case.package:
                whence = f" from {waiting.from_site}" if waiting.from_site else ""
                words = f"the content of {case.package} has not come to {site}{whence}"
                proofs = tuple(Proof(site, line) for line in waiting.evidence)
                return Cause(CauseKind.CONTENT_LATE, Certainty.STATED, site, words, proofs)
    return None


def _itself_blocked(case: Case) -> Cause | None:
    """Look whether the package is blocked at the site itself, by a program that it runs first: its cause is ours."""
    state = case.states.get(case.site)
    block = state.blocked.get(case.package) if state else None
    chain = _chain(case.states, case.site, case.reference)
    if block is None or not chain:
        return None
    deeper = diagnose(Case(chain[-1], case.site, block.since, case.states, case.tree))
    words = f"package {case.package} is itself blocked at {case.site} by {chain[-1].package}: {deeper.words}"
    proofs = (*(Proof(case.site, line) for line in block.evidence), *deeper.evidence)
    return Cause(deeper.kind, Certainty.INFERRED, deeper.site, words, proofs, deeper.destination, deeper.source_path)


def _chain(states: Mapping[str, SiteState], site: str, reference: Reference) -> list[Reference]:
    """Return the references that lie behind one: each is missing from the package of the one before; rings end it."""
    chain: list[Reference] = []
    seen = {reference.package}
    block: Blocked | None = states[site].blocked.get(reference.package)
    while block is not None and block.missing and block.missing[0].package not in seen:
        chain.append(block.missing[0])
        seen.add(block.missing[0].package)
        block = states[site].blocked.get(block.missing[0].package)
    return chain


def _definition_old(case: Case) -> Cause | None:
    """Compare the version of the package's row at the site with the owner's."""
    here, there = case.states.get(case.site), case.states.get(case.owner)
    if here is None or there is None or here is there:
        return None
    mine, theirs = here.versions.get(case.package), there.versions.get(case.package)
    old = _highest(mine.definition, mine.source) if mine else None
    new = _highest(theirs.definition, theirs.source) if theirs else None
    if old is None or new is None or old >= new:
        return None
    shown = case.facts(case.site, FactKind.DEFINITION_APPLIED)[-1:]
    sent = case.facts(case.owner, FactKind.CONTENT_WRITTEN, FactKind.REPLICATING, FactKind.PROCESSED)[-1:]
    proofs = tuple(
        Proof(site, fact.evidence) for site, facts in ((case.site, shown), (case.owner, sent)) for fact in facts
    )
    words = f"{case.site} has the definition of {case.package} in version {old}; {case.owner} has version {new}"
    return Cause(CauseKind.DEFINITION_OLD, Certainty.INFERRED, case.site, words, proofs)


def _highest(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else max(a, b)


_WORKED = (FactKind.CHANGED, FactKind.PROCESSED, FactKind.CONTENT_WRITTEN)
_SENT = (
    FactKind.REPLICATING,
    FactKind.SEND_STARTED,
    FactKind.MINIJOB_CREATED,
    FactKind.INFORMATION_SENT,
    FactKind.SENT,
)


def _never_sent(case: Case) -> Cause | None:
    """Look for an owner that worked on the package and handed nothing of it to the scheduler for the site."""
    if case.owner == case.site:
        return None
    worked = case.facts(case.owner, *_WORKED)
    towards = {"", *case.route[1:]}
    if not worked or any(fact.subject in towards for fact in case.facts(case.owner, *_SENT)):
        return None
    words = f"{case.owner} worked on package {case.package}, and no line shows that it sent it towards {case.site}"
    proofs = tuple(Proof(case.owner, fact.evidence) for fact in worked)
    return Cause(CauseKind.NEVER_SENT, Certainty.INFERRED, case.owner, words, proofs, case.site)


def _owner_not_read(case: Case) -> Cause:
    if case.owner:
        words = f"not known: the logs of {case.owner}, which owns package {case.package}, are not read here"
    else:
        words = f"not known: the owner of package {case.package} cannot be told from its ID"
    return Cause(CauseKind.OWNER_NOT_READ, Certainty.INFERRED, case.owner, words)


_LOOKS: tuple[Callable[[Case], Cause | None], ...] = (
    _program_deleted,
    _source_error,
    _not_active,
    _transport,
    _itself_blocked,
    _content_late,
    _definition_old,
    _never_sent,
    _past_source_error,
)
