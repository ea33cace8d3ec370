"""What is wrong beside blocked task sequences, each thing with the lines that show it and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from exporter.replication.advice import for_source_error, for_trouble, for_waiting
from exporter.replication.cause import Cause
from exporter.replication.state import Evidence, SourceError, Trouble, Waiting
from exporter.report.hierarchy import Report
from exporter.report.words import UNNAMED_SITE, other_end


class Matter(NamedTuple):
    """One thing that is wrong.

    Attributes:
        kind: matters of one kind are mended in the same manner.
        about: what it is about, in few words.
        evidence: the lines that show it, each with the site whose log holds it; the one that tells most comes last.
        steps: what to do.
    """

    kind: str
    about: str
    evidence: Sequence[tuple[str, Evidence]]
    steps: Sequence[str]


class Way(NamedTuple):
    """How some matters are mended.

    Attributes:
        first: what the steps are about; `others`: what is mended in the same manner.
        steps: what to do about the first.
    """

    first: str
    others: Sequence[str]
    steps: Sequence[str]


def of_waiting(report: Report, rows: Iterable[tuple[str, Waiting]]) -> list[Matter]:
    """Return what is to be said of packages whose content is late, each with the site where it is."""
    return [_late(site, row, report.sites[site].because(row)) for site, row in rows]


def _late(site: str, waiting: Waiting, cause: Cause | None) -> Matter:
    proofs = [(proof.site, proof.line) for proof in cause.evidence] if cause else []
    return Matter(
        f"{waiting.reason} {cause.kind}" if cause else waiting.reason,
        f"{waiting.package} at {site or UNNAMED_SITE}",
        [*_of_site(site, waiting.evidence), *proofs],
        for_waiting(site, waiting, cause),
    )


def of_source_errors(rows: Iterable[tuple[str, SourceError]]) -> list[Matter]:
    """Return what is to be said of packages whose source cannot be read, each with its owner."""
    return [
        Matter(
            row.reason,
            f"{row.package} on {site or UNNAMED_SITE}",
            _of_site(site, row.evidence),
            for_source_error(site, row),
        )
        for site, row in rows
    ]


def of_troubles(rows: Iterable[tuple[str, Trouble]]) -> list[Matter]:
    """Return what is to be said of what keeps packages from getting on, each with the site that tells it."""
    return [
        Matter(row.kind, _between(site, row), _of_site(site, row.evidence), for_trouble(site, row))
        for site, row in rows
    ]


def _between(site: str, trouble: Trouble) -> str:
    here, there = site or UNNAMED_SITE, other_end(trouble)
    return f"{here} with {there}" if there else f"{trouble.package or 'what came'} at {here}"


def _of_site(site: str, lines: Iterable[Evidence]) -> list[tuple[str, Evidence]]:
    return [(site, line) for line in lines]


def ways(matters: Iterable[Matter]) -> list[Way]:
    """Return how matters are mended: one way for each kind, told for the first of it."""
    kinds: dict[str, list[Matter]] = {}
    for matter in matters:
        kinds.setdefault(matter.kind, []).append(matter)
    about: dict[tuple[str, ...], list[str]] = {}
    for alike in kinds.values():
        about.setdefault(tuple(alike[0].steps), []).extend(matter.about for matter in alike)
    found = []
    for steps, names in about.items():
        first, *others = dict.fromkeys(names)
        found.append(Way(first, others, steps))
    return found


def last_lines(matters: Sequence[Matter], most: int) -> list[tuple[str, Evidence]]:
    """Return the lines to show for all of them, each with its site: several of one matter, else the latest of each."""
    each = most if len(matters) == 1 else 1
    return [line for matter in matters[:most] for line in matter.evidence[-each:]]
