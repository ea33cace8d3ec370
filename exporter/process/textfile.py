"""The metrics as a file, for the textfile collector of node_exporter or windows_exporter."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from exporter.metrics.contract import FAMILIES, PROCESS_FAMILIES

_LOG: Final = logging.getLogger(__name__)
NAME: Final = "configmgr-exporter.prom"
_READABLE: Final = 0o644  # the collector runs as another user; a umask or a service's UMask= would forbid it

SAMPLES: Final = frozenset(
    name for family in FAMILIES if family.name not in PROCESS_FAMILIES for name in family.sample_names
)
"""What is written. The collector's own process has metrics of the same names as ours, and two of one name fail it."""


class Textfile:
    """Writes one file again and again, so that whoever reads it finds a whole one.

    Args:
        directory: the folder that the collector reads.
        render: returns the metrics in Prometheus' text format.
        unready: returns why they are not yet the whole truth, or "". Until they are, a file of an earlier run stays: a
            new one would say that nothing is stuck.
        note: is told whether the file could be written.
    """

    def __init__(
        self,
        directory: Path,
        render: Callable[[], bytes],
        unready: Callable[[], str],
        note: Callable[[bool], None],
    ) -> None:
        self.path = directory / NAME
        self._render = render
        self._unready = unready
        self._note = note
        self._ok = True

    def write(self) -> None:
        """Write the file as things stand now; a failure is noted and told once, and the next time may go well."""
        if self._unready():
            return
        try:
            _replace(self.path, self._render())
        except OSError as error:
            self._note(False)  # noqa: FBT003 - the one thing it is told
            if self._ok:
                _LOG.error("The textfile cannot be written; trying again until it can: %s", error)
            self._ok = False
            return
        self._note(True)  # noqa: FBT003 - as above
        if not self._ok:
            _LOG.warning("The textfile is written again: %s", self.path)
        self._ok = True


def _replace(path: Path, data: bytes) -> None:
    """Put a new file in the place of an old one in one step.

    Raises:
        OSError: it cannot be done; the old one stays as it is.
    """
    # In the same folder, for a rename is one step only within a file system; and not called *.prom, so that nobody
    # reads it before it is whole.
    made = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        made.write_bytes(data)
        made.chmod(_READABLE)
        made.replace(path)
    except OSError:
        with suppress(OSError):
            made.unlink(missing_ok=True)
        raise
