"""Records as they stand on disk, in the form of each era."""

from __future__ import annotations

import re

from exporter.simulator.engine import Record
from exporter.simulator.hierarchy import Form, Site
from exporter.simulator.names import MONTHS, WEEKDAYS
from exporter.simulator.zones import LocalTime, ServerClock

_ERROR = re.compile(r"fail|error|cannot", re.IGNORECASE)


class LineWriter:
    """Turns the records of one site into bytes."""

    def __init__(self, site: Site) -> None:
        self._form = site.line_form
        self._code_page = site.code_page
        self._clock = ServerClock(site.zone)
        self._second = -1
        self._stamp = ("", "")

    def encode(self, record: Record) -> bytes:
        """Return the line of a record with its line end."""
        second, millisecond = divmod(record.time, 1000)
        if second != self._second:
            # Zone rules are slow to ask for and many lines share a second: about half the time of a line saved.
            self._second = second
            self._stamp = self._around_milliseconds(self._clock.read(second))
        before, after = self._stamp
        if self._form is Form.CCM:
            kind = 3 if _ERROR.search(record.message) else 1
            line = (
                f"<![LOG[{record.message.strip('~ ')}]LOG]!><{before}{millisecond:03d}{after} "
                f'component="{record.component}" context="" type="{kind}" thread="{record.thread}" '
                f'file="{record.log}.cpp:{100 + len(record.message)}">\r\n'
            )
        else:
            line = (
                f"{record.message}  $$<{record.component}><{before}{millisecond:03d}{after}>"
                f"<thread={record.thread} (0x{record.thread:X})>\r\n"
            )
        return line.encode(self._code_page, "replace")

    def _around_milliseconds(self, local: LocalTime) -> tuple[str, str]:
        time = local.time
        clock = f"{time.hour:02d}:{time.minute:02d}:{time.second:02d}."
        if self._form is Form.NAMED_ZONE:
            day = f"{WEEKDAYS[time.weekday()]} {MONTHS[time.month - 1]} {time.day:02d}"
            return f"{day} {clock}", f" {time.year} {local.zone}"
        date = f"{time.month:02d}-{time.day:02d}-{time.year}"
        if self._form is Form.BIAS:
            # Minutes that lead back to UTC, not padded: +300, -60, +00.
            return f"{date} {clock}", f"{local.bias:+03d}"
        return f'time="{clock}', f'{local.bias:+04d}" date="{date}"'
