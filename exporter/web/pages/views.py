"""What each page shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from exporter.collector.site import EXPECTED_LOG
from exporter.logs.health import LogHealth
from exporter.replication.state import Blocked, Fact, SourceError, Versions, Waiting
from exporter.report.changes import History
from exporter.report.condition import Condition, Doubt, conditions, doubts_of
from exporter.report.hierarchy import Culprit, progress
from exporter.report.picture import Picture
from exporter.report.words import count, duration, log_file, stuck_in_words, when
from exporter.web.pages.drawing import NODE_HEIGHT, NODE_WIDTH, draw, order
from exporter.web.pages.links import Links
from exporter.web.pages.templates import render

MOST_CULPRITS: Final = 50
MOST_ROWS: Final = 200
MOST_CHANGES: Final = 20
MOST_CARDS: Final = 10
MOST_PROOFS: Final = 4


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to "is anything stuck?", to be seen at a glance.

    Attributes:
        mood: bad, poor, doubt or good.
        headline: the answer.
        more: further sentences.
    """

    mood: str
    headline: str
    more: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """How far a package has come at one site.

    Attributes:
        site, depth: the site and its place in the tree.
        versions: what it tells, if anything.
        status: how it stands there, in few words; `mood` says the same to the style.
    """

    site: str
    depth: int
    versions: Versions | None
    status: str
    mood: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a line told about a package, for a timeline."""

    site: str
    fact: Fact


@dataclass(frozen=True, slots=True)
class Page:
    """What all pages share.

    Attributes:
        picture: what is shown.
        links: addresses, as seen from this page.
        history: the latest changes.
    """

    picture: Picture
    links: Links
    history: History
    conditions: Mapping[str, Condition] = field(init=False)
    doubts: Sequence[Doubt] = field(init=False)

    def __post_init__(self) -> None:
        picture = self.picture
        found = [doubt for code, site in picture.sites.items() for doubt in doubts_of(code, site, picture.taken)]
        object.__setattr__(self, "conditions", conditions(picture))
        object.__setattr__(self, "doubts", _joined(found))

    @property
    def now(self) -> float:
        """The time that spans are told to: that of the latest record, for what has been since is not known."""
        until = self.picture.records_until
        return self.picture.taken if until is None else until

    def overview(self) -> str:
        """Return the page that says whether anything is stuck."""
        picture, report, verdict = self.picture, self.picture.report, self._verdict()
        ordered = order(list(self.conditions), picture.tree.parents)
        blamed = {culprit.reference.package for culprit in report.culprits}
        return self._render(
            "overview.html",
            title=verdict.headline,
            verdict=verdict,
            culprits=report.culprits[:MOST_CULPRITS],
            more_culprits=max(0, len(report.culprits) - MOST_CULPRITS),
            unnamed=[(site, block) for site in report.sites.values() for block in site.blocked if not block.missing],
            waiting=[(site.site, waiting) for site in report.sites.values() for waiting in site.waiting],
            source_errors=[row for row in self._source_errors() if row[1].package not in blamed],
            troubles=[(site.site, trouble) for site in report.sites.values() for trouble in site.troubles],
            drawing=draw([code for code, _ in ordered], picture.tree.parents),
            node_width=NODE_WIDTH,
            node_height=NODE_HEIGHT,
            causes=_causes(report.culprits),
            ordered=ordered,
            health=self._health(),
            changes=list(self.history.latest_first)[:MOST_CHANGES],
        )

    def site(self, code: str) -> str | None:
        """Return the page of a site, None when nothing tells of it."""
        if code not in self.conditions:
            return None
        report = self.picture.report.sites.get(code)
        culprits = self.picture.report.culprits
        caused = [culprit for culprit in culprits if code in _causes([culprit])]
        blamed = {culprit.reference.package for culprit in caused}
        return self._render(
            "site.html",
            title=f"Site {code}",
            code=code,
            site=report,
            seen=self.picture.sites.get(code),
            parent=self.picture.tree.parents.get(code, ""),
            children=sorted(child for child, parent in self.picture.tree.parents.items() if parent == code),
            caused=caused,
            unblamed=[
                (code, error) for error in (report.source_errors if report else ()) if error.package not in blamed
            ],
            blocking=[culprit for culprit in culprits if code in culprit.sites and culprit not in caused],
            most_cards=MOST_CARDS,
            changes=[c for c in self.history.latest_first if c.standing.site == code][:MOST_CHANGES],
            doubts_here=[doubt for doubt in self.doubts if doubt.site == code],
        )

    def package(self, package: str) -> str | None:
        """Return the page of a package, None when nothing tells of it."""
        states = self.picture.states
        culprits = [culprit for culprit in self.picture.report.culprits if culprit.reference.package == package]
        told = sorted(
            (Told(code, fact) for code, state in states.items() for fact in state.facts.get(package, {}).values()),
            key=lambda item: item.fact.evidence.time or 0.0,
        )
        blocked, waiting, errors = self._of(package)
        sites = self.picture.report.sites.values()
        troubles = [(site.site, trouble) for site in sites for trouble in site.troubles if trouble.package == package]
        stops = list(self._journey(package, culprits))
        known = any(stop.versions for stop in stops) or package in self.picture.names
        if not (culprits or told or blocked or waiting or errors or troubles or known):
            return None
        return self._render(
            "package.html",
            title=self._named(package),
            package=package,
            culprits=culprits,
            blocked=blocked,
            waiting=waiting,
            source_errors=errors,
            troubles=troubles,
            stops=stops,
            told=told,
        )

    def _of(
        self, package: str
    ) -> tuple[list[tuple[str, Blocked]], list[tuple[str, Waiting]], list[tuple[str, SourceError]]]:
        """Return where a package is blocked itself, where it is late, and where its source cannot be read."""
        sites = self.picture.report.sites.values()
        return (
            [(site.site, block) for site in sites for block in site.blocked if block.task_sequence == package],
            [(site.site, waiting) for site in sites for waiting in site.waiting if waiting.package == package],
            [(site.site, error) for site in sites for error in site.source_errors if error.package == package],
        )

    def _journey(self, package: str, culprits: Sequence[Culprit]) -> Iterator[Stop]:
        """Say how far a package has come at each site, in the order of the tree."""
        picture = self.picture
        come = progress(picture.states, package)
        missing = {site for culprit in culprits for site in culprit.sites}
        late = {site.site for site in picture.report.sites.values() for w in site.waiting if w.package == package}
        stuck = {
            site.site for site in picture.report.sites.values() for b in site.blocked if b.task_sequence == package
        }
        unread = {
            site.site for site in picture.report.sites.values() for e in site.source_errors if e.package == package
        }
        for code, depth in order(list(self.conditions), picture.tree.parents):
            if code in missing:
                status, mood = "the program is missing here", "bad"
            elif code in stuck:
                status, mood = "blocked here", "bad"
            elif code in unread:
                status, mood = "its source cannot be read here", "bad"
            elif code in late:
                status, mood = "content late", "poor"
            elif code in come.behind:
                status, mood = "older than at the owner", "poor"
            elif self.conditions[code] is Condition.NOT_READ:
                status, mood = "logs not read here", "unknown"
            elif code == come.owner:
                status, mood = "owner", "good"
            elif code in come.current:
                status, mood = "has what the owner told last", "good"
            else:
                status, mood = "no version told", "unknown"
            yield Stop(code, depth, come.versions.get(code), status, mood)

    def task_sequence(self, code: str, package: str) -> str | None:
        """Return the page of a task sequence at a site, None when nothing tells of it there."""
        seen = self.picture.sites.get(code)
        if seen is None:
            return None
        state = seen.state
        block = state.blocked.get(package)
        mine = [c for c in self.history.latest_first if c.standing.package == package and c.standing.site == code]
        if block is None and not mine and not (package in state.facts or package in state.versions):
            return None
        missing = block.missing if block else ()
        return self._render(
            "task_sequence.html",
            title=f"{self._named(package)} at {code}",
            code=code,
            package=package,
            block=block,
            versions=state.versions.get(package),
            culprits=[culprit for culprit in self.picture.report.culprits if culprit.reference in missing],
            elsewhere=[site for site, _ in self._of(package)[0] if site != code],
            changes=mine[:MOST_CHANGES],
            told=sorted(state.facts.get(package, {}).values(), key=lambda fact: fact.evidence.time or 0.0),
        )

    def logs(self) -> str:
        """Return the page on how well each log is read."""
        troubled = [
            (code, log, health)
            for code, site in self.picture.sites.items()
            for log, health in sorted(site.logs.items())
            if health.sharing_violations + sum(health.read_errors.values()) + _oddities(health)
        ]
        return self._render("logs.html", title="Logs", troubled=troubled)

    def problem(self, headline: str, words: str) -> str:
        """Return a page that says why there is none."""
        return self._render("problem.html", title=headline, headline=headline, words=words)

    def _verdict(self) -> Verdict:
        picture = self.picture
        sentences = stuck_in_words(picture.report)
        read = self._reading()
        if sentences:
            blocked = any(site.blocked for site in picture.report.sites.values())
            doubt = (
                [f"Not all of it is known: {count(len(self.doubts), 'reason')} for doubt, see below."]
                if self.doubts
                else []
            )
            return Verdict("bad" if blocked else "poor", sentences[0].rstrip("."), [*sentences[1:], read, *doubt])
        if any(site.troubles for site in picture.report.sites.values()):
            return self._held_up(read)
        if picture.unready:
            return Verdict("doubt", "Nothing is known to be stuck yet", [read])
        if not picture.sites:
            return Verdict("doubt", "No site is read", ["Name the Logs folder of a site server."])
        if self.doubts:
            words = f"But {count(len(self.doubts), 'reason')} for doubt: silence is no all-clear."
            return Verdict("doubt", "Nothing is known to be stuck", [words, read])
        return Verdict("good", "Nothing is stuck", [read])

    def _held_up(self, read: str) -> Verdict:
        """Say that nothing is stuck, but that something does not get on, which may stick something soon."""
        but = "but not all that is sent gets on"
        if self.picture.unready or self.doubts:
            return Verdict("doubt", f"Nothing is known to be stuck, {but}", [read])
        return Verdict("poor", f"Nothing is stuck, {but}", [read])

    def _source_errors(self) -> Iterator[tuple[str, SourceError]]:
        for site in self.picture.report.sites.values():
            yield from ((site.site, error) for error in site.source_errors)

    def _health(self) -> Mapping[str, int]:
        """Sum up how well the logs are read."""
        logs = [log for site in self.picture.sites.values() for log in site.logs.values()]
        return {
            "logs": len(logs),
            "up": sum(log.up for log in logs),
            "events": sum(log.events for log in logs),
            "unmatched": sum(log.unmatched for log in logs),
            "gaps": sum(sum(log.gaps.values()) for log in logs),
        }

    def _reading(self) -> str:
        """Say what stands behind the answer, and how fresh it is."""
        picture = self.picture
        logs = [log for site in picture.sites.values() for log in site.logs.values() if log.lines]
        words = f"Read: {count(len(logs), 'log')} of {count(len(picture.sites), 'site')}"
        lines = f", {sum(log.lines for log in logs):,} lines"
        if picture.records_until is None:
            return f"{words}{lines}."
        ago = picture.taken - picture.records_until
        fresh = f" ({duration(ago)} ago)" if ago >= 0 else ""
        return f"{words}{lines}, up to {when(picture.records_until)}{fresh}."

    def _named(self, package: str) -> str:
        name = self.picture.names.get(package)
        return f"{package} {name}" if name else package

    def _render(self, template: str, **values: object) -> str:
        return render(
            template,
            **values,
            page=self,
            picture=self.picture,
            links=self.links,
            names=self.picture.names,
            now=self.now,
            conditions=self.conditions,
            doubts=self.doubts,
            labels={code: self._label(code, condition) for code, condition in self.conditions.items()},
            most_rows=MOST_ROWS,
            most_proofs=MOST_PROOFS,
        )

    def _label(self, code: str, condition: Condition) -> str:
        """Say in two words how a site is."""
        report = self.picture.report.sites.get(code)
        if report is None:
            return "not read here"
        if condition is Condition.BLOCKED:
            return f"{len(report.blocked)} blocked"
        if condition is Condition.ATTENTION:
            return (
                "source unreadable" if report.source_errors else "content late" if report.waiting else "files held up"
            )
        return "in doubt" if condition is Condition.DOUBT else "clear"


def _joined(doubts: Iterable[Doubt]) -> list[Doubt]:
    """Say once what is doubted of several logs of a site, and first what hides blocks: that of Distribution Manager."""
    logs: dict[Doubt, list[str]] = {}
    for doubt in doubts:
        logs.setdefault(replace(doubt, log=""), []).append(log_file(doubt.log))
    expected = log_file(EXPECTED_LOG)
    found = [replace(doubt, log=", ".join(names)) for doubt, names in logs.items()]
    return sorted(found, key=lambda doubt: expected not in doubt.log)


def _oddities(health: LogHealth) -> int:
    """Return how many lines or records were not as they should be."""
    return health.stampless + health.undecodable + health.overlong


def _causes(culprits: Sequence[Culprit]) -> set[str]:
    """Return the sites at which something is to be mended."""
    return {finding.cause.site for culprit in culprits for finding in culprit.findings}
