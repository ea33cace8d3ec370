"""despool.log: what is unpacked, and what is put off."""

from __future__ import annotations

import pytest

from exporter.replication.state import LinkBasis, ThreadUse, TroubleKind
from tests.replication.builders import PKG, START, Teller

RECEIVE = r"D:\SMS\inboxes\despoolr.box\receive"


@pytest.fixture
def teller() -> Teller:
    return Teller("CHI", log="despool")


def begin(teller: Teller, file: str = "202SQCEN.sni", thread: int = 9, kind: str = "PACKAGE") -> None:
    teller.on("despool", 1).say("instruction_found", file=file)
    teller.say("despooling_threads_used", used=0, allowed=3)
    teller.say("despooling_thread_created", thread_id=thread)
    teller.on("despool", thread).say("signature_verified", from_site="CEN")
    teller.say("instruction_executing", type=rf"MICROSOFT|SMS|MINIJOBINSTRUCTION|{kind}")


def put_off(teller: Teller, job: str = "00000E2A", file: str = "ds_3kyyh.sni") -> None:
    teller.say("despooler_retry_created", job=job)
    teller.say("instruction_failed", error="12")
    teller.say("instruction_postponed", file=rf"{RECEIVE}\{file}", time="later")


def instructions(teller: Teller) -> dict[tuple[str, ...], int]:
    return teller.tally("despooler_instructions")


def test_an_instruction_that_goes_through(teller: Teller) -> None:
    begin(teller)
    teller.say("content_received", package=PKG, version=1, compressed_file="X", file="Y")
    teller.say("instruction_executed")
    assert instructions(teller) == {("CEN", "executed"): 1}
    assert teller.state.transport.links == {("CEN", "CHI"): LinkBasis.INFERRED}
    assert teller.state.transport.threads == {"despool": ThreadUse(0, 3, START)}
    assert not teller.state.transport.troubles


def test_an_instruction_that_brings_no_package_does_not_make_a_parent(teller: Teller) -> None:
    begin(teller, kind="INVENTORY")
    assert not teller.state.transport.links


def test_an_instruction_that_is_put_off_is_a_trouble_with_its_job(teller: Teller) -> None:
    begin(teller)
    put_off(teller)
    (trouble,) = teller.state.transport.troubles.values()
    assert (trouble.kind, trouble.site, trouble.job) == (TroubleKind.DESPOOLER_RETRY, "CEN", "00000E2A")
    assert (trouble.since, trouble.attempts, trouble.package) == (START, 1, "")
    assert instructions(teller) == {("CEN", "retried"): 1, ("CEN", "failed"): 1}


def test_a_retry_that_goes_through_ends_the_trouble(teller: Teller) -> None:
    begin(teller)
    put_off(teller, file="ds_aaaaa.sni")
    teller.at(300)
    begin(teller, "ds_aaaaa.sni", thread=10)
    put_off(teller, file="ds_bbbbb.sni")
    (trouble,) = teller.state.transport.troubles.values()
    assert (trouble.since, trouble.last_seen, trouble.attempts) == (START, START + 300, 2)
    teller.at(600)
    begin(teller, "ds_bbbbb.sni", thread=11)
    teller.say("instruction_executed")
    assert not teller.state.transport.troubles
    assert not teller.ledger._work.courier.despooler.put_off


def test_another_instruction_that_goes_through_does_not_end_the_trouble(teller: Teller) -> None:
    begin(teller)
    put_off(teller)
    begin(teller, "303XYCEN.sni", thread=12)
    teller.say("instruction_executed")
    assert len(teller.state.transport.troubles) == 1


def test_content_that_came_before_its_definition_is_a_trouble_of_its_own_kind(teller: Teller) -> None:
    begin(teller)
    teller.say("content_before_definition", package=PKG, version=2)
    put_off(teller)
    (trouble,) = teller.state.transport.troubles.values()
    assert (trouble.kind, trouble.package) == (TroubleKind.CONTENT_BEFORE_DEFINITION, PKG)
    teller.at(300)
    begin(teller, "ds_3kyyh.sni")
    teller.say("instruction_executed")
    assert not teller.state.transport.troubles


def test_waits_for_a_thread_are_counted(teller: Teller) -> None:
    teller.say("despooling_thread_awaited")
    teller.say("despooling_thread_awaited")
    assert teller.tally("despooler_thread_waits") == {(): 2}


