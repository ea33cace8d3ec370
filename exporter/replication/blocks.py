"""Blocked task sequences: what begins a block, goes on with it, and ends it.

What ends it: only a complete unit of the package whose beginning was seen and that holds no failing line, status
message 2301, "Successfully created/updated the package", or the package's deletion. A unit that failed at another step
(the package's row, a distribution point, a newer version's content) did not store the definition either, so it is no
all-clear: the block stands as its latest failing try left it. A unit whose end or beginning is missing changes nothing.
"""

from __future__ import annotations

from exporter.replication.limits import earliest, latest
from exporter.replication.state import Blocked, SiteState
from exporter.replication.units import Unit


class Blocks:
    """Changes `SiteState.blocked`; holds only what has to be settled before anybody looks at it."""

    def __init__(self) -> None:
        self._tried: dict[str, Unit] = {}

    def failed(self, state: SiteState, unit: Unit) -> None:
        """Take a unit whose program step failed; `settle` shows its lines."""
        package, definition, version = unit.package, unit.definition, unit.version
        self._tried[package] = unit
        time = unit.failed_at if unit.failed_at is not None else unit.last
        block = state.blocked.get(package)
        if block is None:
            block = Blocked(package, unit.missing, time, time, 0, version, definition, unit.error, evidence=())
            state.blocked[package] = block
        if definition and definition != block.definition:
            if block.definition is not None:  # sent anew: what was told of the former does not hold
                block.definitions_tried += 1
                block.version = version
            block.definition = definition
        block.missing = unit.missing
        block.since = earliest(block.since, time)
        block.last_attempt = latest(block.last_attempt, time)
        block.attempts += 1
        if version is not None:
            block.version = version
        block.error = unit.error

    def end(self, state: SiteState, package: str, time: float | None) -> None:
        """Take what shows that a package is blocked no more, and when that was."""
        block = state.blocked.pop(package, None)
        if block is not None and block.since is not None and time is not None:
            state.block_durations.add(max(0.0, time - block.since))

    def settle(self, state: SiteState) -> None:
        """Show the lines of the units that failed last: in a backlog most are followed by another try at once."""
        for package, unit in self._tried.items():
            block = state.blocked.get(package)
            if block is not None:
                block.evidence = unit.evidence
        self._tried.clear()
