"""What holds in every simulated world."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.simulator.engine import Record
from exporter.simulator.hierarchy import Era, Reference
from exporter.simulator.plans import demo_plan, healthy_plan
from exporter.simulator.random_plan import random_plan
from exporter.simulator.simulation import Simulation, simulate
from exporter.simulator.truth import tell

SEEDS = st.integers(min_value=0, max_value=10**6)
_INCOMING = re.compile(r"~Processing incoming file .*\\(\w{8})\.PKG\.")
_ENDS = re.compile(r"Removing package (\w{8}) from the active package array\.")
_MISSING = re.compile(r"Failed to insert SMS Program ID \* because the referenced program (\w{8})-(.+) is not present")
_STARTS = "SMS_EXECUTIVE started SMS_DISTRIBUTION_MANAGER"


def _distmgr(records: list[Record], site: str) -> Iterator[Record]:
    return (record for record in records if (record.site, record.log) == (site, "distmgr"))


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_records_come_in_the_order_of_time_and_within_the_plan(seed: int) -> None:
    plan = random_plan(seed)
    times = [record.time for record in simulate(plan)]
    assert times == sorted(times)
    assert plan.start_ms <= times[0]
    assert times[-1] <= plan.end_ms


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_same_plan_gives_the_same_records_and_another_seed_others(seed: int) -> None:
    plan = random_plan(seed)
    records = list(simulate(plan))
    assert list(simulate(plan)) == records
    assert list(simulate(replace(plan, seed=seed + 1))) != records


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_what_is_blocked_lacks_a_program_or_lacked_it_at_its_last_try(seed: int) -> None:
    simulation = Simulation(random_plan(seed))
    for _ in simulation.run():
        pass
    for tables in simulation.world.sites.values():
        for block in tables.blocked.values():
            files = [file for file in tables.incoming if file.definition.id == block.task_sequence]
            assert files, "the file of a blocked definition stays, to be tried again"
            # What has come since is found at the next try, which is seconds away; else it is still not there.
            came = block.missing.package in tables.rows
            assert came or not tables.has(block.missing)
            assert block.since <= block.last_attempt <= simulation.now


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_after_mending_and_enough_time_nothing_is_stuck(seed: int) -> None:
    plan = random_plan(seed, mended=True)
    simulation = Simulation(plan)
    for _ in simulation.run():
        pass
    truth = tell(simulation)
    assert truth["culprits"] == []
    for site in truth["sites"].values():
        assert (site["blocked"], site["waiting"], site["source_errors"]) == ([], [], [])
    for code, tables in simulation.world.sites.items():
        for owner in plan.sites:
            for package, row in simulation.world.sites[owner.code].rows.items():
                if package.startswith(owner.code) and plan.path(owner.code, code):
                    assert tables.rows[package] == row, f"{code} has what {owner.code} made last"


def _units(records: list[Record], site: str) -> list[tuple[str, str, Reference | None]]:
    """Read the units of a site from its lines, by thread: file, package, missing reference."""
    units: list[tuple[str, str, Reference | None]] = []
    opened: dict[int, tuple[str, Reference | None]] = {}
    for record in _distmgr(records, site):
        opens, ends, missing = (form.match(record.message) for form in (_INCOMING, _ENDS, _MISSING))
        if record.message.startswith(_STARTS):
            opened.clear()
        elif opens:
            assert not opened, "one thread works on one file at a time"
            opened[record.thread] = (opens[1], None)
        elif missing:
            opened[record.thread] = (opened[record.thread][0], Reference(missing[1], missing[2]))
        elif ends:
            file, reference = opened.pop(record.thread)
            units.append((file, ends[1], reference))
    return units


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_lines_tell_the_tries_that_the_tables_count(seed: int) -> None:
    simulation = Simulation(random_plan(seed))
    records = list(simulation.run())
    for code, tables in simulation.world.sites.items():
        units = _units(records, code)
        assert len(units) == sum(count for outcome, count in tables.units.items() if outcome != "unknown")
        assert Counter(reference.package for *_, reference in units if reference) == tables.failures
        for _, package, reference in units:
            assert reference is None or package != reference.package
        files: dict[str, str] = {}
        for file, package, _ in units:
            assert files.setdefault(file, package) == package, "a file's name stays with its package"


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_first_missing_reference_is_the_one_that_is_named(seed: int) -> None:
    simulation = Simulation(random_plan(seed))
    for _ in simulation.run():
        pass
    for tables in simulation.world.sites.values():
        for block in tables.blocked.values():
            references = tables.rows[block.task_sequence].package.references
            before = references[: references.index(block.missing)]
            assert all(tables.has(earlier) or earlier in tables.lost_programs for earlier in before)


def test_replication_thread_shares_its_id_with_no_other_while_it_lives() -> None:
    for seed in range(5):
        plan = random_plan(seed)
        records = list(simulate(plan))
        for site in plan.sites:
            inside: str | None = None
            thread = 0
            for record in _distmgr(records, site.code):
                opens = _INCOMING.match(record.message)
                if opens:
                    inside, thread = opens[1], record.thread
                elif inside and record.thread == thread:
                    foreign = ("Start", "STATMSG", "Taking", "~Exiting", "The current user", "Performing")
                    assert not record.message.startswith(foreign)
                if _ENDS.match(record.message) or record.message.startswith(_STARTS):
                    inside = None


def test_threads_of_package_processing_lie_between_the_lines_of_units() -> None:
    plan = demo_plan()
    between = 0
    for site in plan.sites:
        inside = 0
        for record in _distmgr(list(simulate(plan)), site.code):
            if _INCOMING.match(record.message):
                inside = record.thread
            elif _ENDS.match(record.message):
                inside = 0
            elif inside and record.thread != inside:
                between += 1
    assert between > 20


def test_noise_is_about_the_share_that_is_asked_for() -> None:
    plan = healthy_plan()
    loud, quiet = len(list(simulate(plan))), len(list(simulate(replace(plan, noise=0.0))))
    assert 0.66 < 1 - quiet / loud < 0.74


def test_noise_moves_nothing_else() -> None:
    plan = healthy_plan()
    quiet = list(simulate(replace(plan, noise=0.0)))
    loud = Counter(simulate(plan))
    assert all(loud[record] for record in quiet)


def test_healthy_hierarchy_never_fails_an_insert_and_ends_with_nothing_to_explain() -> None:
    simulation = Simulation(healthy_plan())
    assert not [record for record in simulation.run() if "Failed" in record.message]
    truth = tell(simulation)
    assert {outcome for site in truth["sites"].values() for outcome in site["units"]} == {"applied", "skipped"}
    assert truth["culprits"] == []
    assert [site["waiting"] for site in truth["sites"].values()] == [[]] * 5
    assert sum(site["units"].get("applied", 0) for site in truth["sites"].values()) > 100


def test_same_file_is_tried_hourly_or_when_the_folder_changes() -> None:
    records = list(simulate(demo_plan()))
    tries = defaultdict(list)
    for record in _distmgr(records, "CHI"):
        opens = _INCOMING.match(record.message)
        if opens:
            tries[opens[1]].append(record.time)
    again = [later - earlier for times in tries.values() for earlier, later in pairwise(times)]
    assert again
    assert max(again) < 3_700_000


@pytest.mark.parametrize("line", ["Failed to insert", "error = 40", ".PKG"])
def test_site_of_2012_gets_no_definition_files(line: str) -> None:
    plan = replace(demo_plan(), sites=tuple(replace(site, era=Era.CM2012) for site in demo_plan().sites))
    assert not [record for record in simulate(plan) if line in record.message]
