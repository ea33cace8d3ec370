"""The tables of the report at a terminal: task sequences site by site, late content, sources, transport.

What belongs to a culprit is explained there. What blocks no task sequence (yet) is explained here: each table has below
it the lines that show its rows, and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from exporter.replication.state import Evidence, Waiting, owner_of
from exporter.replication.win32 import in_words
from exporter.report.hierarchy import Report, SiteReport
from exporter.report.matters import Matter, last_lines, of_source_errors, of_troubles, of_waiting, ways
from exporter.report.words import (
    SOURCE_WORDS,
    TROUBLE_WORDS,
    UNNAMED_SITE,
    WAIT_WORDS,
    other_end,
    shown,
    since,
    when,
)

LINES_SHOWN: Final = 4
_TEXT_SHOWN: Final = 400
_NOTHING: Final = re.compile(r'(?: ISTR\d="")+')
"""Strings that a status message does not have, most of its ten."""
_WHOLE: Final = frozenset({"site", "tries", "version", "lines", "owner", "at", "with", "from"})
"""Columns that are never broken: their values are short."""


def tables(report: Report, now: float) -> Iterator[RenderableType]:
    """Give each table that has rows, in the order in which a person wants to know.

    Args:
        report: what is stuck.
        now: POSIX seconds that spans of time are told to.
    """
    for part in (_unnamed_blocks, _sites, _waiting, _source_errors, _troubles):
        table = part(report, now)
        if table is not None:
            yield table


def steps(remedy: Sequence[str]) -> Table:
    """Return steps with their numbers."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for place, step in enumerate(remedy, 1):
        grid.add_row(f"{place}.", shown(step))
    return grid


def line(site: str, evidence: Evidence) -> Text:
    """Return a log line, and where it stands; what is left out of it is marked by `...`."""
    text = _NOTHING.sub(" ...", shown(evidence.text))
    cut = text if len(text) <= _TEXT_SHOWN else f"{text[:_TEXT_SHOWN]}... ({len(text)} characters)"
    head = f"{site_words(site)} {shown(evidence.file)}:{evidence.line}"
    moment = f" {when(evidence.time)}" if evidence.time is not None else ""
    return Text.assemble((f"{head}{moment}  ", "dim"), cut)


def named(report: Report, package: str) -> str:
    """Return a package with its name, if known."""
    names = next((site.names for site in report.sites.values()), {})
    name = names.get(package)
    return shown(f'{package} "{name}"' if name else package)


def listed(items: Sequence[str], most: int) -> str:
    """Return the first items, and how many more there are."""
    left = len(items) - most
    return ", ".join(items[:most]) + (f" and {left} more" if left > 0 else "")


def site_words(code: str) -> str:
    """Return a site's code, or that nothing tells it."""
    return shown(code) or UNNAMED_SITE


def _unnamed_blocks(report: Report, _: float) -> RenderableType | None:
    """Give the blocks whose lines name no missing program, which belong to no culprit."""
    rows = [
        (
            site_words(site.site),
            named(report, block.task_sequence),
            Group(*(line(site.site, each) for each in block.evidence[-LINES_SHOWN:])),
        )
        for site in report.sites.values()
        for block in site.blocked
        if not block.missing
    ]
    return _table("Blocked, without a line that names what is missing", ("site", "task sequence", "shown by"), rows)


def _sites(report: Report, now: float) -> RenderableType | None:
    rows = [
        (
            site_words(site.site),
            named(report, block.task_sequence),
            ", ".join(f"{shown(m.package)} {shown(m.program)}" for m in block.missing) or "not named",
            _since(block.since, now),
            when(block.last_attempt),
            str(block.attempts or ""),  # metrics do not tell it
            "" if block.version is None else str(block.version),
        )
        for site in report.sites.values()
        for block in site.blocked
    ]
    columns = ("site", "task sequence", "waits for", "since", "last try", "tries", "version")
    return _table("Site by site", columns, rows)


