"""That the benchmarks run and say what they have to say. Nothing is timed here."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import mtail, page
from bench.__main__ import main
from bench.plot import draw
from bench.results import Figure, Part, Table, Target, read, write
from exporter.events.loader import load_catalogue


def _run(name: str, results: Path) -> Part:
    answer = CliRunner().invoke(
        main, [name, "--small", "--no-download", "--json", str(results)], catch_exceptions=False
    )
    assert answer.exit_code == 0, answer.output
    (part,) = read(results)
    return part


@pytest.mark.parametrize("name", ["growth", "scrape", "memory", "load"])
def test_small_benchmark_runs_and_judges_its_targets(name: str, tmp_path: Path) -> None:
    part = _run(name, tmp_path / "results.json")
    assert all(table.rows for table in part.tables)
    assert part.targets


def test_scan_holds_the_counts_of_each_mtail_that_is_here_to_ours(tmp_path: Path) -> None:
    part = _run("scan", tmp_path / "results.json")
    names = [str(row[0]) for row in part.tables[0].rows]
    assert sum(name.startswith("mtail") for name in names) == 6 * len(mtail.find(download=False))


def test_program_for_mtail_holds_every_wording_once() -> None:
    messages = [message for message in load_catalogue().messages if message.is_matched]
    text = mtail.program(messages, mtail.Program.COUNTS)
    assert text.count("events_total[") == 1 + sum(len(message.templates) for message in messages)
    assert "(?>" not in text
    assert "\\Z" not in text


def test_parts_that_are_not_run_again_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    one = Part("one", "One", "so", [Table("t", ["a"], [[1.5]])], targets=[Target("x", "1", "2", met=True)])
    write(path, [one, Part("two", "Two", "so")])
    write(path, [Part("two", "Second", "so")])
    assert [part.title for part in read(path)] == ["One", "Second"]
    assert read(path)[0] == one


def test_page_keeps_what_people_wrote() -> None:
    text = "before\n<!-- bench: scan -->\nold\n<!-- end -->\nafter\n"
    assert page.fill(text, "scan", "new") == "before\n<!-- bench: scan -->\nnew\n<!-- end -->\nafter\n"
    with pytest.raises(ValueError, match="no place for 'scrape'"):
        page.fill(text, "scrape", "new")


@pytest.mark.parametrize("logarithmic", [False, True])
def test_picture_shows_every_line_and_point(*, logarithmic: bool) -> None:
    lines = {"a<b": [(1, 10.0), (10, 200.0)], "c": [(1, 5.0)]}
    picture = draw(Figure("f", "Title", "x", "y", lines, logarithmic=logarithmic))
    assert picture.count("<circle") == 3
    assert "a&lt;b" in picture
