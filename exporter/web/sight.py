"""What the pages and the API see: the latest picture, and what has changed since the start."""

from __future__ import annotations

import time
from collections.abc import Callable

from exporter.metrics.views import Look
from exporter.report.changes import History
from exporter.report.hierarchy import Report
from exporter.report.picture import Given, Painter, Picture


class Sight:
    """Takes pictures, and notes what changes from one to the next. To be used from one thread at a time.

    Args:
        look, unready, given, wall: see `exporter.report.picture.Painter`.
    """

    def __init__(
        self,
        look: Look,
        unready: Callable[[], str],
        given: Callable[[], Given] = Given,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._painter = Painter(look, unready, given, wall)
        self._noted: Report | None = None
        self.history = History(time.time())

    def picture(self) -> Picture:
        """Return the hierarchy as it is now."""
        picture = self._painter.picture()
        if picture.report is not self._noted:
            self.history.note(picture.report, picture.taken)
            self._noted = picture.report
        return picture