def _waiting(report: Report, now: float) -> RenderableType | None:
    late = [(site.site, waiting) for site in report.sites.values() for waiting in site.waiting]
    rows = [
        (
            site_words(site),
            named(report, waiting.package),
            _why_late(report.sites[site], waiting),
            shown(waiting.from_site or owner_of(waiting.package)) or "?",
            _since(waiting.since, now),
            str(waiting.attempts or ""),
        )
        for site, waiting in late
    ]
    table = _table("Content that is late", ("site", "package", "why", "from", "since", "tries"), rows)
    blamed = {(site, culprit.reference.package) for culprit in report.culprits for site in culprit.also_waiting}
    return _explained(table, of_waiting(report, (row for row in late if (row[0], row[1].package) not in blamed)))


def _why_late(site: SiteReport, waiting: Waiting) -> str:
    cause = site.because(waiting)
    return WAIT_WORDS[waiting.reason] + (f": {shown(cause.words)}" if cause else "")


def _source_errors(report: Report, now: float) -> RenderableType | None:
    errors = [(site.site, error) for site in report.sites.values() for error in site.source_errors]
    rows = [
        (
            site_words(site),
            named(report, error.package),
            SOURCE_WORDS[error.reason],
            shown(error.source_path) or "not told",
            _error(error.win32_error),
            _since(error.since, now),
        )
        for site, error in errors
    ]
    columns = ("owner", "package", "what", "source", "error", "since")
    table = _table("Package sources that their owner cannot read", columns, rows)
    blamed = {culprit.reference.package for culprit in report.culprits}
    return _explained(table, of_source_errors(row for row in errors if row[1].package not in blamed))


def _troubles(report: Report, now: float) -> RenderableType | None:
    troubles = [(site.site, trouble) for site in report.sites.values() for trouble in site.troubles]
    rows = [
        (
            site_words(site),
            shown(other_end(trouble)),
            TROUBLE_WORDS[trouble.kind] + (f" (package {named(report, trouble.package)})" if trouble.package else ""),
            _error(trouble.win32_error),
            _since(trouble.since, now),
            str(trouble.attempts or ""),  # metrics do not tell it
        )
        for site, trouble in troubles
    ]
    columns = ("at", "with", "what", "error", "since", "lines")
    return _explained(_table("What keeps packages from getting on", columns, rows), of_troubles(troubles))


def _explained(table: Table | None, matters: Sequence[Matter]) -> RenderableType | None:
    """Put below a table the lines that show its rows, and what to do about them."""
    if table is None or not matters:
        return table
    below = Table.grid(padding=(0, 2, 0, 0))
    below.add_column(style="dim", no_wrap=True)
    below.add_column(overflow="fold")
    below.add_row()
    lines = [line(site, proof) for site, proof in last_lines(matters, LINES_SHOWN)]
    if lines:
        below.add_row("shown by", Group(*lines))
    found = ways(matters)
    for number, way in enumerate(found):
        head = [Text(shown(f"{way.first}:"))] if len(found) > 1 or way.others else []
        others = shown(listed(way.others, LINES_SHOWN))
        tail = [Text(f"In the same manner: {others}.")] if others else []
        below.add_row("" if number else "do", Group(*head, steps(way.steps), *tail))
    return Group(table, Padding(below, (0, 0, 0, 3)))


def _error(code: int | None) -> str:
    return "" if code is None else f"{code}: {in_words(code)}"


def _since(time: float | None, now: float) -> str:
    """Write a time for a table, where there is no room to say why it is not known; the doubts say it."""
    return "not known" if time is None else since(time, now)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[RenderableType]]) -> Table | None:
    """Return a table without the columns that no row has anything for; None when there is no row."""
    if not rows:
        return None
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0), pad_edge=False)
    filled = [place for place in range(len(columns)) if any(row[place] for row in rows)]
    for place in filled:
        column = columns[place]
        table.add_column(column, header_style="dim", overflow="fold", no_wrap=column in _WHOLE)
    for row in rows:
        table.add_row(*(row[place] for place in filled))
    return table
