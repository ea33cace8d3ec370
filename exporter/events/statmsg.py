r"""Status messages as components of a site server log them: `STATMSG: ID=2301 SEV=I ... AID0=400 AVAL0="CEN0000E"`.

The values of insertion strings and attributes hold quotes that nothing escapes, as in
`ISTR1="["Display=\\DP1\"]MSWNET:["SMS_SITE=PS1"]\\DP1\"`, so they are cut at the words that follow them, not at quotes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

MARK = "STATMSG:"
INSERTION_STRINGS = 10
_STRINGS = tuple(f"ISTR{n}" for n in range(INSERTION_STRINGS))

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


@dataclass(frozen=True, slots=True)
class Statmsg:
    """One status message.

    Attributes:
        number: its ID, such as 2301.
        severity: `info`, `warning`, `error`, or the letter of the log in lower case when it is another one.
        component, system, site: who reported it, where; "" when the line lacks it.
        time: POSIX seconds of its GMTDATE, or None when the line lacks it.
        strings: the ten insertion strings, "" for those that are empty or missing.
        attributes: attribute values by attribute number.
    """

    number: int
    severity: str
    component: str
    system: str
    site: str
    time: float | None
    strings: tuple[str, ...]
    attributes: Mapping[int, str]

    def fields(self) -> dict[str, str | int]:
        """Return the fields of its event; texts are "" where the message lacks them."""
        version = self.attributes.get(VERSION_ATTRIBUTE, "")
        return {
            "id": self.number,
            "severity": self.severity,
            "component": self.component,
            "site": self.site,
            "system": self.system,
            "package": self.attributes.get(PACKAGE_ATTRIBUTE, ""),
            "version": int(version) if _NUMBER.fullmatch(version) else version,
            "distribution_point": self.attributes.get(DISTRIBUTION_POINT_ATTRIBUTE, ""),
            "name": "",
            **{f"istr{n}": string for n, string in enumerate(self.strings)},
        }


def parse_statmsg(message: str) -> Statmsg | None:
    """Read a status message, or return None when the text is none or its number cannot be read.

    The lines of a wrapped one are joined by line feeds; a text that goes on with something else is not one message.
    A value that is cut off before its closing quote is not kept: a part of a name or of an ID is a wrong one.
    """
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
        time=_time(header),
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
