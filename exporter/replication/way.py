"""What keeps a definition from getting from its owner to a site: the hops between them, one after another."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from exporter.replication.cause import Case, Cause, CauseKind, Certainty, Proof, after, later, win32_words
from exporter.replication.state import FactKind, Trouble, TroubleKind, WaitReason


def on_the_way(case: Case) -> Cause | None:
    """Look at each hop from the owner to the site for what keeps the definition from getting further."""
    for above, below in pairwise(case.route):
        for look in (_skipped, _given_up, _not_reached, _not_unpacked):
            cause = look(case, above, below)
            if cause is not None:
                return cause
    return None


def _skipped(case: Case, above: str, below: str) -> Cause | None:
    """Look whether the definition came and is put off until a newer version of the content comes."""
    state = case.state(below)
    waiting = state.waiting.get((case.package, "", WaitReason.NEWER_VERSION)) if state else None
    if waiting is None:
        return None
    words = f"{below} has the definition of {case.package} and puts it off until its content comes"
    proofs = [Proof(below, line) for line in waiting.evidence]
    behind = _not_reached(case, above, below) or _not_unpacked(case, above, below)
    if behind is not None:
        words += f"; {behind.words}"
        proofs += behind.evidence
    return Cause(CauseKind.CONTENT_LATE, Certainty.STATED, below, words, tuple(proofs), below)


def _given_up(case: Case, above: str, below: str) -> Cause | None:
    """Look whether the scheduler gave up the job, or nothing is sent to the site at all."""
    sent = case.newest(above, FactKind.SENT, below)
    for subject in (below, ""):
        fact = case.newest(above, FactKind.JOB_DROPPED, subject)
        if fact is not None and not later(sent, fact.evidence.time):
            words = f"the scheduler of {above} gave up the job that carries {case.package} to {below}"
            proofs = (Proof(above, fact.evidence),)
            return Cause(CauseKind.NEVER_SENT, Certainty.STATED, above, words, proofs, below)
    standing = (
        (TroubleKind.SITE_NOT_ACTIVE, f"{above} does not send to {below}: it is not an active site there"),
        (TroubleKind.NO_ADDRESS, f"{above} has no address of {below}"),
        (TroubleKind.NO_REQUEST_ID, f"the scheduler of {above} cannot number its send requests, and sends nothing"),
    )
    for kind, words in standing:
        trouble = _trouble(case, above, kind, "" if kind is TroubleKind.NO_REQUEST_ID else below)
        if trouble is not None:
            return _troubled(case, Cause(CauseKind.NEVER_SENT, Certainty.STATED, above, words, (), below), trouble)
    return None


def _not_reached(case: Case, above: str, below: str) -> Cause | None:
    """Look whether the sender fails with a request that carries the package, or cannot reach the site at all."""
    request = case.world.failing.get((above, case.package, below))
    if request is not None:
        words = f"the sender of {above} has not been able to carry {case.package} to {below}"
        proofs = tuple(Proof(above, failure.line) for failure in request.failures)
        codes = [failure.win32_error for failure in request.failures if failure.win32_error]
        words += win32_words(codes[-1] if codes else None)
        return Cause(CauseKind.TRANSPORT, Certainty.STATED, above, words, proofs, below)
    for kind in (TroubleKind.PUT_ASIDE, TroubleKind.CONNECTION_FAILED):
        trouble = _trouble(case, above, kind, below)
        if trouble is not None:
            words = f"the sender of {above} cannot connect to {below}"
            return _troubled(case, Cause(CauseKind.TRANSPORT, Certainty.STATED, above, words, (), below), trouble)
    return None


def _not_unpacked(case: Case, above: str, below: str) -> Cause | None:
    """Look whether the despooler keeps putting off a job that carries the package, by the sender's list of jobs."""
    trouble = case.world.put_off.get((below, case.package))
    if trouble is None:
        return None
    words = f"the despooler of {below} cannot carry out the job of {above} that brings {case.package}"
    return _troubled(case, Cause(CauseKind.TRANSPORT, Certainty.STATED, below, words, (), below), trouble)


def _trouble(case: Case, site: str, kind: TroubleKind, other: str) -> Trouble | None:
    state = case.state(site)
    return state.transport.troubles.get((kind, other, "")) if state else None


def _troubled(case: Case, cause: Cause, trouble: Trouble) -> Cause:
    """Return a cause with the lines of the trouble behind it.

    A trouble with all that goes one way, which began after the block did, keeps a mended package from arriving; that
    it kept the package away in the first place is not stated.
    """
    of_all = trouble.kind is not TroubleKind.DESPOOLER_RETRY
    certainty = Certainty.INFERRED if of_all and after(trouble.since, case.since) else cause.certainty
    words = cause.words + win32_words(trouble.win32_error)
    proofs = tuple(Proof(cause.site, line) for line in trouble.evidence)
    return replace(cause, certainty=certainty, words=words, evidence=proofs)
