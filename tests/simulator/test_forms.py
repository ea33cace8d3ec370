"""The forms are those of real lines: SMS 2.0 to 2007 (KB Q244405), 2012 and later, and the client's."""

from datetime import UTC, datetime

import pytest

from exporter.simulator.engine import Record
from exporter.simulator.forms import LineWriter
from exporter.simulator.hierarchy import Era, Form, Site

_WINTER = datetime(2010, 3, 4, 15, 15, 32, 123_000, UTC)
_SUMMER = datetime(2018, 6, 14, 5, 26, 25, 828_000, UTC)


def _line(site: Site, moment: datetime, message: str = "~Exiting") -> bytes:
    time = round(moment.timestamp() * 1000)
    return LineWriter(site).encode(Record(time, site.code, "distmgr", "SMS_DISTRIBUTION_MANAGER", 1234, message))


@pytest.mark.parametrize(
    ("zone", "moment", "stamp"),
    [
        ("Eastern Standard Time", _WINTER, b"Thu Mar 04 10:15:32.123 2010 Eastern Standard Time"),
        ("Eastern Standard Time", _SUMMER, b"Thu Jun 14 01:26:25.828 2018 Eastern Daylight Time"),
        ("GMT Standard Time", _WINTER, b"Thu Mar 04 15:15:32.123 2010 GMT Standard Time"),
        ("GMT Standard Time", _SUMMER, b"Thu Jun 14 06:26:25.828 2018 GMT Daylight Time"),
        ("W. Europe Standard Time", _SUMMER, b"Thu Jun 14 07:26:25.828 2018 W. Europe Daylight Time"),
        ("AUS Eastern Standard Time", _WINTER, b"Fri Mar 05 02:15:32.123 2010 AUS Eastern Daylight Time"),
        ("India Standard Time", _WINTER, b"Thu Mar 04 20:45:32.123 2010 India Standard Time"),
        ("Coordinated Universal Time", _SUMMER, b"Thu Jun 14 05:26:25.828 2018 Coordinated Universal Time"),
    ],
)
def test_stamp_of_2007_names_the_zone_of_the_season(zone: str, moment: datetime, stamp: bytes) -> None:
    line = _line(Site("CEN", None, zone), moment)
    assert line == b"~Exiting  $$<SMS_DISTRIBUTION_MANAGER><" + stamp + b"><thread=1234 (0x4D2)>\r\n"


@pytest.mark.parametrize(
    ("zone", "moment", "stamp"),
    [
        ("GMT Standard Time", _SUMMER, b"06-14-2018 06:26:25.828-60"),
        ("GMT Standard Time", _WINTER, b"03-04-2010 15:15:32.123+00"),
        ("Pacific Standard Time", _SUMMER, b"06-13-2018 22:26:25.828+420"),
        ("Eastern Standard Time", _WINTER, b"03-04-2010 10:15:32.123+300"),
        ("India Standard Time", _WINTER, b"03-04-2010 20:45:32.123-330"),
    ],
)
def test_stamp_of_2012_holds_the_minutes_that_lead_back_to_utc(zone: str, moment: datetime, stamp: bytes) -> None:
    line = _line(Site("CEN", None, zone, Era.CM2012), moment)
    assert line == b"~Exiting  $$<SMS_DISTRIBUTION_MANAGER><" + stamp + b"><thread=1234 (0x4D2)>\r\n"


def test_client_form_holds_the_same_in_attributes() -> None:
    site = Site("CEN", None, "Pacific Standard Time", Era.CM2012, form=Form.CCM)
    assert _line(site, _SUMMER) == (
        b'<![LOG[Exiting]LOG]!><time="22:26:25.828+420" date="06-13-2018" component="SMS_DISTRIBUTION_MANAGER" '
        b'context="" type="1" thread="1234" file="distmgr.cpp:108">\r\n'
    )
    assert b' type="3" ' in _line(site, _SUMMER, "Failed to insert")
    assert b'time="05:26:25.828+000"' in _line(Site("CEN", None, "Coordinated Universal Time", form=Form.CCM), _SUMMER)


def test_names_stand_in_the_code_page_of_the_server() -> None:
    assert b"B\xfcro " in _line(Site("CEN", None), _WINTER, "Büro")
    assert b"\xe1\xfe\xf0\xee " in _line(Site("CEN", None, code_page="cp1251"), _WINTER, "бюро")
    assert b"?  $$<" in _line(Site("CEN", None), _WINTER, "☃")


def test_hour_that_comes_twice_is_told_apart_by_the_zone_name() -> None:
    site = Site("CEN", None, "Eastern Standard Time")
    first = _line(site, datetime(2010, 11, 7, 5, 30, tzinfo=UTC))
    second = _line(site, datetime(2010, 11, 7, 6, 30, tzinfo=UTC))
    assert b"Sun Nov 07 01:30:00.000 2010 Eastern Daylight Time" in first
    assert b"Sun Nov 07 01:30:00.000 2010 Eastern Standard Time" in second
