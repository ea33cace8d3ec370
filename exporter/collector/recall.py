"""Finds again what was saved, and puts aside what cannot be read, so that nothing is ever overwritten unread."""

from __future__ import annotations

import logging
from typing import Final

from exporter.collector.checkpoint import Checkpoint, CheckpointDamagedError, Saved
from exporter.collector.memory import Memory

_LOG: Final = logging.getLogger(__name__)


def recall(checkpoint: Checkpoint, now: float) -> dict[str, Memory]:
    """Load the memory of each site.

    A damaged database is renamed and a new one begun; so is one of which some sites cannot be read, for example
    because another version wrote them. The others of its sites are given.

    Args:
        checkpoint: where to look.
        now: wall time, POSIX seconds, for the new name.

    Raises:
        CheckpointBusyError: another process uses the directory.
        CheckpointError: the directory cannot be used now.
    """
    memories: dict[str, Memory] = {}
    try:
        refused = _decode(checkpoint.load(), memories)
    except CheckpointDamagedError as error:
        refused = str(error)
    if refused:
        kept = checkpoint.set_aside(now)
        checkpoint.load()
        _LOG.error("%s. It was kept as %s; what it lacks is made anew from the logs that are there", refused, kept)
    return memories


def _decode(saved: Saved, memories: dict[str, Memory]) -> str:
    """Read the sites that can be read; say which cannot, or ""."""
    refused = []
    for code, site in saved.sites.items():
        try:
            memories[code] = Memory.decode(site)
        except ValueError as error:
            refused.append(f"the saved state of {code} cannot be used ({error})")
    return "; ".join(refused)
