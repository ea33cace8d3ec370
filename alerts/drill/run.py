"""The drill: an incident unfolds, exporters hang and die, somebody mends it; and what each stack made of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from alerts.build import HERE, ROUTES
from alerts.drill.hierarchy import Hierarchy
from alerts.drill.inbox import Mail, Page
from alerts.drill.plan import BREAKS, CULPRIT, LIVE, drill_plan
from alerts.drill.servers import Programs, Stack, Watcher, held_back, stack
from alerts.page import PAGES
from alerts.thresholds import load_thresholds, load_yaml, seconds_of
from dashboards.servers import wait_until
from exporter.simulator.disk import Disk

TICKET: Final = "ConfigMgrPackageSourceUnreadable"
ABOUT_EXPORTERS: Final = {"ConfigMgrExporterDown", "ConfigMgrSiteNotReported", "ConfigMgrScanStalled"}
"""What fires rightly when an exporter takes longer to start, on a slow machine, than these alerts wait."""
EXPORTERS: Final = {"owner": ("CEN",), "one": ("CHI",), "several": ("NYC", "LON", "PAR", "DEN")}
"""Which exporter reads which sites."""

_BLOCKING_LINE: Final = f"the referenced program {CULPRIT}-"
_EVER: Final = "1h"
_PATIENCE: Final = 60.0  # seconds beyond what the durations say, for a machine that is busy


@dataclass
class Outcome:
    """What one Prometheus and its Alertmanager made of the incident.

    Attributes:
        stack: the name of the programs; `programs`: what they say they are.
        healthy_alerts: alerts that fired while all was well.
        fired: alerts that fired at any time, by name.
        held_back: whether the owner's ticket was held back while the page stood; None when nobody waited for it.
        pages, mails: all that was sent.
        times: seconds since the first line that tells of the block, by step; those of the end since it was mended.
    """

    stack: str
    programs: str
    healthy_alerts: set[str] = field(default_factory=set)
    fired: set[str] = field(default_factory=set)
    held_back: bool | None = None
    pages: list[Page] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    times: dict[str, float] = field(default_factory=dict)

    def faults(self) -> list[str]:
        """Return what is not as it should be: one page, one resolve, and nothing else."""
        mailed = [mail.to.partition("@")[0] for mail in self.mails if not _is_about_exporters(mail)]
        wanted = {
            "one page, then one resolve": [page.status for page in self.pages] == ["firing", "resolved"],
            "the same two by mail, and no other mail": mailed == ["configmgr-oncall"] * 2,
            "no alert while all was well": not self.healthy_alerts,
            "the owner's ticket was held back": self.held_back is not False,
            "no other alert": self.fired <= {PAGES, TICKET, *ABOUT_EXPORTERS},
        }
        return [what for what, is_so in wanted.items() if not is_so]


def _is_about_exporters(mail: Mail) -> bool:
    return mail.to.startswith("configmgr-tickets") and any(name in mail.body("plain") for name in ABOUT_EXPORTERS)


def drill(
    folder: Path, programs: Sequence[Programs], faster: float, say: Callable[[str], None], *, short: bool = False
) -> list[Outcome]:
    """Run the drill.

    Args:
        folder: gets all logs, configuration and data.
        programs: those of each stack; all watch the same exporters.
        faster: what every duration is divided by, and how much faster the hierarchy's time runs.
        say: is told what happens.
        short: whether the source is mended before the owner's ticket is due.

    Raises:
        NotStartedError: a server ended instead of answering.
        TimeoutError: what should come did not.
    """
    plan = drill_plan(datetime.now(UTC))
    hierarchy = Hierarchy(folder / "sites", plan, LIVE, faster)
    with ExitStack() as running:
        disk = running.enter_context(Disk(hierarchy.folder, plan.sites, plan.max_log_bytes))
        hierarchy.write_past(disk)
        watchers = {
            name: running.enter_context(
                Watcher([hierarchy.folder / f"SMS_{site}" / "Logs" for site in sites], folder / name)
            )
            for name, sites in EXPORTERS.items()
        }
        targets = [watcher.address for watcher in watchers.values()]
        stacks = [running.enter_context(stack(folder / each.name, each, targets, faster)) for each in programs]
        story = _Story(hierarchy, watchers, stacks, faster, say)
        story.wait("all sites to be scraped", 180, lambda each: _reported(each) == len(plan.sites))
        running.enter_context(hierarchy.goes_on(disk))
        return story.tell(short=short)


def _reported(stack: Stack) -> float:
    found = stack.prometheus.query("count(site:configmgr_last_report_timestamp_seconds:max)")
    return float(found[0]["value"][1]) if found else 0


@dataclass
class _Story:
    hierarchy: Hierarchy
    watchers: Mapping[str, Watcher]
    stacks: Sequence[Stack]
    faster: float
    say: Callable[[str], None]

    def tell(self, *, short: bool) -> list[Outcome]:
        outcomes = [Outcome(each.name, each.versions()) for each in self.stacks]
        self.say("All is well, and busy")
        wait_until(lambda: self.hierarchy.second >= BREAKS, "the healthy time", 600 / self.faster + _PATIENCE)
        for outcome, each in zip(outcomes, self.stacks, strict=True):
            outcome.healthy_alerts = _ever_fired(each) | {one["labels"]["alertname"] for one in each.alerts()}
        self.say("The owner gets a package whose source it cannot read; task sequences follow")
        own = load_thresholds().alerts
        self.wait("the page", seconds_of(own[PAGES]["for"].value) + 900, lambda each: bool(each.inbox.pages))
        self._let_exporters_fail()
        if not short:
            self.say("The owner's ticket becomes due, and is held back")
            reached = seconds_of(own[TICKET]["for"].value)
            self.wait("the ticket", reached, lambda each: held_back(each, TICKET) is not None)
            for outcome, each in zip(outcomes, self.stacks, strict=True):
                outcome.held_back = held_back(each, TICKET)
        self.say("Somebody mends the source")
        self.hierarchy.mend()
        mended = time.time()
        self.wait("the resolve", 3600, lambda each: len(each.inbox.pages) > 1)
        self._settle()
        for outcome, each in zip(outcomes, self.stacks, strict=True):
            self._collect(outcome, each, mended)
        return outcomes

    def _let_exporters_fail(self) -> None:
        self.say("The exporter of the owner does not answer for three scrapes")
        with self.watchers["owner"].hangs():
            time.sleep(180 / self.faster)
        self.say("The exporters of all other sites are killed, and start without what they knew")
        for name in ("one", "several"):
            self.watchers[name].kill()
        for name in ("one", "several"):
            self.watchers[name].start(forgetting=True)
        self._settle()

    def _settle(self) -> None:
        """Wait for as long as Alertmanager may take to tell what changed, twice."""
        route = load_yaml(HERE / ROUTES)["route"]["routes"][0]
        time.sleep(2 * seconds_of(route["group_interval"]) / self.faster)

    def wait(self, what: str, seconds: float, true: Callable[[Stack], bool]) -> None:
        """Wait until it is true of every stack; seconds as with the durations that are shipped."""
        for each in self.stacks:
            wait_until(lambda each=each: true(each), f"{what} ({each.name})", seconds / self.faster + _PATIENCE)  # type: ignore[misc]

    def _collect(self, outcome: Outcome, each: Stack, mended: float) -> None:
        outcome.fired = _ever_fired(each)
        outcome.pages, outcome.mails = list(each.inbox.pages), list(each.inbox.mails)
        line = next(at for at, record in self.hierarchy.lines if _BLOCKING_LINE in record.message)
        missing = _moments(each, f'configmgr_missing_program_reference_task_sequences{{package="{CULPRIT}"}}')
        pending = _moments(each, f'ALERTS{{alertname="{PAGES}",alertstate="pending"}}')
        firing = _moments(each, f'ALERTS{{alertname="{PAGES}",alertstate="firing"}}')
        outcome.times = {
            "scraped": min(missing) - line,
            "pending": min(pending) - line,
            "firing": min(firing) - line,
            "page": outcome.pages[0].time - line,
            "cleared": max(missing) - mended,
            "ended": max(firing) - mended,
            "resolve": outcome.pages[-1].time - mended,
        }


def _ever_fired(stack: Stack) -> set[str]:
    found = stack.prometheus.query(f'max_over_time(ALERTS{{alertstate="firing"}}[{_EVER}])')
    return {one["metric"]["alertname"] for one in found}


def _moments(stack: Stack, selector: str) -> list[float]:
    """Return the times of all samples of some series."""
    series: Iterable[dict[str, Any]] = stack.prometheus.query(f"{selector}[{_EVER}]")
    return [float(at) for one in series for at, _ in one["values"]]
