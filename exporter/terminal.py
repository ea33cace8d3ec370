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

from exporter.hierarchy import Culprit, Report
from exporter.replication.diagnosis import Certainty
from exporter.replication.state import Blocked, Evidence, owner_of
from exporter.replication.win32 import in_words
from exporter.words import (
    TROUBLE_WORDS,
    UNNAMED_SITE,
    WAIT_WORDS,
    count,
    gap_words,
    shown,
    since,
    stuck_in_words,
    when,
)

_LINES_SHOWN: Final = 4
_IDS_SHOWN: Final = 12
_TEXT_SHOWN: Final = 400


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
    parts = (_unnamed_blocks(report), *(part(report, now) for part in (_sites, _waiting, _source_errors, _troubles)))
    for part in parts:
        if part is not None:
            console.print()
            console.print(part)
    doubts = [*_gaps(report), *reading.doubts]
    if doubts:
        console.print()
        console.print(Text("What this answer does not know", style="bold yellow"))
        for doubt in doubts:
            console.print(Padding(Text(f"- {shown(doubt)}"), (0, 0, 0, 2)))


def _headline(report: Report, reading: Reading) -> Text:
    read = f"Read {count(reading.logs, 'log')} of {count(len(reading.sites), 'site')}"
    until = f", up to {when(reading.records_until)}" if reading.records_until is not None else ""
    if not report.stuck and reading.blind:
        answer = "No answer: nothing is stuck in what could be read, but not all of it could. "
        return Text.assemble((answer, "bold yellow"), (f"{read}{until}.", "dim"))
    if not report.stuck:
        held = any(site.troubles for site in report.sites.values())
        but = "But files do not move between all sites, see below. " if held else ""
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
    facts.add_row("blocks", _some([_named(report, ts) for ts in culprit.task_sequences]))
    facts.add_row("at", _some([_site(site) for site in culprit.sites]))
    facts.add_row("since", since(culprit.since, now))
    arrived = _arrived(culprit)
    if arrived:
        facts.add_row("version", arrived)
    for finding in culprit.findings:
        certainty = "stated by a log line" if finding.cause.certainty is Certainty.STATED else "inferred"
        facts.add_row(
            "cause" if len(culprit.findings) == 1 else f"cause at {', '.join(map(_site, finding.sites))}",
            Text.assemble(
                (shown(finding.cause.words), "bold"), (f"  [{finding.cause.kind.value}, {certainty}]", "dim")
            ),
        )
    lines = _proof_lines(culprit, report)
    if lines:
        facts.add_row()
        facts.add_row("shown by", Group(*lines))
    steps = Table.grid(padding=(0, 1, 0, 0))
    steps.add_column(justify="right", no_wrap=True)
    steps.add_column(overflow="fold")
    for place, step in enumerate(culprit.remedy, 1):
        steps.add_row(f"{place}.", shown(step))
    facts.add_row()
    facts.add_row("do", steps)
    return Group(Rule(title, align="left", style="dim"), Padding(facts, (0, 0, 0, 3)))


def _arrived(culprit: Culprit) -> str:
    """Say which sites have the owner's version of the definition, which is what to watch after a change; or ""."""
    reached = culprit.progress
    told = len(reached.current) + len(reached.behind)
    if not told:
        return ""
    newest = reached.versions[reached.owner].definition
    parts = [f"{newest} on {_site(reached.owner)}, and on {len(reached.current)} of {count(told, 'other site')}"]
    if reached.behind:
        parts.append(f"not yet on {_some([_site(site) for site in reached.behind])}")
    untold = [_site(site) for site in culprit.sites if site not in reached.versions]
    if untold:
        parts.append(f"no line tells of {_some(untold)}")
    return "; ".join(parts)


def _proof_lines(culprit: Culprit, report: Report) -> list[Text]:
    lines = [
        _line(proof.site, proof.line)
        for finding in culprit.findings
        for proof in finding.cause.evidence[-_LINES_SHOWN:]
    ]
    for code in culprit.sites[:_LINES_SHOWN]:
        block = next((b for b in report.sites[code].blocked if culprit.reference in b.missing), None)
        if block is not None:
            lines += [_line(code, line) for line in _failing(block, culprit)]
    left = len(culprit.sites) - _LINES_SHOWN
    if lines and left > 0:
        lines.append(Text(f"... and the same at {count(left, 'more site')} (--json shows every line)", style="dim"))
    return lines


def _failing(block: Blocked, culprit: Culprit) -> list[Evidence]:
    """Give the lines of a unit that say what is missing, not those that only frame it."""
    named = [line for line in block.evidence if culprit.reference.package in line.text]
    return named or list(block.evidence)


