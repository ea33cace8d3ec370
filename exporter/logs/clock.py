"""ConfigMgr stamps of every era, Windows zone names and biases, to UTC."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tzlocal.windows_tz import win_tz


class Basis(StrEnum):
    """What the UTC time of a stamp rests on."""

    BIAS = "bias"
    ZONE = "zone"
    CONFIGURED = "configured"
    UNKNOWN = "unknown"


class Stamp(NamedTuple):
    """When a record was written; a named tuple, because making one per record costs half a frozen dataclass.

    Attributes:
        local: the server's wall clock as written, without zone.
        utc: POSIX seconds, or None when neither the stamp nor the configuration names a usable zone.
        basis: where the zone came from.
    """

    local: datetime
    utc: float | None
    basis: Basis


_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  # wall clocks are subtracted from it, which have no zone either
_CACHE_LIMIT: Final = 1024
_RECENT: Final = 256
"""Seconds and minutes that are remembered of one zone: a log goes on in time, and hardly ever goes back."""
_ZONES_LIMIT: Final = 16
_LONGEST_STAMP: Final = 200
_MINUTES_PER_DAY: Final = 24 * 60

# Each three-digit fraction as what it adds to a whole second: stamps differ in little else, so that the second is
# looked up and the fraction added.
_MILLISECONDS: Final = {f"{n:03d}": (timedelta(milliseconds=n), n / 1000) for n in range(1000)}

# In `Thu Mar 04 10:15:32.123 2010 ...` and `06-14-2018 06:26:25.828-60`, the two forms that servers write since SMS
# 2.0, all parts have their places.
_MINUTE: Final = slice(17)
_SECOND: Final = slice(17, 19)
SECOND: Final = slice(0, 19)
FRACTION: Final = slice(19, 23)
ZONE: Final = slice(23, None)
_SECONDS: Final = {b"%02d" % n: n for n in range(60)}
FRACTIONS: Final = {b".%03d" % n: n / 1000 for n in range(1000)}

_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}

# 2012 and later, and the date and time of a `<![LOG[` record: `06-14-2018 06:26:25.828-60`. Scripts that imitate it
# write `+-420` or a blank for the sign, or leave the bias out.
_BIASED: Final = re.compile(
    r"(\d{1,2})-(\d{1,2})-(\d{4}) (\d{1,2}):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:( ?[+-]| ?\+-| )(\d{1,4}))?", re.ASCII
)
# SMS 1.x until ConfigMgr 2007: `Mon Apr 21 09:02:14 1997~`, `Fri Oct 15 17:09:46.507 1999 Pacific Daylight Time`.
_NAMED: Final = re.compile(
    r"[A-Za-z]{3} ([A-Z][a-z]{2}) (\d{1,2}) (\d{1,2}):(\d\d):(\d\d)(?:\.(\d{1,9}))? (\d{4})(?:~| ([^~]{1,80}))?",
    re.ASCII,
)
# A viewer's date in the locale of whoever copied it: `10/9/2018 3:36:30 PM`, `14.06.2018 15:36:30`, `2018-06-14 ...`.
_VIEWED: Final = re.compile(
    r"(\d{1,4})([/.-])(\d{1,2})\2(\d{1,4}),? (\d{1,2}):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?: ?([AaPp])\.?[Mm]\.?)?", re.ASCII
)

# Names that Windows prints for a zone whose key in its registry, which tzlocal's table goes by, is another.
_ALIASES: Final = {
    "Coordinated Universal Time": "UTC",
    "Cabo Verde Standard Time": "Cape Verde Standard Time",
    "Jerusalem Standard Time": "Israel Standard Time",
    "Malay Peninsula Standard Time": "Singapore Standard Time",
    "Russia TZ 1 Standard Time": "Kaliningrad Standard Time",
    "Russia TZ 2 Standard Time": "Russian Standard Time",
    "Russia TZ 3 Standard Time": "Russia Time Zone 3",
    "Russia TZ 4 Standard Time": "Ekaterinburg Standard Time",
    "Russia TZ 5 Standard Time": "N. Central Asia Standard Time",
    "Russia TZ 6 Standard Time": "North Asia Standard Time",
    "Russia TZ 7 Standard Time": "North Asia East Standard Time",
    "Russia TZ 8 Standard Time": "Yakutsk Standard Time",
    "Russia TZ 9 Standard Time": "Vladivostok Standard Time",
    "Russia TZ 10 Standard Time": "Russia Time Zone 10",
    "Russia TZ 11 Standard Time": "Russia Time Zone 11",
}


class Clock:
    """Reads stamps; remembers the seconds it has seen lately, because a log repeats them.

    Args:
        default_zone: the zone of the server's clock, used for stamps that name none or one that is not known (zone
            names are written in the language of the server's Windows).

    Attributes:
        seconds: POSIX seconds of whole seconds, by what stands behind the fraction (year, zone, bias) and then by what
            stands before it. Whoever has a stamp cut up in bytes may look here before asking `utc`.
    """

    def __init__(self, default_zone: tzinfo | None = None) -> None:
        self._default_zone = default_zone
        self._latest: tuple[str, Stamp | None] = ("", None)
        self._seconds: dict[str, Stamp] = {}
        self.seconds: dict[bytes, _Seconds] = {}

    def read(self, text: str) -> Stamp | None:
        """Read the text of a stamp of any era.

        The date of a viewer's copy is in a locale that the copy does not name. With slashes it is taken as month,
        day, year and, where that is no date, as day, month, year; that is a guess. With dots it is day, month, year.

        Args:
            text: what stands between the brackets of a stamp, or the date and time columns of a copy.

        Returns:
            The stamp, or None when the text is no stamp or names no real date or time. Never raises.
        """
        latest, stamp = self._latest
        if text != latest:  # lines of one millisecond follow one another
            stamp = self._read(text)
            self._latest = (text, stamp)
        return stamp

    def utc(self, when: bytes) -> float | None:
        """Read only the POSIX seconds of a stamp in one of the two forms that servers write since SMS 2.0.

        Costs a third of `read`: a second is looked up, milliseconds are added, and nothing is decoded. It relies on
        both forms having their digits in the same places, and on no zone changing its rules in the middle of a minute.

        Returns:
            What `read` gives as `utc`, to the bit, or None when only `read` can tell.
        """
        try:
            return self.seconds[when[ZONE]][when[SECOND]] + FRACTIONS[when[FRACTION]]
        except KeyError:
            return self._learn(when)

    def _learn(self, when: bytes) -> float | None:
        """Look the minute of a stamp up; one that goes on with digits has a longer fraction, and is not learnt."""
        second, fraction = _SECONDS.get(when[_SECOND]), FRACTIONS.get(when[FRACTION])
        minute, zone = when[_MINUTE], when[ZONE]
        if second is None or fraction is None or not when.isascii() or zone[:1].isdigit() or b"<" in zone:
            return None
        stamp = self._read((minute + b"00.000" + zone).decode("ascii"))
        if stamp is None or stamp.utc is None:
            return None
        if len(self.seconds) >= _ZONES_LIMIT:
            self.seconds.clear()
        self.seconds.setdefault(zone, _Seconds()).learn(minute, stamp.utc)
        return stamp.utc + second + fraction

    def _read(self, text: str) -> Stamp | None:
        head, dot, rest = text.partition(".")
        fraction = _MILLISECONDS.get(rest[:3]) if dot else None
        if fraction is None or rest[3:4].isdigit():
            return self._second(text)
        second = self._second(head + rest[3:])
        if second is None:
            return None
        span, seconds = fraction
        return Stamp(second.local + span, None if second.utc is None else second.utc + seconds, second.basis)

    def _second(self, text: str) -> Stamp | None:
        stamp = self._seconds.get(text)
        if stamp is None:
            stamp = self._parse(text)
            if stamp is not None:
                if len(self._seconds) >= _CACHE_LIMIT:
                    self._seconds.clear()
                self._seconds[text] = stamp
        return stamp

    def _parse(self, text: str) -> Stamp | None:
        if len(text) > _LONGEST_STAMP:
            return None
        plain = " ".join(text.split())  # copies fold lines and blanks in the middle of a stamp
        for pattern, build in self._eras():
            match = pattern.fullmatch(plain)
            if match is not None:
                try:
                    return build(match)
                except ValueError:  # well formed, but no such day, hour or minute
                    return None
        return None

    def _eras(self) -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Stamp]], ...]:
        return (_BIASED, self._biased), (_NAMED, self._named), (_VIEWED, self._viewed)

    def _biased(self, match: re.Match[str]) -> Stamp:
        month, day, year, hour, minute, second, fraction, sign, minutes = match.groups()
        local = _local(year, month, day, hour, minute, second, fraction)
        if minutes is None:
            return self._in_default_zone(local)
        bias = int(minutes)
        if bias > _MINUTES_PER_DAY:
            return self._in_default_zone(local)
        # UTC = local + bias, the Windows way. `+-420` comes from scripts that put the UTC offset of a zone west of
        # Greenwich (as Win32_TimeZone.Bias gives it) behind a fixed plus: there the bias is 420.
        if sign.strip() == "-":
            bias = -bias
        return Stamp(local, _seconds_since_epoch(local) + bias * 60, Basis.BIAS)

    def _named(self, match: re.Match[str]) -> Stamp:
        month_name, day, hour, minute, second, fraction, year, name = match.groups()
        month = _MONTHS.get(month_name, 0)
        local = _local(year, month, day, hour, minute, second, fraction)
        offset = None if name is None else _named_offset(name, local)
        if offset is None:
            return self._in_default_zone(local)
        return Stamp(local, _seconds_since_epoch(local) - offset.total_seconds(), Basis.ZONE)

    def _viewed(self, match: re.Match[str]) -> Stamp:
        first, separator, second_part, third, hour, minute, second, fraction, half = match.groups()
        hours = int(hour)
        if half is not None:
            if not 1 <= hours <= 12:  # noqa: PLR2004  # the hours of a clock face
                raise ValueError("no such hour of half a day")
            hours = hours % 12 + (12 if half in "Pp" else 0)
        time = (hours, minute, second, fraction)
        if len(first) == 4:  # noqa: PLR2004  # digits of a year
            return self._in_default_zone(_local(first, second_part, third, *time))
        if len(third) != 4:  # noqa: PLR2004  # digits of a year
            raise ValueError("no year")
        day_first = separator == "." or (separator == "/" and int(first) > 12)  # noqa: PLR2004  # months of a year
        month, day = (second_part, first) if day_first else (first, second_part)
        return self._in_default_zone(_local(third, month, day, *time))

    def _in_default_zone(self, local: datetime) -> Stamp:
        offset = None if self._default_zone is None else local.replace(tzinfo=self._default_zone).utcoffset()
        if offset is None:
            return Stamp(local, None, Basis.UNKNOWN)
        return Stamp(local, _seconds_since_epoch(local) - offset.total_seconds(), Basis.CONFIGURED)


class _Seconds(dict[bytes, float]):
    """POSIX seconds of the seconds of one zone; those of a minute that is known are added when they are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._minutes: dict[bytes, float] = {}

    def learn(self, minute: bytes, utc: float) -> None:
        if len(self._minutes) >= _RECENT:
            self._minutes.clear()
        self._minutes[minute] = utc

    def __missing__(self, second: bytes) -> float:
        found = self._minutes[second[_MINUTE]] + _SECONDS[second[_SECOND]]
        if len(self) >= _RECENT:
            self.clear()
        self[second] = found
        return found


