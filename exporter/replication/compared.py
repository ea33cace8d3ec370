"""How far a definition has come, by comparing what the logs of several sites tell of it."""

from __future__ import annotations

from exporter.replication.cause import Case, Cause, CauseKind, Certainty, Proof, after, later, named
from exporter.replication.state import Fact, FactKind


def not_in_definition(case: Case) -> Cause | None:
    """Look whether the owner's newest definition went through at the site, and the program was missing after that."""
    applied = case.newest(case.site, FactKind.DEFINITION_APPLIED)
    sent = case.newest(case.owner, FactKind.REPLICATING)
    if applied is None or sent is None or case.owner == case.site:
        return None
    if not later(applied, sent.evidence.time) or not after(case.last_attempt, applied.evidence.time):
        return None
    words = (
        f"{named(case.site)} has stored the newest definition of {case.package} that {named(case.owner)} sent, and the "
        "program is not in it: it was deleted or renamed there, or never made"
    )
    proofs = (Proof(case.owner, sent.evidence), Proof(case.site, applied.evidence))
    return Cause(CauseKind.PROGRAM_DELETED, Certainty.INFERRED, case.owner, words, proofs)


def _had_one(case: Case, stored: Fact | None) -> bool:
    """Whether an older definition stands at the site: it went through, or the package is older than the owner's log."""
    new = case.newest(case.owner, FactKind.ADDED)
    return stored is not None or (new is None and case.newest(case.owner, FactKind.UPDATED) is not None)


def _stop(case: Case) -> tuple[str, Fact] | None:
    """Return the first site between that the newest definition got no further than, or not to, and its line on that.

    One that has not stored it as a whole does not begin to process the package, and so does not send it to the sites
    below. Where the despooler holds content back until the package's information comes, that has not come. At the site
    itself such a line shows the block, and not its cause.
    """
    for site in case.route[1:-1]:
        written = case.written(site)
        if written is not None and written.kind is FactKind.DEFINITION_REFUSED:
            return site, written
        awaited = case.newest(site, FactKind.INFORMATION_AWAITED)
        if awaited is not None and (site, case.package) in case.world.lacking_information:
            return site, awaited
    return None


def stopped(case: Case) -> Cause | None:
    """Look for a site between of which a line says that the newest definition did not get further, or not there."""
    found = _stop(case)
    if found is None or case.state(case.site) is None:
        return None
    stop, line = found
    stored, sent = case.written(case.site), case.newest(case.owner, FactKind.REPLICATING)
    words = _older(case, stored, sent)
    if not words and (stored is None or (later(sent, stored.evidence.time) and later(line, stored.evidence.time))):
        words = f"the definition of {case.package} has not come to {named(case.site)}"
    if not words:
        return None
    refused = line.kind is FactKind.DEFINITION_REFUSED
    if refused:
        words += f"; {stop}, on the way, fails with it at a distribution point, and so does not send it on"
    else:
        words += f"; it has not come to {stop}, on the way, where the despooler holds the content back until it does"
    proofs = _proofs((case.site, stored), (case.owner, sent), (stop, line))
    return Cause(CauseKind.DEFINITION_OLD, Certainty.INFERRED, stop, words, proofs, case.site, refused=refused)


def definition_old(case: Case) -> Cause | None:
    """Compare the version of the package's row at the site with the owner's, and when each last changed."""
    if case.site == case.owner:
        return None
    stored, sent = case.written(case.site), case.newest(case.owner, FactKind.REPLICATING)
    words = _older(case, stored, sent)
    if not words:
        return None
    proofs = _proofs((case.site, stored), (case.owner, sent))
    return Cause(CauseKind.DEFINITION_OLD, Certainty.INFERRED, case.site, words, proofs, case.site)


def _proofs(*lines: tuple[str, Fact | None]) -> tuple[Proof, ...]:
    return tuple(Proof(site, fact.evidence) for site, fact in lines if fact is not None)


def _older(case: Case, stored: Fact | None, sent: Fact | None) -> str:
    """Say that the site has an older definition than the owner, "" when no line shows that it has."""
    here, there = case.state(case.site), case.state(case.owner)
    if here is None or there is None:
        return ""
    mine, theirs = here.versions.get(case.package), there.versions.get(case.package)
    told = ((mine.definition, theirs.definition), (mine.source, theirs.source)) if mine and theirs else ()
    older = [(old, new) for old, new in told if old is not None and new is not None and old < new]
    behind, owner = named(case.site), named(case.owner)
    if older:
        old, new = older[0]
        return f"{behind} has the definition of {case.package} in version {old}; {owner} has version {new}"
    if sent is not None and _had_one(case, stored) and not later(stored, sent.evidence.time):
        return f"{owner} sent a definition of {case.package} that has not gone through at {behind} yet"
    return ""
