"""A hierarchy that writes logs in the on-disk forms, with the truth beside them."""

from exporter.simulator.load import LogCounts, big_plan, write_benchmark_log
from exporter.simulator.plan import Plan
from exporter.simulator.plans import DEMO_START, demo_plan, healthy_plan
from exporter.simulator.random_plan import random_plan
from exporter.simulator.run import run_batch, run_live
from exporter.simulator.scenarios import SCENARIOS, scenario_plan
from exporter.simulator.simulation import Simulation, simulate
from exporter.simulator.truth import Truth, tell, truth_at

__all__ = [
    "DEMO_START",
    "SCENARIOS",
    "LogCounts",
    "Plan",
    "Simulation",
    "Truth",
    "big_plan",
    "demo_plan",
    "healthy_plan",
    "random_plan",
    "run_batch",
    "run_live",
    "scenario_plan",
    "simulate",
    "tell",
    "truth_at",
    "write_benchmark_log",
]
