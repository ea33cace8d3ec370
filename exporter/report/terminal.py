"""The report of `explain` and `stuck` as a person at a terminal reads it: culprits first, then sites, then doubts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from exporter.replication.diagnosis import Certainty
from exporter.replication.state import Blocked, Evidence
from exporter.report.hierarchy import Culprit, Report
from exporter.report.tables import LINES_SHOWN, line, listed, named, site_words, steps, tables
from exporter.report.words import count, gap_words, log_file, shown, since, stuck_in_words, when

_IDS_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class Reading:
    """What stands behind a report: how much was read, and what was not.

    Attributes:
        sites: codes of the sites whose logs were read.
        logs: how many logs.
        records_until: log time of the latest record, POSIX seconds.
        doubts: sentences on what could not be read or understood.
        blind: whether that is so much that "nothing is stuck" would say nothing.
        narrowed: whether only some sites, packages or times were asked for.
    """

    sites: Sequence[str]
    logs: int
    records_until: float | None
    doubts: Sequence[str] = ()
    blind: bool = False
    narrowed: bool = False


def print_report(console: Console, report: Report, reading: Reading) -> None:
    """Print what is stuck, why, and what to do.

    Args:
        console: where to.
        report: what to print.
        reading: what it is made from. How long things have been so is told as of its latest record: what has been
            since is not known, least of all from a copy of old logs.
    """
    now = reading.records_until or 0.0
    console.print(_headline(report, reading))
    for number, culprit in enumerate(report.culprits, 1):
        console.print()
        console.print(_culprit(number, culprit, report, now))
    for table in tables(report, now):
        console.print()
        console.print(table)
    doubts = [*_gaps(report), *reading.doubts]
    if doubts:
        console.print()
        console.print(Text("What this answer does not know", style="bold yellow"))
        for doubt in doubts:
            console.print(Padding(Text(f"- {shown(doubt)}"), (0, 0, 0, 2)))


def _headline(report: Report, reading: Reading) -> Text:
    read = f"Read {count(reading.logs, 'log')} of {count(len(reading.sites), 'site')}"
    until = f", up to {when(reading.records_until)}" if reading.records_until is not None else ""
    held = any(site.troubles for site in report.sites.values())
    if not report.stuck and reading.blind:
        answer = "No answer: nothing is stuck in what could be read, but not all of it could. "
        but = "Not all that is sent gets on, see below. " if held else ""
        return Text.assemble((answer, "bold yellow"), (but, "bold yellow"), (f"{read}{until}.", "dim"))
    if not report.stuck:
        but = "But not all that is sent gets on, see below. " if held else ""
        answer = f"Nothing {'of what was asked for ' if reading.narrowed else ''}is stuck in what was read. "
        return Text.assemble((answer, "bold green"), (but, "bold yellow"), (f"{read}{until}.", "dim"))
    return Text.assemble((" ".join(stuck_in_words(report)), "bold red"), (f"  {read}{until}.", "dim"))


def _culprit(number: int, culprit: Culprit, report: Report, now: float) -> RenderableType:
    title = Text.assemble(
        (f"{number}. ", "bold"),
        (shown(culprit.reference.package), "bold cyan"),
        (f' "{shown(culprit.name)}"' if culprit.name else "", "cyan"),
        (f"  program {shown(culprit.reference.program)}", "bold"),
    )
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    owner = culprit.source_site or "not known (the ID is not a package ID)"
    facts.add_row("owner", owner)
    facts.add_row("blocks", listed([named(report, ts) for ts in culprit.task_sequences], _IDS_SHOWN))
    facts.add_row("at", listed([site_words(site) for site in culprit.sites], _IDS_SHOWN))
    facts.add_row("since", since(culprit.since, now))
    arrived = _arrived(culprit)
    if arrived:
        facts.add_row("version", arrived)
    for finding in culprit.findings:
        certainty = "stated by a log line" if finding.cause.certainty is Certainty.STATED else "inferred"
        at = listed([site_words(site) for site in finding.sites], _IDS_SHOWN)
        facts.add_row(
            "cause",
            Text.assemble(
                (f"at {at}: " if len(culprit.findings) > 1 else "", "dim"),
                (shown(finding.cause.words), "bold"),
                (f"  [{finding.cause.kind.value}, {certainty}]", "dim"),
            ),
        )
    lines = _proof_lines(culprit, report)
    if lines:
        facts.add_row()
        facts.add_row("shown by", Group(*lines))
    facts.add_row()
    facts.add_row("do", steps(culprit.remedy))
    return Group(Rule(title, align="left", style="dim"), Padding(facts, (0, 0, 0, 3)))


def _arrived(culprit: Culprit) -> str:
    """Say which sites have the owner's version of the definition, which is what to watch after a change; or ""."""
    reached = culprit.progress
    told = len(reached.current) + len(reached.behind)
    if not told:
        return ""
    newest = reached.versions[reached.owner].definition
    some = f"{len(reached.current)} of " if reached.behind else ""
    parts = [f"{newest} on {site_words(reached.owner)}, and on {some}{count(told, 'other site')}"]
    if reached.behind:
        parts.append(f"not yet on {listed([site_words(site) for site in reached.behind], _IDS_SHOWN)}")
    untold = [site_words(site) for site in culprit.sites if site not in reached.versions]
    if untold:
        parts.append(f"no line tells of {listed(untold, _IDS_SHOWN)}")
    return "; ".join(parts)


def _proof_lines(culprit: Culprit, report: Report) -> list[Text]:
    lines = [
        line(proof.site, proof.line) for finding in culprit.findings for proof in finding.cause.evidence[-LINES_SHOWN:]
    ]
    for code in culprit.sites[:LINES_SHOWN]:
        block = next((b for b in report.sites[code].blocked if culprit.reference in b.missing), None)
        if block is not None:
            lines += [line(code, each) for each in _failing(block, culprit)]
    left = len(culprit.sites) - LINES_SHOWN
    if lines and left > 0:
        lines.append(Text(f"... and the same at {count(left, 'more site')} (--json shows every line)", style="dim"))
    return lines


def _failing(block: Blocked, culprit: Culprit) -> list[Evidence]:
    """Give the lines of a unit that say what is missing, not those that only frame it."""
    telling = [each for each in block.evidence if culprit.reference.package in each.text]
    return telling or list(block.evidence)


def _gaps(report: Report) -> Iterable[str]:
    for site in report.sites.values():
        for gap in site.gaps:
            yield f"{site_words(site.site)} {shown(log_file(gap.log))} {gap_words(gap)} Noticed {when(gap.noticed)}."
