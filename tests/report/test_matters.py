"""What is wrong beside blocks: alike things are explained once, and each is named."""

from __future__ import annotations

from dataclasses import replace

from exporter.replication.cause import Cause, CauseKind, Certainty, Proof
from exporter.replication.state import Evidence, SiteState, Trouble, TroubleKind
from exporter.report.hierarchy import Report, report
from exporter.report.matters import Way, last_lines, of_source_errors, of_troubles, of_waiting, ways
from tests.replication.test_advice import HELD_UP, LATE, UNREADABLE


def report_of(*sites: str) -> Report:
    return report({site: SiteState(site) for site in sites})


def trouble(kind: TroubleKind, peer: str) -> Trouble:
    return Trouble(kind, peer, "", "", None, None, None, 1, ())


def test_content_that_is_late_in_two_places_is_mended_in_one_way() -> None:
    found = ways(
        of_waiting(
            report_of("CHI", "DEN", "LON"), [("CHI", LATE), ("DEN", replace(LATE, package="CEN00020")), ("LON", LATE)]
        )
    )
    assert [(way.first, way.others) for way in found] == [("CEN00012 at CHI", ["CEN00020 at DEN", "CEN00012 at LON"])]
    assert found[0].steps[0].startswith("Follow the content of CEN00012 to CHI")


def test_a_failed_connection_and_the_hour_of_silence_after_it_are_one_trouble() -> None:
    rows = [("CEN", HELD_UP), ("CEN", trouble(TroubleKind.PUT_ASIDE, "CHI"))]
    (way,) = ways(of_troubles(rows))
    assert (way.first, way.others) == ("CEN with CHI", [])


def test_different_troubles_are_mended_in_different_ways() -> None:
    rows = [
        ("CEN", HELD_UP),
        ("CEN", trouble(TroubleKind.NO_ADDRESS, "NYC")),
        ("", trouble(TroubleKind.NO_REQUEST_ID, "")),
    ]
    assert [way.first for way in ways(of_troubles(rows))] == [
        "CEN with CHI",
        "CEN with NYC",
        "(site not named) with every site",
    ]


def test_nothing_wrong_needs_no_way() -> None:
    empty: list[Way] = []
    assert ways([]) == empty


def test_all_lines_of_one_thing_are_shown_and_of_several_the_latest_of_each() -> None:
    lines = tuple(Evidence("distmgr.log", number, None, "") for number in range(5))
    matters = of_source_errors([("CEN", replace(UNREADABLE, evidence=lines))])
    assert [line.line for _, line in last_lines(matters, 4)] == [1, 2, 3, 4]
    assert [line.line for _, line in last_lines(matters * 2, 4)] == [4, 4]


def test_what_keeps_content_away_is_mended_first_and_shown() -> None:
    proof = Evidence("sched.log", 7, None, "There is no address defined for site CHI")
    cause = Cause(CauseKind.NEVER_SENT, Certainty.STATED, "CEN", "CEN has no address of CHI", (Proof("CEN", proof),))
    known = report_of("CHI", "DEN")
    site = known.sites["CHI"]
    key = (LATE.package, LATE.from_site, LATE.reason)
    known = replace(known, sites={**known.sites, "CHI": replace(site, behind_waits={key: cause})})
    matters = of_waiting(known, [("CHI", LATE), ("DEN", LATE)])
    chicago, denver = ways(matters)
    assert chicago.steps[0] == "Mend what keeps it away: CEN has no address of CHI."
    assert "update the distribution points of CEN00012 on CEN" in chicago.steps[1]
    assert denver.first == "CEN00012 at DEN", "what keeps it away there is not known"
    assert last_lines(matters, 4) == [("CEN", proof)]