def _line(site: str, line: Evidence) -> Text:
    text = shown(line.text)
    cut = text if len(text) <= _TEXT_SHOWN else f"{text[:_TEXT_SHOWN]}... ({len(text)} characters)"
    head = f"{_site(site)} {shown(line.file)}:{line.line}"
    moment = f" {when(line.time)}" if line.time is not None else ""
    return Text.assemble((f"{head}{moment}  ", "dim"), cut)


def _unnamed_blocks(report: Report) -> RenderableType | None:
    """Give the blocks whose lines name no missing program, which belong to no culprit."""
    rows = [(site, block) for site in report.sites.values() for block in site.blocked if not block.missing]
    if not rows:
        return None
    table = _table("Blocked, without a line that names what is missing", "site", "task sequence", "lines")
    for site, block in rows:
        lines = Group(*(_line(site.site, line) for line in block.evidence[-_LINES_SHOWN:]))
        table.add_row(_site(site.site), _named(report, block.task_sequence), lines)
    return table


def _sites(report: Report, now: float) -> RenderableType | None:
    rows = [(site, block) for site in report.sites.values() for block in site.blocked]
    if not rows:
        return None
    table = _table("Site by site", "site", "task sequence", "waits for", "since", "last try", "tries", "version")
    for site, block in rows:
        missing = ", ".join(f"{shown(m.package)} {shown(m.program)}" for m in block.missing) or "not named"
        version = "" if block.version is None else str(block.version)
        table.add_row(
            _site(site.site),
            _named(report, block.task_sequence),
            missing,
            since(block.since, now),
            when(block.last_attempt),
            str(block.attempts or ""),  # metrics do not tell it
            version,
        )
    return table


def _waiting(report: Report, now: float) -> RenderableType | None:
    rows = [(site, waiting) for site in report.sites.values() for waiting in site.waiting]
    if not rows:
        return None
    table = _table("Content that is late", "site", "package", "why", "from", "since", "tries")
    for site, waiting in rows:
        table.add_row(
            _site(site.site),
            _named(report, waiting.package),
            WAIT_WORDS[waiting.reason],
            shown(waiting.from_site or owner_of(waiting.package)) or "?",
            since(waiting.since, now),
            str(waiting.attempts or ""),
        )
    return table


def _source_errors(report: Report, now: float) -> RenderableType | None:
    rows = [(site, error) for site in report.sites.values() for error in site.source_errors]
    if not rows:
        return None
    table = _table("Package sources that their owner cannot read", "owner", "package", "source", "error", "since")
    for site, error in rows:
        words = "" if error.win32_error is None else f"{error.win32_error}: {in_words(error.win32_error)}"
        table.add_row(
            _site(site.site),
            _named(report, error.package),
            shown(error.source_path) or "not told",
            words or "not told",
            since(error.since, now),
        )
    return table


def _troubles(report: Report, now: float) -> RenderableType | None:
    rows = [(site, trouble) for site in report.sites.values() for trouble in site.troubles]
    if not rows:
        return None
    table = _table("What keeps files from moving between sites", "at", "with", "what", "error", "since", "lines")
    for site, trouble in rows:
        what = TROUBLE_WORDS[trouble.kind]
        if trouble.package:
            what = f"{what} (package {_named(report, trouble.package)})"
        words = "" if trouble.win32_error is None else f"{trouble.win32_error}: {in_words(trouble.win32_error)}"
        table.add_row(
            _site(site.site),
            shown(trouble.site) or "every site",
            what,
            words,
            since(trouble.since, now),
            str(trouble.attempts or ""),  # metrics do not tell it
        )
    return table


def _gaps(report: Report) -> Iterable[str]:
    for site in report.sites.values():
        for gap in site.gaps:
            yield f"{_site(site.site)} {shown(gap.log)}.log {gap_words(gap)} Noticed {when(gap.noticed)}."


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for column in columns:
        table.add_column(column, header_style="dim", overflow="fold", no_wrap=column in {"site", "tries", "version"})
    return table


def _named(report: Report, package: str) -> str:
    names = next((site.names for site in report.sites.values()), {})
    name = names.get(package)
    return shown(f'{package} "{name}"' if name else package)


def _some(items: Sequence[str]) -> str:
    left = len(items) - _IDS_SHOWN
    return ", ".join(items[:_IDS_SHOWN]) + (f" and {left} more" if left > 0 else "")


def _site(code: str) -> str:
    return shown(code) or UNNAMED_SITE
