import calendar
import time
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tzlocal.windows_tz import win_tz

from exporter.logs import clock as clock_module
from exporter.logs.clock import Basis, Clock, Stamp

MONTHS = calendar.month_abbr[1:]
DAYS = calendar.day_abbr

MOMENTS = st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2099, 12, 30))  # noqa: DTZ001


def utc_of(text: str, default_zone: str | None = None) -> str | None:
    stamp = Clock(ZoneInfo(default_zone) if default_zone else None).read(text)
    assert stamp is not None
    return None if stamp.utc is None else datetime.fromtimestamp(stamp.utc, UTC).isoformat(timespec="milliseconds")[:-6]


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        # UK summer, central European summer and winter, US Pacific summer, US Eastern winter
        ("06-14-2018 06:26:25.828-60", "2018-06-14T05:26:25.828"),
        ("07-04-2013 10:00:00.000-120", "2013-07-04T08:00:00.000"),
        ("11-30-2022 01:03:34.174-60", "2022-11-30T00:03:34.174"),
        ("08-22-2016 15:36:30.001+420", "2016-08-22T22:36:30.001"),
        ("12-06-2016 00:00:00.999+300", "2016-12-06T05:00:00.999"),
        # UTC as two digits and as three
        ("04-21-2024 07:33:58.583+00", "2024-04-21T07:33:58.583"),
        ("04-21-2024 07:33:58.583+000", "2024-04-21T07:33:58.583"),
        ("04-21-2024 07:33:58.583-0", "2024-04-21T07:33:58.583"),
        # India and Nepal
        ("01-01-2020 05:30:00.000-330", "2020-01-01T00:00:00.000"),
        ("01-01-2020 05:45:00.000-345", "2020-01-01T00:00:00.000"),
        # .NET components write seven decimals, scripts glue a bias to them
        ("10-13-2020 10:22:01.6721099+600", "2020-10-13T20:22:01.672"),
        ("10-13-2020 10:22:01+240", "2020-10-13T14:22:01.000"),
    ],
)
def test_bias_is_added_to_local_time(text: str, utc: str) -> None:
    assert utc_of(text) == utc
    assert utc_of(text, "Asia/Tokyo") == utc


@pytest.mark.parametrize("sign", ["+-", " +-", " +", " "])
def test_bias_of_scripts_is_minutes_west(sign: str) -> None:
    # Arizona: the script put Win32_TimeZone.Bias, -420, behind a plus.
    assert utc_of(f"11-15-2017 10:00:00.000{sign}420") == "2017-11-15T17:00:00.000"


def test_bias_beyond_a_day_is_no_bias() -> None:
    stamp = Clock().read("11-15-2017 10:00:00.000+9999")
    assert stamp == Stamp(datetime(2017, 11, 15, 10), None, Basis.UNKNOWN)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("Fri Oct 15 17:09:46.507 1999 Pacific Daylight Time", "1999-10-16T00:09:46.507"),
        ("Mon Nov 15 16:54:10.112 1999 Pacific Standard Time", "1999-11-16T00:54:10.112"),
        ("Thu Mar 04 10:15:32.123 2010 Eastern Standard Time", "2010-03-04T15:15:32.123"),
        ("Thu Jun 14 06:56:25.000 2018 GMT Daylight Time", "2018-06-14T05:56:25.000"),
        ("Sun Jan 14 06:56:25.000 2018 GMT Standard Time", "2018-01-14T06:56:25.000"),
        ("Thu Jul 04 10:00:00.000 2013 W. Europe Daylight Time", "2013-07-04T08:00:00.000"),
        ("Fri Jan 04 10:00:00.000 2013 W. Europe Standard Time", "2013-01-04T09:00:00.000"),
        ("Mon Jan 04 10:00:00.000 2021 Coordinated Universal Time", "2021-01-04T10:00:00.000"),
        ("Mon Jan 04 10:00:00.000 2021 UTC", "2021-01-04T10:00:00.000"),
        ("Sat Jul 06 10:00:00.000 2013 Central Daylight Time (Mexico)", "2013-07-06T15:00:00.000"),
        # Windows prints these, its registry and CLDR call them otherwise
        ("Sat Jul 06 10:00:00.000 2013 Jerusalem Daylight Time", "2013-07-06T07:00:00.000"),
        ("Sat Jul 06 10:00:00.000 2013 Malay Peninsula Standard Time", "2013-07-06T02:00:00.000"),
        ("Wed Jul 06 10:00:00.000 2016 Russia TZ 2 Standard Time", "2016-07-06T07:00:00.000"),
        ("Wed Jul 06 10:00:00.000 2016 Cabo Verde Standard Time", "2016-07-06T11:00:00.000"),
        # no milliseconds
        ("Fri Oct 15 17:09:46 1999 W. Europe Daylight Time", "1999-10-15T15:09:46.000"),
    ],
)
def test_zone_name_is_read(text: str, utc: str) -> None:
    assert utc_of(text) == utc
    stamp = Clock(ZoneInfo("Asia/Tokyo")).read(text)
    assert stamp is not None
    assert stamp.basis is Basis.ZONE


