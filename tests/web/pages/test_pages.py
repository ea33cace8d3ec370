"""What the pages say about the incident of the demo, and about hierarchies in which it is hard to say anything."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

import pytest

from docs.screens import Stage
from exporter.logs.health import Gap, GapReason, LogHealth
from exporter.metrics.views import SiteView, Snapshot
from exporter.replication.state import (
    Blocked,
    Evidence,
    Fact,
    FactKind,
    Reference,
    SiteState,
    SourceError,
    SourceReason,
    Trouble,
    TroubleKind,
    Waiting,
    WaitReason,
)
from exporter.report.changes import History
from exporter.report.hierarchy import Report
from exporter.report.picture import Given, Painter
from exporter.web.pages.links import Links
from exporter.web.pages.views import MOST_CARDS, MOST_CULPRITS, MOST_ROWS, Page
from tests.metrics.states import FACTS, MAY, blocked, chicago, full, quiet, waiting
from tests.replication.test_advice import HELD_UP
from tests.web.html import read_page, words
from tests.web.serving import ask

FRESH = LogHealth(up=True, lines=1000, events=400, last_record=MAY)
HOSTILE = "<script>alert(1)</script>\"'&{{7*7}}\x00\x1b[2J\x9b31m\u202e\u2066" + "x" * 100_000


def page_of(*views: SiteView, unready: str = "", now: float = MAY, given: Given | None = None) -> Page:
    configured = given or Given()
    painter = Painter(lambda: Snapshot(views, FACTS), lambda: unready, lambda: configured, lambda: now)
    picture = painter.picture()
    history = History(now)
    history.note(Report(()), now)
    history.note(picture.report, now)
    return Page(picture, Links(0, "/metrics", configured.links), history)


def healthy(site: str, **logs: LogHealth) -> SiteView:
    return SiteView(SiteState(site), {"distmgr": FRESH} | logs, 0)


def lost_instruction() -> SiteView:
    line = Evidence("despool.log", 1, None, "Despooler failed to execute the instruction, error code = 32")
    lost = replace(HELD_UP, kind=TroubleKind.INSTRUCTION_LOST, package="LON00001", evidence=(line,))
    view = healthy("CEN")
    view.state.transport.troubles = {(lost.kind, "CHI", ""): lost}
    return view


def shown(page: str | None) -> str:
    assert page is not None
    return words(read_page(page).text)


def get(port: int, path: str) -> str:
    answer = ask(port, path)
    assert answer.status == 200, path
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return words(read_page(answer.text).text)


def test_the_overview_says_what_is_stuck_why_and_what_to_do_first(incident_port: int) -> None:
    text = get(incident_port, "/")
    assert "3 task sequences stuck at 3 sites because of 1 missing program" in text
    assert "CEN00012 Laptop drivers (inventory)" in text
    assert r"CEN cannot read the source of CEN00012 from \\FILES01\Drivers\Laptops: access is denied" in text
    assert "stated by a log line" in text
    assert "Do this first Mend the data source of package CEN00012" in text
    assert "Missing program Install drivers Owner CEN Since 2010-03-04" in text
    assert "Missing at CHI LON NYC Blocks CEN00021 Deploy Windows 7 to laptops CEN00022" in text
    assert "33 of 33 logs can be read. No lines were lost." in text


def test_the_culprit_stands_before_all_else(incident_port: int) -> None:
    text = get(incident_port, "/")
    places = [text.index(part) for part in ("3 task sequences stuck", "The culprit", "The hierarchy", "Sites Site")]
    assert places == sorted(places)


def test_the_hierarchy_is_drawn_with_words_and_not_by_colour_alone(incident_port: int) -> None:
    page = ask(incident_port, "/").text
    assert page.count('<g class="node ') == 6
    assert 'aria-label="Site CHI: 3 blocked"' in page
    assert 'aria-label="Site CEN: source unreadable, the cause is here"' in page
    assert 'aria-label="Site DEN: clear"' in page


def test_every_link_leads_to_a_page(incident_port: int) -> None:
    seen: set[str] = set()
    waiting_for = ["/"]
    while waiting_for:
        path = waiting_for.pop()
        seen.add(path)
        answer = ask(incident_port, path)
        assert answer.status == 200, path
        if answer.headers["Content-Type"].startswith("text/html"):
            for link in read_page(answer.text).links:
                target = urljoin(f"http://here{path}", link).partition("#")[0]
                if target.startswith("http://here"):
                    target = target.removeprefix("http://here")
                    if target not in seen | set(waiting_for):
                        waiting_for.append(target)
                else:
                    assert target.startswith(("https://grafana.example/", "https://tickets.example/"))
    kinds = {path.split("/")[1] for path in seen}
    assert kinds == {"", "-", "api", "logs", "metrics", "package", "site", "static", "task-sequence"}


def test_a_package_shows_its_ladder_its_lines_and_its_journey(incident_port: int) -> None:
    text = get(incident_port, "/package/CEN00012")
    assert "Programs of this package are missing: Install drivers at 3 sites." in text
    assert text.index("What to do, step by step") < text.index("The lines that show the cause")
    assert (
        "The source directory \\\\FILES01\\Drivers\\Laptops doesn't exist or the SMS service cannot access it" in text
    )
    assert "CEN its source cannot be read here" in text
    assert "CHI the program is missing here" in text
    assert "What the logs tell of it, oldest first" in text


def test_a_package_that_is_well_says_so_and_how_far_it_has_come(incident_port: int) -> None:
    text = get(incident_port, "/package/CEN00013")
    assert "Nothing is known to be wrong with it." in text
    assert "CHI has what the owner told last" in text
    assert "stored the definition, version 1" in text


def test_a_task_sequence_shows_its_tries_its_lines_and_where_else_it_is_blocked(incident_port: int) -> None:
    text = get(incident_port, "/task-sequence/CHI/CEN00021")
    assert "Blocked at CHI, since 2010-03-04" in text
    assert "It waits for CEN00012 Laptop drivers (inventory), program Install drivers." in text
    assert "Also blocked at LON, NYC." in text
    assert "First failing try" in text
    assert "failing tries seen so far" in text
    assert "Error 40 (Distribution Manager's own code, not a Windows error)" in text
    assert "because the referenced program CEN00012-Install drivers is not present in the PkgPrograms table" in text
    assert "Ticket" in text


def test_a_site_shows_what_is_stuck_there_and_its_logs(incident_port: int) -> None:
    text = get(incident_port, "/site/CHI")
    assert "Site CHI: 3 blocked" in text
    assert "Parent: CEN. Children: DEN." in text
    assert "CEN00021 Deploy Windows 7 to laptops CEN00012 Laptop drivers (inventory), program Install drivers" in text
    assert "Dashboard of the site" in text
    assert "distmgr ✔ read" in text
    owner = get(incident_port, "/site/CEN")
    assert "To mend here CEN00012" in owner
    assert "It blocks 3 task sequences at 3 sites." in owner


def test_a_site_says_first_why_and_what_to_do_and_names_ten_at_most() -> None:
    state = SiteState("CHI")
    for number in range(12):
        name = f"CEN{number:05X}"
        state.blocked[name] = blocked(name, Reference(f"NYC{number:05X}", "p"), since=MAY)
    text = shown(page_of(SiteView(state, {"distmgr": FRESH}, 0), quiet("NYC")).site("CHI"))
    assert text.index("Why task sequences are blocked here") < text.index("Blocked task sequences")
    assert text.count("Do this first") == MOST_CARDS
    assert "and 2 culprits more" in text
    assert "What changed here last" in text


def test_a_site_at_which_nothing_is_stuck_says_why_that_can_be_believed(incident_port: int) -> None:
    text = get(incident_port, "/site/DEN")
    assert "Site DEN: clear" in text
    assert "Nothing is stuck here." in text


def test_the_logs_are_listed_one_by_one(incident_port: int) -> None:
    text = get(incident_port, "/logs")
    assert "All logs are read" in text
    for site in ("CEN", "CHI", "DEN", "LON", "NYC", "PAR"):
        assert f"{site} distmgr ✔ read" in text


@pytest.mark.parametrize("path", ["/site/XYZ", "/package/XYZ00001", "/task-sequence/CHI/XYZ00001", "/site/%00"])
def test_what_nothing_is_known_of_has_no_page(incident_port: int, path: str) -> None:
    answer = ask(incident_port, path)
    assert answer.status == 404
    assert "Nothing is known of this" in read_page(answer.text).text


def test_a_task_sequence_of_an_unknown_site_has_no_page(incident_port: int) -> None:
    assert ask(incident_port, "/task-sequence/XYZ/CEN00021").status == 404


def test_a_task_sequence_that_has_come_through_says_when_it_was_noticed(incident: Stage) -> None:
    painter = Painter(incident.look)
    history = History(MAY)
    before = painter.picture()
    history.note(before.report, MAY)
    sites = {code: replace(report, blocked=[]) for code, report in before.report.sites.items()}
    history.note(Report((), sites), MAY + 3600)
    state = replace(before.sites["CHI"].state, blocked={})
    seen = {**before.sites, "CHI": replace(before.sites["CHI"], state=state)}
    after = replace(before, report=Report((), sites), sites=seen)
    text = shown(Page(after, Links(2), history).task_sequence("CHI", "CEN00021"))
    assert "Not blocked at CHI." in text
    assert "2010-05-04 20:06:40 UTC CHI: CEN00021 Deploy Windows 7 to laptops is no longer blocked" in text


def test_nothing_stuck_is_said_with_what_was_read_and_how_fresh_it_is() -> None:
    text = shown(page_of(healthy("CEN"), healthy("CHI"), now=MAY + 12).overview())
    assert "Nothing is stuck Read: 2 logs of 2 sites, 2,000 lines, up to 2010-05-04 19:06:40 UTC (12 s ago)." in text
    assert "no all-clear" not in text


@pytest.mark.parametrize(
    ("health", "words"),
    [
        (LogHealth(error="Permission denied"), "cannot be read: Permission denied"),
        (LogHealth(up=True, lines=5, last_record=MAY - 86400), "no new line for 1 d, since 2010-05-03"),
        (LogHealth(up=True), "is empty"),
    ],
)
def test_silence_is_doubt_and_is_said_loudly(health: LogHealth, words: str) -> None:
    text = shown(page_of(healthy("CEN"), SiteView(SiteState("CHI"), {"distmgr": health}, 0)).overview())
    assert "Nothing is known to be stuck But 1 reason for doubt: silence is no all-clear." in text
    assert "Why this is no all-clear CHI distmgr.log" in text
    assert words in text
    assert "Nothing is stuck" not in text


def test_lost_lines_are_doubt_too() -> None:
    gap = Gap("distmgr", GapReason.ROLLED_TWICE, MAY, MAY - 60, MAY - 30, 4096)
    page = page_of(replace(healthy("CHI"), gaps=[gap]))
    assert "CHI distmgr.log has lost lines unread between" in shown(page.overview())
    logs = shown(page.logs())
    assert "1 reason for doubt" in logs
    assert "Noticed 2010-05-04 19:06:40 UTC, at least 4,096 bytes." in logs


def test_while_logs_are_read_for_the_first_time_relief_is_not_claimed() -> None:
    text = shown(page_of(healthy("CHI"), unready="still reading the logs of CHI for the first time").overview())
    assert "Nothing is known to be stuck yet" in text
    assert "Not ready: still reading the logs of CHI for the first time." in text


def test_what_is_stuck_goes_before_what_is_doubted() -> None:
    text = shown(page_of(*full().sites).overview())
    assert "4 task sequences stuck at 1 site because of 3 missing programs" in text
    assert text.index("The culprits, worst first") < text.index("What this page does not know")
    assert "NYC distmgr.log cannot be read: it has not been found yet." in text


def test_late_content_alone_is_told_without_alarm() -> None:
    state = SiteState("CHI")
    state.waiting = {("CEN00020", "CEN", WaitReason.CONTENTS): waiting("CEN00020", "CEN")}
    page = page_of(SiteView(state, {"distmgr": FRESH}, 0)).overview()
    assert 'class="verdict poor"' in page
    text = shown(page)
    assert "Content of 1 package late" in text
    assert "CEN00020 CHI its content has not arrived CEN 2010-05-04" in text


def test_what_keeps_late_content_away_is_told_beside_it() -> None:
    state, above = SiteState("CHI"), SiteState("CEN")
    state.waiting = {("CEN00020", "CEN", WaitReason.CONTENTS): waiting("CEN00020", "CEN")}
    key = (TroubleKind.PUT_ASIDE, "CHI", "")
    above.transport.troubles[key] = Trouble(*key, "", 53, None, None, 1, ())
    sites = [SiteView(each, {"distmgr": FRESH}, 0) for each in (above, state)]
    page = page_of(*sites, given=Given({"CHI": "CEN"}))
    for text in (page.overview(), page.site("CHI"), page.package("CEN00020")):
        assert "its content has not arrived: the sender of CEN cannot connect to CHI: the network path" in shown(text)


def test_without_any_site_the_page_says_what_to_do() -> None:
    assert "No site is read Name the Logs folder of a site server." in shown(page_of().overview())


def test_a_site_that_is_not_read_says_what_that_means() -> None:
    page = page_of(healthy("CHI"), given=Given({"CHI": "CEN"}))
    assert "CEN ○ not read here" in shown(page.overview())
    assert "Site CEN: not read here No parent is known. Children: CHI. The logs of this site" in shown(page.site("CEN"))


def test_trouble_between_sites_stands_at_the_site() -> None:
    text = shown(page_of(chicago()).site("CHI"))
    assert "CHI PDX the sender leaves the site alone for an hour 53: the network path was not found" in text
    assert "See that the site server of PDX runs" in text


def test_a_package_that_only_does_not_get_on_has_a_page() -> None:
    view = lost_instruction()
    text = shown(page_of(view).package("LON00001"))
    assert "LON00001 It is not stuck, but not all that is sent of it gets on. Owned by site LON." in text
    assert "What keeps it from getting on At With What" in text
    assert page_of(view).package("LON00002") is None


def test_files_that_do_not_move_are_no_all_clear() -> None:
    """Nothing is stuck yet; `explain` says the same of such logs."""
    view = healthy("CEN")
    view.state.transport.troubles = {(HELD_UP.kind, "CHI", ""): HELD_UP}
    text = shown(page_of(view).overview())
    assert "Nothing is stuck, but not all that is sent gets on" in text
    assert "CEN CHI the sender cannot connect to the site 53: the network path was not found" in text
    assert "files held up" in text
    text = shown(page_of(view, healthy("CHI", distmgr=LogHealth())).overview())
    assert "Nothing is known to be stuck, but not all that is sent gets on" in text
    assert "Why this is no all-clear" in text


def test_lines_that_were_not_understood_are_shown() -> None:
    health = replace(FRESH, unmatched=7, samples=["Failed to frobnicate"], sharing_violations=2, stampless=3)
    text = shown(page_of(healthy("CHI", sender=health)).logs())
    assert "CHI sender: 7 lines Failed to frobnicate" in text
    assert "Trouble with files and lines" in text


def hostile_views() -> list[SiteView]:
    line = Evidence(HOSTILE, 1, MAY, HOSTILE)
    reference = Reference(HOSTILE, HOSTILE)
    views = []
    for site in (HOSTILE, "CHI"):
        state = SiteState(site)
        state.blocked = {
            name: Blocked(name, (reference,), MAY, MAY, 1, 10**400, HOSTILE, 40, (line,))
            for name in (HOSTILE, "CEN0000A")
        }
        state.waiting = {
            (HOSTILE, HOSTILE, reason): Waiting(HOSTILE, HOSTILE, reason, MAY, MAY, 1, 1, (line,))
            for reason in WaitReason
        }
        state.source_errors = {
            (name, reason): SourceError(name, reason, HOSTILE, 5, MAY, MAY, (line,))
            for name in (HOSTILE, "CHI00001")
            for reason in SourceReason
        }
        state.names = {HOSTILE: HOSTILE, "CEN0000A": HOSTILE}
        state.facts = {
            name: {(kind, HOSTILE): Fact(kind, HOSTILE, 1, line) for kind in FactKind} for name in (HOSTILE, "CEN0000A")
        }
        state.transport.troubles = {
            (kind, HOSTILE, HOSTILE): Trouble(kind, HOSTILE, HOSTILE, HOSTILE, 5, MAY, MAY, 1, (line,))
            for kind in TroubleKind
        }
        health = LogHealth(error=HOSTILE, samples=[HOSTILE], unmatched=1)
        health.read_errors[HOSTILE] = 1
        gap = Gap(HOSTILE, GapReason.DELETED, MAY, MAY, MAY, 1)
        views.append(SiteView(state, {HOSTILE: health, "distmgr": health}, 0, [gap]))
    return views


HOSTILE_GIVEN = Given({"CHI": HOSTILE}, {"CEN0000A": HOSTILE}, {HOSTILE: "https://example.com/{site}"})


def hostile_pages() -> list[str | None]:
    page = page_of(*hostile_views(), unready=HOSTILE, given=HOSTILE_GIVEN)
    return [
        page.overview(),
        page.logs(),
        page.site("CHI"),
        page.site(HOSTILE),
        page.package(HOSTILE),
        page.package("CEN0000A"),
        page.task_sequence("CHI", "CEN0000A"),
        page.task_sequence("CHI", HOSTILE),
        page.problem(HOSTILE, HOSTILE),
    ]


@pytest.mark.parametrize("page", hostile_pages())
def test_text_of_a_hostile_log_stays_text(page: str | None) -> None:
    assert page is not None
    reader = read_page(page)  # one script, no inline anything, nothing that steers a screen
    assert "<script>alert" not in page
    assert {urlsplit(link).scheme for link in reader.links} <= {"", "https"}
    assert len(page) < 1_000_000


def test_pages_end_however_much_is_stuck() -> None:
    state = SiteState("CHI")
    for number in range(3000):
        name = f"CEN{number:05X}"
        state.blocked[name] = blocked(name, Reference(f"NYC{number % 300:05X}", "p"), since=MAY)
        state.waiting[name, "CEN", WaitReason.CONTENTS] = waiting(name, "CEN")
    page = page_of(SiteView(state, {"distmgr": FRESH}, 0), quiet("NYC"))
    overview = page.overview()
    assert overview.count("<article") == MOST_CULPRITS
    assert "and 250 culprits more" in shown(overview)
    site = page.site("CHI")
    assert site
    assert site.count('<tr role="row"><th scope="row"') == 2 * MOST_ROWS
    assert "and 2800 task sequences more" in shown(site)
    for each in (overview, site, page.package("NYC00000")):
        assert len(each or "") < 1_000_000


def test_links_elsewhere_stand_where_their_placeholders_are_known() -> None:
    given = Given(
        links={
            "All": "https://g.example/",
            "Site": "https://g.example/{site}",
            "Package": "https://g.example/{package}",
            "Both": "https://g.example/{task_sequence}/{site}",
        }
    )
    page = page_of(chicago(), given=given)
    pages = {
        "overview": page.overview(),
        "site": page.site("CHI"),
        "package": page.package("CEN00010"),
        "task_sequence": page.task_sequence("CHI", "CEN0000A"),
    }
    found = {
        name: {link for link in read_page(each or "").links if link.startswith("https://")}
        for name, each in pages.items()
    }
    everywhere = "https://g.example/"
    assert found == {
        "overview": {everywhere},
        "site": {everywhere, "https://g.example/CHI"},
        "package": {everywhere, "https://g.example/CEN00010"},
        "task_sequence": {
            everywhere,
            "https://g.example/CHI",
            "https://g.example/CEN0000A",
            "https://g.example/CEN0000A/CHI",
        },
    }


def test_logs_of_a_folder_that_is_gone_are_doubted_together() -> None:
    gone = LogHealth(error="/mnt/chi: No such file or directory")
    page = page_of(chicago(), healthy("LON", distmgr=gone, sched=gone, sender=gone))
    text = shown(page.overview())
    assert re.search(r"Not all of it is known: \d+ reasons for doubt, see below\.", text)
    hidden, other = "LON distmgr.log cannot be read: ", "LON sched.log, sender.log cannot be read: "
    assert 0 < text.index(hidden) < text.index(f"{other}/mnt/chi: No such file or directory.")


def test_a_file_that_is_named_as_it_pleases_keeps_its_name() -> None:
    page = page_of(healthy("CHI", **{"from chicago.txt": LogHealth(error="it is gone")}))
    assert "CHI from chicago.txt cannot be read: it is gone." in shown(page.logs())
