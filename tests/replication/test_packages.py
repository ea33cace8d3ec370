"""Facts about packages, and their budgets."""

from __future__ import annotations

import pytest

from exporter.replication.limits import MAX_FACTS
from exporter.replication.state import Fact, FactKind
from tests.replication.builders import PKG, PROGRAM, START, TS, Teller


@pytest.fixture
def teller() -> Teller:
    return Teller("CEN")


def facts(teller: Teller, package: str = PKG) -> dict[tuple[str, str], Fact]:
    return {(kind.value, subject): fact for (kind, subject), fact in teller.state.facts.get(package, {}).items()}


@pytest.mark.parametrize(
    ("event", "fields", "kind", "subject"),
    [
        ("package_adding", {}, "added", ""),
        ("package_updating", {}, "updated", ""),
        ("program_changed", {}, "changed", ""),
        ("package_replicating", {}, "replicating", ""),
        ("minijob_created", {"site": "CHI", "transfer_root": "X"}, "minijob_created", "CHI"),
        ("program_deleted", {"program": PROGRAM}, "program_deleted", PROGRAM),
        ("package_deleted", {}, "deleted", ""),
        ("contents_added", {"version": 3}, "content_written", ""),
        ("content_stored", {"version": 3}, "content_stored", ""),
        ("package_sent", {"version": 3, "site": "CHI"}, "sent", "CHI"),
    ],
)
def test_a_line_about_a_package_is_kept_as_a_fact(
    teller: Teller, event: str, fields: dict[str, str | int], kind: str, subject: str
) -> None:
    teller.on("sender" if event == "package_sent" else "distmgr").say(event, package=PKG, **fields)
    (fact,) = facts(teller).values()
    assert (fact.kind, fact.subject, fact.version) == (kind, subject, fields.get("version"))
    assert fact.evidence.line == 1


@pytest.mark.parametrize(
    ("number", "fields", "kind", "subject"),
    [
        (2301, {}, "processed", ""),
        (2302, {}, "processing_failed", ""),
        (2339, {"istr0": PKG, "istr1": "CHI"}, "information_sent", "CHI"),
        (2339, {"istr0": "Drivers", "istr1": PKG, "istr2": "CHI"}, "information_sent", "CHI"),
        (2339, {"istr0": "Drivers"}, "information_sent", ""),
    ],
)
def test_a_status_message_about_a_package_is_kept_as_a_fact(
    teller: Teller, number: int, fields: dict[str, str | int], kind: str, subject: str
) -> None:
    teller.status(number, PKG, **fields)
    assert set(facts(teller)) == {(kind, subject)}


def test_a_definition_that_went_through_is_kept_as_a_fact_with_its_version(teller: Teller) -> None:
    teller.unit(PKG, version=4)
    fact = teller.state.facts[PKG][FactKind.DEFINITION_APPLIED, ""]
    assert (fact.version, fact.evidence.text) == (4, f"package unlocked {PKG}")


def test_the_newest_line_of_a_kind_is_kept(teller: Teller) -> None:
    teller.at(10).say("package_replicating", package=PKG)
    teller.at(5).say("package_replicating", package=PKG)
    assert facts(teller)["replicating", ""].evidence.time == START + 10
    teller.at(15).say("package_replicating", package=PKG)
    assert facts(teller)["replicating", ""].evidence.time == START + 15
    teller.time = None
    teller.say("package_replicating", package=PKG)
    assert facts(teller)["replicating", ""].evidence.time is None


def test_facts_of_a_package_are_bounded_and_those_about_no_site_stay(teller: Teller) -> None:
    teller.say("package_replicating", package=PKG)
    for number in range(3 * MAX_FACTS):
        teller.at(number).say("minijob_created", package=PKG, site=f"{number:03}")
    kept = facts(teller)
    assert len(kept) == MAX_FACTS
    assert ("replicating", "") in kept
    assert ("minijob_created", f"{3 * MAX_FACTS - 1:03}") in kept


def test_facts_of_all_packages_are_bounded(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.replication.packages.MAX_ALL_FACTS", 20)
    for number in range(20):
        teller.say("package_replicating", package=f"CEN{number:05X}")
        teller.say("package_adding", package=f"CEN{number:05X}")
    assert sum(len(kept) for kept in teller.state.facts.values()) == 20
    assert "CEN00000" not in teller.state.facts
    assert "CEN00013" in teller.state.facts
    assert teller.tally("dropped") == {("facts",): 10}


def test_the_count_of_facts_is_right_through_deletion_and_forgetting(
    teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exporter.replication.ledger.MAX_PACKAGES", 4)
    for number in range(12):
        package = f"CEN{number % 7:05X}"
        teller.at(number).say("package_replicating", package=package)
        teller.say("minijob_created", package=package, site="CHI")
        teller.say("minijob_created", package=package, site="NYC")
        if number % 3 == 0:
            teller.wait(0.5)
            teller.say("package_deleted", package=package)
        assert teller.ledger._work.packages.facts == sum(len(kept) for kept in teller.state.facts.values())


def test_a_name_of_the_same_moment_in_two_logs_is_the_same_in_either_order() -> None:
    names = []
    for order in (("A", "B"), ("B", "A")):
        teller = Teller()
        for name in order:
            teller.status(2300, TS, name)
        names.append(teller.state.names[TS])
    assert names == ["B", "B"]
