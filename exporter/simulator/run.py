"""Runs a plan onto disk: at once, or at the pace of a clock."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path

from exporter.simulator.disk import Disk
from exporter.simulator.plan import Plan
from exporter.simulator.simulation import Simulation
from exporter.simulator.truth import Truth, tell

Progress = Callable[[int, int], None]
_REPORT_EVERY = 2000
_TRUTH = "truth.json"
# Seconds: what is due sooner is written at once, so that the clock keeps up with many lines.
_SHORTEST_SLEEP = 0.02


def run_batch(folder: Path, plan: Plan, progress: Progress | None = None) -> Truth:
    """Write all logs of a plan as fast as they come, and the truth beside them as `truth.json`.

    Args:
        folder: gets `SMS_<SITE>/Logs/<log>.log` and `.lo_`; the logs of a former simulation are removed first.
        plan: what happens.
        progress: called now and then with records written and a guess of how many there will be.

    Returns:
        The truth at the plan's end.

    Raises:
        FileExistsError: the folder holds logs that no simulation wrote.
        OSError: the folder cannot be written.
    """
    return run_live(folder, plan, lambda _: None, float("inf"), progress)


def run_live(  # noqa: PLR0913 - how it is written is the caller's choice
    folder: Path,
    plan: Plan,
    sleep: Callable[[float], None],
    speed: float,
    progress: Progress | None = None,
    *,
    real_stamps: bool = False,
) -> Truth:
    """Write the logs of a plan at the pace of a clock, so that a reader can follow them.

    Args:
        folder: as for `run_batch`; the bytes are the same.
        plan: what happens.
        sleep: waits for a number of seconds.
        speed: virtual seconds to a second of `sleep`.
        progress: as for `run_batch`.
        real_stamps: whether stamps go at the pace of the clock too, from the plan's start, instead of `speed` times as
            fast: a plan that starts now has the stamps of the moments at which its lines are written. The truth keeps
            the plan's own times.

    Raises:
        OSError: as for `run_batch`.
    """
    _clear(folder)
    simulation = Simulation(plan)
    span = max(1, plan.end_ms - plan.start_ms)
    last, written = plan.start_ms, 0
    _save(folder, tell(simulation))  # marks the folder as a simulation's, even if this one is broken off
    with Disk(folder, plan.sites, plan.max_log_bytes) as disk:
        for record in simulation.run():
            wait = (record.time - last) / 1000 / speed
            if wait >= _SHORTEST_SLEEP:
                disk.flush()
                sleep(wait)
                last = record.time
            stamp = plan.start_ms + round((record.time - plan.start_ms) / speed) if real_stamps else record.time
            if record.site not in plan.unread:
                disk.write(record._replace(time=stamp))
            written += 1
            if progress and written % _REPORT_EVERY == 0:
                progress(written, round(written * span / max(1, record.time - plan.start_ms)))
        truth = tell(simulation, disk.logs)
    _save(folder, truth)
    if progress:
        progress(written, written)
    return truth


def _clear(folder: Path) -> None:
    logs = [path for suffix in ("log", "lo_") for path in folder.glob(f"SMS_*/Logs/*.{suffix}")]
    if logs and not (folder / _TRUTH).exists():
        # They may be a real site's, on a share that is mounted here.
        raise FileExistsError(errno.EEXIST, "there are logs here that no simulation wrote", str(folder))
    for path in logs:
        path.unlink()


def _save(folder: Path, truth: Truth) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(truth, indent=2, ensure_ascii=False)
    (folder / _TRUTH).write_text(f"{text}\n", encoding="utf-8")
