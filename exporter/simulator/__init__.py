"""A hierarchy that writes logs in the on-disk forms, with the truth beside them."""

from exporter.simulator.plan import Plan
from exporter.simulator.plans import demo_plan
from exporter.simulator.run import run_batch, run_live
from exporter.simulator.simulation import Simulation, simulate
from exporter.simulator.truth import Truth, tell, truth_at

__all__ = ["Plan", "Simulation", "Truth", "demo_plan", "run_batch", "run_live", "simulate", "tell", "truth_at"]
