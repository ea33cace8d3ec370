"""Lines of one unit of work are joined by thread, or by order, and end as they should."""

from __future__ import annotations

import pytest

from exporter.replication.limits import MAX_EVIDENCE, MAX_OPEN
from exporter.replication.state import Outcome, Reference
from exporter.replication.units import Units
from tests.replication.builders import INCOMING, OTHER_TS, PKG, PROGRAM, TS, Teller

MISSING = {"program_id": "*", "package": PKG, "program": PROGRAM}


def outcomes(teller: Teller) -> dict[str, int]:
    return {key[0]: count for key, count in teller.tally("definitions").items()}


def test_the_seven_lines_of_the_article_are_one_blocked_unit() -> None:
    teller = Teller(thread=None, time=None)
    name = "<Task_Sequence_ID>"
    teller.say("incoming_file", file=r"<ConfigMgr_Install_Directory>\inboxes\distmgr.box\INCOMING\<Random>.PKG")
    teller.say("package_locked", package=name)
    teller.say("contents_added", package=name, version="<x>")
    teller.say("package_info_updated", package=name)
    teller.say("program_reference_missing", program_id="<y>", package="<Software_Package_ID>", program="<Program>")
    teller.say("package_program_not_updated", package=name, error=40)
    teller.say("package_unlocked", package=name)

    (block,) = teller.state.blocked.values()
    assert block.task_sequence == name
    assert block.missing == (Reference("<Software_Package_ID>", "<Program>"),)
    assert (block.attempts, block.error, block.definition) == (1, 40, "<Random>.PKG")
    assert (block.version, block.since, block.last_attempt) == (None, None, None)
    assert [line.line for line in block.evidence] == [1, 2, 3, 4, 5, 6, 7]
    assert outcomes(teller) == {"blocked": 1}
    assert teller.tally("reference_failures") == {("<Software_Package_ID>",): 1}


def test_a_unit_whose_lines_stand_among_other_threads_is_joined_by_thread() -> None:
    teller = Teller()
    teller.say("incoming_file", file=rf"{INCOMING}\RD5L85BW.PKG")
    teller.on("distmgr", 7).say("package_locked", package="CEN00001")
    teller.on("distmgr").say("package_locked", package=TS)
    teller.on("distmgr", 7).say("contents_added", package="CEN00001", version=9)
    teller.on("distmgr").say("contents_added", package=TS, version=3)
    teller.say("program_reference_missing", **MISSING)
    teller.on("distmgr", 7).say("package_unlocked", package="CEN00001")
    teller.on("distmgr").say("package_program_not_updated", package=TS, error=40)
    assert not teller.state.blocked
    teller.say("package_unlocked", package=TS)

    assert teller.state.blocked[TS].version == 3
    assert list(teller.state.blocked) == [TS]
    assert outcomes(teller) == {"blocked": 1}


def test_units_of_two_logs_with_the_same_thread_number_are_apart() -> None:
    teller = Teller()
    teller.unit(missing=[(PKG, PROGRAM)], until=6)
    teller.on("other").unit(OTHER_TS, "SECOND")
    assert outcomes(teller) == {"applied": 1}
    teller.on("distmgr").say("package_unlocked", package=TS)
    assert outcomes(teller) == {"applied": 1, "blocked": 1}


@pytest.mark.parametrize("cut", range(1, 7))
def test_a_new_incoming_file_on_the_thread_ends_an_open_unit_as_unknown(cut: int) -> None:
    teller = Teller()
    teller.unit(missing=[(PKG, PROGRAM)], until=cut)
    teller.unit(OTHER_TS, "SECOND")
    assert outcomes(teller) == {"unknown": 1, "applied": 1}
    assert not teller.state.blocked


def test_a_new_incoming_file_on_another_thread_ends_nothing() -> None:
    teller = Teller()
    teller.unit(missing=[(PKG, PROGRAM)], until=6)
    teller.on("distmgr", 200).unit(OTHER_TS, "SECOND")
    assert outcomes(teller) == {"applied": 1}


@pytest.mark.parametrize("suffix", ["STA", "FWD", "DMD", "PUL"])
def test_an_incoming_file_that_is_no_definition_ends_a_unit_and_begins_none(suffix: str) -> None:
    teller = Teller()
    teller.unit(until=4)
    teller.say("incoming_file", file=rf"{INCOMING}\1R7IEEHU.{suffix}")
    assert outcomes(teller) == {"unknown": 1}
    teller.say("incoming_file", file=rf"{INCOMING}\1R7IEEHV.{suffix}")
    assert outcomes(teller) == {"unknown": 1}


def test_restart_of_the_component_ends_open_units_as_unknown() -> None:
    teller = Teller()
    teller.unit(missing=[(PKG, PROGRAM)], until=6)
    teller.on("distmgr", 9).say("component_started", component="SMS_DISTRIBUTION_MANAGER", thread_id=9)
    assert outcomes(teller) == {"unknown": 1}
    teller.on("distmgr").say("package_unlocked", package=TS)
    assert not teller.state.blocked


