import json
import re
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.logs.block import Block
from exporter.logs.clock import FRACTIONS, Basis, Clock
from exporter.logs.forms import STRIPPED
from exporter.logs.records import TAIL, Form, Record, RecordReader, Severity, decode, severity_of
from tests.logs.golden import CORPUS, GOLDEN, excerpts, golden_file, render

READER = RecordReader(Clock(UTC))
BIAS = "<06-14-2018 06:26:25.828-60><thread=9112 (0x2398)>"


def parse(text: str | bytes) -> Record:
    return READER.parse(text if isinstance(text, bytes) else text.encode(), "distmgr.log", 7)


@pytest.mark.parametrize("excerpt", excerpts())
def test_corpus_is_read_as_a_person_reads_it(excerpt: str) -> None:
    rendered = [json.loads(line) for line in render(excerpt).splitlines()]
    golden = [json.loads(line) for line in golden_file(excerpt).read_text(encoding="utf-8").splitlines()]
    assert rendered == golden


def test_every_golden_output_has_its_excerpt_and_source() -> None:
    names = excerpts()
    assert sorted(path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*.jsonl")) == sorted(
        f"{name}.jsonl" for name in names
    )
    index = (CORPUS / "INDEX.tsv").read_text(encoding="utf-8").splitlines()[1:]
    assert {line.split("\t")[0] for line in index} == {name for name in names if not name.startswith("unwrapped")}


def test_record_of_2012_and_later() -> None:
    record = parse(f"~Processing incoming file.~~  $$<SMS_DISTRIBUTION_MANAGER>{BIAS}\r")
    assert record.stamp is not None
    assert record.stamp.utc == datetime(2018, 6, 14, 5, 26, 25, 828000, tzinfo=UTC).timestamp()
    assert record.stamp.basis is Basis.BIAS
    assert record == Record(
        "Processing incoming file.",
        "SMS_DISTRIBUTION_MANAGER",
        record.stamp,
        9112,
        Severity.INFO,
        Form.BIAS,
        "distmgr.log",
        7,
        "06-14-2018 06:26:25.828-60",
    )


@pytest.mark.parametrize("end", ["", "\r", "\r\r", " ", "\t\r"])
def test_blanks_and_carriage_returns_behind_a_record_do_not_matter(end: str) -> None:
    assert parse(f"x  $$<A>{BIAS}{end}") == parse(f"x  $$<A>{BIAS}")


def test_message_over_lines_is_joined_by_line_feeds() -> None:
    assert parse(f"a\r\n  b\r\r\nc\nd~e $$<A>{BIAS}\r").message == "a\n  b\nc\nd~e"
    assert parse("<![LOG[a\r\nb]LOG]!><>").message == "a\nb"


def test_tilde_inside_a_message_stays() -> None:
    assert parse(f"~~ ~a~b C:\\PROGRA~1\\~  $$<A>{BIAS}").message == "a~b C:\\PROGRA~1\\"


def test_unreadable_stamp_is_kept_as_text() -> None:
    record = parse("x  $$<A><13-32-2018 06:26:25.828-60><thread=12 (0xC)>")
    assert (record.message, record.component, record.thread, record.form) == ("x", "A", 12, Form.BIAS)
    assert record.stamp is None
    assert record.stamp_text == "13-32-2018 06:26:25.828-60"


def test_lone_thread_number_is_hexadecimal_in_sms1_only() -> None:
    assert parse("x $$<A><Mon Apr 21 09:02:14 1997~><thread=168>").thread == 0x168
    assert parse("x $$<A><04-21-1997 09:02:14.000+00><thread=168>").thread == 168
    assert parse("x $$<A><Mon Apr 21 09:02:14 1997~><thread=168>").thread == 0x168


def test_record_of_the_server_code_page() -> None:
    assert parse(f"Prüfung läuft  $$<A>{BIAS}".encode("cp1252")).message == "Prüfung läuft"
    japanese = RecordReader(Clock(), "cp932")
    assert japanese.parse("配布ソ表示".encode("cp932"), "x", 1).message == "配布ソ表示"
    assert japanese.code_page == "cp932"


def test_unknown_code_page_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="cp99999"):
        RecordReader(Clock(), "cp99999")


