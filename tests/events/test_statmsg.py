from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.events.statmsg import (
    INSERTION_STRINGS,
    continues,
    is_whole,
    parse_parts,
    parse_statmsg,
    parse_whole,
    without_time,
)

FIXTURES = Path(__file__).parents[1] / "fixtures"

NAL = '["Display=\\\\PS1DP1.CONTOSO.COM\\"]MSWNET:["SMS_SITE=PS1"]\\\\PS1DP1.CONTOSO.COM\\'


def _statmsg(
    strings: list[str], attributes: dict[int, str], head: str = "ID=2330 SEV=I LEV=M", date: str | None = None
) -> str:
    gmtdate = f" GMTDATE={date}" if date else ""
    istr = " ".join(f'ISTR{n}="{text}"' for n, text in enumerate(strings))
    aval = " ".join(f'AID{n}={number} AVAL{n}="{text}"' for n, (number, text) in enumerate(attributes.items()))
    return (
        f'STATMSG: {head} SOURCE="SMS Server" COMP="SMS_DISTRIBUTION_MANAGER" SYS=PS1SITE.CONTOSO.COM SITE=PS1 PID=54 '
        f"TID=6116{gmtdate} {istr} NUMATTRS={len(attributes)} {aval}".strip()
    )


def test_status_message_is_read_whole() -> None:
    text = _statmsg(["CEN0000E", NAL, *[""] * 8], {400: "CEN0000E", 404: NAL}, date="Mon May 16 16:34:31.679 2016")
    found = parse_statmsg(text)
    assert found is not None
    assert (found.number, found.severity, found.component) == (2330, "info", "SMS_DISTRIBUTION_MANAGER")
    assert (found.system, found.site) == ("PS1SITE.CONTOSO.COM", "PS1")
    assert found.time == datetime(2016, 5, 16, 16, 34, 31, 679000, tzinfo=UTC).timestamp()
    assert found.strings == ("CEN0000E", NAL, *[""] * 8)
    assert found.attributes == {400: "CEN0000E", 404: NAL}


@pytest.mark.parametrize(("letter", "severity"), [("I", "info"), ("W", "warning"), ("E", "error"), ("X", "x")])
def test_severity_is_a_word(letter: str, severity: str) -> None:
    found = parse_statmsg(_statmsg([""] * 10, {}, head=f"ID=1 SEV={letter}"))
    assert found is not None
    assert found.severity == severity


@pytest.mark.parametrize(
    "date",
    [
        None,
        "yesterday",
        "Mon Foo 16 16:34:31.679 2016",
        "Mon Feb 31 16:34:31.679 2016",
        "Mon May 16 25:34:31.679 2016",
        "Mon May 16 16:34:31.679 0000",
    ],
)
def test_missing_or_impossible_gmtdate_is_no_time(date: str | None) -> None:
    found = parse_statmsg(_statmsg(["a", *[""] * 9], {400: "CEN0000E"}, date=date))
    assert found is not None
    assert found.time is None
    assert found.strings[0] == "a"
    assert found.attributes == {400: "CEN0000E"}


def test_milliseconds_may_be_missing_or_short() -> None:
    for written, seconds in (("31", 31.0), ("31.6", 31.6), ("31.079", 31.079)):
        found = parse_statmsg(_statmsg([""] * 10, {}, date=f"Mon May 16 16:34:{written} 2016"))
        assert found is not None
        assert found.time == pytest.approx(datetime(2016, 5, 16, 16, 34, tzinfo=UTC).timestamp() + seconds)


