"""How a site is, and when what is known of it is doubted."""

from __future__ import annotations

import pytest

from exporter.logs.health import Gap, GapReason, LogHealth
from exporter.metrics.views import SiteView, Snapshot
from exporter.replication.state import SiteState, SourceError, SourceReason, Trouble, TroubleKind, WaitReason
from exporter.report.condition import SILENCE_SECONDS, Condition, DoubtKind, conditions, doubts_of
from exporter.report.picture import Given, Painter, Picture, SitePicture
from exporter.report.words import gap_words
from tests.metrics.states import FACTS, MAY, blocked, waiting

FRESH = LogHealth(up=True, lines=10, last_record=MAY)


def picture_of(*views: SiteView, tree: dict[str, str] | None = None, now: float = MAY) -> Picture:
    given = Given(tree or {})
    return Painter(lambda: Snapshot(views, FACTS), given=lambda: given, wall=lambda: now).picture()


def site(*gaps: Gap, **logs: LogHealth) -> SitePicture:
    return SitePicture(SiteState("CHI"), logs, gaps)


def kinds(seen: SitePicture, now: float = MAY) -> list[tuple[str, DoubtKind]]:
    return [(doubt.log, doubt.kind) for doubt in doubts_of("CHI", seen, now)]


HELD_UP = Trouble(TroubleKind.CONNECTION_FAILED, "CHI", "", "", 53, MAY, MAY, 1, ())


def gap(before: float | None, after: float | None = MAY - 90_000) -> Gap:
    return Gap("distmgr", GapReason.ROLLED_TWICE, MAY, after, before, None)


def test_the_worst_that_holds_is_how_a_site_is() -> None:
    state = SiteState("CHI")
    view = SiteView(state, {"distmgr": LogHealth()}, 0)
    assert conditions(picture_of(view)) == {"CHI": Condition.DOUBT}
    state.source_errors = {
        ("CHI00001", SourceReason.SNAPSHOT): SourceError("CHI00001", SourceReason.SNAPSHOT, "", None, MAY, MAY, ())
    }
    assert conditions(picture_of(view)) == {"CHI": Condition.ATTENTION}
    state.blocked = {"CEN0000A": blocked("CEN0000A")}
    assert conditions(picture_of(view)) == {"CHI": Condition.BLOCKED}


def test_late_content_wants_attention() -> None:
    state = SiteState("CHI")
    state.waiting = {("CEN00020", "CEN", WaitReason.CONTENTS): waiting("CEN00020", "CEN")}
    assert conditions(picture_of(SiteView(state, {"distmgr": FRESH}, 0))) == {"CHI": Condition.ATTENTION}


def test_files_that_do_not_move_want_attention() -> None:
    state = SiteState("CEN")
    state.transport.troubles = {(HELD_UP.kind, "CHI", ""): HELD_UP}
    assert conditions(picture_of(SiteView(state, {"distmgr": FRESH}, 0))) == {"CEN": Condition.ATTENTION}


def test_sites_that_only_the_tree_knows_are_shown_as_not_read() -> None:
    found = conditions(picture_of(SiteView(SiteState("CHI"), {"distmgr": FRESH}, 0), tree={"CHI": "CEN", "DEN": "CHI"}))
    assert found == {"CHI": Condition.CLEAR, "CEN": Condition.NOT_READ, "DEN": Condition.NOT_READ}


def test_a_log_that_is_read_and_fresh_raises_no_doubt() -> None:
    assert kinds(site(distmgr=FRESH, sender=LogHealth(up=True))) == []


@pytest.mark.parametrize(
    ("health", "kind", "words"),
    [
        (LogHealth(error="Permission denied"), DoubtKind.UNREADABLE, "cannot be read: Permission denied. Without it"),
        (LogHealth(), DoubtKind.UNREADABLE, "cannot be read: it has not been found yet"),
        (LogHealth(up=True), DoubtKind.EMPTY, "is empty"),
        (LogHealth(up=True, lines=5), DoubtKind.TIMELESS, "Name the zone"),
        (LogHealth(up=True, lines=5, last_record=MAY - 7201), DoubtKind.SILENT, "no new line for 2 h"),
        (LogHealth(up=True, lines=5, last_record=MAY + 3600), DoubtKind.AHEAD, "1 h ahead of the clock here"),
    ],
)
def test_what_is_wrong_with_the_main_log_is_said(health: LogHealth, kind: DoubtKind, words: str) -> None:
    (doubt,) = doubts_of("CHI", site(distmgr=health), MAY)
    assert (doubt.site, doubt.log, doubt.kind) == ("CHI", "distmgr", kind)
    assert words in doubt.words


def test_the_other_logs_may_be_silent_but_not_unreadable() -> None:
    old = LogHealth(up=True, lines=5, last_record=MAY - 1e6)
    assert kinds(site(distmgr=FRESH, sched=old)) == []
    assert kinds(site(distmgr=FRESH, sched=LogHealth(error="gone"))) == [("sched", DoubtKind.UNREADABLE)]


def test_two_hours_without_a_line_are_silence_and_one_is_not() -> None:
    assert kinds(site(distmgr=FRESH), MAY + SILENCE_SECONDS) == []
    assert kinds(site(distmgr=FRESH), MAY + SILENCE_SECONDS + 1) == [("distmgr", DoubtKind.SILENT)]


def test_lost_lines_are_doubted_until_what_stands_has_shown_itself_again() -> None:
    assert kinds(site(gap(MAY - 60), distmgr=FRESH)) == [("distmgr", DoubtKind.GAP)]
    assert kinds(site(gap(MAY - SILENCE_SECONDS), distmgr=FRESH)) == []
    assert kinds(site(gap(None), distmgr=FRESH)) == [("distmgr", DoubtKind.GAP)]
    assert kinds(site(gap(MAY - 90_000))) == [("distmgr", DoubtKind.GAP)]


def test_lost_lines_are_said_with_their_time_as_far_as_it_is_known() -> None:
    span = "between 2010-05-03 18:06:40 UTC and 2010-05-04 19:06:40 UTC (rolled twice)"
    assert span in gap_words(gap(MAY))
    assert span in gap_words(gap(MAY - 90_000, MAY))  # as when an older copy of the log was put in its place
    assert "unread after 2010-05-03 18:06:40 UTC (rolled" in gap_words(gap(None))
    assert "unread before 2010-05-04 19:06:40 UTC (rolled" in gap_words(gap(MAY, None))
    assert "has lost lines unread (rolled twice)" in gap_words(gap(None, None))