def test_nul_and_control_characters_stay_in_the_message() -> None:
    assert parse(f"a\0\x1b[31mb\x0c  $$<A>{BIAS}").message == "a\0\x1b[31mb\x0c"


@pytest.mark.parametrize(
    ("message", "severity"),
    [
        ("Sleep 3600 seconds...", Severity.INFO),
        ("Cannot update the package, ERROR = 40", Severity.ERROR),
        ("Failed to insert SMS Program ID 1", Severity.ERROR),
        ("The operation failed", Severity.ERROR),
        ("Failover partner is X", Severity.INFO),
        ("Failover failed", Severity.ERROR),
        ("Failover warning", Severity.WARNING),
        ("WARNING: disk is nearly full", Severity.WARNING),
        ("Warning: error", Severity.ERROR),
        ('STATMSG: ID=2301 SEV=I LEV=M ISTR0="Error reporting tool"', Severity.INFO),
        ('STATMSG: ID=2302 SEV=E LEV=M ISTR0="Office"', Severity.ERROR),
        ('STATMSG: ID=2306 SEV=W LEV=M ISTR0="Office"', Severity.WARNING),
        ("STATMSG: ID=2306 failed", Severity.ERROR),
        ("STATMSG: ID=2306 SEV=", Severity.INFO),
    ],
)
def test_severity_is_the_colour_of_the_viewer(message: str, severity: Severity) -> None:
    assert severity_of(message) is severity
    assert parse(f"{message}  $$<A>{BIAS}").severity is severity
    assert parse(message).severity is severity


@pytest.mark.parametrize(
    ("level", "severity"),
    [
        ("1", Severity.INFO),
        ("2", Severity.WARNING),
        ("3", Severity.ERROR),
        ("0", Severity.WARNING),
        ("", Severity.WARNING),
    ],
)
def test_severity_of_a_ccm_record_is_its_type(level: str, severity: Severity) -> None:
    assert parse(f'<![LOG[warned]LOG]!><type="{level}">').severity is severity


def test_ccm_record_of_a_net_component_has_no_zone() -> None:
    text = '<![LOG[x]LOG]!><time="13:59:35.6721099" date="11-30-2022" component="A" type="1" thread="21" file="">'
    record = parse(text)
    assert record.stamp is not None
    assert record.stamp.local == datetime(2022, 11, 30, 13, 59, 35, 672109)  # noqa: DTZ001  # as written, without zone
    assert record.stamp.basis is Basis.CONFIGURED
    assert record.thread == 21


def test_records_of_a_block_know_their_place() -> None:
    data = f"a\nb $$<A>{BIAS}\nc $$<A>{BIAS}\ntorn".encode()
    records = list(READER.records(Block(data, "distmgr.lo_", 100)))
    assert [(record.message, record.file, record.line) for record in records] == [
        ("a\nb", "distmgr.lo_", 100),
        ("c", "distmgr.lo_", 102),
    ]
    assert READER.segment(Block(data, "distmgr.lo_", 100)).consumed == len(data) - len("torn")


# What messages hold in the field, and what could be taken for a part of the syntax around them.
PIECES = st.one_of(
    st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), min_size=1, max_size=12),
    st.sampled_from(
        [
            "$$",
            "$$<",
            "$$<A><B>",
            f"$$<SMS_X>{BIAS} ",
            '["Display=\\\\DP\\"]MSWNET:["SMS_SITE=PS1"]\\\\DP\\',
            "<Activating JOB 00000E2A>[x]",
            "MICROSOFT|SMS|MINIJOBINSTRUCTION",
            "]LOG]!>",
            "<![LOG[",
            "><thread=",
            "~",
            " SMS_SCHEDULER ",
            "7076 (0x1ba4)",
            "11/18/2013 7:10:14 PM",
            "ü€ 配布",
            "\t",
        ]
    ),
)
MESSAGES = st.lists(PIECES, max_size=6).map(lambda pieces: "".join(pieces).strip(STRIPPED))
COMPONENTS = st.sampled_from(
    ["SMS_DISTRIBUTION_MANAGER", "SMS Provider", "Configuration Manager Prereq", "C:\\A\\B.EXE"]
)
THREADS = st.integers(0, 2**32 - 1)
MARGINS = st.sampled_from(["", " ", "~", "~ ", " ~~  "])


