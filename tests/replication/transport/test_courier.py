"""Lines about the transport in distmgr.log, and the links between sites."""

from __future__ import annotations

import pytest

from exporter.replication.state import LinkBasis, ThreadUse, Trouble, TroubleKind
from tests.replication.builders import PKG, START, Teller


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


POINT = r'["Display=\\DP1\"]MSWNET:["SMS_SITE=SEC"]\\DP1\ '


def only(teller: Teller) -> Trouble:
    (trouble,) = teller.state.transport.troubles.values()
    return trouble


def unit(teller: Teller, file: str, *lines: str) -> None:
    teller.say("incoming_file", file=file)
    teller.say("package_info_updated", package=PKG)
    for line in lines:
        teller.say(line, package=PKG, distribution_point=POINT, error=3)
    teller.say("package_unlocked", package=PKG)


def test_a_definition_that_is_refused_at_a_distribution_point_until_one_goes_through(teller: Teller) -> None:
    unit(teller, "RD5L85BW.PKG", "package_server_not_updated")
    trouble = only(teller)
    assert (trouble.kind, trouble.package, trouble.point) == (TroubleKind.DEFINITION_REFUSED, PKG, "DP1")
    unit(teller, "RD5L85BW.PKG", "package_server_not_updated")
    assert only(teller).attempts == 2
    unit(teller, "RD5L85BW.PKG")
    assert not teller.state.transport.troubles


@pytest.mark.parametrize("event", ["package_created_or_updated", "package_deletion_started"])
def test_a_package_that_the_site_does_not_know_until_it_does_or_it_is_gone(teller: Teller, event: str) -> None:
    teller.say("package_row_missing", number=99901, package=PKG)
    teller.say("package_created_or_updated", package="CEN00099")
    assert (only(teller).kind, only(teller).package) == (TroubleKind.DEFINITION_REFUSED, PKG)
    teller.say(event, package=PKG)
    assert not teller.state.transport.troubles


def test_content_that_cannot_be_unpacked_is_of_the_package_that_its_file_is_called_after(teller: Teller) -> None:
    teller.say("decompression_failed", compressed_file=r"D:\SMSPKG\BD100007.PCK", directory=r"D:\_S M4YZ5.TMP", error=4)
    assert (only(teller).kind, only(teller).package) == (TroubleKind.CONTENT_NOT_UNPACKED, "BD100007")
    teller.status(2301, "BD100007")
    assert not teller.state.transport.troubles


def test_a_distribution_point_that_cannot_be_reached_until_it_is_given_work(teller: Teller) -> None:
    teller.say("dp_unreachable", distribution_point=POINT, win32_error=53)
    trouble = only(teller)
    assert (trouble.kind, trouble.point) == (TroubleKind.DISTRIBUTION_POINT_UNREACHABLE, "DP1")
    assert (trouble.win32_error, trouble.package) == (53, "")
    teller.say("dp_transfer_job_created", package=PKG, distribution_point=POINT.replace("DP1", "DP2"))
    assert teller.state.transport.troubles
    teller.say("dp_transfer_job_created", package=PKG, distribution_point=POINT)
    assert not teller.state.transport.troubles
