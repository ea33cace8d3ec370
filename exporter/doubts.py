"""What an answer does not know: what could not be read or understood, in sentences for a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from exporter.logs.health import LogHealth
from exporter.site import Site


def doubts_of(sites: Iterable[Site]) -> Iterator[str]:
    """Say what may be missing from an answer made from these sites."""
    for site in sites:
        name = site.code or "a site"
        if not site.code:
            yield "The logs do not name their site; name it as SITE=FOLDER."
        for log, health in site.logs.items():
            for doubt in _doubts_of_log(health):
                yield f"{name} {log}: {doubt}"
        if site.ledger.state.blocked and all(b.since is None for b in site.ledger.state.blocked.values()):
            yield f"{name}: the lines have no time, or no known zone; --zone names the zone of the server's clock."


def _doubts_of_log(health: LogHealth) -> Iterator[str]:
    if not health.up:
        yield f"not read: {health.error or 'no such log'}."
    if health.unmatched:
        example = f", such as: {health.samples[-1][:200]}" if health.samples else ""
        yield f"{health.unmatched} line(s) with a word of failure that no known message matches{example}"
    if health.undecodable:
        yield f"{health.undecodable} line(s) are neither UTF-8 nor in the code page given."
    if health.overlong:
        yield f"of {health.overlong} record(s) longer than a megabyte only the start and the end were looked at."