def test_start_of_another_component_that_writes_to_the_same_log_ends_nothing() -> None:
    teller = Teller()
    teller.unit(missing=[(PKG, PROGRAM)], until=6)
    teller.on("distmgr", 9).say("component_started", component="SMS_SCHEDULER", thread_id=9)
    teller.on("distmgr").say("package_unlocked", package=TS)
    assert outcomes(teller) == {"blocked": 1}


def test_start_of_the_replication_thread_ends_open_units_as_unknown() -> None:
    teller = Teller()
    teller.unit(until=5)
    teller.unit(until=4)
    teller.on("distmgr", 9).say("replication_thread_started", thread_id=300)
    assert outcomes(teller) == {"applied": 1, "unknown": 1}


def test_lost_lines_end_open_units_of_that_log_as_unknown() -> None:
    teller = Teller()
    teller.unit(missing=[(PKG, PROGRAM)], until=6)
    teller.ledger.interrupted("despool")
    assert outcomes(teller) == {}
    teller.ledger.interrupted("distmgr")
    assert outcomes(teller) == {"unknown": 1}
    teller.say("package_unlocked", package=TS)
    assert not teller.state.blocked


def test_a_unit_whose_beginning_was_not_seen_shows_a_block() -> None:
    teller = Teller()
    teller.say("package_info_updated", package=TS)
    teller.say("program_reference_missing", **MISSING)
    teller.say("package_program_not_updated", package=TS, error=40)
    teller.say("package_unlocked", package=TS)
    block = teller.state.blocked[TS]
    assert (block.missing, block.attempts, block.definition) == ((Reference(PKG, PROGRAM),), 1, None)
    assert outcomes(teller) == {"blocked": 1}


def test_a_unit_whose_beginning_was_not_seen_is_never_an_all_clear() -> None:
    teller = Teller()
    teller.blocked_unit()
    teller.say("package_locked", package=TS)
    teller.say("contents_added", package=TS, version=1)
    teller.say("package_info_updated", package=TS)
    teller.say("package_unlocked", package=TS)
    assert TS in teller.state.blocked
    assert outcomes(teller) == {"blocked": 1}


def test_only_the_failing_lines_of_two_task_sequences_show_two_blocks() -> None:
    """What is left of a log after a search for errors."""
    teller = Teller(thread=None, time=None)
    for sequence, program in ((TS, "One"), (OTHER_TS, "Two")):
        teller.say("program_reference_missing", program_id="*", package=PKG, program=program)
        teller.say("package_program_not_updated", package=sequence, error=40)
    missing = {name: block.missing for name, block in teller.state.blocked.items()}
    assert missing == {TS: (Reference(PKG, "One"),), OTHER_TS: (Reference(PKG, "Two"),)}


def test_a_reference_line_without_the_line_that_says_whose_it_is_blocks_nobody() -> None:
    teller = Teller(thread=None)
    teller.say("program_reference_missing", program_id="*", package=PKG, program="One")
    teller.say("program_reference_missing", program_id="*", package=PKG, program="Two")
    assert not teller.state.blocked
    assert teller.tally("reference_failures") == {(PKG,): 2}
    teller.say("package_program_not_updated", package=TS, error=40)
    assert teller.state.blocked[TS].missing == (Reference(PKG, "Two"),)


def test_text_without_threads_bears_the_lines_of_a_package_processing_thread_between() -> None:
    teller = Teller(thread=None)
    teller.say("incoming_file", file=rf"{INCOMING}\RD5L85BW.PKG")
    teller.say("package_locked", package=TS)
    teller.say("package_locked", package="CEN00001")
    teller.say("contents_added", package="CEN00001", version=9)
    teller.say("contents_added", package=TS, version=3)
    teller.say("package_unlocked", package="CEN00001")
    teller.say("program_reference_missing", **MISSING)
    teller.say("package_program_not_updated", package=TS, error=40)
    teller.say("package_unlocked", package=TS)
    assert {name: block.version for name, block in teller.state.blocked.items()} == {TS: 3}


def test_text_without_threads_gives_the_reference_to_the_package_that_the_next_line_names() -> None:
    """Lines between were left out of what was pasted."""
    teller = Teller(thread=None)
    teller.say("incoming_file", file=rf"{INCOMING}\RD5L85BW.PKG")
    teller.say("package_locked", package=OTHER_TS)
    teller.say("program_reference_missing", **MISSING)
    teller.say("package_program_not_updated", package=TS, error=40)
    assert list(teller.state.blocked) == [TS]
    assert teller.state.blocked[TS].missing == (Reference(PKG, PROGRAM),)
    assert outcomes(teller) == {"unknown": 1, "blocked": 1}


def test_text_without_threads_does_not_name_a_unit_by_contents_that_may_be_of_another_package() -> None:
    teller = Teller(thread=None)
    teller.say("incoming_file", file=rf"{INCOMING}\RD5L85BW.PKG")
    teller.say("contents_added", package="CEN00001", version=9)
    teller.say("package_locked", package=TS)
    teller.say("program_reference_missing", **MISSING)
    teller.say("package_unlocked", package=TS)
    assert {name: block.version for name, block in teller.state.blocked.items()} == {TS: None}


