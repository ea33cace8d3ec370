"""A cause, the lines that prove it, and the case that it is sought for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

from exporter.replication.state import (
    Evidence,
    Fact,
    FactKind,
    Reference,
    SendJob,
    SendRequest,
    SiteState,
    Trouble,
    TroubleKind,
    Waiting,
    owner_of,
)
from exporter.replication.tree import Tree
from exporter.replication.win32 import in_words

SENT: Final = (FactKind.REPLICATING, FactKind.MINIJOB_CREATED, FactKind.INFORMATION_SENT, FactKind.SENT)
"""What shows that a package was sent, or handed over to be sent."""


_NOTIFIED = (FactKind.NOTIFIED, "")
_Carried = tuple[str, str, str, bool]
"""What a send request carries: the sending site, the package, the destination, and whether it is content."""


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
        refused: whether that site keeps the definition and does not send it on, for it fails at a distribution point.
        ended: whether what was wrong has been mended, as far as the lines tell.
        content: whether the definition has come and waits for the content, so that it is the content that must come.
        behind: the missing reference that the cause is of, where the package sought for is itself blocked by it.
    """

    kind: CauseKind
    certainty: Certainty
    site: str
    words: str
    evidence: tuple[Proof, ...] = ()
    destination: str = ""
    source_path: str = ""
    refused: bool = False
    ended: bool = False
    content: bool = False
    behind: Reference | None = None


class World:
    """Every site that is read, and the tree; what the search asks for again and again is looked up once.

    Attributes:
        states: by site code.
        tree: which site is whose parent.
    """

    def __init__(self, states: Mapping[str, SiteState], tree: Tree | None = None) -> None:
        self.states = states
        self.tree = tree or Tree()

    @cached_property
    def failing(self) -> Mapping[_Carried, SendRequest]:
        """Send requests that the sender fails with: by sending site, package, destination, and whether of content.

        One that a newer request for the same has overtaken is not among them: what it carries is there already.
        """
        found: dict[_Carried, SendRequest] = {}
        for key, request in self._requests:
            if request.failures and not request.done and not after(self._overtaken.get(key), request.since):
                found.setdefault(key, request)
        return found

    @cached_property
    def requested(self) -> Mapping[_Carried, float]:
        """When the scheduler last made a send request: by its site, package, destination, and whether of content."""
        return _newest(self._requests)

    @cached_property
    def open_requests(self) -> frozenset[_Carried]:
        """What send requests that have not been sent yet carry."""
        return frozenset(key for key, request in self._requests if not request.done)

    @cached_property
    def reached(self) -> Mapping[tuple[str, str], float]:
        """When anything was last sent: by the sending site and the destination."""
        found: dict[tuple[str, str], float] = {}
        for (site, _, destination, _), request in self._requests:
            if request.finished is not None:
                found[site, destination] = max(request.finished, found.get((site, destination), request.finished))
        return found

    @cached_property
    def _overtaken(self) -> Mapping[_Carried, float]:
        """When the newest request that has been sent was made."""
        return _newest([(key, request) for key, request in self._requests if request.done])

    @cached_property
    def _requests(self) -> Sequence[tuple[_Carried, SendRequest]]:
        """Every send request, and what it carries where."""
        found: list[tuple[_Carried, SendRequest]] = []
        for site, state in self.states.items():
            for request in state.transport.requests.values():
                job = state.transport.jobs.get(request.job)
                key = site, request.package, request.destination, job is not None and job.content
                found.append((key, request))
        return found

    @cached_property
    def put_off(self) -> Mapping[tuple[str, str, bool], Trouble]:
        """What the despooler keeps putting off: by its site, the package, and whether it is content.

        Its own lines name the job of the sending site, whose list of jobs tells the package.
        """
        found: dict[tuple[str, str, bool], Trouble] = {}
        for site, state in self.states.items():
            for trouble in state.transport.troubles.values():
                if trouble.kind is TroubleKind.DESPOOLER_RETRY and (package := self.carried(site, trouble)):
                    job = self._job(site, trouble)
                    # Only an instruction that brings content has told its package before it is put off.
                    content = bool(trouble.package) or (job is not None and job.content)
                    found.setdefault((site, package, content), trouble)
        return found

    @cached_property
    def by_sql(self) -> frozenset[str]:
        """Sites that get definitions by SQL, as since 2012: the database has told them of what they do not own."""
        told = {
            site: (p for p, facts in state.facts.items() if _NOTIFIED in facts) for site, state in self.states.items()
        }
        return frozenset(site for site, packages in told.items() if any(owner_of(p) != site for p in packages))

    @cached_property
    def lacking_information(self) -> frozenset[tuple[str, str]]:
        """Sites whose despooler holds content back until the information of its package comes, with the package."""
        return frozenset(
            (site, trouble.package)
            for site, state in self.states.items()
            for trouble in state.transport.troubles.values()
            if trouble.kind is TroubleKind.CONTENT_BEFORE_DEFINITION
        )

    def carried(self, site: str, trouble: Trouble) -> str:
        """Return the package that a trouble at a site is about, "" when no line tells, or when every package is."""
        job = self._job(site, trouble)
        return trouble.package or (job.package if job else "")

    def _job(self, site: str, trouble: Trouble) -> SendJob | None:
        sender = self.states.get(trouble.site or self.tree.parents.get(site, ""))
        return sender.transport.jobs.get(trouble.job) if sender and trouble.job else None

    @cached_property
    def late(self) -> Mapping[tuple[str, str], Waiting]:
        """Late content by site and package; of several reasons the first that came."""
        found: dict[tuple[str, str], Waiting] = {}
        for site, state in self.states.items():
            for waiting in state.waiting.values():
                found.setdefault((site, waiting.package), waiting)
        return found

    @cached_property
    def senders(self) -> frozenset[str]:
        """Sites whose logs show that packages are sent: where none do, that a package was not is no finding."""
        return frozenset(
            site
            for site, state in self.states.items()
            if any(kind in SENT for facts in state.facts.values() for kind, _ in facts)
        )


