"""What happens in the drill: busy hours in which all is well, then a package whose source its owner cannot read."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from exporter.simulator import Plan, demo_plan
from exporter.simulator.plan import BadSource, Change, Create, Touch

LIVE: Final = 2 * 3600
"""Seconds of the plan that are over when the exporters start."""
CULPRIT: Final = "CEN00012"
PROGRAM: Final = "Install drivers"
SEQUENCES: Final = ("CEN00021", "CEN00022", "CEN00023")
SITES: Final = ("CHI", "LON", "NYC")
"""Where these are blocked: the primary sites below the owner."""
BREAKS: Final = LIVE + 600
"""When the culprit is created."""

_HOURS: Final = 10
_BUSY_EVERY: Final = 240


def drill_plan(now: datetime) -> Plan:
    """Return the plan, of which `LIVE` seconds lie before `now`.

    Its incident has no end: `Hierarchy.mend` gives it one.
    """
    plan = demo_plan(now - timedelta(seconds=LIVE), mended=False)
    packages = {change.package.id: change.package for change in plan.changes if isinstance(change, Create)}
    drivers = packages.pop(CULPRIT)
    late = {id_: packages.pop(id_) for id_ in SEQUENCES}
    changes: list[Change] = [Create(300 * number, package) for number, package in enumerate(packages.values(), 1)]
    end = _HOURS * 3600
    changes += [Touch(at, "CEN00020") for at in range(3600, end, _BUSY_EVERY)]
    changes += [Touch(at, "CEN00013", refresh=True) for at in range(3700, end, 4 * _BUSY_EVERY)]
    changes += [Create(BREAKS, drivers)]
    changes += [Create(BREAKS + 180 + 60 * number, sequence) for number, sequence in enumerate(late.values())]
    return replace(
        plan,
        name="drill",
        duration=timedelta(seconds=end),
        changes=tuple(changes),
        incidents=(BadSource(CULPRIT, 0, end, win32_error=5),),
    )
