"""Golden output of the corpus.

`python -m tests.logs.golden` writes it anew; read the difference before committing it.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

from exporter.logs.block import Block
from exporter.logs.clock import Clock
from exporter.logs.records import Record, RecordReader, is_stamped

_TESTS = Path(__file__).parents[1]
CORPUS = _TESTS / "fixtures" / "corpus"
GOLDEN = _TESTS / "golden" / "records"


def excerpts() -> list[str]:
    """Name every excerpt of the corpus, relative to it."""
    return sorted(path.relative_to(CORPUS).as_posix() for path in CORPUS.rglob("*") if path.suffix in {".log", ".txt"})


def golden_file(excerpt: str) -> Path:
    return GOLDEN / f"{excerpt}.jsonl"


def render(excerpt: str) -> str:
    """Read an excerpt as a whole file and give one JSON line per record."""
    data = (CORPUS / excerpt).read_bytes()
    block = Block(data, file=excerpt, stamped=is_stamped(data), final=True)
    return "".join(_render(record) for record in RecordReader(Clock()).records(block))


def _render(record: Record) -> str:
    stamp = record.stamp
    utc = None if stamp is None or stamp.utc is None else datetime.fromtimestamp(stamp.utc, UTC)
    fields = {
        "line": record.line,
        "time": None if utc is None else utc.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "local": None if stamp is None else stamp.local.isoformat(timespec="milliseconds"),
        "component": record.component,
        "thread": record.thread,
        "severity": record.severity,
        "form": record.form,
        "message": record.message,
    }
    return json.dumps(fields, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name in excerpts():
        golden_file(name).parent.mkdir(parents=True, exist_ok=True)
        golden_file(name).write_text(render(name), encoding="utf-8")
