"""The steps for what blocks no task sequence: each names what is concerned and what to look at afterwards."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.replication.advice import for_source_error, for_trouble, for_waiting
from exporter.replication.state import SourceError, SourceReason, Trouble, TroubleKind, Waiting, WaitReason

LATE = Waiting("CEN00012", "CEN", WaitReason.CONTENTS, None, None, 1, None, ())
UNREADABLE = SourceError("CEN00012", SourceReason.INACCESSIBLE, r"\\FILES01\Drivers", 5, None, None, ())
HELD_UP = Trouble(TroubleKind.CONNECTION_FAILED, "CHI", "", "", 53, None, None, 1, ())


@pytest.mark.parametrize("reason", WaitReason)
def test_late_content_is_followed_from_the_sender_to_the_site(reason: WaitReason) -> None:
    follow, resend, watch = for_waiting("DEN", replace(LATE, from_site="CHI", reason=reason))
    assert follow.startswith("Follow the content of CEN00012 to DEN")
    assert "On CHI: distmgr.log" in follow
    assert "update the distribution points of CEN00012 on CEN" in resend
    assert 'despool.log on DEN shows "Stored Package CEN00012"' in watch


def test_content_whose_sender_no_line_names_is_looked_for_at_its_owner() -> None:
    assert "On CEN: distmgr.log" in for_waiting("CHI", replace(LATE, from_site=""))[0]
    follow, resend, _ = for_waiting("", replace(LATE, from_site="", package="<PackageID>"))
    assert "to the site whose logs were read" in follow
    assert "At the site that sends it: distmgr.log" in follow
    assert "at the site that owns it" in resend


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (5, "the computer account of the site server must have the right to read it"),
        (3, "the path must exist"),
        (53, "its server must answer"),
        (32, "open elsewhere"),
        (1450, "it must exist, and the computer account"),
        (None, "it must exist, and the computer account"),
    ],
)
def test_what_is_wrong_at_a_source_follows_from_the_windows_error(error: int | None, words: str) -> None:
    mend, again = for_source_error("CEN", replace(UNREADABLE, win32_error=error))
    assert mend.startswith(r"Mend the data source of CEN00012 on CEN, \\FILES01\Drivers: ")
    assert words in mend
    assert "status message 2301" in again


def test_a_snapshot_that_failed_is_looked_up_in_the_log() -> None:
    mend, _ = for_source_error("CEN", replace(UNREADABLE, reason=SourceReason.SNAPSHOT, win32_error=None))
    assert mend.startswith(
        'Look in distmgr.log on CEN at the lines before "Failed to take snapshot of package CEN00012"'
    )


@pytest.mark.parametrize("kind", TroubleKind)
def test_every_trouble_has_steps_that_name_the_site_and_end_with_what_to_see(kind: TroubleKind) -> None:
    steps = for_trouble("CEN", replace(HELD_UP, kind=kind, package="LON00001"))
    assert "CEN" in " ".join(steps)
    assert ".log on CEN " in steps[-1]
    assert "shows" in steps[-1]


def test_content_that_came_before_its_definition_is_mended_at_the_owner() -> None:
    early = replace(HELD_UP, kind=TroubleKind.CONTENT_BEFORE_DEFINITION)
    assert for_trouble("CHI", replace(early, package="LON00001"))[0].startswith("Touch LON00001 on LON,")
    unnamed = for_trouble("CHI", early)[0]
    assert unnamed.startswith("Touch the package that the lines name at the site that owns it,")
