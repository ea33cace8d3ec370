"""`records`: each record of some logs as one JSON line, for jq, Loki and a support case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo

import click

from exporter.commands.options import code_page_option, find_each, zone_option
from exporter.commands.output import to_json
from exporter.logs.clock import Clock
from exporter.logs.discovery import KNOWN_LOGS, Folder, LogFiles
from exporter.logs.follower import Follower
from exporter.logs.health import Gap, LogHealth
from exporter.logs.records import Record, RecordReader
from exporter.logs.volume import VolumeError
from exporter.report.plain import rfc3339


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@zone_option
@code_page_option
def command(files: Sequence[str], zone: tzinfo | None, code_page: str) -> None:
    """Print each record of logs as one JSON line.

    Keys: time (UTC, null when the zone is not known), local (as written), component, thread, message, severity, form,
    file, line. A folder stands for all logs in it. Exit status: 0 all was printed, 2 something could not be read.

    \b
    configmgr-exporter records distmgr.log | jq -r 'select(.severity == "error") | .message'
    """
    reader = RecordReader(Clock(zone), code_page)
    unread: list[str] = []
    for folder in find_each(files, KNOWN_LOGS):
        for record in _records(folder, reader, unread):
            click.echo(to_json(_plain(record)))
    if unread:
        raise click.ClickException("\n".join(unread))


def _records(folder: Folder, reader: RecordReader, unread: list[str]) -> Iterator[Record]:
    """Read all records of a folder's logs; what could not be read is added to `unread`."""
    try:
        for log in folder.scan():
            yield from _records_of_log(folder, log, reader, unread)
    except VolumeError as error:
        unread.append(str(error))


def _records_of_log(folder: Folder, log: str, reader: RecordReader, unread: list[str]) -> Iterator[Record]:
    health = LogHealth()
    follower = Follower(folder, log, None, health, once=True)
    while follower.behind:  # a log that is being written may roll meanwhile
        for item in follower.poll(folder.scan().get(log) or LogFiles(log), 0.0):
            if isinstance(item, Gap):
                unread.append(f"{folder.path}: lines of {log} were lost while it was read ({item.reason})")
                continue
            segments = reader.segment(item)
            for raw, line in zip(segments.raws, segments.lines, strict=True):
                yield reader.parse(raw, item.file, line)
            follower.advance(segments.consumed, segments.line_count)
    if health.read_errors or health.sharing_violations:
        unread.append(f"{health.error}: {log} was not read to its end")


def _plain(record: Record) -> dict[str, object]:
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
