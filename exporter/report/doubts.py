"""What an answer does not know: what could not be read or understood, in sentences for a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from exporter.collector.site import EXPECTED_LOG, Site
from exporter.logs.health import LogHealth
from exporter.replication.state import Blocked, SiteState, SourceError, Waiting
from exporter.report.hierarchy import Filter
from exporter.report.words import count, log_file, when


def doubts_of(sites: Iterable[Site]) -> Iterator[str]:
    """Say what may be missing from an answer made from these sites."""
    for site in sites:
        of_site = f"{site.code}: " if site.code else ""
        if not site.code:
            yield "The logs do not name their site; name it as SITE=FOLDER."
        state = site.ledger.state
        stuck: list[Blocked | Waiting] = [*state.blocked.values(), *state.waiting.values()]
        if EXPECTED_LOG not in site.logs and not stuck:  # text that was pasted into a file may be of it
            yield f"{of_site}{EXPECTED_LOG}.log, the log that tells what is blocked, is not among what was named."
        for log, health in site.logs.items():
            for doubt in _doubts_of_log(log, health):
                yield f"{site.code} {log_file(log)}: {doubt}".lstrip()
        dated: list[Blocked | Waiting | SourceError] = [*stuck, *state.source_errors.values()]
        if dated and all(each.since is None for each in dated):
            yield f"{of_site}the lines have no time, or no known zone; --zone names the zone of the server's clock."


def unnamed(packages: Iterable[str], sites: Iterable[Site]) -> Iterator[str]:
    """Say which packages that were asked for no site knows: a wrong ID looks like one with which all is well."""
    known = {package.upper() for site in sites for package in site.ledger.packages()}
    for package in packages:
        if package.upper() not in known:
            yield f"No message that was understood names package {package}: is that its ID?"


def left_out(sites: Iterable[Site], only: Filter) -> Iterator[str]:
    """Say what a filter leaves out for its time alone: of an idle site it may still be so, as it tries once an hour."""
    times = [
        time
        for site in sites
        if not only.sites or site.code in only.sites
        for time in _last_seen(site.ledger.state, only)
        if time is not None and not only.seen(time)
    ]
    if times:
        left = f"{count(len(times), 'thing')} {'is' if len(times) == 1 else 'are'} left out that nothing has ended"
        yield f"{left}, last seen before the time asked for: {when(max(times))} at the latest."


def _last_seen(state: SiteState, only: Filter) -> Iterator[float | None]:
    for block in state.blocked.values():
        if only.concerns({block.task_sequence, *(missing.package for missing in block.missing)}):
            yield block.last_attempt
    late = ((waiting.package, waiting.last_seen) for waiting in state.waiting.values())
    unread = ((error.package, error.last_seen) for error in state.source_errors.values())
    for package, time in (*late, *unread):
        if only.concerns({package}):
            yield time


def is_blind(sites: Iterable[Site]) -> bool:
    """Tell whether so much could not be read or understood that "nothing is stuck" would say nothing."""
    return any(
        not health.up or _is_foreign(health) or (log == EXPECTED_LOG and not health.lines)
        for site in sites
        for log, health in site.logs.items()
    )


def _is_foreign(health: LogHealth) -> bool:
    return bool(health.lines) and not health.events and health.last_record is None


def _doubts_of_log(log: str, health: LogHealth) -> Iterator[str]:
    if not health.up:
        yield f"not read: {health.error or 'no such log'}."
    elif log == EXPECTED_LOG and not health.lines:
        yield "it is empty, so that nothing is known of what is blocked."
    if _is_foreign(health):
        yield f"none of its {health.lines} line(s) is a message that is known, or has a time. Is it a log of ConfigMgr?"
    if health.unmatched:
        example = f", such as: {health.samples[-1][:200]}" if health.samples else ""
        yield f"{health.unmatched} line(s) with a word of failure that no known message matches{example}"
    if health.undecodable:
        yield f"{health.undecodable} line(s) are neither UTF-8 nor in the code page given."
    if health.overlong:
        yield f"of {health.overlong} record(s) longer than a megabyte only the start and the end were looked at."
