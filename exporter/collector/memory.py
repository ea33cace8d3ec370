"""What a site must find again to go on after a restart as if nothing had happened, and how it is saved."""

from __future__ import annotations

from dataclasses import dataclass, field

from exporter.collector.checkpoint import SavedSite
from exporter.logs.health import Gap, LogHealth
from exporter.logs.position import Position
from exporter.replication import codec
from exporter.replication.ledger import Ledger


@dataclass(slots=True)
class Memory:
    """One site, at one instant: the ledger holds exactly what stands before the positions.

    Attributes:
        ledger: what its logs have told.
        positions: where reading stands, by log.
        logs: health of each log, its counters among it.
        gaps: losses of lines, newest last.
    """

    ledger: Ledger
    positions: dict[str, Position] = field(default_factory=dict)
    logs: dict[str, LogHealth] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)

    def encode(self) -> SavedSite:
        """Return it as the checkpoint keeps it."""
        return SavedSite(
            {log: position.encode() for log, position in self.positions.items()},
            self.ledger.encode(),
            {
                "logs": {log: codec.encode(health) for log, health in self.logs.items()},
                "gaps": [codec.encode(gap) for gap in self.gaps],
            },
        )

    @classmethod
    def decode(cls, saved: SavedSite) -> Memory:
        """Return what `encode` wrote.

        Raises:
            ValueError: it was written in another format, or is damaged.
        """
        try:
            return cls(
                Ledger.decode(saved.ledger),
                {log: Position.decode(position) for log, position in saved.positions.items()},
                {log: codec.decode(LogHealth, health) for log, health in saved.extra["logs"].items()},
                [codec.decode(Gap, gap) for gap in saved.extra["gaps"]],
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not the memory of a site: {error}") from error
