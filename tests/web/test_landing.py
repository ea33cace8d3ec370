"""The first page: what it says, and that text from logs does no harm there."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from exporter.logs.health import LogHealth
from exporter.metrics.views import SiteView, Snapshot
from exporter.replication.state import Reference, SiteState, SourceError, SourceReason, WaitReason
from exporter.web.landing import CONTENT_SECURITY_POLICY, Culprit, render, summarise
from tests.metrics.states import FACTS, blocked, chicago, full, waiting

HOSTILE = "<script>alert(1)</script>\"'&\x00\x1b[2J\u202e" + "x" * 1_000_000


def healthy_site(state: SiteState) -> SiteView:
    return SiteView(state, {"distmgr": LogHealth(up=True)}, 0)


def page_of(*states: SiteState, unready: str = "") -> str:
    return render(
        summarise(Snapshot([healthy_site(state) for state in states], FACTS), unready), telemetry_path="/metrics"
    )


def test_culprits_are_summed_over_sites_and_the_worst_stands_first() -> None:
    portland = SiteState("PDX")
    portland.blocked = {"CEN0000A": blocked("CEN0000A", Reference("NYC00011", "Per-system unattended"))}
    seattle = SiteState("SEA")
    seattle.blocked = {"CEN0000D": blocked("CEN0000D", Reference("NYC00011", "Per-system unattended"))}
    seattle.names = {"NYC00011": "Visio"}
    summary = summarise(Snapshot([chicago(), healthy_site(portland), healthy_site(seattle)], FACTS), "")
    assert (summary.sites, summary.blocked, summary.waiting, summary.source_errors) == (3, 6, 2, 1)
    assert summary.culprits[:2] == (
        Culprit("NYC00011", "Per-system unattended", "Visio", "NYC", ("CHI", "PDX", "SEA"), ("CEN0000A", "CEN0000D")),
        Culprit("CEN00010", "Install silently", "", "CEN", ("CHI",), ("CEN0000A", "CEN0000B")),
    )


def test_logs_that_cannot_be_read_are_named() -> None:
    page = render(summarise(full(), ""), telemetry_path="/metrics")
    assert (
        "<h2>2 logs not readable</h2><ul><li>CHI despool: Permission denied</li><li>NYC distmgr: not read yet</li>"
        in page
    )


def test_nothing_stuck_is_said_as_plainly_as_something() -> None:
    assert "<h1>Nothing is stuck</h1>" in page_of(SiteState("CHI"))
    state = SiteState("CHI")
    state.blocked = {"CEN0000A": blocked("CEN0000A")}
    assert "<h1>1 blocked task sequence</h1>" in page_of(state)


def test_late_content_is_no_block_but_is_not_passed_over() -> None:
    state = SiteState("CHI")
    state.waiting = {("CEN00020", "CEN", WaitReason.CONTENTS): waiting("CEN00020", "CEN")}
    page = page_of(state)
    assert "<h1>Packages need attention</h1>" in page
    assert "1 package waiting for content" in page


def test_while_logs_are_being_read_relief_is_not_claimed() -> None:
    page = page_of(SiteState("CHI"), unready="1 of 2 logs read")
    assert "<h1>Nothing is known to be stuck</h1>" in page
    assert "<strong>Not ready:</strong> 1 of 2 logs read" in page


def test_text_of_a_hostile_log_stays_text() -> None:
    state = SiteState(HOSTILE)
    state.blocked = {HOSTILE: blocked(HOSTILE, Reference(HOSTILE, HOSTILE))}
    state.names = {HOSTILE: HOSTILE}
    key = (HOSTILE, SourceReason.SNAPSHOT)
    state.source_errors = {key: SourceError(HOSTILE, SourceReason.SNAPSHOT, HOSTILE, None, None, None, ())}
    view = SiteView(state, {HOSTILE: LogHealth(error=HOSTILE)}, 0)
    page = render(summarise(Snapshot([view], FACTS), HOSTILE), telemetry_path='/metrics"><script>')
    assert "<script" not in page
    assert len(page) < 20_000
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", page) is None


@pytest.mark.parametrize("culprits", [0, 1, 51])
def test_the_page_is_well_formed_and_never_endless(culprits: int) -> None:
    state = SiteState("CHI")
    for number in range(culprits):
        state.blocked[f"CEN{number:05}"] = blocked(f"CEN{number:05}", Reference(f"NYC{number:05}", "p"))
    page = page_of(state)
    checker = _Nesting()
    checker.feed(page)
    assert checker.open == []
    assert page.count("<th scope=row>") == min(culprits, 50)
    assert ("and 1 more program" in page) == (culprits == 51)


def test_the_policy_allows_the_page_its_own_style_and_nothing_else() -> None:
    style = re.search(r"<style>(.*?)</style>", page_of(), re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in CONTENT_SECURITY_POLICY
    assert not re.search(r"<script|<link|<img|@import|url\(|style=", page_of())


class _Nesting(HTMLParser):
    """Elements that are open. HTML lets the end of some be left out."""

    _ENDS_BY_ITSELF = frozenset({"meta", "th"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag not in self._ENDS_BY_ITSELF:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self._ENDS_BY_ITSELF:
            assert self.open.pop() == tag