@given(
    message=MESSAGES,
    component=COMPONENTS,
    thread=THREADS,
    margins=st.tuples(MARGINS, MARGINS),
    stamp=st.sampled_from(
        [
            ("06-14-2018 06:26:25.828-60", Form.BIAS),
            ("06-14-2018 06:26:25.828+00", Form.BIAS),
            ("Fri Oct 15 17:09:46.507 1999 W. Europe Daylight Time", Form.SMS2),
            ("Mon Nov 15 16:54:10.112 1999", Form.SMS2),
            ("Mon Apr 21 09:02:14 1997~", Form.SMS1),
        ]
    ),
)
def test_stamped_record_round_trip(
    message: str, component: str, thread: int, margins: tuple[str, str], stamp: tuple[str, Form]
) -> None:
    when, form = stamp
    number = f"{thread:X}" if form is Form.SMS1 else f"{thread} (0x{thread:X})"
    text = f"{margins[0]}{message}{margins[1]}  $$<{component}><{when}><thread={number}>\r"
    data = text.encode() + b"\n"
    segments = READER.segment(Block(data, "distmgr.log", 7))
    assert segments.raws == [data[:-1]]
    record = READER.parse(segments.raws[0], "distmgr.log", 7)
    assert record == Record(
        message, component, Clock(UTC).read(when), thread, severity_of(message), form, "distmgr.log", 7, when
    )


@given(message=MESSAGES, component=COMPONENTS, thread=THREADS, level=st.sampled_from("123"))
def test_ccm_record_round_trip(message: str, component: str, thread: int, level: str) -> None:
    text = (
        f'<![LOG[{message}]LOG]!><time="10:22:01.003+240" date="10-13-2020" component="{component}" context="" '
        f'type="{level}" thread="{thread}" file="y.cpp:123">\r\n'
    )
    (record,) = READER.records(Block(text.encode(), "distmgr.log", 7))
    assert record == Record(
        message,
        component,
        Clock().read("10-13-2020 10:22:01.003+240"),
        thread,
        {"1": Severity.INFO, "2": Severity.WARNING, "3": Severity.ERROR}[level],
        Form.CCM,
        "distmgr.log",
        7,
        "10-13-2020 10:22:01.003+240",
    )


# Without marks around it, a message can be told from its neighbours only if it does not look like them.
PLAIN = st.text("abc ~<>[]|\"'\\=$.,:;ü配-(", max_size=40).map(lambda text: text.strip(STRIPPED))


@given(
    message=PLAIN,
    thread=THREADS,
    template=st.sampled_from(
        [
            ("{0}\tSMS_LAN_SENDER\t10/9/2018 3:36:30 PM\t{1}", Form.TABBED),
            ("~{0} SMS_LAN_SENDER 10/9/2018 3:36:30 PM {1}", Form.VIEWER),
            ("SMS_LAN_SENDER 10/9/2018 3:36:30 PM {1} ~{0}~", Form.ARTICLE),
        ]
    ),
)
def test_pasted_record_round_trip(message: str, thread: int, template: tuple[str, Form]) -> None:
    record = parse(template[0].format(message, f"{thread} (0x{thread:x})"))
    assert record.stamp == Clock(UTC).read("10/9/2018 3:36:30 PM")
    assert (record.message, record.component, record.thread, record.form) == (
        message,
        "SMS_LAN_SENDER",
        thread,
        template[1],
    )


RAW = st.one_of(
    st.binary(max_size=120),
    st.lists(
        st.sampled_from(
            [
                *[
                    b"$$<",
                    b"$$",
                    b"><",
                    b">",
                    b"<",
                    b"(",
                    b")",
                    b"\t",
                    b"\n",
                    b"\r",
                    b" ",
                    b"\xff",
                    b"thread=",
                    b"SMS_X",
                ],
                *[b"9112 (0x2398)", b"06-14-2018 06:26:25.828-60", b"Mon Apr 21 09:02:14 1997~"],
                *[b"<![LOG[", b"]LOG]!>", b'type="'],
            ]
        ),
        max_size=16,
    ).map(b"".join),
)


