"""Samples with timestamps, in OpenMetrics' format, for `promtool tsdb create-blocks-from openmetrics`.

The samples stand in the order of time, and not family by family as the format wants it: so they are written as they
come, in constant memory. promtool, which the file is for, asks for no other order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO, Final

from exporter.metrics import replication, transport
from exporter.metrics.contract import FAMILIES
from exporter.metrics.exposition import HEADERS, Body, Form
from exporter.metrics.families import site_table
from exporter.metrics.selection import select
from exporter.metrics.views import SiteView

TOLD_FAMILIES: Final = tuple(
    family for family in FAMILIES if family.name in replication.SOURCES or family.name in transport.SOURCES
)
"""What logs tell of the past. How well they were read, and by which process, is of today."""


class Timeline:
    """Writes samples of one site after another.

    Args:
        out: where to.
        labels: what each sample carries beside its own, such as the `job` under which Prometheus would have scraped it.

    Attributes:
        samples: how many were written.
    """

    def __init__(self, out: BinaryIO, labels: Mapping[str, str]) -> None:
        self.samples = 0
        self._out = out
        self._labels = ",".join(f"{name}={_quoted(value)}" for name, value in labels.items()).encode()
        self._bodies = {family.name: Body(family) for family in TOLD_FAMILIES}
        self._labelled: dict[str, tuple[bytes, bytes]] = {}
        self._shown: tuple[str, int] | None = None
        self._text = b""
        self._lines = 0
        out.writelines(HEADERS[family.name, Form.OPENMETRICS] for family in TOLD_FAMILIES)

    def write(self, view: SiteView, at: float) -> None:
        """Write the state of a site at a time, POSIX seconds."""
        if self._shown != (view.state.site, view.revision):
            self._shown = (view.state.site, view.revision)
            self._render(view)
        # A line break within a label value is written as two other characters: each that is here ends a line.
        self._out.write(self._text.replace(b"\n", f" {at:.3f}\n".encode()))
        self.samples += self._lines

    def end(self) -> None:
        """Write the end, without which a file is not whole."""
        self._out.write(b"# EOF\n")

    def _render(self, view: SiteView) -> None:
        for family, parts in select({view.state.site: site_table(view)}, {}):
            if family.name in self._bodies:
                self._bodies[family.name].update(parts)
        self._text = b"".join(self._label(name, body.text) for name, body in self._bodies.items())
        self._lines = self._text.count(b"\n")

    def _label(self, family: str, text: bytes) -> bytes:
        known, labelled = self._labelled.get(family, (b"", b""))
        if known is not text:
            labelled = b"".join(map(self._label_line, text.splitlines(keepends=True)))
            self._labelled[family] = (text, labelled)
        return labelled

    def _label_line(self, line: bytes) -> bytes:
        if not self._labels:
            return line
        # A brace or a blank may stand within a label value too, but first of all behind the name.
        name, brace, rest = line.partition(b"{")
        if brace and b" " not in name:
            return name + b"{" + self._labels + b"," + rest
        name, blank, value = line.partition(b" ")
        return name + b"{" + self._labels + b"}" + blank + value


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
