"""`records`: each record of some logs as one JSON line, for jq, Loki and a support case."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import tzinfo

import click

from exporter.commands.options import code_page_option, find, zone_option
from exporter.hierarchy import rfc3339
from exporter.logs.block import Block
from exporter.logs.clock import Clock
from exporter.logs.discovery import KNOWN_LOGS
from exporter.logs.follower import Follower
from exporter.logs.health import LogHealth
from exporter.logs.records import Record, RecordReader
from exporter.places import Place


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@zone_option
@code_page_option
def command(files: Sequence[str], zone: tzinfo | None, code_page: str) -> None:
    """Print each record of logs as one JSON line.

    Keys: time (UTC, null when the zone is not known), local (as written), component, thread, message, severity, form,
    file, line. A folder stands for all logs in it.

    \b
    configmgr-exporter records distmgr.log | jq -r 'select(.severity == "error") | .message'
    """
    reader = RecordReader(Clock(zone), code_page)
    for place in find(files, KNOWN_LOGS):
        for record in _records(place, reader):
            click.echo(json.dumps(_to_json(record), ensure_ascii=False))


def _records(place: Place, reader: RecordReader) -> Iterator[Record]:
    for log, files in place.folder.scan().items():
        follower = Follower(place.folder, log, None, LogHealth(), once=True)
        for block in follower.poll(files, 0.0):
            if isinstance(block, Block):
                segments = reader.segment(block)
                for raw, line in zip(segments.raws, segments.lines, strict=True):
                    yield reader.parse(raw, block.file, line)
                follower.advance(segments.consumed, segments.line_count)


def _to_json(record: Record) -> dict[str, object]:
    stamp = record.stamp
    return {
        "time": None if stamp is None else rfc3339(stamp.utc),
        "local": record.stamp_text if stamp is None else stamp.local.isoformat(timespec="milliseconds"),
        "component": record.component,
        "thread": record.thread,
        "message": record.message,
        "severity": record.severity.value,
        "form": record.form.value,
        "file": record.file,
        "line": record.line,
    }