def test_zone_name_tells_the_sides_of_an_autumn_apart() -> None:
    # 2010-11-07: from 01:59:59 daylight time back to 01:00:00 standard time
    assert utc_of("Sun Nov 07 01:30:00.000 2010 Eastern Daylight Time") == "2010-11-07T05:30:00.000"
    assert utc_of("Sun Nov 07 01:30:00.000 2010 Eastern Standard Time") == "2010-11-07T06:30:00.000"


def test_zone_name_is_honoured_in_the_hour_that_spring_leaves_out() -> None:
    assert utc_of("Sun Mar 14 02:30:00.000 2010 Eastern Standard Time") == "2010-03-14T07:30:00.000"
    assert utc_of("Sun Mar 14 02:30:00.000 2010 Eastern Daylight Time") == "2010-03-14T06:30:00.000"


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        # a server without the US rules of 2007 still printed standard time in the last week of March, and the reverse
        ("Tue Mar 20 12:00:00.000 2007 Eastern Standard Time", "2007-03-20T17:00:00.000"),
        ("Mon Dec 20 12:00:00.000 2010 Eastern Daylight Time", "2010-12-20T16:00:00.000"),
        # the zone has no daylight saving, the server had
        ("Thu Jul 06 12:00:00.000 2017 Arab Daylight Time", "2017-07-06T08:00:00.000"),
        # half an hour of it
        ("Thu Jul 06 12:00:00.000 2017 Lord Howe Daylight Time", "2017-07-06T01:00:00.000"),
        # Morocco: Windows has standard time in Ramadan only, the zone's rules take an hour off then
        ("Thu Jul 11 12:00:00.000 2019 Morocco Daylight Time", "2019-07-11T11:00:00.000"),
        ("Fri May 10 12:00:00.000 2019 Morocco Standard Time", "2019-05-10T12:00:00.000"),
        ("Fri May 10 12:00:00.000 2019 Morocco Daylight Time", "2019-05-10T11:00:00.000"),
    ],
)
def test_zone_name_outweighs_the_rules_of_the_zone(text: str, utc: str) -> None:
    assert utc_of(text) == utc


@pytest.mark.parametrize("name", sorted(win_tz))
def test_every_windows_zone_is_read(name: str) -> None:
    text = f"Fri Jan 15 12:00:00.000 2021 {name}"
    stamp = Clock().read(text)
    assert stamp is not None
    assert stamp.basis is Basis.ZONE
    assert stamp.utc is not None
    offset = (stamp.local - datetime.fromtimestamp(stamp.utc, UTC).replace(tzinfo=None)).total_seconds() / 3600
    assert -12 <= offset <= 14


@pytest.mark.parametrize(
    "text",
    [
        "Fri Oct 15 17:09:46.507 1999 Mitteleuropäische Sommerzeit",
        "Fri Oct 15 17:09:46.507 1999",
        "Fri Oct 15 17:09:46 1999~",
        "Fri Oct 15 17:09:46.507 1999~",
        "10-15-1999 17:09:46.507",
        "10-15-1999 17:09:46.5070000",
        "10/15/1999 5:09:46.507 PM",
    ],
)
def test_stamp_without_a_known_zone_uses_the_configured_one(text: str) -> None:
    local = datetime(1999, 10, 15, 17, 9, 46, 507000 if ".507" in text else 0)  # noqa: DTZ001
    assert Clock().read(text) == Stamp(local, None, Basis.UNKNOWN)
    berlin = Clock(ZoneInfo("Europe/Berlin")).read(text)
    assert berlin is not None
    assert berlin.utc == pytest.approx(local.replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp(), abs=1e-6)
    assert berlin.basis is Basis.CONFIGURED


