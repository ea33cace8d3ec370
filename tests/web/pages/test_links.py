from __future__ import annotations

import pytest

from exporter.web.pages.links import Links, placeholders


def test_links_are_relative_to_the_page_they_stand_on() -> None:
    assert Links(0).to("") == "./"
    assert Links(0).site("CHI") == "site/CHI"
    assert Links(2).to("") == "../../"
    assert Links(2).task_sequence("CHI", "CEN0000A") == "../../task-sequence/CHI/CEN0000A"
    assert Links(1, "/m/etrics").metrics == "../m/etrics"


@pytest.mark.parametrize("text", ["", ".", "..", "a/b", "\x00", "x" * 65, "%41", "a?b", "a#b", "\u202e", "\ud800", "é"])
def test_what_can_be_no_id_is_not_linked(text: str) -> None:
    assert Links().package(text) == ""
    assert Links().task_sequence("CHI", text) == ""


def test_placeholders_of_articles_are_linked_safely() -> None:
    assert Links().package("<Task_Sequence_ID>") == "package/%3CTask_Sequence_ID%3E"


def test_values_in_links_elsewhere_are_quoted() -> None:
    links = Links(elsewhere={"T": "https://x.example/?q={package}"})
    assert list(links.others(package="<Package ID>")) == [("T", "https://x.example/?q=%3CPackage%20ID%3E")]
    assert list(links.others(package="a&b")) == []
    assert list(links.others(package="")) == []
    assert placeholders("https://x.example/{site}/{package}") == {"site", "package"}
