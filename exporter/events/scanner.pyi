from exporter.events.event import Event
from exporter.events.interpreter import Interpreter, Source
from exporter.logs.records import RecordReader

class Scanner:
    def __init__(self, data: bytes, source: Source, reader: RecordReader, interpreter: Interpreter) -> None: ...
    def whole_lines(
        self, at: int, line: int, events: list[Event], alarms: list[tuple[bytes, int]]
    ) -> tuple[int, int]: ...
    def end_of_whole_line(self, at: int) -> int: ...
