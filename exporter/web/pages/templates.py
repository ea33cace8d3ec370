"""The templates, and what makes it safe to put text from logs into them.

Every value that a template shows passes `_shown`: characters that steer a screen become escapes, and what is endless is
cut. Then it is escaped for HTML. So a template may show anything in `{{ }}`; it must not join such texts with `~`
or mark one as safe.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from exporter.replication.state import FactKind, owner_of
from exporter.replication.win32 import in_words
from exporter.report.condition import Condition
from exporter.report.matters import last_lines, of_source_errors, of_troubles, of_waiting, ways
from exporter.report.plain import rfc3339
from exporter.report.words import (
    SOURCE_WORDS,
    TROUBLE_WORDS,
    UNNAMED_SITE,
    WAIT_WORDS,
    count,
    duration,
    gap_words,
    log_file,
    other_end,
    shown,
    when,
)
from exporter.web.assets import ASSETS

MARKS: Final = {
    Condition.BLOCKED: "\u2716",
    Condition.ATTENTION: "\u25b2",
    Condition.DOUBT: "?",
    Condition.CLEAR: "\u2714",
    Condition.NOT_READ: "\u25cb",
}
"""Signs of different shapes, for those who cannot tell the colours apart."""

FACT_WORDS: Final = {
    FactKind.PROCESSED: "processed the package (status message 2301)",
    FactKind.PROCESSING_FAILED: "failed to process the package (status message 2302)",
    FactKind.NOTIFIED: "was told by the database that the package changed",
    FactKind.ADDED: "began to add the package",
    FactKind.UPDATED: "began to update the package",
    FactKind.CHANGED: "a program was added or removed",
    FactKind.REPLICATING: "new or changed: it is replicated to all sites",
    FactKind.INFORMATION_SENT: "handed the definition to the scheduler, for",
    FactKind.MINIJOB_CREATED: "handed the content to the scheduler, for",
    FactKind.SITE_LEFT_OUT: "left a site out that is not active:",
    FactKind.JOB_DROPPED: "the scheduler gave up a job, for",
    FactKind.SENT: "the sender finished, to",
    FactKind.PROGRAM_DELETED: "deleted the program",
    FactKind.DELETED: "deleted the package",
    FactKind.DEFINITION_APPLIED: "stored the definition",
    FactKind.DEFINITION_REFUSED: "stored the definition, but not the row of a distribution point",
    FactKind.CONTENT_WRITTEN: "wrote the contents",
    FactKind.CONTENT_STORED: "stored the content",
    FactKind.INFORMATION_AWAITED: "the despooler holds content back until the information comes",
}


def _shown(value: object) -> object:
    if not isinstance(value, str) or hasattr(value, "__html__"):  # what templates have made is safe already
        return value
    return shown(value)


def _some(items: Any, most: int) -> tuple[list[Any], int]:  # noqa: ANN401 - of any kind
    """Return the first few of some items, and how many are left."""
    listed = list(items)
    return listed[:most], max(0, len(listed) - most)


def _key_of(*parts: str) -> str:
    """Return what can stand in an `id` and belongs to these texts alone, whatever they hold."""
    return hashlib.blake2s("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("exporter.web"),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(
        assets={name: asset.name for name, asset in ASSETS.items()},
        count=count,
        duration=duration,
        fact_words=FACT_WORDS,
        gap_words=gap_words,
        in_words=in_words,
        key_of=_key_of,
        marks=MARKS,
        owner_of=owner_of,
        rfc3339=rfc3339,
        some=_some,
        last_lines=last_lines,
        log_file=log_file,
        of_source_errors=of_source_errors,
        of_troubles=of_troubles,
        other_end=other_end,
        of_waiting=of_waiting,
        source_words=SOURCE_WORDS,
        trouble_words=TROUBLE_WORDS,
        unnamed_site=UNNAMED_SITE,
        wait_words=WAIT_WORDS,
        ways=ways,
        when=when,
    )
    return environment


_ENVIRONMENT: Final = _environment()


def render(template: str, **values: object) -> str:
    """Return a page."""
    return _ENVIRONMENT.get_template(template).render(**values)