def test_lines_that_a_copy_wrapped_are_joined_by_blanks() -> None:
    found = parse_statmsg(
        'STATMSG: ID=2300 SEV=I LEV=M SOURCE="SMS Server"\nCOMP="SMS_DISTRIBUTION_MANAGER" SYS=LCTOPAZ SITE=CEN PID=3\n'
        'TID=3612 GMTDATE=Mon Jun 07 23:23:16.472 2004 ISTR0="Lab 1 - Test\npackage" ISTR1="CEN0000E" ISTR2="" ISTR3=""'
    )
    assert found is not None
    assert found.strings[:2] == ("Lab 1 - Test package", "CEN0000E")
    assert found.time == datetime(2004, 6, 7, 23, 23, 16, 472000, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "text",
    [
        'STATMSG: ID=2301 SEV=I ISTR0="A" ISTR1="CEN0\nFailed to insert SMS Program ID 5',
        'STATMSG: ID=2301 SEV=I ISTR0="A" ISTR1="CEN0\nSTATMSG: ID=2302 SEV=E ISTR0="B" ISTR1="CEN00001"',
    ],
)
def test_status_message_does_not_swallow_its_neighbour(text: str) -> None:
    assert parse_statmsg(text) is None


def test_value_that_is_cut_off_is_not_kept() -> None:
    text = _statmsg(["Office", NAL, *[""] * 8], {400: "CEN0000E", 410: "3"})
    for length in range(len("STATMSG: ID=2330 "), len(text)):
        found = parse_statmsg(text[:length])
        assert found is not None
        assert found.strings[0] in {"", "Office"}
        assert found.strings[1] in {"", NAL}
        assert found.attributes in ({}, {400: "CEN0000E"})


@pytest.mark.parametrize(
    "text",
    ["", "STATMSG:", "STATMSG: SEV=I", "STATMSG: ID=x SEV=I", "STATMSG: ID=99999999999", "Sent STATMSG: ID=2301 SEV=I"],
)
def test_text_without_a_number_is_no_status_message(text: str) -> None:
    assert parse_statmsg(text) is None


def test_only_the_attributes_that_are_there_are_read() -> None:
    found = parse_statmsg('STATMSG: ID=1 ISTR0="" NUMATTRS=3 AID0=400 AID1=x AVAL1="a" AID2=410 AVAL2="3"')
    assert found is not None
    assert found.attributes == {410: "3"}


def test_further_lines_are_told_from_others() -> None:
    assert continues('package" ISTR1="CEN0000E" ISTR2=""')
    assert continues('COMP="SMS_DISTRIBUTION_MANAGER" SYS=LCTOPAZCEN')
    assert not continues("Sleep 3600 seconds...")
    assert not continues("STATMSG: ID=2301 SEV=I")
    assert is_whole(_statmsg([""] * 10, {}))
    assert not is_whole('STATMSG: ID=2300 SEV=I LEV=M SOURCE="SMS Server"')


_STRINGS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=15).map(str.strip)


@given(
    st.lists(_STRINGS, min_size=INSERTION_STRINGS, max_size=INSERTION_STRINGS),
    st.dictionaries(st.integers(1, 999), _STRINGS, max_size=4),
)
@settings(max_examples=150, deadline=None)
def test_values_come_back_whatever_quotes_they_hold(strings: list[str], attributes: dict[int, str]) -> None:
    found = parse_statmsg(_statmsg(strings, attributes))
    assert found is not None
    assert found.strings == tuple(strings)
    assert found.attributes == attributes


@given(
    st.lists(
        st.sampled_from(["STATMSG: ", "ID=1", ' ISTR0="', '"', " ", "AVAL0=", " AID0=", "\n", "é", "9" * 30]),
        max_size=14,
    ).map("".join)
)
@settings(max_examples=300, deadline=None)
def test_hostile_text_never_raises(text: str) -> None:
    parse_statmsg("STATMSG: " + text)
    parse_statmsg(text)


_DATE = "Mon May 16 16:34:31.679 2016"
_HOSTILE = st.lists(
    st.sampled_from(
        [
            "a",
            "7",
            "S",
            '"',
            '" ',
            "=",
            " ",
            "\n",
            "\t",
            "\x1c",
            "é",
            NAL,
            " ISTR3=",
            ' ISTR3="',
            "AVAL0=",
            " NUMATTRS=1",
            "SITE=",
        ]
    ),
    max_size=4,
).map("".join)
_ATTRIBUTES = st.dictionaries(st.integers(0, 999), _HOSTILE, max_size=6)