@given(raw=RAW)
def test_parse_never_raises_and_loses_no_letter(raw: bytes) -> None:
    record = parse(raw)
    text, _ = decode(raw, "cp1252")
    assert record.message == record.message.strip(STRIPPED)
    if record.form is Form.BARE:
        assert record.message == re.sub(r"\r+\n", "\n", text.strip(STRIPPED))
    kept = record.message + record.component + record.stamp_text
    lost = Counter(filter(str.isalnum, text)) - Counter(filter(str.isalnum, kept))
    # What a `<![LOG[` record holds besides is not kept; of others only the word and the digits of the thread.
    assert record.form is Form.CCM or lost.total() <= len("thread=9112 (0x2398)")


def test_reader_forgets_old_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.logs.records._CACHE_LIMIT", 8)
    reader = RecordReader(Clock())
    for thread in range(100):
        text = f"x $$<A><06-14-2018 06:26:25.828-60><thread={thread} (0x{thread:X})>"
        assert reader.parse(text.encode(), "x", 1).thread == thread
    assert len(reader._threads) <= 8


_BEFORE = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [b"Adding  $$<A", b"a $$<A><B", b"x $$<A><06-14-2018 06:26:25.828-60", b"\xe9  $$<A", b"\xc3\xa9 $$<A"]
    ),
)
_WHEN = st.sampled_from(
    [
        b"06-14-2018 06:26:25.828-60",
        b"Fri Oct 15 17:09:46.507 1999 W. Europe Daylight Time",
        b"Mon Apr 21 09:02:14 1997~",
    ]
)
_TAIL = st.sampled_from(
    [
        b"9112 (0x2398)>",
        b"9112 (0x2398)>\r",
        b"168>",
        b"1 (\xe9)>",
        b"7 (0x7)>\xc2\xa0",
        b"5 (0x5)",
        b"5 (0x5)><thread=6 (0x6)>",
    ]
)


def _cut_at_known_places(reader: RecordReader, raw: bytes) -> tuple[bytes, float, int] | None:
    try:
        thread, said, second, fraction, zone = reader.ends[raw[TAIL]]
        return raw[said], reader.seconds[raw[zone]][raw[second]] + FRACTIONS[raw[fraction]], thread
    except KeyError:
        return None


@given(_BEFORE, st.lists(st.tuples(_BEFORE, _WHEN, _TAIL), min_size=1, max_size=5))
def test_record_that_is_cut_tells_what_a_whole_reading_tells(
    before: bytes, parts: list[tuple[bytes, bytes, bytes]]
) -> None:
    raws = [b"%b><%b><thread=%b" % each for each in parts]
    raws += [b"%b><%b><thread=%b" % (before, when, tail) for _, when, tail in parts]
    reader = RecordReader(Clock(UTC))
    for raw in [*raws, *raws]:
        cut = _cut_at_known_places(reader, raw)  # the second time, if not before
        if cut is None or not reader.ends_in_component(cut[0]):
            cut = reader.cut(raw)
        if cut is not None and reader.ends_in_component(cut[0]):
            record = READER.parse(raw, "x.log", 1)
            assert record.stamp is not None
            assert cut[1:] == (record.stamp.utc, record.thread)
            assert reader.read_said(cut[0]) == (record.message, record.component)
            other = READER.parse(cut[0] + b"04-21-2024 07:33:58.583+00><thread=1 (0x1)>", "x.log", 1)
            assert (other.message, other.component) == (record.message, record.component)


def test_usual_record_is_cut() -> None:
    raw = f"~Adding.  $$<SMS_X>{BIAS}\r".encode()
    assert READER.cut(raw) == (b"~Adding.  $$<SMS_X><", 1528953985.828, 9112)
    assert _cut_at_known_places(READER, b"Other" + raw) == (b"Other~Adding.  $$<SMS_X><", 1528953985.828, 9112)
    assert READER.ends_in_component(b"~Adding.  $$<SMS_X><")
    assert not READER.ends_in_component(b"~Adding.  $$<SMS_X>")
    assert not READER.ends_in_component(b"~Adding.  $$<SMS_X><Y><")
