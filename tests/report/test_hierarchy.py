"""Many sites together: culprits, order, filters, and the exact object that `explain --json` prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from exporter.logs.health import Gap, GapReason
from exporter.replication.advice import for_source_error, for_trouble, for_waiting
from exporter.replication.state import WaitReason
from exporter.report.hierarchy import Filter, Report, progress, report
from exporter.report.plain import rfc3339
from tests.replication.builders import OTHER_TS, PKG, PROGRAM, SOURCE, START, TS, Teller

HOUR = 3600.0


@dataclass
class Sites:
    cen: Teller
    chi: Teller
    nyc: Teller

    def report(self, **options: Any) -> Report:
        return report({teller.site: teller.state for teller in (self.cen, self.chi, self.nyc)}, **options)


@pytest.fixture
def sites() -> Sites:
    return Sites(Teller("CEN"), Teller("CHI"), Teller("NYC"))


def test_nothing_is_stuck(sites: Sites) -> None:
    answer = sites.report()
    assert not answer.stuck
    empty: dict[str, Any] = {
        "parent": None,
        "parent_inferred": False,
        "blocked": [],
        "waiting": [],
        "source_errors": [],
        "transport": [],
        "gaps": [],
    }
    assert answer.to_json() == {"sites": {"CEN": empty, "CHI": empty, "NYC": empty}, "culprits": []}


def test_the_whole_object(sites: Sites) -> None:
    sites.cen.snapshot(error=5)
    sites.cen.at(0.5).status(2302, PKG, "Laptop drivers")
    sites.chi.at(HOUR).blocked_unit(version=3)
    sites.chi.on("distmgr").at(2 * HOUR + 0.25).blocked_unit(version=3)
    sites.chi.at(3 * HOUR).say("content_not_arrived", package="CEN00001", from_site="CEN")
    sites.chi.on("distmgr").at(3 * HOUR).say("parent_site", site="CHI", parent="CEN")
    sites.chi.on("sender").at(4 * HOUR).say("remote_connection_failed", site="NYC", win32_error=53)
    gap = Gap("distmgr", GapReason.ROLLED_TWICE, START, START - 5, None, 700)
    answer = report(
        {"CHI": sites.chi.state, "CEN": sites.cen.state}, {"CHI": [gap]}, names={TS: "Deploy to laptops"}
    ).to_json()

    assert list(answer) == ["sites", "culprits"]
    assert list(answer["sites"]) == ["CEN", "CHI"]
    assert answer["sites"]["CHI"] == {
        "parent": "CEN",
        "parent_inferred": True,
        "blocked": [
            {
                "task_sequence": TS,
                "name": "Deploy to laptops",
                "missing": [
                    {"package": PKG, "program": PROGRAM, "source_site": "CEN", "name": "Laptop drivers"},
                ],
                "since": "2010-03-04T16:00:00.000Z",
                "last_attempt": "2010-03-04T17:00:00.250Z",
                "attempts": 2,
                "version": 3,
                "definition": "RD5L85BW.PKG",
                "definitions_tried": 1,
                "error": 40,
                "evidence": [
                    {"file": "distmgr.log", "line": line, "time": "2010-03-04T17:00:00.250Z", "text": text}
                    for line, text in [
                        (8, r"incoming file D:\SMS\inboxes\distmgr.box\INCOMING\RD5L85BW.PKG"),
                        (9, f"package locked {TS}"),
                        (10, f"contents added {TS} 3"),
                        (11, f"package info updated {TS}"),
                        (12, f"program reference missing * {PKG} {PROGRAM}"),
                        (13, f"package program not updated {TS} 40"),
                        (14, f"package unlocked {TS}"),
                    ]
                ],
            }
        ],
        "waiting": [
            {
                "package": "CEN00001",
                "name": None,
                "from_site": "CEN",
                "reason": "contents_not_arrived",
                "since": "2010-03-04T18:00:00.000Z",
                "last_seen": "2010-03-04T18:00:00.000Z",
                "attempts": 1,
                "version": None,
                "cause": None,
                "evidence": [
                    {
                        "file": "distmgr.log",
                        "line": 15,
                        "time": "2010-03-04T18:00:00.000Z",
                        "text": "content not arrived CEN00001 CEN",
                    }
                ],
                "remedy": for_waiting("CHI", sites.chi.state.waiting["CEN00001", "CEN", WaitReason.CONTENTS]),
            }
        ],
        "source_errors": [],
        "transport": [
            {
                "trouble": "connection_failed",
                "peer_site": "NYC",
                "job": None,
                "distribution_point": None,
                "package": None,
                "name": None,
                "win32_error": 53,
                "win32_error_text": "the network path was not found",
                "since": "2010-03-04T19:00:00.000Z",
                "last_seen": "2010-03-04T19:00:00.000Z",
                "attempts": 1,
                "evidence": [
                    {
                        "file": "sender.log",
                        "line": 17,
                        "time": "2010-03-04T19:00:00.000Z",
                        "text": "remote connection failed NYC 53",
                    }
                ],
                "remedy": for_trouble("CHI", next(iter(sites.chi.state.transport.troubles.values()))),
            }
        ],
        "gaps": [
            {
                "log": "distmgr",
                "reason": "rolled_twice",
                "noticed": "2010-03-04T15:00:00.000Z",
                "after": "2010-03-04T14:59:55.000Z",
                "before": None,
                "unread_bytes": 700,
            }
        ],
    }
    snapshot = [
        {"file": "distmgr.log", "line": line, "time": "2010-03-04T15:00:00.000Z", "text": text}
        for line, text in [
            (1, f"snapshot started {PKG} {SOURCE}"),
            (2, f"source directory inaccessible {SOURCE} 5"),
            (3, f"snapshot failed {PKG}"),
        ]
    ]
    (error,) = sites.cen.state.source_errors.values()
    assert answer["sites"]["CEN"]["source_errors"] == [
        {
            "package": PKG,
            "name": "Laptop drivers",
            "reason": "source_path_inaccessible",
            "source_path": SOURCE,
            "win32_error": 5,
            "win32_error_text": "access is denied",
            "since": "2010-03-04T15:00:00.000Z",
            "last_seen": "2010-03-04T15:00:00.000Z",
            "evidence": snapshot,
            "remedy": for_source_error("CEN", error),
        }
    ]
    (culprit,) = answer["culprits"]
    remedy = culprit.pop("remedy")
    assert len(remedy) == 5
    assert SOURCE in remedy[0]
    cause = {
        "kind": "source_path_inaccessible",
        "certainty": "stated",
        "site": "CEN",
        "words": f"CEN cannot read the source of {PKG} from {SOURCE}: access is denied (Win32 error 5)",
        "ended": False,
        "behind": None,
        "evidence": [{"site": "CEN", **line} for line in snapshot],
    }
    assert culprit == {
        "package": PKG,
        "program": PROGRAM,
        "name": "Laptop drivers",
        "source_site": "CEN",
        "sites": ["CHI"],
        "task_sequences": [TS],
        "since": "2010-03-04T16:00:00.000Z",
        "cause": cause,
        "causes": [{**cause, "sites": ["CHI"]}],
        "versions": {},
        "current_at": [],
        "behind_at": [],
        "also_blocked_at": [],
        "also_waiting_at": [],
    }


def test_one_missing_program_is_one_culprit_for_all_it_blocks(sites: Sites) -> None:
    for teller in (sites.chi, sites.nyc):
        teller.blocked_unit(TS)
        teller.at(60).blocked_unit(OTHER_TS, "OTHER")
    (culprit,) = sites.report().culprits
    assert (culprit.sites, culprit.task_sequences) == (["CHI", "NYC"], [TS, OTHER_TS])
    assert (culprit.blocks, culprit.since) == (4, START)


def test_two_programs_of_one_package_are_two_culprits(sites: Sites) -> None:
    sites.chi.unit(missing=[(PKG, "One"), (PKG, "Two")])
    assert [culprit.reference.program for culprit in sites.report().culprits] == ["One", "Two"]


def test_the_worst_comes_first(sites: Sites) -> None:
    def block(teller: Teller, sequence: str, package: str, second: float) -> None:
        teller.at(second).unit(sequence, sequence, missing=[(package, "*")])

    # Three blocks at one site; two at two sites; two at one site, earlier and later; one of two that are alike.
    for number in range(3):
        block(sites.chi, f"CEN0A00{number}", "CEN00001", 900)
    for teller in (sites.chi, sites.nyc):
        block(teller, "CEN0B000", "CEN00002", 900)
    for number in range(2):
        block(sites.chi, f"CEN0C00{number}", "CEN00004", 500)
        block(sites.chi, f"CEN0D00{number}", "CEN00003", 600)
    block(sites.nyc, "CEN0E000", "CEN00006", 1)
    block(sites.nyc, "CEN0F000", "CEN00005", 1)
    order = [culprit.reference.package for culprit in sites.report().culprits]
    assert order == ["CEN00001", "CEN00002", "CEN00004", "CEN00003", "CEN00005", "CEN00006"]


def test_a_culprit_whose_times_are_not_known_comes_after_one_whose_are(sites: Sites) -> None:
    sites.chi.time = None
    sites.chi.unit(missing=[("CEN00001", "*")])
    sites.nyc.unit(missing=[("CEN00002", "*")])
    assert [culprit.reference.package for culprit in sites.report().culprits] == ["CEN00002", "CEN00001"]


def test_different_causes_at_different_sites_are_all_told(sites: Sites) -> None:
    den = Teller("DEN")
    for teller in (sites.chi, sites.nyc, den):
        teller.at(60).blocked_unit()
    sites.cen.on("sender").at(0).say("site_put_aside", server="X", site="DEN")
    states = {teller.site: teller.state for teller in (sites.cen, sites.chi, sites.nyc, den)}
    (culprit,) = report(states).culprits
    assert [(finding.cause.kind, finding.sites) for finding in culprit.findings] == [
        ("unknown", ["CHI", "NYC"]),
        ("transport", ["DEN"]),
    ]
    assert culprit.cause.kind == "unknown"


def test_a_missing_package_that_is_itself_stuck_is_linked(sites: Sites) -> None:
    sites.chi.blocked_unit()
    sites.chi.unit(PKG, "INNER", missing=[("CEN00099", "Base")])
    sites.nyc.blocked_unit()
    sites.nyc.say("compressed_files_not_arrived", package=PKG, from_site="CEN")
    culprit = next(culprit for culprit in sites.report().culprits if culprit.reference.package == PKG)
    assert (culprit.also_blocked, culprit.also_waiting) == (["CHI"], ["NYC"])


def test_the_remedy_is_for_the_package_that_lies_behind(sites: Sites) -> None:
    sites.cen.snapshot("CEN00099", error=5)
    sites.cen.status(2300, "CEN00099", "Base")
    sites.chi.blocked_unit()
    sites.chi.unit(PKG, "INNER", missing=[("CEN00099", "Setup")])
    culprit = next(culprit for culprit in sites.report().culprits if culprit.reference.package == PKG)
    assert culprit.to_json()["cause"]["behind"] == {"package": "CEN00099", "program": "Setup"}
    assert culprit.remedy[0].startswith('Mend the data source of package CEN00099 ("Base") on CEN')


def test_a_block_that_names_no_reference_is_reported_without_a_culprit(sites: Sites) -> None:
    sites.chi.unit(until=4)
    sites.chi.say("package_program_not_updated", package=TS, error=40)
    sites.chi.say("package_unlocked", package=TS)
    answer = sites.report()
    assert answer.stuck
    assert answer.sites["CHI"].to_json()["blocked"][0]["missing"] == []
    assert not answer.culprits


@pytest.mark.parametrize("stuck", ["waiting", "source"])
def test_late_content_and_unreadable_sources_are_stuck_too(sites: Sites, stuck: str) -> None:
    if stuck == "waiting":
        sites.chi.say("content_not_arrived", package=PKG, from_site="CEN")
    else:
        sites.cen.snapshot(error=5)
    assert sites.report().stuck


# Filters.


@pytest.fixture
def many(sites: Sites) -> Sites:
    sites.cen.at(0).snapshot(error=5)
    sites.chi.at(0).blocked_unit(TS)
    sites.chi.at(HOUR).unit(OTHER_TS, "OTHER", missing=[("CEN00099", "*")])
    sites.nyc.at(HOUR).blocked_unit(TS)
    sites.nyc.at(2 * HOUR).say("content_not_arrived", package=PKG, from_site="CEN")
    return sites


def shown(answer: Report) -> dict[str, list[str]]:
    found = {
        code: [block.task_sequence for block in site.blocked]
        + [waiting.package for waiting in site.waiting]
        + [error.package for error in site.source_errors]
        for code, site in answer.sites.items()
    }
    return {**found, "culprits": [culprit.reference.package for culprit in answer.culprits]}


def test_without_a_filter(many: Sites) -> None:
    assert shown(many.report()) == {
        "CEN": [PKG],
        "CHI": [TS, OTHER_TS],
        "NYC": [TS, PKG],
        "culprits": [PKG, "CEN00099"],
    }


def test_by_site_the_cause_is_still_looked_for_everywhere(many: Sites) -> None:
    answer = many.report(only=Filter(sites=["NYC"]))
    assert shown(answer) == {"NYC": [TS, PKG], "culprits": [PKG]}
    assert answer.culprits[0].sites == ["NYC"]
    assert answer.culprits[0].cause.kind == "source_path_inaccessible"


def test_by_the_missing_package(many: Sites) -> None:
    assert shown(many.report(only=Filter(packages=[PKG]))) == {
        "CEN": [PKG],
        "CHI": [TS],
        "NYC": [TS, PKG],
        "culprits": [PKG],
    }


def test_by_the_blocked_task_sequence(many: Sites) -> None:
    answer = many.report(only=Filter(packages=[OTHER_TS]))
    assert shown(answer) == {"CEN": [], "CHI": [OTHER_TS], "NYC": [], "culprits": ["CEN00099"]}
    assert answer.stuck


def test_by_time_what_was_last_seen_before_is_left_out(many: Sites) -> None:
    assert shown(many.report(only=Filter(since=START + HOUR))) == {
        "CEN": [],
        "CHI": [OTHER_TS],
        "NYC": [TS, PKG],
        "culprits": [PKG, "CEN00099"],
    }
    assert not many.report(only=Filter(since=START + 3 * HOUR)).stuck


def test_what_has_no_time_passes_the_filter_by_time(sites: Sites) -> None:
    sites.chi.time = None
    sites.chi.blocked_unit()
    assert sites.report(only=Filter(since=START)).stuck


# Progress, names, trees, times.


def test_progress_after_a_package_was_touched(sites: Sites) -> None:
    sites.cen.say("contents_added", package=PKG, version=2)
    sites.chi.unit(PKG, version=1)
    sites.nyc.unit(PKG, version=2)
    den = Teller("DEN")
    den.on("despool").say("content_stored", package=PKG, version=1)
    states = {teller.site: teller.state for teller in (sites.cen, sites.chi, sites.nyc, den)}
    found = progress(states, PKG)
    assert (found.owner, found.current, found.behind) == ("CEN", ["NYC"], ["CHI"])
    assert found.to_json()["versions"]["DEN"] == {"definition": None, "content": 1, "source": None}


def test_progress_without_the_owner_compares_nothing(sites: Sites) -> None:
    sites.chi.unit(PKG, version=1)
    found = progress({"CHI": sites.chi.state}, PKG)
    assert (found.current, found.behind) == ([], [])


def test_names_of_an_inventory_go_before_those_of_the_logs(sites: Sites) -> None:
    sites.cen.status(2300, PKG, "Old name")
    sites.chi.blocked_unit()
    assert sites.report().culprits[0].name == "Old name"
    answer = sites.report(names={PKG: "New name"})
    assert answer.culprits[0].name == "New name"
    assert 'CEN00012 ("New name")' in answer.culprits[0].remedy[-1]


def test_a_configured_parent_is_not_said_to_be_inferred(sites: Sites) -> None:
    sites.cen.on("sender").say("package_sent", package=PKG, version=1, site="NYC")
    told = {code: site.to_json() for code, site in sites.report(tree={"CHI": "CEN"}).sites.items()}
    assert [(told[code]["parent"], told[code]["parent_inferred"]) for code in ("CEN", "CHI", "NYC")] == [
        (None, False),
        ("CEN", False),
        ("CEN", True),
    ]


def test_a_site_that_is_not_read_may_be_named_in_the_tree(sites: Sites) -> None:
    sites.chi.blocked_unit()
    answer = report({"CHI": sites.chi.state}, tree={"CHI": "CEN"})
    assert answer.culprits[0].cause.kind == "owner_not_read"
    assert list(answer.sites) == ["CHI"]


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (None, None),
        (0.0, "1970-01-01T00:00:00.000Z"),
        (START + 0.0625, "2010-03-04T15:00:00.062Z"),
        (1267714800.999, "2010-03-04T15:00:00.999Z"),
        (-11644473600.0, "1601-01-01T00:00:00.000Z"),
        (253402300800.0, None),
        (1e30, None),
    ],
)
def test_times(time: float | None, text: str | None) -> None:
    assert rfc3339(time) == text
