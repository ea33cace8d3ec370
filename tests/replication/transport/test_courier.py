"""Lines about the transport in distmgr.log, and the links between sites."""

from __future__ import annotations

import pytest

from exporter.replication.state import LinkBasis, ThreadUse
from tests.replication.builders import START, Teller


@pytest.fixture
def teller() -> Teller:
    return Teller("CS1")


def test_a_parent_that_a_line_states(teller: Teller) -> None:
    teller.on("sender").say("package_sent", package="CS100001", version=1, site="PS1")
    teller.on("distmgr").say("parent_site", site="PS1", parent="CS1")
    teller.on("sender").say("package_sent", package="CS100001", version=1, site="PS1")
    assert teller.state.transport.links == {("CS1", "PS1"): LinkBasis.STATED}


def test_nobody_is_the_parent_of_itself(teller: Teller) -> None:
    teller.say("parent_site", site="CS1", parent="CS1")
    teller.say("parent_site", site="PS1", parent="")
    assert not teller.state.transport.links


def test_use_of_package_processing_threads(teller: Teller) -> None:
    teller.say("package_threads_used", used=2, allowed=3)
    assert teller.state.transport.threads == {"distmgr": ThreadUse(2, 3, START)}


def test_a_site_is_active_when_a_definition_is_handed_over_for_it(teller: Teller) -> None:
    teller.say("site_not_active", site="PS1")
    teller.at(1).status(2339, "CS100001", istr0="CS100001", istr1="PS2")
    assert [trouble.site for trouble in teller.state.transport.troubles.values()] == ["PS1"]
    teller.at(2).status(2339, "CS100001", istr0="CS100001", istr1="PS1")
    assert not teller.state.transport.troubles


def test_links_are_bounded(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.replication.transport.requests.MAX_LINKS", 3)
    for number in range(9):
        teller.say("parent_site", site=f"P{number:02}", parent="CS1")
    assert len(teller.state.transport.links) == 3
    assert teller.tally("dropped") == {("links",): 6}