def test_on_one_thread_contents_name_a_unit() -> None:
    teller = Teller()
    teller.say("incoming_file", file=rf"{INCOMING}\RD5L85BW.PKG")
    teller.say("contents_added", package=TS, version=9)
    teller.say("program_reference_missing", **MISSING)
    teller.say("package_unlocked", package=TS)
    assert {name: block.version for name, block in teller.state.blocked.items()} == {TS: 9}


def test_on_one_thread_the_lock_of_another_package_tells_that_the_end_of_a_unit_was_not_seen() -> None:
    teller = Teller()
    teller.blocked_unit()
    teller.unit(until=4)
    teller.say("package_locked", package=OTHER_TS)
    teller.say("package_unlocked", package=TS)
    teller.say("package_unlocked", package=OTHER_TS)
    assert list(teller.state.blocked) == [TS]
    assert outcomes(teller) == {"blocked": 1, "unknown": 1}


def test_a_unit_that_only_says_that_the_programs_failed_is_blocked_without_references() -> None:
    teller = Teller()
    teller.unit(until=4)
    teller.say("package_program_not_updated", package=TS, error=40)
    teller.say("package_unlocked", package=TS)
    assert teller.state.blocked[TS].missing == ()


def test_a_unit_that_names_a_reference_but_no_program_failure_is_blocked() -> None:
    teller = Teller()
    teller.unit(until=4)
    teller.say("program_reference_missing", **MISSING)
    teller.say("package_unlocked", package=TS)
    assert teller.state.blocked[TS].missing == (Reference(PKG, PROGRAM),)
    assert teller.state.blocked[TS].error is None


def test_several_references_of_one_unit_are_kept_once_each() -> None:
    teller = Teller()
    teller.unit(missing=[(PKG, "B"), (PKG, "A"), (PKG, "B")])
    assert teller.state.blocked[TS].missing == (Reference(PKG, "B"), Reference(PKG, "A"))
    assert teller.tally("reference_failures") == {(PKG,): 3}


def test_failing_lines_outlive_the_others_where_evidence_is_cut() -> None:
    teller = Teller()
    teller.unit(missing=[(PKG, PROGRAM)], until=6)
    for _ in range(40):
        teller.say("contents_added", package=TS, version=1)
    teller.say("package_unlocked", package=TS)
    evidence = teller.state.blocked[TS].evidence
    assert len(evidence) == MAX_EVIDENCE
    words = [line.text.split()[0:2] for line in evidence]
    assert ["program", "reference"] in words
    assert ["package", "program"] in words
    assert words[0] == ["incoming", "file"]
    assert words[-1] == ["package", "unlocked"]


def test_failing_lines_alone_do_not_pass_the_budget() -> None:
    teller = Teller()
    teller.unit(until=2)
    for _ in range(40):
        teller.say("package_server_not_updated", package=TS, distribution_point="DP", error=3)
    teller.say("package_program_not_updated", package=TS, error=40)
    teller.say("package_unlocked", package=TS)
    assert len(teller.state.blocked[TS].evidence) == MAX_EVIDENCE


def test_open_units_are_bounded_and_loose_ones_go_first() -> None:
    teller = Teller()
    teller.unit(missing=[(PKG, PROGRAM)], until=6)
    for thread in range(1000, 1000 + 3 * MAX_OPEN):
        teller.on("distmgr", thread).say("package_locked", package="CEN00001")
    teller.on("distmgr").say("package_unlocked", package=TS)
    assert TS in teller.state.blocked


def test_open_units_are_bounded_and_the_oldest_is_counted_as_unknown() -> None:
    teller = Teller()
    for thread in range(MAX_OPEN + 5):
        teller.on("distmgr", thread).say("incoming_file", file=rf"{INCOMING}\F{thread}.PKG")
    assert outcomes(teller) == {"unknown": 5}


def test_a_unit_without_a_name_is_no_all_clear() -> None:
    units = Units()
    teller = Teller()
    units.begin(teller.event("incoming_file", file=rf"{INCOMING}\RD5L85BW.PKG"))
    ((_, outcome),) = units.take(teller.event("package_unlocked"))
    assert outcome is Outcome.UNKNOWN


def test_a_definition_is_known_by_its_suffix_in_any_case() -> None:
    teller = Teller()
    teller.say("incoming_file", file=r"d:\incoming\rd5l85bw.pkg")
    teller.say("package_locked", package=TS)
    teller.say("package_unlocked", package=TS)
    assert outcomes(teller) == {"applied": 1}


def test_contents_of_another_package_are_no_line_of_a_unit_that_was_pasted_without_its_beginning() -> None:
    teller = Teller(thread=None)
    teller.say("program_reference_missing", **MISSING)
    teller.say("contents_added", package=OTHER_TS, version=5)
    teller.say("package_program_not_updated", package=TS, error=40)

    (block,) = teller.state.blocked.values()
    assert (block.task_sequence, block.version) == (TS, None)
    assert [line.line for line in block.evidence] == [1, 3]
