"""What keeps a definition from getting from its owner to a site: the hops between them, one after another."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from exporter.replication.cause import Case, Cause, CauseKind, Certainty, Proof, after, later, named, win32_words
from exporter.replication.state import Fact, FactKind, Trouble, TroubleKind, WaitReason


def held(case: Case) -> Cause | None:
    """Look at each hop from the owner to the site for what keeps this package from getting over it."""
    for above, below in _hops(case):
        cause = _held(case, above, below, content=False) or _skipped(case, below)
        if cause is not None:
            return cause
    return None


def closed(case: Case) -> Cause | None:
    """Look for a hop over which nothing at all goes. What lines say of the package itself goes before that."""
    return next(filter(None, (_closed(case, above, below) for above, below in _hops(case))), None)


def keeps_content(case: Case, wanted: int | None) -> Cause | None:
    """Look for what keeps content of the package from getting over the first hop that it has not passed.

    Args:
        case: the package and the site.
        wanted: the version that is waited for; None where no line tells it.
    """
    owner = case.state(case.owner)
    told = owner.versions.get(case.package) if owner else None
    newest = wanted if wanted is not None else told.content if told else None
    for above, below in pairwise(case.route):
        if case.state(below) is None or _has_content(case, below, newest):
            continue
        return _held(case, above, below, content=True) or _closed(case, above, below)
    return None


def _has_content(case: Case, site: str, wanted: int | None) -> bool:
    state = case.state(site)
    told = state.versions.get(case.package) if state else None
    return wanted is not None and told is not None and told.content is not None and told.content >= wanted


def _hops(case: Case) -> list[tuple[str, str]]:
    """Return the hops that the owner's newest definition has still before it, and over which files bring it."""
    left = ((above, below) for above, below in pairwise(case.route) if not passed(case, below))
    return [(above, below) for above, below in left if below not in case.world.by_sql]


def passed(case: Case, below: str) -> bool:
    """Whether the owner's newest definition is at a site: what is wrong above that is not in its way.

    It was written there; or it came by SQL, as it does since 2012, and the database told so.
    """
    sent = case.newest(case.owner, FactKind.REPLICATING)
    arrived = (case.written(below), case.newest(below, FactKind.NOTIFIED))
    return sent is not None and any(later(fact, sent.evidence.time) for fact in arrived)


def _held(case: Case, above: str, below: str, *, content: bool) -> Cause | None:
    """Look at one hop for what keeps this package's definition, or its content, from getting over it."""
    return (
        _left_out(case, above, below, content=content)
        or _given_up(case, above, below, content=content)
        or _not_carried(case, above, below, content=content)
        or _not_unpacked(case, above, below, content=content)
    )


def _skipped(case: Case, below: str) -> Cause | None:
    """Look whether the definition came and is put off until a newer version of the content comes, and where that is."""
    state = case.state(below)
    waiting = state.waiting.get((case.package, "", WaitReason.NEWER_VERSION)) if state else None
    if waiting is None:
        return None
    words = f"{named(below)} has the definition of {case.package} and puts it off until its content comes"
    proofs = tuple(Proof(below, line) for line in waiting.evidence)
    for above, hop in pairwise(case.route[: case.route.index(below) + 1]):
        behind = _held(case, above, hop, content=True) or _closed(case, above, hop)
        if behind is not None:
            words = f"{words}; {behind.words}"
            return replace(behind, words=words, evidence=(*behind.evidence, *proofs), content=True)
    return Cause(CauseKind.CONTENT_LATE, Certainty.STATED, below, words, proofs, below, content=True)


def _left_out(case: Case, above: str, below: str, *, content: bool) -> Cause | None:
    """Look whether distribution manager left the site out when it worked on the package, and has not sent it since."""
    fact = case.newest(above, FactKind.SITE_LEFT_OUT, below)
    handed = FactKind.MINIJOB_CREATED if content else FactKind.INFORMATION_SENT
    if fact is None or later(case.newest(above, handed, below), fact.evidence.time):
        return None
    if content and (above, case.package) in case.world.late:  # it has none itself, and so left out the definition only
        return None
    words = f"{above} did not send {case.package} to {named(below)}: it was not an active site there"
    return Cause(CauseKind.NEVER_SENT, Certainty.STATED, above, words, (Proof(above, fact.evidence),), below)


def _given_up(case: Case, above: str, below: str, *, content: bool) -> Cause | None:
    """Look whether the scheduler gave up the job, and has made no send request since.

    A line that names no site is of the site's own job only if the one is known to be the other's parent: else the job
    may have gone to any.
    """
    is_parent = case.world.tree.parents.get(below) == above
    for subject in (below, "") if is_parent else (below,):
        fact = case.newest(above, FactKind.JOB_DROPPED, subject)
        if fact is None or _sent_since(case, fact, above, below, content=content):
            continue
        if content and not _handed_over(case, fact, above, below):
            continue
        words = f"the scheduler of {above} gave up the job that carries {case.package} to {named(below)}"
        proofs = (Proof(above, fact.evidence),)
        return Cause(CauseKind.NEVER_SENT, Certainty.STATED, above, words, proofs, below)
    return None if is_parent else _given_up_beside(case, above, below, content=content)


