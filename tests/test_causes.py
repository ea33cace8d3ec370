"""What `explain` says of each real excerpt and each simulated incident, word for word as a person has read it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from exporter.replication.cause import CauseKind
from exporter.replication.state import TroubleKind
from tests.causes import FOLDER, SCENARIO, explained, golden_file, has_finding, names, render

FOUND = sorted(name for name in names() if golden_file(name).exists())


@pytest.mark.parametrize("name", FOUND)
def test_it_is_explained_as_it_was_read(name: str) -> None:
    assert render(name) == golden_file(name).read_text(encoding="utf-8"), "run: python -m tests.causes"


@pytest.mark.parametrize("name", sorted(set(names()) - set(FOUND)))
def test_nothing_is_found_where_nothing_is_stuck(name: str) -> None:
    assert not has_finding(explained(name))


def test_every_golden_explanation_is_of_something() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {golden_file(name).name for name in FOUND}
    assert len(FOUND) >= 20


def test_the_articles_own_excerpt_is_among_them() -> None:
    assert "seed-blocked-ts-distmgr.txt" in FOUND
    assert f"{SCENARIO}healthy" not in FOUND


def test_every_kind_of_cause_is_described() -> None:
    page = (Path(__file__).parents[1] / "docs" / "causes.md").read_text(encoding="utf-8")
    kinds = [kind.value for kind in CauseKind]
    assert [heading for heading in re.findall(r"^## (.+)$", page, re.MULTILINE) if heading in kinds] == kinds


def test_every_kind_of_trouble_is_described() -> None:
    page = (Path(__file__).parents[1] / "docs" / "troubles.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert set(headings[:-1]) == {kind.value for kind in TroubleKind}
