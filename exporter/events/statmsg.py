r"""Status messages as components of a site server log them: `STATMSG: ID=2301 SEV=I ... AID0=400 AVAL0="CEN0000E"`.

The values of insertion strings and attributes hold quotes that nothing escapes, as in
`ISTR1="["Display=\\DP1\"]MSWNET:["SMS_SITE=PS1"]\\DP1\"`, so they are cut at the words that follow them, not at quotes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

MARK = "STATMSG:"
INSERTION_STRINGS = 10
_STRINGS = tuple(f"ISTR{n}" for n in range(INSERTION_STRINGS))
_STRING_FIELDS = tuple(name.lower() for name in _STRINGS)

# Attribute numbers: by position in https://learn.microsoft.com/troubleshoot/mem/configmgr/content-management/
# understand-package-actions, where 400 holds the package ID, 404 the distribution point and 410 the version.
PACKAGE_ATTRIBUTE = 400
DISTRIBUTION_POINT_ATTRIBUTE = 404
VERSION_ATTRIBUTE = 410

_SEVERITIES = {"I": "info", "W": "warning", "E": "error"}
_HEADER = re.compile(r'\b(ID|SEV|COMP|SYS|SITE)=(?:"([^"]*)"|([^\s"]+))')
_GMTDATE = re.compile(
    r"\bGMTDATE=[A-Z][a-z]{2}\s+([A-Z][a-z]{2})\s+(\d{1,2})\s+(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,3}))?\s+(\d{4})\b",
    re.ASCII,
)
_VALUES = re.compile(r"\s(ISTR\d|NUMATTRS|AID\d{1,2}|AVAL\d{1,2})=", re.ASCII)
_PART = re.compile(
    r"(?:^|\s)(?:ID|SEV|LEV|SOURCE|COMP|SYS|SITE|PID|TID|GMTDATE|ISTR\d|NUMATTRS|AID\d{1,2}|AVAL\d{1,2})="
)
_NUMATTRS = re.compile(r"\sNUMATTRS=([0-9]{1,2})\b")
_TEXTS = ("ISTR", "AVAL")
_EMPTY = '""'
_FOLD = re.compile(r"\s*\n\s*")
_NUMBER = re.compile(r"[0-9]{1,9}")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_STRINGS_AT = 6  # groups of `_WHOLE`: the header, the five of its words that count, the strings, NUMATTRS, attributes
_COUNT_AT = _STRINGS_AT + INSERTION_STRINGS

_WORD = r'[^"=\n]*'
_NAME = "[A-Za-z0-9._-]+"
_WHO = rf'{MARK} ID=([0-9]{{1,9}}) SEV=([A-Z]) LEV=[A-Z] SOURCE="{_WORD}" COMP="({_WORD})" SYS=({_NAME}) SITE=({_NAME})'


def _whole_form() -> re.Pattern[str]:
    """Return the form of a message on one line that lacks nothing and has at most five attributes.

    A value holds no `=` behind what can end a name, so that `_VALUES` cuts the message at the same places.
    """
    value = rf'"({_WORD}+(?:["=](?<![0-9S]=)[^"= \n]{_WORD}+)*+)"'
    strings = "".join(f" {string}={value}" for string in _STRINGS)
    attributes = ""
    for n in reversed(range(5)):
        attributes = rf"(?: AID{n}=([0-9]{{1,9}}) AVAL{n}={value}{attributes})?"
    return re.compile(rf"({_WHO} PID=[0-9]+ TID=[0-9]+ GMTDATE={_WORD}){strings} NUMATTRS=([0-9]){attributes}\Z")


_WHOLE = _whole_form()

_TIMED = re.compile(rf"({_WHO}) PID=[0-9]+ TID=[0-9]+ GMTDATE=[A-Za-z0-9:. ]+(?= ISTR0=)".encode())


class Statmsg(NamedTuple):
    """One status message.

    Attributes:
        number: its ID, such as 2301.
        severity: `info`, `warning`, `error`, or the letter of the log in lower case when it is another one.
        component, system, site: who reported it, where; "" when the line lacks it.
        header: what stands before its values.
        strings: the ten insertion strings, "" for those that are empty or missing.
        attributes: attribute values by attribute number.
    """

    number: int
    severity: str
    component: str
    system: str
    site: str
    header: str
    strings: tuple[str, ...]
    attributes: Mapping[int, str]

    @property
    def time(self) -> float | None:
        """POSIX seconds of its GMTDATE, or None when the line lacks it."""
        return _time(self.header)

    def fields(self) -> dict[str, str | int]:
        """Return the fields of its event; texts are "" where the message lacks them."""
        version = self.attributes.get(VERSION_ATTRIBUTE, "")
        fields: dict[str, str | int] = {
            "id": self.number,
            "severity": self.severity,
            "component": self.component,
            "site": self.site,
            "system": self.system,
            "package": self.attributes.get(PACKAGE_ATTRIBUTE, ""),
            "version": int(version) if version and _NUMBER.fullmatch(version) else version,
            "distribution_point": self.attributes.get(DISTRIBUTION_POINT_ATTRIBUTE, ""),
            "name": "",
        }
        fields.update(zip(_STRING_FIELDS, self.strings, strict=True))
        return fields


def without_time(said: bytes) -> tuple[bytes, bytes] | None:
    """Return what stands before and behind process, thread and time of a status message, or None for odd ones.

    Status messages of which both are the same have the same fields, and packages are processed again and again: what
    one came to is told of the next in 2.8 us instead of 7.5.
    """
    timed = _TIMED.match(said)
    return None if timed is None else (timed[1], said[timed.end() :])


def parse_statmsg(message: str) -> Statmsg | None:
    """Read a status message, or return None when the text is none or its number cannot be read.

    The lines of a wrapped one are joined by line feeds; a text that goes on with something else is not one message.
    A value that is cut off before its closing quote is not kept: a part of a name or of an ID is a wrong one.
    """
    return parse_whole(message) or parse_parts(message)


def parse_whole(message: str) -> Statmsg | None:
    """Read a status message of the usual form, in a fifth of the time; None for any other, which may be one too."""
    whole = _WHOLE.match(message)
    if whole is None:
        return None
    found = whole.groups("")
    end = _COUNT_AT + 1 + 2 * int(found[_COUNT_AT])
    if whole.lastindex != end:  # it announces more attributes than it has, or fewer
        return None
    header, number, severity, component, system, site = found[:_STRINGS_AT]
    return Statmsg(
        int(number),
        _SEVERITIES.get(severity) or severity.lower(),
        component,
        system,
        site,
        header,
        found[_STRINGS_AT:_COUNT_AT],
        {int(found[at]): found[at + 1] for at in range(_COUNT_AT + 1, end, 2)},
    )


def parse_parts(message: str) -> Statmsg | None:
    """Read a status message from what is there of it, as `parse_statmsg` does."""
    if not message.startswith(MARK):
        return None
    lines = message.split("\n")
    if len(lines) > 1 and (not continues(lines[-1]) or any(line.lstrip().startswith(MARK) for line in lines[1:])):
        return None
    header, *parts = _VALUES.split(message)
    words = {name: quoted or bare for name, quoted, bare in _HEADER.findall(header)}
    if not _NUMBER.fullmatch(words.get("ID", "")):
        return None
    severity = words.get("SEV", "")
    values = _values(parts)
    return Statmsg(
        number=int(words["ID"]),
        severity=_SEVERITIES.get(severity, severity.lower()),
        component=words.get("COMP", ""),
        system=words.get("SYS", ""),
        site=words.get("SITE", ""),
        header=header,
        strings=tuple([values.get(name, "") for name in _STRINGS]),
        attributes=_attributes(values),
    )


def is_whole(message: str) -> bool:
    """Tell whether the text of a status message reaches its last part, so that nothing of it can follow."""
    announced = _NUMATTRS.search(message)
    return announced is not None and (announced[1] == "0" or f"AVAL{int(announced[1]) - 1}=" in message)


def continues(line: str) -> bool:
    """Tell whether a line can be a further one of a status message that was wrapped."""
    return not line.lstrip().startswith(MARK) and _PART.search(line) is not None


def _values(parts: Sequence[str]) -> dict[str, str]:
    """Return values by name, of names and values in turn as they were cut out of a message."""
    values: dict[str, str] = {}
    last = len(parts) // 2 - 1
    for place, (name, part) in enumerate(zip(parts[::2], parts[1::2], strict=True)):
        if part == _EMPTY and place != last and name.startswith(_TEXTS):  # most of the ten strings
            values.setdefault(name, "")
            continue
        value = part.strip()
        if name.startswith(_TEXTS):
            if place == last and name != f"AVAL{int(values.get('NUMATTRS') or 0) - 1}":
                continue  # something must follow: the line is cut off, perhaps at a quote inside the value
            if len(value) < len(_EMPTY) or value[0] != '"' or value[-1] != '"':
                continue
            value = value[1:-1]
            if "\n" in value:
                value = _FOLD.sub(" ", value)
        elif not _NUMBER.fullmatch(value):
            continue
        values.setdefault(name, value)
    return values


def _attributes(values: Mapping[str, str]) -> dict[int, str]:
    numbers = {key[3:]: value for key, value in values.items() if key.startswith("AID")}
    return {int(number): values[f"AVAL{n}"] for n, number in numbers.items() if f"AVAL{n}" in values}


def _time(header: str) -> float | None:
    found = _GMTDATE.search(header)
    if found is None or found[1] not in _MONTHS:
        return None
    month, day, hour, minute, second, milliseconds, year = found.groups()
    try:
        moment = datetime(
            int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=UTC
        )
    except ValueError:
        return None
    return moment.timestamp() + int((milliseconds or "0").ljust(3, "0")) / 1000
