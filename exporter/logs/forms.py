"""The forms in which a record stands on disk or in a text that somebody pasted."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final, NamedTuple

STRIPPED: Final = " \t\r\n\xa0~"
"""What is taken off both ends of a message: blanks, and `~`, which stands for a line break."""

CCM_START: Final = "<![LOG["
_CCM_END: Final = "]LOG]!>"


class Form(StrEnum):
    """How a record was written down.

    SMS1: `message $$<COMP><Mon Apr 21 09:02:14 1997~><thread=168>`, thread in hexadecimal (SMS 1.x).
    SMS2: `message $$<COMP><Fri Oct 15 17:09:46.507 1999 Pacific Daylight Time><thread=225 (0xE1)>`; clients leave
        the zone out (SMS 2.0 until ConfigMgr 2007).
    BIAS: `message $$<COMP><06-14-2018 06:26:25.828-60><thread=9112 (0x2398)>` (2012 and later).
    CCM: `<![LOG[message]LOG]!><time="..." date="..." component="..." ...>` (clients, .NET components).
    CUT: `message $$<COMP>`, a copy that lost its stamp.
    TABBED: message, component, date and thread apart by tabs, as the viewer copies them.
    VIEWER: the same with blanks for tabs.
    ARTICLE: component first, then thread or date, then message, as Microsoft's articles have it.
    COMPONENT: message and component.
    BARE: a message alone.
    """

    SMS1 = "sms1"
    SMS2 = "sms2"
    BIAS = "bias"
    CCM = "ccm"
    CUT = "cut"
    TABBED = "tabbed"
    VIEWER = "viewer"
    ARTICLE = "article"
    COMPONENT = "component"
    BARE = "bare"


# Looking a member up in its enum costs as much as splitting a line.
_SMS1, _SMS2, _BIAS = Form.SMS1, Form.SMS2, Form.BIAS


class Parts(NamedTuple):
    """A record's text taken apart, its parts as written (`""` for one that is not there).

    Attributes:
        level: the `type` of a `<![LOG[` record.
    """

    form: Form
    message: str
    component: str = ""
    stamp: str = ""
    thread: str = ""
    level: str = ""


_SUFFIX_WINDOW: Final = 600
_COLUMNS_WINDOW: Final = 300
_COMPONENT: Final = r"[A-Z][A-Z0-9]{1,30}(?:_[A-Z0-9]{1,30}){1,8}"
# An `x` for a digit: articles blank out the date.
_DATE: Final = (
    r"[\dx]{1,4}[/.-][\dx]{1,4}[/.-][\dx]{1,4},?\s{1,3}"
    r"[\dx]{1,2}:[\dx]{2}:[\dx]{2}(?:\.\d{1,7})?(?:\s?[APapx]\.?[Mmx]\.?)?"
)
_THREAD: Final = r"\d{1,10}\s?\(0x[0-9A-Fa-f]{1,8}\)"

# Folded copies break a line anywhere in a stamp and typists alter its brackets: `$$>COMP>`, `$<COMP>`, `$$(COMP)(...)`.
_ANGLED: Final = re.compile(
    r"(?P<mark>\${1,2})[<>]\s{0,80}(?P<component>[^<>]{1,260})>\s{0,80}"
    r"(?:<(?!thread=)(?P<stamp>[^<>]{0,160})>\s{0,80})?(?:<thread=(?P<thread>[^<>]{0,40})>)?\s{0,80}\Z"
)
_ROUND: Final = re.compile(
    r"(?P<mark>\$\$)\(\s{0,80}(?P<component>[^()]{1,260})\)\s{0,80}"
    r"(?:\((?!thread=)(?P<stamp>[^()]{0,160})\)\s{0,80})?\(thread=(?P<thread>[^<>]{0,40})\)\s{0,80}\Z"
)
_TIME_OF_DAY: Final = re.compile(r"\d:\d\d:\d\d")
_SERVER_COMPONENT: Final = re.compile(r"SMS_[A-Z0-9_]{1,60}")
_CCM_ATTRIBUTE: Final = re.compile(r'(\w+)="([^"]*)"')

_DATE_CELL: Final = re.compile(_DATE)
_THREAD_CELL: Final = re.compile(_THREAD)
_NUMBER_CELL: Final = re.compile(r"\d{1,10}")
_LEADING_COLUMNS: Final = re.compile(
    rf"\s{{0,80}}(?P<component>{_COMPONENT})(?:\s{{1,20}}(?P<stamp>{_DATE}))?(?:\s{{1,20}}(?P<thread>{_THREAD}))?(?=\s|\Z)"
)
_TRAILING_COLUMNS: Final = re.compile(
    rf"(?:\A|\s)(?P<component>{_COMPONENT})(?:\s{{1,20}}(?P<stamp>{_DATE}))?(?:\s{{1,20}}(?P<thread>{_THREAD}))?\s{{0,80}}\Z"
)


def take_apart(text: str) -> Parts:
    """Take a record of any form apart.

    The forms that people paste carry no marks, so a component is known by its look there (capitals and underscores),
    and a message that happens to end in one loses it to the component.

    Args:
        text: a raw record, decoded.
    """
    if text.lstrip(STRIPPED).startswith(CCM_START):
        parts = _ccm(text)
        if parts is not None:
            return parts
    return _suffixed(text) or _tabbed(text) or _article(text) or _viewer(text) or Parts(Form.BARE, text)


def stamped_form(stamp: str) -> Form:
    """Name the form of a `$$<` record by its stamp."""
    if stamp[:1].isdigit():
        return _BIAS
    return _SMS1 if stamp.endswith("~") else _SMS2


def read_thread(text: str, form: Form) -> int | None:
    """Read a thread ID: `9112 (0x2398)`, `9112`, and the bare hexadecimal of SMS 1.x.

    Args:
        text: what follows `thread=`, or the thread column of a copy.
        form: the form of the record, which tells the radix of a lone number.

    Returns:
        The ID, or None when it cannot be read.
    """
    number, bracket, _ = text.partition("(")
    radix = 16 if form is _SMS1 and not bracket else 10
    try:
        return int(number, radix) if number.strip().isalnum() else None
    except ValueError:
        return None


def _ccm(text: str) -> Parts | None:
    message, end, tail = text.rpartition(_CCM_END)
    if not end:
        return None
    attributes = dict(_CCM_ATTRIBUTE.findall(tail[:4096]))
    return Parts(
        Form.CCM,
        message.lstrip(STRIPPED).removeprefix(CCM_START),
        attributes.get("component", ""),
        f"{attributes.get('date', '')} {attributes.get('time', '')}".strip(),
        attributes.get("thread", ""),
        attributes.get("type", ""),
    )


def _suffixed(text: str) -> Parts | None:
    start = max(0, len(text) - _SUFFIX_WINDOW)
    at = text.rfind("$$", start)
    match = (_ANGLED.match(text, at) or _ROUND.match(text, at)) if at >= 0 else None
    if match is None:
        at = text.rfind("$<", start)
        match = _ANGLED.match(text, at) if at >= 0 else None
    if match is None:
        return None
    component, stamp, thread = (" ".join((match[name] or "").split()) for name in ("component", "stamp", "thread"))
    message = text[:at]
    if match["thread"] is not None or _TIME_OF_DAY.search(stamp):
        return Parts(stamped_form(stamp) if stamp else Form.CUT, message, component, stamp, thread)
    copied = match["mark"] == "$$" or message.endswith((" ", "\t"))
    if not stamp and copied and _SERVER_COMPONENT.fullmatch(component):
        return Parts(Form.CUT, message, component)
    return None


def _tabbed(text: str) -> Parts | None:
    cells = text.rstrip("\r\n\t ").split("\t")
    thread = stamp = ""
    dated = len(cells) > 3 and _DATE_CELL.fullmatch(cells[-2].strip())  # noqa: PLR2004  # all four columns
    if _THREAD_CELL.fullmatch(cells[-1].strip()) or (dated and _NUMBER_CELL.fullmatch(cells[-1].strip())):
        thread = cells.pop().strip()
    if cells and _DATE_CELL.fullmatch(cells[-1].strip()):
        stamp = cells.pop().strip()
    if len(cells) < 2 or not (thread or stamp or _SERVER_COMPONENT.fullmatch(cells[-1].strip())):  # noqa: PLR2004
        return None
    component = cells.pop().strip()
    return Parts(Form.TABBED, "\t".join(cells), component, stamp, thread)


def _article(text: str) -> Parts | None:
    match = _LEADING_COLUMNS.match(text[:_COLUMNS_WINDOW])
    if match is None or not (match["stamp"] or match["thread"]):
        return None
    return Parts(Form.ARTICLE, text[match.end() :], match["component"], match["stamp"] or "", match["thread"] or "")


def _viewer(text: str) -> Parts | None:
    start = max(0, len(text) - _COLUMNS_WINDOW)
    match = _TRAILING_COLUMNS.search(text[start:])
    if match is None:
        return None
    message = text[: start + match.start()]
    if match["stamp"] or match["thread"]:
        return Parts(Form.VIEWER, message, match["component"], match["stamp"] or "", match["thread"] or "")
    if _SERVER_COMPONENT.fullmatch(match["component"]) and message.strip(STRIPPED):
        return Parts(Form.COMPONENT, message, match["component"])
    return None