def _handed_over(case: Case, dropped: Fact, above: str, below: str) -> bool:
    """Whether content for a site had been handed to the scheduler when it gave up a job: else the job was another.

    Where no line tells of what was handed to it at all, it is taken to have been.
    """
    created = case.newest(above, FactKind.MINIJOB_CREATED, below)
    if created is None:
        return not case.facts(above, FactKind.MINIJOB_CREATED, FactKind.INFORMATION_SENT)
    return not later(created, dropped.evidence.time)


def _given_up_beside(case: Case, above: str, below: str, *, content: bool) -> Cause | None:
    """Look for a job to another site, which may stand on the way to this one: no line tells the whole way."""
    for fact in reversed(case.facts(above, FactKind.JOB_DROPPED)):
        through = fact.subject
        if not through or _sent_since(case, fact, above, through, content=content):
            continue
        words = (
            f"the scheduler of {above} gave up the job that carries {case.package} to {named(through)}; no line tells "
            f"whether {named(below)} gets its files by way of {named(through)}"
        )
        proofs = (Proof(above, fact.evidence),)
        return Cause(CauseKind.NEVER_SENT, Certainty.INFERRED, above, words, proofs, through)
    return None


def _sent_since(case: Case, dropped: Fact, above: str, below: str, *, content: bool) -> bool:
    """Whether what a job that was given up carried is sent, or to be sent, by a later one.

    A line of the sender does not tell definition from content, so for content only the scheduler's requests count; one
    that is still open will bring it, though it may be older than the job that was given up.
    """
    key = above, case.package, below, content
    if after(case.world.requested.get(key), dropped.evidence.time):
        return True
    if content:
        return key in case.world.open_requests
    return later(case.newest(above, FactKind.SENT, below), dropped.evidence.time)


def _not_carried(case: Case, above: str, below: str, *, content: bool) -> Cause | None:
    """Look whether the sender fails with a request that carries the package."""
    request = case.world.failing.get((above, case.package, below, content))
    if request is None:
        return None
    codes = [failure.win32_error for failure in request.failures if failure.win32_error]
    words = f"the sender of {above} has not been able to carry {case.package} to {named(below)}"
    words += win32_words(codes[-1] if codes else None)
    reached = after(case.world.reached.get((above, below)), request.failures[-1].line.time)
    if reached:
        words += "; it has carried others there since, and tries this one again within an hour of its last try"
    proofs = tuple(Proof(above, failure.line) for failure in request.failures)
    return Cause(CauseKind.TRANSPORT, Certainty.STATED, above, words, proofs, below, ended=reached)


def _not_unpacked(case: Case, above: str, below: str, *, content: bool) -> Cause | None:
    """Look whether the despooler keeps putting off a job that carries the package, by the sender's list of jobs."""
    trouble = case.world.put_off.get((below, case.package, content))
    if trouble is None:
        return None
    words = f"the despooler of {named(below)} cannot carry out the job of {above} that brings {case.package}"
    return _troubled(case, Cause(CauseKind.TRANSPORT, Certainty.STATED, below, words, (), below), trouble)


def _closed(case: Case, above: str, below: str) -> Cause | None:
    """Look whether nothing at all goes over a hop."""
    never, transport = CauseKind.NEVER_SENT, CauseKind.TRANSPORT
    standing = (
        (
            TroubleKind.SITE_NOT_ACTIVE,
            below,
            never,
            f"{above} does not send to {named(below)}: it is not an active site there",
        ),
        (TroubleKind.NO_ADDRESS, below, never, f"{above} has no address of {named(below)}"),
        (
            TroubleKind.NO_REQUEST_ID,
            "",
            never,
            f"the scheduler of {above} cannot number its requests, and sends nothing",
        ),
        (
            TroubleKind.SCHEDULER_STOPPED,
            "",
            never,
            f"the scheduler of {above} cannot take up its jobs, and sends nothing",
        ),
        (TroubleKind.PUT_ASIDE, below, transport, f"the sender of {above} cannot connect to {named(below)}"),
        (TroubleKind.CONNECTION_FAILED, below, transport, f"the sender of {above} cannot connect to {named(below)}"),
    )
    state = case.state(above)
    for trouble_kind, other, kind, words in standing:
        trouble = state.transport.troubles.get((trouble_kind, other, "")) if state else None
        if trouble is not None:
            # Where no line tells the whole way, files may come to the site by another.
            told = case.world.tree.parents.get(below) == above
            certainty = Certainty.STATED if told else Certainty.INFERRED
            return _troubled(case, Cause(kind, certainty, above, words, (), below), trouble)
    return None


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
