"""Each scenario shows what its name says, and is over in the end."""

import pytest

from exporter.simulator.scenarios import SCENARIOS, scenario_plan
from exporter.simulator.simulation import Simulation, simulate
from exporter.simulator.truth import tell, truth_at

_CAUSES = {
    "source_access_denied": [("source_path_inaccessible", "CEN", ["CHI", "LON"])],
    "source_not_found": [("source_path_inaccessible", "CEN", ["CHI", "LON"])],
    "source_on_lost_network": [("source_path_inaccessible", "CEN", ["CHI", "LON"])],
    "snapshot_failed": [("snapshot_failed", "CEN", ["CHI", "LON"])],
    "late_content": [("content_late", "CHI", ["CHI"])],
    "program_deleted": [("program_deleted", "DEN", ["DEN"])],
    "never_sent_no_request_id": [("never_sent", "CEN", ["CHI"])],
    "never_sent_no_address": [("never_sent", "CEN", ["CHI"])],
    "lost_without_a_line": [("definition_old", "CHI", ["CHI"])],
    "site_not_active": [("never_sent", "CEN", ["CHI"])],
    "new_package_lost_without_a_line": [("unknown", "CEN", ["CHI"])],
    "definition_not_replicated": [("definition_old", "CHI", ["DEN"])],
    "refused_on_the_way": [("definition_old", "CHI", ["DEN"])],
    "compression_failed": [("snapshot_failed", "CEN", ["CHI", "LON"])],
    "owner_not_read": [("owner_not_read", "CEN", ["CHI", "LON"])],
    "sender_cut_off": [("transport", "CEN", ["CHI"])],
    "despooler_retrying": [("transport", "CHI", ["CHI"])],
    "restart_in_unit": [("source_path_inaccessible", "CEN", ["CHI", "LON"])],
    "rollover_in_unit": [("source_path_inaccessible", "CEN", ["CHI", "LON"])],
    "newer_version_while_blocked": [("source_path_inaccessible", "CEN", ["CHI", "LON"])],
    "two_missing_references": [("source_path_inaccessible", "CEN", ["CHI", "LON"])],
    "second_of_two_missing_references": [("source_path_inaccessible", "CEN", ["CHI", "LON"])],
    "mixed_eras": [("source_path_inaccessible", "CEN", ["CHI"])],
}
_LINES = {
    "source_access_denied": "SMS service cannot access it, Win32 last error = 5",
    "source_not_found": "SMS service cannot access it, Win32 last error = 3",
    "source_on_lost_network": "SMS service cannot access it, Win32 last error = 53",
    "snapshot_failed": "~Failed to take snapshot of package CEN00012",
    "late_content": "~Cannot update the package CEN00012 in the package source, error = 8",
    "late_content_2012": "The contents for the package CEN00012 hasn't arrived from site CEN yet, will retry later.",
    "program_deleted": "Package CEN00012 program Install drivers no longer exists, delete it",
    "never_sent_no_request_id": "Skipping minijob. Could not retrieve the request ID",
    "never_sent_no_address": "There is no address defined for site CHI",
    "nothing_sent_no_request_id": "Skipping minijob. Could not retrieve the request ID",
    "nothing_sent_no_address": "There is no address defined for site CHI",
    "site_not_active": "CHI is not an active site, ignore it",
    "site_not_active_2012": "CHI is not an active site, ignore it",
    "definition_not_replicated": "~This package[CEN00012]'s information hasn't arrived yet for this version [1].",
    "site_put_aside": "won't try send requests going to site CHI for an hour",
    "late_content_2007": "The compressed files for package CEN00012 hasn't arrived from site CEN yet",
    "refused_on_the_way": "for package CEN0000A, error = 3",
    "sender_cut_off": "won't try send requests going to site CHI for an hour",
    "despooler_retrying": "~Created retry instruction for job ",
    "package_deleted": "~Successfully deleted the package CEN00021",
    "server_refused": "for package CEN00012, error = 3",
    "compression_failed": "Cannot write to output file, Win32 Error = 998",
    "scheduler_stopped": "Could not transfer job from secondary to primary source",
    "instruction_lost": "~Despooler failed to execute the instruction, error code = 5",
    "content_not_unpacked": r"Cannot decompress package D:\SMSPKG\CEN00012.PCK to ",
    "distribution_point_unreachable": "~Cannot establish connection to ",
    "transfer_failed": "~ Sending failed. Failure count = 1",
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_trouble_is_there_with_its_cause(name: str) -> None:
    plan = scenario_plan(name)
    truth = truth_at(plan, plan.end_ms)
    causes = [(one["kind"], one["site"], one["sites"]) for culprit in truth["culprits"] for one in culprit["causes"]]
    assert causes == _CAUSES.get(name, [])


@pytest.mark.parametrize(("name", "line"), _LINES.items())
def test_trouble_writes_its_line(name: str, line: str) -> None:
    assert any(line in record.message for record in simulate(scenario_plan(name)))


@pytest.mark.parametrize("name", SCENARIOS)
def test_in_the_end_nothing_is_stuck(name: str) -> None:
    plan = scenario_plan(name, over=True)
    truth = truth_at(plan, plan.end_ms)
    assert truth["culprits"] == []
    for site in truth["sites"].values():
        assert (site["blocked"], site["waiting"], site["source_errors"]) == ([], [], [])


def test_two_missing_references_show_one_after_the_other() -> None:
    named = [
        truth_at(plan, plan.end_ms)["culprits"][0]["package"]
        for plan in map(scenario_plan, ("two_missing_references", "second_of_two_missing_references"))
    ]
    assert named == ["CEN0000A", "CEN00012"]


def test_restart_in_the_middle_of_a_unit_leaves_it_unknown_and_the_block_as_it_was() -> None:
    plan = scenario_plan("restart_in_unit")
    simulation = Simulation(plan)
    messages = [record.message for record in simulation.run() if (record.site, record.log) == ("CHI", "distmgr")]
    truth = tell(simulation)["sites"]["CHI"]
    assert truth["units"] == {"blocked": 2, "unknown": 1}
    assert truth["blocked"][0]["attempts"] == 2
    assert sum(message.startswith("SMS_EXECUTIVE started") for message in messages) == 2


def test_newer_version_is_tried_beside_the_older_one_under_a_name_of_its_own() -> None:
    plan = scenario_plan("newer_version_while_blocked")
    block = truth_at(plan, plan.end_ms)["sites"]["CHI"]["blocked"][0]
    assert (block["version"], block["attempts"], block["definitions_tried"]) == (3, 6, 5)


def test_deleted_task_sequence_is_blocked_no_more_while_its_culprit_stays() -> None:
    plan = scenario_plan("package_deleted")
    truth = truth_at(plan, plan.end_ms)
    assert [site["blocked"] for site in truth["sites"].values()] == [[], [], [], []]
    assert truth["sites"]["CHI"]["units"] == {"blocked": 2}
    assert truth["sites"]["CEN"]["source_errors"][0]["package"] == "CEN00012"
