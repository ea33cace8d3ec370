"""Local time of a site server, told with the names that Windows gives to zones."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

# Windows name in winter -> the same rules in the IANA database, and the Windows name in summer (Unicode CLDR,
# windowsZones). Only zones that the ready plans use, or that show a rule of their own: no summer time, half hours,
# a summer that spans the new year, a name with a dot.
WINDOWS_ZONES = {
    "AUS Eastern Standard Time": ("Australia/Sydney", "AUS Eastern Daylight Time"),
    "Central Standard Time": ("America/Chicago", "Central Daylight Time"),
    "Coordinated Universal Time": ("Etc/UTC", "Coordinated Universal Time"),
    "Eastern Standard Time": ("America/New_York", "Eastern Daylight Time"),
    "GMT Standard Time": ("Europe/London", "GMT Daylight Time"),
    "India Standard Time": ("Asia/Kolkata", "India Daylight Time"),
    "Mountain Standard Time": ("America/Denver", "Mountain Daylight Time"),
    "Pacific Standard Time": ("America/Los_Angeles", "Pacific Daylight Time"),
    "Tokyo Standard Time": ("Asia/Tokyo", "Tokyo Daylight Time"),
    "W. Europe Standard Time": ("Europe/Berlin", "W. Europe Daylight Time"),
}


class LocalTime(NamedTuple):
    """A moment as the server's clock shows it: local time, zone name of the season, minutes to add to get UTC."""

    time: datetime
    zone: str
    bias: int


class ServerClock:
    """The clock of one site server."""

    def __init__(self, zone: str) -> None:
        key, self._summer = WINDOWS_ZONES[zone]
        self._winter = zone
        self._zone = ZoneInfo(key)

    def read(self, seconds: int) -> LocalTime:
        """Return the local time of a moment given in POSIX seconds."""
        moment = datetime.fromtimestamp(seconds, self._zone)
        offset = moment.utcoffset() or timedelta()
        summer = bool(moment.dst())
        return LocalTime(moment, self._summer if summer else self._winter, -round(offset.total_seconds() / 60))
