"""Words for people, the same in the terminal and on pages: times, durations, counts, and text made safe to show."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from typing import Final

from exporter.replication.state import SourceReason, Trouble, TroubleKind, WaitReason
from exporter.report.hierarchy import Report
from exporter.report.plain import LostLines

UNNAMED_SITE: Final = "(site not named)"

WAIT_WORDS: Final = {
    WaitReason.CONTENTS: "its content has not arrived",
    WaitReason.COMPRESSED: "its compressed files have not arrived",
    WaitReason.NEWER_VERSION: "its definition needs newer content than has arrived",
}

SOURCE_WORDS: Final = {
    SourceReason.INACCESSIBLE: "the source folder cannot be read",
    SourceReason.SNAPSHOT: "the snapshot of the source failed",
    SourceReason.COMPRESSION: "the compressed copy of the source could not be made",
}

MAX_SHOWN: Final = 2_100
"""Characters of one value. A line of evidence, which the state has cut to 2,000, is shown whole."""

TROUBLE_WORDS: Final = {
    TroubleKind.SITE_NOT_ACTIVE: "the site is not active there",
    TroubleKind.NO_ADDRESS: "there is no address of the site",
    TroubleKind.NO_REQUEST_ID: "the scheduler cannot number its send requests, and sends nothing",
    TroubleKind.PUT_ASIDE: "the sender leaves the site alone for an hour",
    TroubleKind.CONNECTION_FAILED: "the sender cannot connect to the site",
    TroubleKind.DESPOOLER_RETRY: "the despooler cannot carry out what came from the site",
    TroubleKind.CONTENT_BEFORE_DEFINITION: "content came before the package's definition",
    TroubleKind.INSTRUCTION_LOST: "the despooler failed with what came, and does not say that it tries again",
    TroubleKind.SCHEDULER_STOPPED: "the scheduler cannot take up its jobs, and sends nothing",
    TroubleKind.DEFINITION_REFUSED: "the database refuses a part of the package's definition",
    TroubleKind.CONTENT_NOT_UNPACKED: "the package's content has come and cannot be unpacked",
    TroubleKind.DISTRIBUTION_POINT_UNREACHABLE: "the distribution point cannot be reached",
    TroubleKind.TRANSFER_FAILED: "content does not get to the distribution point",
}

_OF_EVERY_SITE: Final = frozenset({TroubleKind.NO_REQUEST_ID, TroubleKind.SCHEDULER_STOPPED})
"""Troubles that keep anything from going to any site."""


def other_end(trouble: Trouble) -> str:
    """Return what a trouble is with: another site, a distribution point, every site, or "" when no line tells."""
    return trouble.site or trouble.point or ("every site" if trouble.kind in _OF_EVERY_SITE else "")


_STEERING: Final = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def printable(text: str) -> str:
    """Show characters that would steer a screen as escapes: log text is not to be trusted with it."""
    if text.isprintable():  # nearly always
        return text
    return "".join(
        c if c == "\n" or unicodedata.category(c) not in _STEERING else _escaped(c) for c in text.replace("\t", " ")
    )


def shown(text: str) -> str:
    """Show a value that a log tells, which may be anything and endless: printable, and cut."""
    if len(text) <= MAX_SHOWN:
        return printable(text)
    return f"{printable(text[:MAX_SHOWN])} [... {len(text) - MAX_SHOWN} more characters]"


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004 - what two hex digits can hold


def count(number: int, noun: str) -> str:
    """Write how many of something there are."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def log_file(log: str) -> str:
    """Name the file of a log; one that a person named whatever it is called is its own."""
    return log if "." in log else f"{log}.log"


def stuck_in_words(report: Report) -> list[str]:
    """Say what is stuck, worst first: a sentence for each way to be; none when nothing is."""
    blocked = {block.task_sequence for site in report.sites.values() for block in site.blocked}
    sentences = []
    if blocked:
        at = sum(1 for site in report.sites.values() if site.blocked)
        because = f" because of {count(len(report.culprits), 'missing program')}" if report.culprits else ""
        sentences.append(f"{count(len(blocked), 'task sequence')} stuck at {count(at, 'site')}{because}.")
    late = {waiting.package for site in report.sites.values() for waiting in site.waiting}
    if late:
        sentences.append(f"Content of {count(len(late), 'package')} late.")
    unread = {error.package for site in report.sites.values() for error in site.source_errors}
    if unread:
        sentences.append(f"{count(len(unread), 'package source')} cannot be read by the owner.")
    return sentences


def when(time: float | None) -> str:
    """Write a time for a person, in UTC, to the second."""
    return "not known" if time is None else datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def gap_words(gap: LostLines) -> str:
    """Say of a log which of its lines were lost and what that means."""
    how = gap.reason.replace("_", " ")
    return f"has lost lines unread{_span(gap)} ({how}). A block, or the end of one, may have stood in them."


def _span(gap: LostLines) -> str:
    if gap.after is not None and gap.before is not None:
        first, last = sorted((gap.after, gap.before))  # an older copy of a log, put in its place, goes back in time
        return f" between {when(first)} and {when(last)}"
    if gap.after is not None:
        return f" after {when(gap.after)}"
    return "" if gap.before is None else f" before {when(gap.before)}"


def since(time: float | None, now: float) -> str:
    """Write a time and how long ago it was; log times may lie ahead of the clock here."""
    if time is None:
        return "not known (the lines have no time, or no known zone)"
    return f"{when(time)} ({duration(now - time)})" if now > time else when(time)


def duration(seconds: float) -> str:
    """Write a length of time with its two largest units: `6 d 4 h`."""
    units = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
    for place, (size, unit) in enumerate(units):
        if seconds >= size:
            whole, rest = divmod(int(seconds), size)
            smaller = units[place + 1] if place + 1 < len(units) else None
            tail = f" {rest // smaller[0]} {smaller[1]}" if smaller and rest // smaller[0] else ""
            return f"{whole} {unit}{tail}"
    return "0 s"
