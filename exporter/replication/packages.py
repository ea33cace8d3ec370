"""What is told of single packages: versions, names, facts; and which packages are remembered at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from exporter.events.event import Event
from exporter.replication.limits import MAX_ALL_FACTS, MAX_FACTS, count, evidence_of
from exporter.replication.state import Fact, FactKind, SiteState, Tally, Versions

What = Literal["definition", "content", "source"]


@dataclass(slots=True)
class Known:
    """Log times behind what is kept of one package, so that a line read late does not undo a newer one.

    Attributes:
        told: log time of the line that told each version, and the name; None when the line has no time.
        deleted: log time of its deletion: what older lines of other logs tell is no longer so.
        wanted: the version of the content that the site lacks, as the latest "Processing package" line tells.
        held: the version of the content that the site has, as the latest "StoredPkgVersion" line tells.
    """

    told: dict[str, float | None] = field(default_factory=dict)
    deleted: float | None = None
    wanted: int | None = None
    held: int | None = None

    def takes(self, what: str, time: float | None) -> bool:
        """Whether a line may replace what was told; of lines without a time the one that is read last counts."""
        if time is None:
            return True
        if self.deleted is not None and time < self.deleted:
            return False
        told = self.told.get(what)
        return told is None or time >= told


@dataclass(slots=True)
class Packages:
    """Every package that anything is kept about, the one heard of longest ago first, and how many facts there are."""

    known: dict[str, Known] = field(default_factory=dict)
    facts: int = 0

    def touch(self, package: str) -> Known:
        """Return what is known of a package, which is now the one heard of last."""
        known = self.known.pop(package, None)
        if known is None:
            known = Known()
        self.known[package] = known
        return known

    def least(self, state: SiteState) -> str:
        """Return the package to forget when there are too many: of those longest unheard of, one that is not stuck."""
        stuck = {*state.blocked, *(key[0] for key in state.waiting), *(key[0] for key in state.source_errors)}
        return next((package for package in self.known if package not in stuck), next(iter(self.known)))

    def forget(self, state: SiteState, package: str) -> None:
        """Drop all that is known of a package here, and count that it was dropped."""
        del self.known[package]
        state.versions.pop(package, None)
        state.names.pop(package, None)
        self._forget_facts(state, package)
        count(state, Tally.DROPPED, ("packages",))

    def _forget_facts(self, state: SiteState, package: str) -> None:
        self.facts -= len(state.facts.pop(package, ()))

    def version(self, state: SiteState, package: str, what: What, number: int | None, time: float | None) -> None:
        """Note a version that a line tells."""
        known = self.touch(package)
        if number is None or not known.takes(what, time):
            return
        versions = state.versions.get(package)
        if versions is None:
            versions = state.versions[package] = Versions()
        if time is not None and time == known.told.get(what):
            standing: int | None = getattr(versions, what)
            number = number if standing is None else max(number, standing)  # of two logs, either may be read first
        setattr(versions, what, number)
        known.told[what] = time

    def name(self, state: SiteState, package: str, name: str, time: float | None) -> None:
        """Note the name that a line tells."""
        known = self.touch(package)
        if not name or not known.takes("name", time):
            return
        if time is not None and time == known.told.get("name"):
            name = max(name, state.names.get(package, ""))
        state.names[package] = name
        known.told["name"] = time

    def fact(self, state: SiteState, package: str, fact: Fact) -> None:
        """Keep a fact as the newest of its kind about this package and subject."""
        kind, subject, _, (_, _, time, _) = fact
        known = self.touch(package)
        if time is not None and known.deleted is not None and time < known.deleted:
            return
        facts, key = state.facts.get(package), (kind, subject)
        if facts is None:
            facts = state.facts[package] = {}
        standing = facts.pop(key, None)
        if standing is not None:
            facts[key] = standing if time is not None and time < _order(standing) else fact
            return
        facts[key] = fact
        if len(facts) > MAX_FACTS:
            # Of what there is one for each child site, the oldest says least.
            del facts[min(facts, key=lambda key: (not key[1], _order(facts[key])))]
        else:
            self.facts += 1
        if self.facts > MAX_ALL_FACTS:
            self._forget_facts(state, next(other for other in self.known if other in state.facts))
            count(state, Tally.DROPPED, ("facts",))

    def deleted(self, state: SiteState, package: str, event: Event) -> None:
        """Forget what was told before a package's deletion; what another log told later is of its successor."""
        known = self.touch(package)
        known.deleted, known.wanted, known.held = event.time, None, None

        def stale(time: float | None) -> bool:
            return time is None or event.time is None or time <= event.time

        versions = state.versions.get(package)
        for what in [what for what, time in known.told.items() if stale(time)]:
            del known.told[what]
            if what == "name":
                state.names.pop(package, None)
            elif versions is not None:
                setattr(versions, what, None)
        if versions == Versions():
            del state.versions[package]
        facts = state.facts.get(package, {})
        old = [key for key, fact in facts.items() if stale(fact.evidence.time)]
        for key in old:
            del facts[key]
        self.facts -= len(old)
        self.fact(state, package, fact_of(FactKind.DELETED, event))


def fact_of(kind: FactKind, event: Event, subject: str = "", version: int | None = None) -> Fact:
    """Return the line of an event as a fact."""
    return tuple.__new__(Fact, (kind, subject, version, evidence_of(event)))  # as there


def _order(fact: Fact) -> float:
    return fact.evidence.time if fact.evidence.time is not None else float("-inf")
