"""Runs a plan onto disk: at once, or at the pace of a clock."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from exporter.simulator.disk import Disk
from exporter.simulator.plan import Plan
from exporter.simulator.simulation import Simulation
from exporter.simulator.truth import Truth, tell

Progress = Callable[[int, int], None]
_REPORT_EVERY = 2000


def run_batch(folder: Path, plan: Plan, progress: Progress | None = None) -> Truth:
    """Write all logs of a plan as fast as they come, and the truth beside them as `truth.json`.

    Args:
        folder: gets `SMS_<SITE>/Logs/<log>.log` and `.lo_`; what a former run left there is overwritten.
        plan: what happens.
        progress: called now and then with records written and a guess of how many there will be.

    Returns:
        The truth at the plan's end.
    """
    return run_live(folder, plan, lambda _: None, float("inf"), progress)


def run_live(
    folder: Path, plan: Plan, sleep: Callable[[float], None], speed: float, progress: Progress | None = None
) -> Truth:
    """Write the logs of a plan at the pace of a clock, so that a reader can follow them.

    Args:
        folder: as for `run_batch`; the bytes are the same.
        plan: what happens.
        sleep: waits for a number of seconds.
        speed: virtual seconds to a second of `sleep`.
        progress: as for `run_batch`.
    """
    simulation = Simulation(plan)
    span = max(1, plan.end_ms - plan.start_ms)
    last, written = plan.start_ms, 0
    with Disk(folder, plan.sites, plan.max_log_bytes) as disk:
        for record in simulation.run():
            wait = (record.time - last) / 1000 / speed
            if wait > 0:
                disk.flush()
                sleep(wait)
                last = record.time
            disk.write(record)
            written += 1
            if progress and written % _REPORT_EVERY == 0:
                progress(written, round(written * span / max(1, record.time - plan.start_ms)))
        truth = tell(simulation, disk.logs)
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(truth, indent=2, ensure_ascii=False)
    (folder / "truth.json").write_text(f"{text}\n", encoding="utf-8")
    if progress:
        progress(written, written)
    return truth
