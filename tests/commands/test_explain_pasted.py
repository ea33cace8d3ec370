"""The seven lines of Microsoft's article, pasted as they are: no stamps, no threads, no real IDs, no site."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.commands.conftest import Command
from tests.lines import blocked

_ARTICLE = r"""Processing incoming file <dir>\inboxes\distmgr.box\INCOMING\<Random>.PKG. SMS_DISTRIBUTION_MANAGER
Adding package <Task_Sequence_ID> to the active package array. SMS_DISTRIBUTION_MANAGER
Adding these contents to the package <Task_Sequence_ID> version <x>. SMS_DISTRIBUTION_MANAGER
Updated replicated package info for package <Task_Sequence_ID> SMS_DISTRIBUTION_MANAGER
Failed to insert SMS Program ID <y> because the referenced program PackageID-Program is not present in the PkgPrograms table. Will try later. SMS_DISTRIBUTION_MANAGER
Cannot update the package program for package <Task_Sequence_ID> in the package source, error = 40 SMS_DISTRIBUTION_MANAGER
Removing package <Task_Sequence_ID> from the active package array. SMS_DISTRIBUTION_MANAGER
"""  # noqa: E501 - as they stand there
# A sentence that names nobody where a site should stand: "the logs of , the owner", "distmgr.log at  shows".
_NOBODY = re.compile(r"\b(of|at|on|from|to|by) ( |,|;|:|\.)|^ |  ")


@pytest.fixture
def article(tmp_path: Path) -> Path:
    (tmp_path / "distmgr.log").write_text(_ARTICLE)
    return tmp_path


def test_article_gives_one_block_one_missing_program_and_a_remedy(command: Command, article: Path) -> None:
    result = command("explain", "--json", article)

    assert result.status == 1
    answer = json.loads(result.out)
    (block,) = answer["sites"][""]["blocked"]
    assert block["task_sequence"] == "<Task_Sequence_ID>"
    assert [(m["package"], m["program"]) for m in block["missing"]] == [("PackageID", "Program")]
    assert len(block["evidence"]) == 7
    (culprit,) = answer["culprits"]
    assert culprit["cause"]["kind"] == "owner_not_read"
    assert culprit["cause"]["words"] == "not known: the owner of package PackageID cannot be told from its ID"
    assert culprit["remedy"]


@pytest.mark.parametrize("lines", [_ARTICLE.encode(), blocked("CEN00021")], ids=["article", "unnamed site"])
def test_sentences_about_a_site_that_nobody_named_are_whole(command: Command, tmp_path: Path, lines: bytes) -> None:
    (tmp_path / "distmgr.log").write_bytes(lines)

    (culprit,) = json.loads(command("explain", "--json", tmp_path).out)["culprits"]

    for sentence in (culprit["cause"]["words"], *culprit["remedy"]):
        assert not _NOBODY.search(sentence), sentence
    assert culprit["cause"]["kind"] == "owner_not_read"


def test_text_that_tells_of_a_block_is_the_log_that_does_whatever_its_file_is_called(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "from-a-mail.txt").write_text(_ARTICLE)
    doubts = json.loads(command("explain", "--json", f"CHI={tmp_path / 'from-a-mail.txt'}").out)["doubts"]
    assert doubts == ["CHI: the lines have no time, or no known zone; --zone names the zone of the server's clock."]


def test_content_that_is_late_without_a_time_is_doubted_as_a_block_is(command: Command, tmp_path: Path) -> None:
    line = "The contents for the package CEN00012 hasn't arrived from site CEN yet, will retry later."
    (tmp_path / "distmgr.log").write_text(f"{line}\n")
    doubts = json.loads(command("explain", "--json", f"CHI={tmp_path}").out)["doubts"]
    assert doubts == ["CHI: the lines have no time, or no known zone; --zone names the zone of the server's clock."]
