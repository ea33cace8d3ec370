"""The events of records that end in a stamp, as servers write them.

Built so that a line that means nothing costs next to nothing. Only lines whose beginning a template has are read; how
the rest is told apart from them is in `exporter.events.dispatch`.
"""

from __future__ import annotations

from itertools import compress

from exporter.events.event import Event
from exporter.events.interpreter import HEAD, Interpreter, Source
from exporter.logs.clock import FRACTIONS
from exporter.logs.records import TAIL, RecordReader, Segments


class Stamped:
    """Finds the events of records that end in a stamp.

    Args:
        reader: reads records.
        interpreter: finds what they say.
    """

    def __init__(self, reader: RecordReader, interpreter: Interpreter) -> None:
        self._reader = reader
        self._interpreter = interpreter

    def events(self, segments: Segments, source: Source) -> tuple[list[Event], list[bool]]:
        """Return the events, and tell of each record whether it gave none."""
        raws, lines, table = segments.raws, segments.lines, source.table
        # The one look at every line: a slice and a look-up, which tell most lines of most logs to be nothing. No line
        # of Python runs for each: that would cost a half more.
        hits = list(compress(range(len(raws)), map(table.__getitem__, map(HEAD, raws))))
        if not isinstance(lines, range):  # some records are not exactly one line, and may hold a message further down
            hits = [at for at, raw in enumerate(raws) if table[HEAD(raw)] is not None or b"\n" in raw]
        events: list[Event] = []
        unknown = [True] * len(raws)
        add, new, log, file = events.append, tuple.__new__, source.log, source.file
        ends, seconds, fractions, told = self._reader.ends, self._reader.seconds, FRACTIONS, self._interpreter.memo
        for at in hits:
            raw = raws[at]
            try:
                thread, said, second, fraction, zone = ends[raw[TAIL]]
                time = seconds[raw[zone]][raw[second]] + fractions[raw[fraction]]
                known = told[raw[said]]
            except KeyError:  # of another form, or not heard before
                found = self._interpreter.events(raw, lines[at], source)
                if found:
                    events += found
                    unknown[at] = False
                continue
            if known is not None:
                name, fields, component, text = known
                # Half the price of calling the class.
                add(new(Event, (name, fields, log, file, lines[at], time, thread, component, text)))
                unknown[at] = False
        return events, unknown