@given(
    strings=st.lists(_HOSTILE, min_size=INSERTION_STRINGS, max_size=INSERTION_STRINGS),
    attributes=_ATTRIBUTES,
    date=st.sampled_from([_DATE, "yesterday", "", None]),
    mutation=st.none() | st.tuples(st.floats(0, 1), st.integers(0, 20), _HOSTILE),
)
@settings(max_examples=400, deadline=None)
def test_whole_message_says_what_its_parts_say(
    strings: list[str],
    attributes: dict[int, str],
    date: str | None,
    mutation: tuple[float, int, str] | None,
) -> None:
    text = _statmsg(strings, attributes, date=date)
    if mutation:  # cut off, wrapped, or with something else in the place of a part
        where, length, new = mutation
        at = int(where * len(text))
        text = text[:at] + new + text[at + length :]
    whole = parse_whole(text)
    assert whole is None or whole == parse_parts(text)


@given(
    strings=st.lists(_HOSTILE, min_size=INSERTION_STRINGS, max_size=INSERTION_STRINGS),
    attributes=_ATTRIBUTES,
    head=st.sampled_from(
        ["ID=2330 SEV=I LEV=M", 'ID=2330 SEV=I LEV=M SOURCE="a PID=1"', "ID=1 SEV=E LEV=M COMP=", "ID=x"]
    ),
    mutation=st.tuples(st.floats(0, 1), st.integers(0, 20), _HOSTILE | st.just(" PID=1 TID=1 GMTDATE=x ISTR0=")),
)
@settings(max_examples=400, deadline=None)
def test_messages_that_differ_in_their_time_alone_have_the_same_fields(
    strings: list[str], attributes: dict[int, str], head: str, mutation: tuple[float, int, str]
) -> None:
    text = _statmsg(strings, attributes, head, _DATE)
    where, length, new = mutation
    at = int(where * len(text))
    text = text[:at] + new + text[at + length :]
    parts = without_time(text.encode())
    if parts is not None:
        later = " PID=1904 TID=7 GMTDATE=Thu Mar 04 13:05:47.498 2010".join(part.decode() for part in parts)
        found, other = parse_statmsg(text), parse_statmsg(later)
        assert (found and found.fields()) == (other and other.fields())


def test_time_of_a_message_is_told_from_what_stands_around_it() -> None:
    text = _statmsg(["CEN0000E", *[""] * 9], {400: "CEN0000E"}, date=_DATE)
    parts = without_time(text.encode())
    assert parts is not None
    assert b"".join(parts).decode() == text.replace(f" PID=54 TID=6116 GMTDATE={_DATE}", "")
    assert without_time(text.replace(" TID=6116", "").encode()) is None


def test_status_messages_of_site_servers_are_read_at_once() -> None:
    texts = [
        _statmsg(["CEN0000E", NAL, *[""] * 8], dict.fromkeys(range(400, 400 + n), NAL), date=_DATE) for n in range(6)
    ]
    end = r"(?=\s*(?:\$\$<|\]LOG\]!|[\r\n]|\Z))"
    for path in sorted((FIXTURES / "simulator").rglob("*.log")) + sorted(
        (FIXTURES / "corpus").glob("msdoc-pkgactions-*")
    ):
        texts += re.findall(rf"STATMSG:[^\r\n]*?{end}", path.read_text("latin-1"))
    assert len(texts) > 60
    for text in texts:
        whole = parse_whole(text)
        assert whole is not None
        assert whole == parse_parts(text)
        assert parse_whole(text[:-1]) is None


@pytest.mark.parametrize("announced", [0, 1, 3, 9])
def test_message_with_other_attributes_than_it_announces_is_not_whole(announced: int) -> None:
    text = _statmsg([""] * 10, {400: "CEN0000E", 410: "3"}, date=_DATE)
    assert parse_whole(text) is not None
    assert parse_whole(text.replace("NUMATTRS=2", f"NUMATTRS={announced}")) is None
