"""What a benchmark found: tables, figures and targets, as data that is shown, kept as JSON and written into pages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

Cell = str | float | int | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns. A float is shown with three significant digits."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Figure:
    """Lines over an axis, each a list of points.

    Attributes:
        name: file name of the picture, without suffix.
        logarithmic: whether both axes show powers.
    """

    name: str
    title: str
    x: str
    y: str
    lines: Mapping[str, Sequence[Sequence[float]]]
    logarithmic: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """What was aimed at, and what was reached."""

    what: str
    wanted: str
    reached: str
    met: bool


@dataclass(frozen=True, slots=True)
class Part:
    """What one benchmark found."""

    name: str
    title: str
    how: str
    tables: Sequence[Table] = field(default_factory=list)
    figures: Sequence[Figure] = field(default_factory=list)
    targets: Sequence[Target] = field(default_factory=list)
    machine: Mapping[str, str] = field(default_factory=dict)


def show(cell: Cell) -> str:
    """Return a cell as people read it."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.3g}"
    return f"{cell:,}" if isinstance(cell, int) else cell


def print_part(console: Console, part: Part) -> None:
    """Print a part for people."""
    console.rule(part.title)
    for table in part.tables:
        grid = RichTable(title=table.title, title_justify="left")
        for number, column in enumerate(table.columns):
            grid.add_column(column, justify="left" if number == 0 else "right")
        for row in table.rows:
            grid.add_row(*map(show, row))
        console.print(grid)
    for target in part.targets:
        console.print(
            f"{'met   ' if target.met else 'MISSED'} {target.what}: {target.wanted}; reached: {target.reached}"
        )


def write(path: Path, parts: Sequence[Part]) -> None:
    """Keep parts as JSON, and those of the file that were not run again."""
    kept = {part.name: part for part in read(path)} if path.exists() else {}
    kept |= {part.name: part for part in parts}
    path.write_text(json.dumps([asdict(part) for part in kept.values()], indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> list[Part]:
    """Read what `write` wrote."""
    return [_part(data) for data in json.loads(path.read_text(encoding="utf-8"))]


def _part(data: Mapping[str, Any]) -> Part:
    made = {
        "tables": [Table(**table) for table in data["tables"]],
        "figures": [Figure(**figure) for figure in data["figures"]],
        "targets": [Target(**target) for target in data["targets"]],
    }
    return Part(**{**data, **made})