def test_text_without_threads_is_joined_by_order() -> None:
    teller = Teller("CHI", log="despool", thread=None)
    teller.say("instruction_found", file="202SQCEN.sni")
    teller.say("despooling_thread_created", thread_id=5)
    teller.say("signature_verified", from_site="CEN")
    put_off(teller)
    teller.say("instruction_found", file="ds_3kyyh.sni")
    teller.say("instruction_executed")
    assert not teller.state.transport.troubles
    assert instructions(teller)["CEN", "executed"] == 1


def test_lines_of_a_thread_whose_beginning_was_not_seen_are_counted_without_a_site(teller: Teller) -> None:
    teller.say("instruction_executed")
    put_off(teller)
    assert instructions(teller) == {("", "executed"): 1, ("", "retried"): 1, ("", "failed"): 1}
    assert (TroubleKind.DESPOOLER_RETRY, "", "00000E2A") in teller.state.transport.troubles


def test_lost_lines_forget_what_was_put_off_for_it_will_be_told_again(teller: Teller) -> None:
    begin(teller)
    put_off(teller)
    teller.ledger.interrupted("sched")
    assert teller.state.transport.troubles
    teller.ledger.interrupted("despool")
    assert not teller.state.transport.troubles
    assert not teller.ledger._work.courier.despooler.put_off


def test_what_is_remembered_is_bounded(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.replication.transport.despooler.MAX_OPEN", 3)
    monkeypatch.setattr("exporter.replication.transport.despooler.MAX_REQUESTS", 4)
    monkeypatch.setattr("exporter.replication.transport.troubles.MAX_STANDING", 5)
    for number in range(12):
        begin(teller, f"R{number}.sni", thread=number)
        put_off(teller, f"J{number}", f"ds_{number}.sni")
        teller.on(f"despool{number}").say("instruction_found", file="X.sni")
    despooler = teller.ledger._work.courier.despooler
    assert (len(despooler.threads), len(despooler.put_off), len(despooler.found)) == (3, 4, 3)
    assert len(teller.state.transport.troubles) == 5
    assert teller.tally("dropped") == {("troubles",): 7}


def lost(teller: Teller) -> dict[tuple[str, str], tuple[str, int | None]]:
    """Give what is lost, by site and job or name: its package and code."""
    troubles = teller.state.transport.troubles.values()
    return {(t.site, t.job): (t.package, t.win32_error) for t in troubles if t.kind is TroubleKind.INSTRUCTION_LOST}


def test_an_instruction_that_fails_without_a_word_of_another_try_is_lost(teller: Teller) -> None:
    begin(teller)
    teller.say("content_received", package=PKG, version=1, compressed_file="X", file="Y")
    teller.say("instruction_failed", error="5")
    assert lost(teller) == {("CEN", "202sqcen"): (PKG, None)}
    assert instructions(teller) == {("CEN", "failed"): 1}


def test_one_whose_package_file_is_not_there_names_job_and_package(teller: Teller) -> None:
    teller.say("package_file_missing", job="M020002D1", package="W_M0200024")
    teller.say("instruction_failed", error="C000000b")
    assert lost(teller) == {("", "M020002D1"): ("W_M0200024", None)}
    (trouble,) = teller.state.transport.troubles.values()
    assert trouble.attempts == 2


def test_one_that_cannot_be_opened_stands_until_it_is_carried_out(teller: Teller) -> None:
    teller.say("instruction_found", file="1000tS01.ins")
    teller.say("instruction_locked", file=rf"{RECEIVE}\1000tS01.ins", win32_error=32)
    teller.say("instruction_not_decompressed")
    assert lost(teller) == {("", "1000ts01"): ("", 32)}
    teller.say("instruction_found", file="1000tS01.ins")
    teller.say("instruction_executed")
    assert not lost(teller)


@pytest.mark.parametrize("kind", ["INVENTORY", "CONFIG"])
def test_one_that_brings_no_package_is_counted_and_no_more(teller: Teller, kind: str) -> None:
    begin(teller, kind=kind)
    teller.say("instruction_failed", error="cb")
    assert not lost(teller)
    assert instructions(teller) == {("CEN", "failed"): 1}


def test_one_that_will_be_tried_again_is_not_lost(teller: Teller) -> None:
    begin(teller)
    put_off(teller)
    assert not lost(teller)
    begin(teller, file="ds_3kyyh.ist")
    teller.say("instruction_failed", error="5")  # and this time nothing says that it is
    assert lost(teller) == {("CEN", "00000E2A"): ("", None)}


def test_lost_lines_forget_what_was_lost_for_a_restart_mends_it(teller: Teller) -> None:
    begin(teller)
    teller.say("instruction_failed", error="5")
    teller.ledger.interrupted("despool")
    assert not lost(teller)
