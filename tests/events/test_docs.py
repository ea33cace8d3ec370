"""docs/messages/ stands as the catalogue says."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.events import docs
from exporter.events.messages import Certainty
from tests.events.golden import catalogue

FOLDER = Path(__file__).parents[2] / "docs" / "messages"
AGAIN = "run: python -m exporter.events.docs docs/messages"


def test_there_is_a_page_for_each_log() -> None:
    logs = {f"{message.log}.md" for message in catalogue().messages}
    assert docs.pages(catalogue()).keys() == {*logs, docs.INDEX, docs.STATUS_MESSAGES}
    assert {page.name for page in FOLDER.iterdir()} == docs.pages(catalogue()).keys(), AGAIN


@pytest.mark.parametrize("name", docs.pages(catalogue()))
def test_a_page_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == docs.pages(catalogue())[name], AGAIN


def test_every_message_stands_on_the_page_of_its_log() -> None:
    pages = docs.pages(catalogue())
    for message in catalogue().messages:
        page = pages[f"{message.log}.md"]
        assert f"## `{message.name}`\n" in page
        assert f"\n{message.example.strip()}\n" in page
        assert all(f"\n{template.text.strip()}\n" in page for template in message.templates)


def test_coverage_names_what_no_real_excerpt_backs_and_nothing_else() -> None:
    report = docs.pages(catalogue())[docs.INDEX].partition("## Without a real excerpt")[2]
    lacking = {message.name for message in catalogue().without_excerpt()}
    assert lacking
    for message in catalogue().messages:
        assert (f"[{message.name}](" in report) == (message.name in lacking)


def test_a_wording_that_is_never_matched_is_said_to_be_so() -> None:
    unconfirmed = [message for message in catalogue().messages if message.certainty is Certainty.UNCONFIRMED]
    assert unconfirmed
    for message in unconfirmed:
        entry = docs.pages(catalogue())[f"{message.log}.md"].partition(f"## `{message.name}`")[2].partition("\n## ")[0]
        assert "no line is compared with it" in entry


def test_pages_of_logs_that_are_gone_are_removed(tmp_path: Path) -> None:
    (tmp_path / "gone.md").write_text("old", encoding="utf-8")
    docs.write(tmp_path)
    assert {page.name for page in tmp_path.iterdir()} == docs.pages(catalogue()).keys()
