"""Names of packages from a file that the console exported or a person wrote: CSV, or YAML lines `ID: name`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from exporter.config.located_yaml import FileError, Problem, parse_yaml, read_text
from exporter.replication.state import owner_of

_ID_HEADINGS: Final = frozenset({"package", "packageid", "id"})
_NAME_HEADINGS: Final = frozenset({"name", "packagename"})
_TYPE_LINE: Final = "#TYPE"  # the first line of what `Export-Csv` of Windows PowerShell writes
_DELIMITERS: Final = ",;\t"  # Excel writes the one of the locale that it runs in


class _Entry(NamedTuple):
    package: str
    name: str
    line: int | None


def read_inventory(path: Path) -> Mapping[str, str]:
    """Read the names of packages and task sequences by ID, in upper case.

    A file whose name ends in `.csv` has a heading line with the columns `Package ID` and `Name`, in any order, among
    any others; every other file is YAML. An ID may stand there twice if its name is the same, or without a name.

    Raises:
        FileError: the file cannot be read, or lines of it are wrong: with all of those.
    """
    text = read_text(path)
    read = _csv_entries if path.suffix.lower() == ".csv" else _yaml_entries
    names: dict[str, str] = {}
    problems: list[Problem] = []
    for package, name, line in read(text, str(path)):
        if not owner_of(package):
            reason = f"{package!r} is no package ID: a site code and five hexadecimal digits, such as CEN0000E"
        elif name and names.setdefault(package.upper(), name) != name:
            reason = f"{package} has another name further up: {names[package.upper()]!r}"
        else:
            continue
        problems.append(Problem(str(path), line, None if line is None else 1, "", reason))
    if problems:
        raise FileError(problems)
    return names


def _csv_entries(text: str, file: str) -> Iterator[_Entry]:
    first, _, rest = text.partition("\n")
    above, text = (1, rest) if first.startswith(_TYPE_LINE) else (0, text)
    heading = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text), delimiter=max(_DELIMITERS, key=heading.count), strict=True)
    try:
        titles = ["".join(title.lower().split()) for title in next(rows, [])]
        id_column, name_column = _column(titles, _ID_HEADINGS), _column(titles, _NAME_HEADINGS)
        if id_column is None or name_column is None:
            message = "the first line must name the columns, among them `Package ID` and `Name`"
            raise FileError([Problem(file, above + 1, 1, "", message)])
        line = above + rows.line_num
        for row in rows:
            cells = [cell.strip() for cell in row] + [""] * len(titles)
            if any(cells):
                yield _Entry(cells[id_column], cells[name_column], line + 1)
            line = above + rows.line_num
    except csv.Error as error:
        raise FileError([Problem(file, above + rows.line_num, 1, "", f"is not CSV: {error}")]) from error


def _column(titles: list[str], headings: frozenset[str]) -> int | None:
    return next((place for place, title in enumerate(titles) if title in headings), None)


def _yaml_entries(text: str, file: str) -> Iterator[_Entry]:
    document = parse_yaml(text, file)
    if not isinstance(document.data, dict):
        raise FileError([document.problem((), "must hold lines such as `CEN0000E: Office 2007`")])
    problems = list(document.problems)
    for package, name in document.data.items():
        if isinstance(name, str):
            yield _Entry(package, name, document.problem((package,), "").line)
        else:
            problems.append(document.problem((package,), "a package's name must stand behind its ID, as text"))
    if problems:
        raise FileError(problems)
