import re
from dataclasses import replace
from datetime import timedelta

from exporter.simulator.plan import Drop, NeverSent
from exporter.simulator.plans import demo_plan
from exporter.simulator.scenarios import scenario_plan
from exporter.simulator.simulation import Simulation, simulate
from exporter.simulator.truth import tell, truth_at


def test_truth_can_be_told_at_any_moment_of_a_run_and_is_the_same_as_of_a_run_up_to_it() -> None:
    plan = demo_plan()
    simulation = Simulation(plan)
    for hour in range(1, 7):
        moment = plan.start_ms + hour * 3_600_000
        for _ in simulation.run(moment):
            pass
        assert tell(simulation) == truth_at(plan, moment)
        assert tell(simulation) == truth_at(replace(plan, duration=timedelta(hours=hour)), moment)


def test_times_are_those_of_the_failing_lines() -> None:
    plan = scenario_plan("source_access_denied")
    truth = truth_at(plan, plan.end_ms)
    for site in ("CHI", "LON"):
        failed = [
            record.time
            for record in simulate(plan)
            if record.site == site and record.message.startswith("Failed to insert SMS Program ID")
        ]
        block = truth["sites"][site]["blocked"][0]
        first, last = (f"{time % 1000:03d}Z" for time in (failed[0], failed[-1]))
        assert block["attempts"] == len(failed) == 2
        assert block["since"].endswith(first)
        assert block["last_attempt"].endswith(last)
        assert re.fullmatch(r"2010-03-04T1[34]:\d\d:\d\d\.\d{3}Z", block["since"])


def test_truth_has_the_shape_of_a_report() -> None:
    plan = scenario_plan("source_access_denied")
    truth = truth_at(plan, plan.end_ms)
    block = truth["sites"]["CHI"]["blocked"][0]
    missing = {"package": "CEN00012", "program": "Install drivers", "source_site": "CEN"}
    assert block["missing"] == [missing]
    assert (block["task_sequence"], block["version"], block["error"]) == ("CEN00021", 1, 40)
    error = truth["sites"]["CEN"]["source_errors"][0]
    assert (error["reason"], error["win32_error"]) == ("source_path_inaccessible", 5)
    assert error["source_path"] == r"\\FILES01\Drivers\Laptops"
    culprit = truth["culprits"][0]
    assert {key: culprit[key] for key in missing} == missing
    assert (culprit["sites"], culprit["task_sequences"], culprit["blocks"]) == (["CHI", "LON"], ["CEN00021"], 2)
    assert truth["sites"]["CEN"]["names"]["CEN00021"] == "Deploy Windows 7 to laptops"
    assert truth["sites"]["CHI"]["versions"]["CEN00021"]["definition"] == 1


def test_program_that_comes_by_itself_is_told_apart_from_one_that_was_lost() -> None:
    cut_off = scenario_plan("sender_cut_off", over=True)
    simulation = Simulation(cut_off)
    coming = []
    for second in range(3600, 4800):
        for _ in simulation.run(cut_off.start_ms + second * 1000):
            pass
        coming += [culprit["causes"][0] for culprit in tell(simulation)["culprits"]]
    assert {(cause["kind"], cause["on_its_way"]) for cause in coming} == {("transport", False), ("unknown", True)}
    lost = scenario_plan("never_sent_no_address")
    lost = replace(lost, incidents=(NeverSent("CEN", "CHI", 0, 1500, 90_000, how=Drop.SILENT),))
    cause = truth_at(lost, lost.end_ms)["culprits"][0]["causes"][0]
    assert (cause["kind"], cause["on_its_way"]) == ("unknown", False)


def test_unit_that_is_not_over_is_not_in_the_truth() -> None:
    plan = scenario_plan("source_access_denied")
    failed = next(
        record.time for record in simulate(plan) if record.site == "CHI" and record.message.startswith("Failed")
    )
    before = truth_at(plan, failed)["sites"]["CHI"]
    after = truth_at(plan, failed + 1000)["sites"]["CHI"]
    assert (before["blocked"], before["units"], before["reference_failures"]) == ([], {}, {"CEN00012": 1})
    assert after["units"] == {"blocked": 1}
    assert [block["task_sequence"] for block in after["blocked"]] == ["CEN00021"]
