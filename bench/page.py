"""Writes what was found into docs/performance.md, between marks, and its pictures into docs/images."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from bench.plot import draw
from bench.results import Part, Table, show

_ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = _ROOT / "docs" / "performance.md"
IMAGES: Final = _ROOT / "docs" / "images"
RESULTS: Final = Path(__file__).resolve().parent / "results.json"


def write(parts: Sequence[Part]) -> None:
    """Write the page's figures anew; what people wrote around them stays."""
    text = PAGE.read_text(encoding="utf-8")
    for part in parts:
        text = fill(text, part.name, "\n".join(_lines(part)))
        for figure in part.figures:
            (IMAGES / f"{figure.name}.svg").write_text(draw(figure), encoding="utf-8")
    text = fill(text, "targets", "\n".join(_targets(parts)))
    PAGE.write_text(text, encoding="utf-8")


def fill(text: str, name: str, content: str) -> str:
    """Put content between the marks of a name.

    Raises:
        ValueError: the text has no such marks.
    """
    pattern = re.compile(rf"(<!-- bench: {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"the page has no place for {name!r}")
    return pattern.sub(lambda found: f"{found[1]}{content}\n{found[2]}", text)


def _lines(part: Part) -> Iterator[str]:
    yield part.how
    yield ""
    machine = part.machine
    yield (
        f"Measured on {machine['processor']}, {machine.get('cores', '?')} cores, with a load of "
        f"{machine.get('load', '?')} before it began; {machine['system']}, Python {machine['python']}."
    )
    for table in part.tables:
        yield ""
        yield f"{table.title}:"
        yield ""
        yield from _table(table)
    for figure in part.figures:
        yield ""
        yield f"![{figure.title}](images/{figure.name}.svg)"


def _table(table: Table) -> Iterator[str]:
    yield f"| {' | '.join(table.columns)} |"
    yield f"| --- |{' ---: |' * (len(table.columns) - 1)}"
    for row in table.rows:
        yield f"| {' | '.join(map(show, row))} |"


def _targets(parts: Sequence[Part]) -> Iterator[str]:
    yield from _table(
        Table(
            "",
            ("aim", "wanted", "reached", "met"),
            [
                (target.what, target.wanted, target.reached, "yes" if target.met else "**no**")
                for part in parts
                for target in part.targets
            ],
        )
    )