def _local(  # noqa: PLR0913, PLR0917  # the parts of a date and time
    year: str, month: str | int, day: str, hour: str | int, minute: str, second: str, fraction: str | None
) -> datetime:
    if not MINYEAR < int(year) < MAXYEAR:
        raise ValueError("in UTC it may lie outside the calendar")
    microsecond = int((fraction or "0").ljust(6, "0")[:6])
    return datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), microsecond)  # noqa: DTZ001


def _seconds_since_epoch(local: datetime) -> float:
    return (local - _EPOCH).total_seconds()


def _named_offset(name: str, local: datetime) -> timedelta | None:
    """Give the UTC offset that a server meant by a Windows zone name, or None when the name is not known."""
    standard_name = name.replace(" Daylight Time", " Standard Time")
    zone = _zone(_ALIASES.get(standard_name, standard_name))
    return None if zone is None else _offset(zone, local, daylight=standard_name != name)


def _zone(windows_name: str) -> tzinfo | None:
    iana_name = win_tz.get(windows_name)
    if iana_name is None:
        return None
    if iana_name == "Etc/UTC":
        return UTC
    try:
        return ZoneInfo(iana_name)
    except ZoneInfoNotFoundError:  # no zone data on this machine
        return None


def _offset(zone: tzinfo, local: datetime, *, daylight: bool) -> timedelta:
    """Give the offset in force, where the name's word on daylight saving outweighs the zone's rules.

    The server printed what it used: in the hour that an autumn repeats the name says which one is meant, and a server
    whose rules were not those of the zone (an old Windows, a law of that year) is still understood.
    """
    aware = local.replace(tzinfo=zone)
    first, second = _offset_and_saving(aware), _offset_and_saving(aware.replace(fold=1))
    if first[0] != second[0]:
        return max(first[0], second[0]) if daylight else min(first[0], second[0])
    offset, saving = first
    if daylight == (saving > timedelta(0)):
        return offset
    if not daylight:
        return offset - saving
    return offset + _saving_about(aware)


def _saving_about(aware: datetime) -> timedelta:
    """Give what daylight saving adds to an offset that the zone's rules hold to be without it."""
    now = _offset_and_saving(aware)[1]
    seen = {_offset_and_saving(aware.replace(month=month, day=1))[1] for month in range(1, 13)}
    # Morocco and Namibia are written with a winter time that takes an hour off; Windows says the summer time adds it.
    if min(seen) < timedelta(0):
        return -now
    return max(seen) or timedelta(hours=1)


def _offset_and_saving(aware: datetime) -> tuple[timedelta, timedelta]:
    return aware.utcoffset() or timedelta(0), aware.dst() or timedelta(0)