def test_configured_zone_may_be_a_fixed_offset() -> None:
    stamp = Clock(timezone(timedelta(hours=-7))).read("Mon Apr 21 09:02:14 1997~")
    assert stamp is not None
    assert stamp.utc == datetime(1997, 4, 21, 16, 2, 14, tzinfo=UTC).timestamp()


def test_machine_without_zone_data_falls_back_to_the_configured_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> ZoneInfo:
        raise ZoneInfoNotFoundError(name)

    monkeypatch.setattr(clock_module, "ZoneInfo", missing)
    stamp = Clock(UTC).read("Fri Oct 15 17:09:46.507 1999 Pacific Daylight Time")
    assert stamp is not None
    assert stamp.basis is Basis.CONFIGURED


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("10/9/2018 3:36:30 PM", "2018-10-09T15:36:30"),
        ("7/27/2008 4:26:29 PM", "2008-07-27T16:26:29"),
        ("10/9/2018 12:00:00 AM", "2018-10-09T00:00:00"),
        ("10/9/2018 12:00:00 PM", "2018-10-09T12:00:00"),
        ("10/9/2018 3:36:30\u202fPM", "2018-10-09T15:36:30"),  # newer Windows puts a narrow blank there
        ("10/9/2018 3:36:30 p.m.", "2018-10-09T15:36:30"),
        ("9/10/2018 15:36:30", "2018-09-10T15:36:30"),
        ("27/10/2018 15:36:30", "2018-10-27T15:36:30"),
        ("27/10/2018 3:36:30 PM", "2018-10-27T15:36:30"),
        ("9.10.2018 15:36:30", "2018-10-09T15:36:30"),
        ("2018-10-09 15:36:30", "2018-10-09T15:36:30"),
        ("2018/10/09 15:36:30.25", "2018-10-09T15:36:30.250000"),
    ],
)
def test_date_of_a_viewer_is_read_in_the_likeliest_order(text: str, local: str) -> None:
    stamp = Clock().read(text)
    assert stamp is not None
    assert stamp.local.isoformat() == local
    assert stamp.basis is Basis.UNKNOWN


@pytest.mark.parametrize(
    "text",
    [
        "",
        "~",
        ".",
        "nonsense",
        "13-32-2018 06:26:25.828-60",
        "14-06-2018 06:26:25.828-60",  # the product writes the month first
        "02-29-2019 06:26:25.828-60",
        "06-14-2018 24:00:00.000-60",
        "06-14-2018 06:60:25.828-60",
        "06-14-2018 06:26:60.828-60",
        "00-14-2018 06:26:25.828-60",
        "06-14-0000 06:26:25.828-60",
        "06-14-2018 06:26:25.82x-60",
        "06-14-2018 06:26:25.828-60 trailing",
        "Fri Foo 15 17:09:46.507 1999 Pacific Daylight Time",
        "Fri Feb 30 17:09:46.507 1999",
        "32.13.2018 10:00:00",
        "13/13/2018 10:00:00",
        "10/9/2018 13:36:30 PM",
        "10/9/2018 0:36:30 AM",
        "03/17/99 10:47:16",
        "x/x/xxxx x:xx:xx xx",
        "٠٦-14-2018 06:26:25.828-60",
        "06-14-2018" + " " * 1000 + "06:26:25.828-60",
    ],
)
def test_impossible_stamp_is_none(text: str) -> None:
    clock = Clock(UTC)
    assert clock.read(text) is None
    assert clock.read(text) is None


def test_stamp_folded_in_a_copy_is_read() -> None:
    assert Clock().read("Mon Apr\n      21 09:02:14  1997~") == Clock().read("Mon Apr 21 09:02:14 1997~")


def test_clock_forgets_old_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.logs.clock._CACHE_LIMIT", 8)
    clock = Clock()
    for second in range(60):
        stamp = clock.read(f"06-14-2018 06:26:{second:02d}.828-60")
        assert stamp is not None
        assert stamp.local.second == second
    assert len(clock._seconds) <= 8


def test_clock_answers_anew_what_it_has_read_before() -> None:
    clock = Clock()
    texts = ["06-14-2018 06:26:25.828-60", "06-14-2018 06:26:25.829-60", "06-14-2018 06:26:25.828+60", "rubbish"]
    first = [clock.read(text) for text in texts]
    assert [clock.read(text) for text in texts] == first
    assert [Clock().read(text) for text in texts] == first


