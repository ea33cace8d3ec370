"""The steps: specific to the cause, naming what is concerned, each with what to look at afterwards."""

from __future__ import annotations

import pytest

from exporter.replication.cause import Cause, CauseKind, Certainty
from exporter.replication.remedy import NOT_CONTENT, Patient, remedy
from exporter.replication.state import Reference
from tests.replication.builders import PKG, PROGRAM, SOURCE, TS

PATIENT = Patient(Reference(PKG, PROGRAM), "Laptop drivers", "CEN", ["CHI", "NYC"], [TS])


def steps(kind: CauseKind, site: str = "CEN", destination: str = "", path: str = "", patient: Patient = PATIENT) -> str:
    cause = Cause(kind, Certainty.STATED, site, "words", (), destination, path)
    return "\n".join(remedy(patient, cause))


@pytest.mark.parametrize("kind", CauseKind)
def test_every_remedy_names_the_package_and_ends_with_watching_it_arrive(kind: CauseKind) -> None:
    text = steps(kind)
    assert f'{PKG} ("Laptop drivers")' in text
    assert f'distmgr.log at CHI, NYC shows "Adding package {PKG} to the active package array"' in text
    assert TS in text
    assert ".log" in text.split("\n")[0] or ".log" in text.split("\n")[1]


@pytest.mark.parametrize("kind", sorted(set(CauseKind) - {CauseKind.PROGRAM_DELETED}))
def test_the_last_rung_is_to_recreate_the_package(kind: CauseKind) -> None:
    last = steps(kind).split("\n")[-1]
    assert last.startswith("If that does not help, recreate package")
    assert PROGRAM in last


@pytest.mark.parametrize("kind", sorted(set(CauseKind) - {CauseKind.CONTENT_LATE}))
def test_information_is_told_apart_from_content(kind: CauseKind) -> None:
    assert NOT_CONTENT in steps(kind)


def test_late_content_is_the_one_cause_where_content_is_looked_for() -> None:
    text = steps(CauseKind.CONTENT_LATE, "CHI", "CHI")
    assert NOT_CONTENT not in text
    assert f'despool.log on CHI "Stored Package {PKG}"' in text


def test_where_the_definition_waits_for_content_the_content_is_not_said_to_be_no_help() -> None:
    cause = Cause(CauseKind.TRANSPORT, Certainty.STATED, "CEN", "words", (), "CHI", content=True)
    assert NOT_CONTENT not in remedy(PATIENT, cause)


def test_a_definition_that_a_site_on_the_way_fails_with_is_mended_there_first() -> None:
    cause = Cause(CauseKind.DEFINITION_OLD, Certainty.INFERRED, "CHI", "words", destination="NYC", refused=True)
    first = remedy(PATIENT, cause)[0]
    assert first.startswith(f'Look in distmgr.log on CHI at "Cannot update the package server ... for package {PKG}"')
    for site in ("CHI", "NYC"):
        first = steps(CauseKind.DEFINITION_OLD, site, "NYC").split("\n")[0]
        assert first.startswith(f"Give the newer definition the time to come from CEN to {site}")


def test_a_source_path_is_named() -> None:
    first, second = steps(CauseKind.SOURCE_PATH_INACCESSIBLE, path=SOURCE).split("\n")[:2]
    assert SOURCE in first
    assert "on CEN" in first
    assert "status message 2301" in second


@pytest.mark.parametrize("kind", [CauseKind.SOURCE_PATH_INACCESSIBLE, CauseKind.SNAPSHOT_FAILED])
def test_a_source_that_is_mended_is_not_to_be_mended_again(kind: CauseKind) -> None:
    cause = Cause(kind, Certainty.INFERRED, "CEN", "words", source_path=SOURCE, ended=True)
    first = remedy(PATIENT, cause)[0]
    assert "is mended" in first
    assert SOURCE not in first


def test_a_program_that_the_owner_lost_is_made_again_and_one_that_a_child_lost_is_sent_again() -> None:
    assert f"Create program {PROGRAM}" in steps(CauseKind.PROGRAM_DELETED, "CEN")
    text = steps(CauseKind.PROGRAM_DELETED, "CHI")
    assert "deleted at CHI, which does not own it" in text
    assert "Change any property" in text


def test_the_end_of_the_way_that_is_broken_is_named() -> None:
    assert "Mend the connection from CEN to CHI" in steps(CauseKind.TRANSPORT, "CEN", "CHI")
    assert "Mend the despooler of CHI" in steps(CauseKind.TRANSPORT, "CHI", "CHI")
    assert "See on CEN that CHI is an active child site" in steps(CauseKind.NEVER_SENT, "CEN", "CHI")


def test_an_owner_that_is_not_known_is_spoken_of_in_words() -> None:
    nobody = Patient(Reference("<Software_Package_ID>", "<Program>"), "", "", ["CHI"], ["<Task_Sequence_ID>"])
    text = steps(CauseKind.OWNER_NOT_READ, "", patient=nobody)
    assert "Read the logs of the site that owns the package too" in text
    assert "package <Software_Package_ID> on the site that owns it" in text
    assert "None" not in text


def test_long_lists_are_cut_with_their_number() -> None:
    many = Patient(Reference(PKG, PROGRAM), "", "CEN", [f"S{n:02}" for n in range(9)], [f"T{n}" for n in range(7)])
    text = steps(CauseKind.UNKNOWN, patient=many)
    assert "S00, S01, S02, S03, S04 and 4 more" in text
    assert "T0, T1, T2, T3, T4 and 2 more" in text
