"""Why a program of a package is missing at a site: pure, from the states of every site that is read.

The search goes the way of the definition: what its owner cannot read cannot be sent; what is given up or held on the
way cannot arrive; what waits for its content is not stored. The first fault on that way is the cause.

What counts as evidence, in time. A finding that stands counts. A source error that has ended counts only if it ended
after the block began, and only when nothing that stands explains the block: one mended before is history. A job that
was given up counts until the package is sent to that site again, or a send request is made to send it; a deletion
until a later definition of the package is written there, for its programs come with it. Where a time is not known, the
evidence is taken to be in time.

A cause is *stated* when a line says what is wrong with this package or with everything on its way, and *inferred* when
it follows from comparing lines, from lines that are not there, or when a fault of the way began after the block did.
That the stated fault is the cause of this block is our conclusion in either case; a log never says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from exporter.replication.cause import (
    SENT,
    Case,
    Cause,
    CauseKind,
    Certainty,
    Proof,
    World,
    after,
    later,
    named,
    win32_words,
)
from exporter.replication.compared import definition_old, not_in_definition, stopped
from exporter.replication.state import FactKind, Reference, SiteState, SourceError, SourceReason, Waiting
from exporter.replication.way import closed, held, keeps_content, passed

__all__ = ["Case", "Cause", "CauseKind", "Certainty", "Proof", "World", "diagnose", "why_late"]

_Look = Callable[[Case], Cause | None]


def diagnose(case: Case) -> Cause:
    """Return why a reference is missing at a site. See the head of this module for what counts."""
    return _search(case, (*_LOOKS[:_BLOCKED_ITSELF], _itself_blocked, *_LOOKS[_BLOCKED_ITSELF:]))


def why_late(waiting: Waiting, site: str, world: World) -> Cause | None:
    """Return what keeps content from a site that waits for it; nothing where no line tells: it may be on its way."""
    case = Case(Reference(waiting.package, ""), site, waiting.since, waiting.last_seen, world)
    return (_source_error(case) or keeps_content(case, waiting.version)) if case.owner else None


def _search(case: Case, looks: Sequence[_Look]) -> Cause:
    for look in looks:
        cause = look(case)
        if cause is not None:
            return cause
    if not case.owner or case.owner not in case.world.states:
        return _owner_not_read(case)
    return _unknown(case)


def _program_deleted(case: Case) -> Cause | None:
    """Look for the deletion of the program, or of the whole package, on the way from the owner to the site."""
    for site in case.route:
        come = case.written(site), case.newest(site, FactKind.NOTIFIED)
        for fact in case.facts(site, FactKind.PROGRAM_DELETED, FactKind.DELETED):
            whole = fact.kind is FactKind.DELETED
            if (not whole and fact.subject != case.reference.program) or any(
                later(definition, fact.evidence.time) for definition in come
            ):
                continue
            what = "package" if whole else f"program {fact.subject} of package"
            words = f"{what} {case.package} was deleted at {named(site)}"
            return Cause(CauseKind.PROGRAM_DELETED, Certainty.STATED, site, words, (Proof(site, fact.evidence),))
    return None


def _source_error(case: Case) -> Cause | None:
    state = case.state(case.owner)
    if state is None:
        return None
    standing = [state.source_errors.get((case.package, reason)) for reason in SourceReason]
    return next((_unreadable(case, error) for error in standing if error is not None), None)


def _past_source_error(case: Case) -> Cause | None:
    """Look for a source error that lasted into the block and was mended: the new definition may be on its way."""
    state = case.state(case.owner)
    if state is None:
        return None
    past = [state.past_source_errors.get((case.package, reason)) for reason in SourceReason]
    ended = [error for error in past if error is not None and not case.ended_before(error.until)]
    return next((_unreadable(case, error, ended=True) for error in ended), None)


def _unreadable(case: Case, error: SourceError, *, ended: bool = False) -> Cause:
    if error.reason is SourceReason.INACCESSIBLE:
        kind, fault = CauseKind.SOURCE_PATH_INACCESSIBLE, "could not read" if ended else "cannot read"
        words = f"{named(case.owner)} {fault} the source of {case.package}"
    else:
        what = "make the compressed copy" if error.reason is SourceReason.COMPRESSION else "take the snapshot"
        kind, words = CauseKind.SNAPSHOT_FAILED, f"{named(case.owner)} could not {what} of {case.package}"
    if error.source_path:
        words += f" from {error.source_path}"
    words += win32_words(error.win32_error)
    if ended:
        words += "; it has read it since, but the program has not arrived"
    certainty = Certainty.INFERRED if ended else Certainty.STATED
    proofs = tuple(Proof(case.owner, line) for line in error.evidence)
    return Cause(kind, certainty, case.owner, words, proofs, source_path=error.source_path, ended=ended)


def _content_late(case: Case) -> Cause | None:
    """Look for content that is late at the site itself.

    The line tells that the package's row is there, so late content does not explain a missing program by itself; it
    shows that the package has not come as a whole.
    """
    waiting = case.world.late.get((case.site, case.package))
    if waiting is None:
        return None
    whence = f" from {waiting.from_site}" if waiting.from_site else ""
    words = f"the content of {case.package} has not come to {named(case.site)}{whence}"
    proofs = tuple(Proof(case.site, line) for line in waiting.evidence)
    return Cause(CauseKind.CONTENT_LATE, Certainty.INFERRED, case.site, words, proofs, case.site)


def _itself_blocked(case: Case) -> Cause | None:
    """Look whether the package is itself blocked by a program that it runs first: its cause is ours.

    A site on the way at which it is blocked does not send it on, so the site nearest to the owner counts.
    """
    return next(filter(None, (_blocked_at(case, site) for site in case.route)), None)


def _blocked_at(case: Case, site: str) -> Cause | None:
    state = case.state(site)
    chain = _chain(state, case.package) if state else []
    if state is None or not chain:
        return None
    block = state.blocked[case.package]
    last = chain[-1]
    deeper = _search(Case(last, site, block.since, block.last_attempt, case.world), _LOOKS)
    words = f"package {case.package} is itself blocked at {named(site)} by {last.package}: {deeper.words}"
    proofs = (*(Proof(site, line) for line in block.evidence), *deeper.evidence)
    return replace(deeper, certainty=Certainty.INFERRED, words=words, evidence=proofs, behind=last)


def _chain(state: SiteState, package: str) -> list[Reference]:
    """Return the references that lie behind a block, each missing from the one before; a ring ends it."""
    chain: list[Reference] = []
    seen = {package}
    block = state.blocked.get(package)
    while block is not None and block.missing and block.missing[0].package not in seen:
        chain.append(block.missing[0])
        seen.add(block.missing[0].package)
        block = state.blocked.get(block.missing[0].package)
    return chain


def _arrived(case: Case) -> Cause | None:
    """Look whether the definition was written since the last try: the block may be over with the next."""
    written = case.written(case.site)
    if written is None or not after(written.evidence.time, case.last_attempt):
        return None
    whole = written.kind is FactKind.DEFINITION_APPLIED
    how = "went through" if whole else "was written, though refused at a distribution point,"
    words = f"the definition of {case.package} {how} at {named(case.site)} after the last try; the next one may succeed"
    return Cause(CauseKind.UNKNOWN, Certainty.INFERRED, case.owner, words, (Proof(case.site, written.evidence),))


_WORKED = (FactKind.ADDED, FactKind.UPDATED, FactKind.CHANGED, FactKind.PROCESSED, FactKind.CONTENT_WRITTEN)


def _never_sent(case: Case) -> Cause | None:
    """Look for an owner that worked on the package and handed nothing of it to the scheduler for the site."""
    if case.owner == case.site or case.owner not in case.world.senders:
        return None
    worked = case.facts(case.owner, *_WORKED)
    towards = {"", *case.route[1:]}
    if not worked or any(fact.subject in towards for fact in case.facts(case.owner, *SENT)):
        return None
    words = (
        f"{named(case.owner)} worked on package {case.package}, and no line shows that it sent it to {named(case.site)}"
    )
    proofs = tuple(Proof(case.owner, fact.evidence) for fact in worked)
    return Cause(CauseKind.NEVER_SENT, Certainty.INFERRED, case.owner, words, proofs, case.site)


def _unknown(case: Case) -> Cause:
    failed = case.newest(case.owner, FactKind.PROCESSING_FAILED)
    done = case.newest(case.owner, FactKind.PROCESSED)
    if failed is not None and not later(done, failed.evidence.time):
        words = f"{named(case.owner)} failed to process package {case.package} (status message 2302); no line says why"
        return Cause(CauseKind.UNKNOWN, Certainty.INFERRED, case.owner, words, (Proof(case.owner, failed.evidence),))
    words = f"the logs of {named(case.owner)}, the owner, show nothing wrong with package {case.package}"
    sent = case.newest(case.owner, FactKind.REPLICATING)
    missed = next((site for site in case.route[1:] if case.state(site) and not passed(case, site)), "")
    if sent is None or not missed:
        return Cause(CauseKind.UNKNOWN, Certainty.INFERRED, case.owner, words)
    words += f"; it sent the definition, and no line shows that it has come to {missed}"
    return Cause(CauseKind.UNKNOWN, Certainty.INFERRED, case.owner, words, (Proof(case.owner, sent.evidence),))


def _owner_not_read(case: Case) -> Cause:
    if case.owner:
        words = f"not known: the logs of {case.owner}, which owns package {case.package}, are not read here"
    else:
        words = f"not known: the owner of package {case.package} cannot be told from its ID"
    return Cause(CauseKind.OWNER_NOT_READ, Certainty.INFERRED, case.owner, words)


_LOOKS: tuple[_Look, ...] = (
    _arrived,
    _source_error,
    _program_deleted,
    held,
    stopped,
    closed,
    not_in_definition,
    definition_old,
    _past_source_error,
    _never_sent,
    _content_late,
)
_BLOCKED_ITSELF = _LOOKS.index(not_in_definition)
"""Where to look whether the package is blocked itself; not done for what lies behind such a block."""