@given(local=MOMENTS, bias=st.integers(-840, 840), clock=st.just(Clock()))
def test_bias_round_trip(local: datetime, bias: int, clock: Clock) -> None:
    local = local.replace(microsecond=local.microsecond // 1000 * 1000)
    text = f"{local:%m-%d-%Y %H:%M:%S}.{local.microsecond // 1000:03d}{bias:+03d}"
    stamp = clock.read(text)
    assert stamp is not None
    assert stamp.local == local
    assert stamp.basis is Basis.BIAS
    expected = (local + timedelta(minutes=bias)).replace(tzinfo=UTC).timestamp()
    assert stamp.utc == pytest.approx(expected, abs=1e-6)


@given(moment=MOMENTS, name=st.sampled_from(["Pacific", "W. Europe", "GMT", "AUS Eastern", "E. South America"]))
def test_zone_name_round_trip(moment: datetime, name: str) -> None:
    """What a server prints of an instant is read back as that instant, in the repeated hour of autumn too."""
    zone = ZoneInfo(win_tz[f"{name} Standard Time"])
    aware = moment.replace(microsecond=0, tzinfo=UTC).astimezone(zone)
    half = "Daylight" if aware.dst() else "Standard"
    day = f"{DAYS[aware.weekday()]} {MONTHS[aware.month - 1]} {aware.day:02d}"
    text = f"{day} {aware:%H:%M:%S}.250 {aware.year} {name} {half} Time"
    stamp = Clock().read(text)
    assert stamp is not None
    assert stamp.local == aware.replace(tzinfo=None, microsecond=250000)
    assert stamp.utc == pytest.approx(aware.timestamp() + 0.25, abs=1e-6)


STAMPISH = st.text(alphabet="0123456789-+:./ ~APMSunJanSta\n\u0663", max_size=60)


@given(text=st.one_of(st.text(max_size=60), STAMPISH), year=st.integers(0, 9999), zone=st.sampled_from(sorted(win_tz)))
def test_clock_never_raises(text: str, year: int, zone: str) -> None:
    clock = Clock(ZoneInfo("Europe/Berlin"))
    clock.read(text)
    for name in (zone, zone.replace("Standard", "Daylight")):
        stamp = clock.read(f"Mon Jan 01 00:00:00.000 {year:04d} {name}")
        assert (stamp is None) == (year in {0, 1, 9999})  # at the ends of the calendar UTC may lie outside of it
    clock.read(f"12-31-{year:04d} 23:59:59.999999999+999")
    clock.read(f"01/01/{year:04d} 11:59:59 PM")


def test_hostile_stamp_costs_little() -> None:
    clock = Clock()
    started = time.process_time()
    for text in ("0" * 1_000_000, "06-14-2018 " * 100_000, "." * 1_000_000, "a" + " " * 1_000_000):
        assert clock.read(text) is None
    assert time.process_time() - started < 1.0


_STAMPS = st.builds(
    "{}{}{}".format,
    MOMENTS.flatmap(
        lambda moment: st.sampled_from(
            [f"{moment:%m-%d-%Y %H:%M:%S}", f"{moment:%a %b %d %H:%M:%S}", f"{moment:%d.%m.%Y %H:%M:%S}"]
        )
    ),
    st.sampled_from([".000", ".001", ".999", ".828", ".82", ".8281", "", ".x12"]),
    st.sampled_from(["-60", "+420", "", " 2018", " 1999 Pacific Daylight Time", " 2010 Mitteleuropäische Zeit", "7"]),
)


@given(st.lists(st.one_of(_STAMPS, st.text("0123456789.:- ApriMnu", max_size=30)), max_size=6), st.booleans())
def test_seconds_alone_are_those_of_the_whole_stamp(texts: list[str], configured: bool) -> None:  # noqa: FBT001  # drawn
    clock = Clock(ZoneInfo("Europe/Berlin") if configured else None)
    for text in [*texts, *texts]:  # the second time from memory
        plain = Clock(ZoneInfo("Europe/Berlin") if configured else None).read(text)
        found = clock.utc(text.encode())
        assert found is None or (plain is not None and found == plain.utc)


@given(st.lists(MOMENTS, min_size=1, max_size=5))
def test_seconds_alone_are_read_in_the_usual_forms(moments: list[datetime]) -> None:
    clock = Clock()
    for moment in moments:
        for form in ("%m-%d-%Y %H:%M:%S.999+300", "%a %b %d %H:%M:%S.001 %Y Eastern Standard Time"):
            text = moment.strftime(form)
            stamp = clock.read(text)
            assert stamp is not None
            assert clock.utc(text.encode()) == stamp.utc