def _newest(requests: Sequence[tuple[_Carried, SendRequest]]) -> dict[_Carried, float]:
    """Return when the newest request for each thing was made."""
    found: dict[_Carried, float] = {}
    for key, request in requests:
        if request.since is not None:
            found[key] = max(request.since, found.get(key, request.since))
    return found


@dataclass(frozen=True, slots=True)
class Case:
    """One missing reference at one site.

    Attributes:
        reference: what is missing.
        site: where.
        since: when the first of the task sequences that lack it there began to fail.
        last_attempt: when one of them failed last.
        world: all that is known of the hierarchy.
    """

    reference: Reference
    site: str
    since: float | None
    last_attempt: float | None
    world: World

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
        return self.world.tree.route(self.owner, self.site) if self.owner else (self.site,)

    def state(self, site: str) -> SiteState | None:
        """Return what is known of a site, if its logs are read."""
        return self.world.states.get(site)

    def ended_before(self, time: float | None) -> bool:
        """Whether something that ended at that time was over when the block began."""
        return time is not None and self.since is not None and time <= self.since

    def facts(self, site: str, *kinds: FactKind) -> list[Fact]:
        """Return what a site's logs tell of the package, of the kinds given, oldest first."""
        state = self.state(site)
        facts = state.facts.get(self.package, {}).values() if state else ()
        return sorted((fact for fact in facts if fact.kind in kinds), key=lambda fact: fact.evidence.time or 0.0)

    def newest(self, site: str, kind: FactKind, subject: str = "") -> Fact | None:
        """Return the newest line of one kind that a site's logs tell of the package."""
        state = self.state(site)
        return state.facts.get(self.package, {}).get((kind, subject)) if state else None

    def written(self, site: str) -> Fact | None:
        """Return the newest line that shows a definition written at a site, refused at a distribution point or not."""
        written = self.facts(site, FactKind.DEFINITION_APPLIED, FactKind.DEFINITION_REFUSED)
        return written[-1] if written else None


def named(site: str) -> str:
    """Return a site for a sentence: a person may have given logs without saying, and they without telling, whose."""
    return site or "the site whose logs were read"


def after(time: float | None, other: float | None) -> bool:
    """Whether a time is known to be later than another."""
    return time is not None and other is not None and time > other


def later(fact: Fact | None, time: float | None) -> bool:
    """Whether a fact is known to be of a later time than something else."""
    return fact is not None and after(fact.evidence.time, time)


def win32_words(code: int | None) -> str:
    """Return a Win32 error for the end of a sentence, "" when there is none."""
    return f": {in_words(code)} (Win32 error {code})" if code else ""
