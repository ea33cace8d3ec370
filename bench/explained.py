"""A simulated hierarchy that was explained: its truth, the answer, and the causes in either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bench.facts import Key
from exporter.commands.explain import read_once, sites_at
from exporter.commands.options import find
from exporter.events.matcher import Matcher
from exporter.logs.discovery import KNOWN_LOGS
from exporter.replication.state import SiteState
from exporter.report.hierarchy import report
from exporter.simulator import Plan, run_batch

Truth = Mapping[str, Any]
Answer = Mapping[str, Any]

_NEEDS_NO_LINE: Final = {"unknown", "owner_not_read"}
_NEVER_ROLLS: Final = 1 << 40  # what has rolled away twice cannot be explained


@dataclass(frozen=True, slots=True)
class Explained:
    """A world's truth, what was told of it, the states behind that, and what evidence does not stand in its logs."""

    truth: Truth
    answer: Answer
    states: Mapping[str, SiteState]
    absent: Sequence[Key] = ()


def explain(plan: Plan, matcher: Matcher) -> Explained:
    """Write a plan's logs and explain them as the command does."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        truth = run_batch(folder, replace(plan, max_log_bytes=_NEVER_ROLLS))
        read = sites_at(find([name], KNOWN_LOGS), matcher)
        read_once(read)
        states = {site.code: site.ledger.state for site in read}
        told = report(states, {site.code: site.gaps for site in read}).to_json()
        every = (*causes(told).items(), *causes_of_late(told).items())
        absent = [key for key, cause in every if not _stands(folder, cause)]
        return Explained(truth, told, states, absent)


def _stands(folder: Path, cause: Mapping[str, Any]) -> bool:
    """Whether a cause has lines, and they stand where it says."""
    lines = cause["evidence"]
    if not lines:
        return cause["kind"] in _NEEDS_NO_LINE
    return all(_holds(folder / f"SMS_{line['site']}" / "Logs" / line["file"], line) for line in lines)


def _holds(log: Path, line: Mapping[str, Any]) -> bool:
    with log.open(encoding="cp1252", errors="replace") as handle:
        text = next((text for number, text in enumerate(handle, 1) if number == line["line"]), "")
    return line["text"].split("\n")[0].strip("~ ") in text


def causes(told: Truth) -> dict[Key, dict[str, Any]]:
    """Return why a program is missing: by package, program and site that lacks it."""
    return {
        (culprit["package"], culprit["program"], site): cause
        for culprit in told["culprits"]
        for cause in culprit["causes"]
        for site in cause["sites"]
    }


def causes_of_late(told: Truth) -> dict[Key, dict[str, Any]]:
    """Return what keeps late content away, where it is told: by package, reason and site that waits."""
    return {
        (waiting["package"], waiting["reason"], code): waiting["cause"]
        for code, site in told["sites"].items()
        for waiting in site["waiting"]
        if waiting["cause"]
    }


def way_is_told(explained: Explained, key: Key) -> bool:
    """Whether the lines tell who is whose parent, all the way from the owner of a package to a site that lacks it."""
    package, _, site = key
    while site is not None and site != package[:3]:
        if explained.answer["sites"][site]["parent"] is None:
            return False
        site = explained.truth["sites"][site]["parent"]
    return True
