"""Time zones by the names that administrators know them by."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from tzlocal.windows_tz import win_tz


def zone_named(name: str) -> ZoneInfo:
    """Return the zone of a Windows name (`Eastern Standard Time`) or an IANA name (`America/New_York`).

    Raises:
        ValueError: there is no such zone.
    """
    try:
        return ZoneInfo(win_tz.get(name, name))
    except (OSError, ValueError, LookupError):  # a folder of the zone data, a path, no such zone
        raise ValueError(
            f"unknown time zone {name!r}: write a Windows name such as Eastern Standard Time, or an IANA name such as "
            "America/New_York"
        ) from None
