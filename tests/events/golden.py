"""Golden events of the corpus.

`python -m tests.events.golden` writes them anew; read the difference before committing it.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path, PurePosixPath

from exporter.events.event import Event
from exporter.events.loader import Catalogue, load_catalogue
from exporter.events.matcher import Matcher, Scan
from exporter.logs.block import Block
from exporter.logs.clock import Clock
from exporter.logs.records import RecordReader, is_stamped

_TESTS = Path(__file__).parents[1]
CORPUS = _TESTS / "fixtures" / "corpus"
GOLDEN = _TESTS / "golden" / "events"


@cache
def catalogue() -> Catalogue:
    return load_catalogue()


@cache
def matcher() -> Matcher:
    return Matcher(catalogue(), RecordReader(Clock()))


@cache
def _logs() -> dict[str, str]:
    rows = [line.split("\t") for line in (CORPUS / "INDEX.tsv").read_text("utf-8").splitlines()[1:]]
    return {PurePosixPath(row[0]).stem: row[2].removesuffix(".log").lower() for row in rows}


def excerpts() -> list[str]:
    """Name every excerpt of the corpus, relative to it."""
    return sorted(path.relative_to(CORPUS).as_posix() for path in CORPUS.rglob("*") if path.suffix in {".log", ".txt"})


def log_of(excerpt: str) -> str:
    return _logs()[PurePosixPath(excerpt).stem]


def golden_file(excerpt: str) -> Path:
    return GOLDEN / f"{excerpt}.jsonl"


def scan(excerpt: str) -> Scan:
    """Scan an excerpt as a whole file."""
    data = (CORPUS / excerpt).read_bytes()
    block = Block(data, file=excerpt, stamped=is_stamped(data), final=True)
    return matcher().scan(block, log_of(excerpt))


def render(excerpt: str) -> str:
    """Give one JSON line per event, and a last one with what else was found."""
    found = scan(excerpt)
    rest = {"records": found.records, "unmatched": found.unmatched, "samples": found.samples}
    return "".join(_render(event) for event in found.events) + json.dumps(rest, ensure_ascii=False) + "\n"


def _render(event: Event) -> str:
    fields = {name: value for name, value in event.fields.items() if value != "" or not name.startswith("istr")}
    values = {
        "line": event.line,
        "name": event.name,
        "fields": fields,
        "time": event.time,
        "thread": event.thread,
        "component": event.component,
    }
    return json.dumps(values, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for each in excerpts():
        golden_file(each).parent.mkdir(parents=True, exist_ok=True)
        golden_file(each).write_text(render(each), encoding="utf-8")
