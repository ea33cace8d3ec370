import time

import pytest

from exporter.logs.forms import Form, Parts, read_thread, take_apart


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        # several blanks, or none, before the mark; a carriage return behind it
        (
            "done.~    $$<SMS_X><06-14-2018 06:26:25.828-60><thread=9112 (0x2398)>\r",
            Parts(Form.BIAS, "done.~    ", "SMS_X", "06-14-2018 06:26:25.828-60", "9112 (0x2398)"),
        ),
        (
            "done$$<SMS Provider><Fri Oct 15 17:09:46.507 1999 Pacific Daylight Time><thread=225 (0xE1)>",
            Parts(
                Form.SMS2, "done", "SMS Provider", "Fri Oct 15 17:09:46.507 1999 Pacific Daylight Time", "225 (0xE1)"
            ),
        ),
        (
            "~x $$<C:\\WINNT\\MS\\SMS\\BIN\\CLISVCL.EXE><Mon Nov 15 16:54:10.112 1999><thread=4294798339 (0xFFFD6C03)>",
            Parts(
                Form.SMS2,
                "~x ",
                "C:\\WINNT\\MS\\SMS\\BIN\\CLISVCL.EXE",
                "Mon Nov 15 16:54:10.112 1999",
                "4294798339 (0xFFFD6C03)",
            ),
        ),
        # the zone itself may hold brackets
        (
            "x $$<A><Sat Jul 06 10:00:00.000 2013 Central Daylight Time (Mexico)><thread=1 (0x1)>",
            Parts(Form.SMS2, "x ", "A", "Sat Jul 06 10:00:00.000 2013 Central Daylight Time (Mexico)", "1 (0x1)"),
        ),
        # the last mark counts
        (
            "a $$<B><06-14-2018 06:26:25.828-60><thread=1 (0x1)> b $$<C><06-14-2018 06:26:25.829-60><thread=2 (0x2)>",
            Parts(
                Form.BIAS,
                "a $$<B><06-14-2018 06:26:25.828-60><thread=1 (0x1)> b ",
                "C",
                "06-14-2018 06:26:25.829-60",
                "2 (0x2)",
            ),
        ),
        ("costs 5$$$<A><06-14-2018 06:26:25.828-60>", Parts(Form.BIAS, "costs 5$", "A", "06-14-2018 06:26:25.828-60")),
        # folded in the stamp, and behind it
        (
            "x   $$<SMS_DESPOOLER><Mon Dec 04\n   15:41:50 1995~><thread=E0>",
            Parts(Form.SMS1, "x   ", "SMS_DESPOOLER", "Mon Dec 04 15:41:50 1995~", "E0"),
        ),
        (
            "x $$<SMS_DESPOOLER><Mon Dec 04 15:41:50 1995~>\n   <thread=E0>",
            Parts(Form.SMS1, "x ", "SMS_DESPOOLER", "Mon Dec 04 15:41:50 1995~", "E0"),
        ),
        # altered by hand
        (
            "x $$>SMS_DESPOOLER><Thu Sep 10 09:55:37 1998~><thread=1D0>",
            Parts(Form.SMS1, "x ", "SMS_DESPOOLER", "Thu Sep 10 09:55:37 1998~", "1D0"),
        ),
        (
            "x~ $$(SMS_HIERARCHY_MANAGER)(Mon Jun 26\n   16:18:55 2000~)(thread=326)",
            Parts(Form.SMS1, "x~ ", "SMS_HIERARCHY_MANAGER", "Mon Jun 26 16:18:55 2000~", "326"),
        ),
        ("x.~ $<SMS_DISTRIBUTION_MANAGER>", Parts(Form.CUT, "x.~ ", "SMS_DISTRIBUTION_MANAGER")),
        ("x.~  $$<SMS_DISTRIBUTION_MANAGER>", Parts(Form.CUT, "x.~  ", "SMS_DISTRIBUTION_MANAGER")),
        ("x $$<SMS_X><thread=12 (0xC)>", Parts(Form.CUT, "x ", "SMS_X", "", "12 (0xC)")),
        # the date is none, the rest is
        (
            "x $$<SMS_X><13-32-2018 06:26:25.828-60><thread=12 (0xC)>",
            Parts(Form.BIAS, "x ", "SMS_X", "13-32-2018 06:26:25.828-60", "12 (0xC)"),
        ),
        ("x $$<SMS_X><some day><thread=12 (0xC)>", Parts(Form.SMS2, "x ", "SMS_X", "some day", "12 (0xC)")),
    ],
)
def test_record_with_a_stamp_is_taken_apart(text: str, parts: Parts) -> None:
    assert take_apart(text) == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            '<![LOG[a ]LOG]! b]LOG]!><time="10:22:01.003+240" date="10-13-2020" component="X" type="2" thread="41">\r',
            Parts(Form.CCM, "a ]LOG]! b", "X", "10-13-2020 10:22:01.003+240", "41", "2"),
        ),
        (
            '<![LOG[]LOG]!><time="13:59:35.6721099" date="11-30-2022" component="" type="" thread="">',
            Parts(Form.CCM, "", "", "11-30-2022 13:59:35.6721099", "", ""),
        ),
        ('  <![LOG[x\ny]LOG]!><date="11-30-2022">', Parts(Form.CCM, "x\ny", "", "11-30-2022")),
        ("<![LOG[x]LOG]!>", Parts(Form.CCM, "x")),
        ("<![LOG[torn", Parts(Form.BARE, "<![LOG[torn")),
        (
            "<![LOG[torn  $$<SMS_X><06-14-2018 06:26:25.828-60><thread=1 (0x1)>",
            Parts(Form.BIAS, "<![LOG[torn  ", "SMS_X", "06-14-2018 06:26:25.828-60", "1 (0x1)"),
        ),
    ],
)
def test_ccm_record_is_taken_apart(text: str, parts: Parts) -> None:
    assert take_apart(text) == parts


THREAD = "4636 (0x121C)"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            f"a\tb\tSMS_X\t9/14/2016 3:11:09 PM\t{THREAD}",
            Parts(Form.TABBED, "a\tb", "SMS_X", "9/14/2016 3:11:09 PM", THREAD),
        ),
        (
            f"a\tSMS Provider\t9/14/2016 3:11:09 PM\t{THREAD}\r",
            Parts(Form.TABBED, "a", "SMS Provider", "9/14/2016 3:11:09 PM", THREAD),
        ),
        (f"\tSMS_X\t14.9.2016 15:11:09\t{THREAD}", Parts(Form.TABBED, "", "SMS_X", "14.9.2016 15:11:09", THREAD)),
        ("a\tX\t9/14/2016 3:11:09 PM\t4636", Parts(Form.TABBED, "a", "X", "9/14/2016 3:11:09 PM", "4636")),
        ("a\tX\tx/x/xxxx x:xx:xx xx\t1 (0x1)", Parts(Form.TABBED, "a", "X", "x/x/xxxx x:xx:xx xx", "1 (0x1)")),
        ("a\tX\t9/14/2016 3:11:09 PM", Parts(Form.TABBED, "a", "X", "9/14/2016 3:11:09 PM")),
        ("a\tSMS_X\t", Parts(Form.TABBED, "a", "SMS_X")),
        ("select\ta\t5", Parts(Form.BARE, "select\ta\t5")),
        (f"a\t{THREAD}", Parts(Form.BARE, f"a\t{THREAD}")),
        (
            f"a [P0100017  ][7] SMS_DATABASE_NOTIFICATION_MONITOR 11/18/2013 7:10:14 PM {THREAD}",
            Parts(
                Form.VIEWER, "a [P0100017  ][7]", "SMS_DATABASE_NOTIFICATION_MONITOR", "11/18/2013 7:10:14 PM", THREAD
            ),
        ),
        ("a SMS_X 18.11.2013 19:10:14", Parts(Form.VIEWER, "a", "SMS_X", "18.11.2013 19:10:14")),
        (f"a SMS_LAN_SENDER {THREAD}", Parts(Form.VIEWER, "a", "SMS_LAN_SENDER", "", THREAD)),
        (f"SMS_X 7/27/2008 4:26:29 PM {THREAD} a", Parts(Form.ARTICLE, " a", "SMS_X", "7/27/2008 4:26:29 PM", THREAD)),
        ("SMS_X 7/27/2008 4:26:29 PM a b", Parts(Form.ARTICLE, " a b", "SMS_X", "7/27/2008 4:26:29 PM")),
        ("SMS_X    7076 (0x1ba4)    ~a", Parts(Form.ARTICLE, "    ~a", "SMS_X", "", "7076 (0x1ba4)")),
        (
            "MS_LAN_SENDER 4432 (0x1150) ~a SMS_X",
            Parts(Form.ARTICLE, " ~a SMS_X", "MS_LAN_SENDER", "", "4432 (0x1150)"),
        ),
        ("a. SMS_DISTRIBUTION_MANAGER", Parts(Form.COMPONENT, "a.", "SMS_DISTRIBUTION_MANAGER")),
    ],
)
def test_pasted_record_is_taken_apart(text: str, parts: Parts) -> None:
    assert take_apart(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "$$",
        "$$<",
        "$$<>",
        "plain",
        "Sleep 3600 seconds...",
        "SMS_DISTRIBUTION_MANAGER",
        "~SMS_EXECUTIVE",
        "SMS_EXECUTIVE started SMS_DISTRIBUTION_MANAGER as thread ID 3648 (0xE40)",
        "Error during WNetAddConnection2 to \\\\Server\\SMS_SITE (487).",
        "Cannot open \\\\Server\\SMS_SITE",
        "Updated by USER_A",
        "Restart time = 03/17/99 10:47:16 Eastern Standard Time",
        "Sending file '\\\\PS1DP1\\SMS_DP$\\73E0'",
        "cost is $$<x>",
        "a $<x>",
        "a$<SMS_X>",
        "a $$<B><c>",
        "a $$<B> b",
        "a $$<B><06-14-2018 06:26:25.828-60><thread=1 (0x1)> and more",
        "<JOB STATUS - COMPLETE>",
        "]LOG]!><time>",
    ],
)
def test_message_alone_keeps_every_character(text: str) -> None:
    assert take_apart(text) == Parts(Form.BARE, text)


@pytest.mark.parametrize(
    ("text", "form", "thread"),
    [
        ("9112 (0x2398)", Form.BIAS, 9112),
        ("9112", Form.BIAS, 9112),
        ("168", Form.SMS1, 0x168),
        ("E0", Form.SMS1, 0xE0),
        ("225 (0xE1)", Form.SMS1, 225),
        ("4294798339 (0xFFFD6C03)", Form.SMS2, 0xFFFD6C03),
        ("4188", Form.CCM, 4188),
        ("", Form.CCM, None),
        ("E0", Form.BIAS, None),
        ("-1 (0xFFFFFFFF)", Form.BIAS, None),
        ("1_0", Form.BIAS, None),
        ("²", Form.BIAS, None),
        ("9" * 10_000, Form.BIAS, None),
    ],
)
def test_thread_is_read_in_the_radix_of_its_form(text: str, form: Form, thread: int | None) -> None:
    assert read_thread(text, form) == thread


@pytest.mark.parametrize(
    "text",
    [
        " " * 1_000_000,
        "\t" * 1_000_000,
        "$$<" * 300_000,
        "$$<" + "a" * 1_000_000,
        "$$<a><" + " " * 1_000_000 + "><thread=1>",
        "<![LOG[" * 100_000 + "]LOG]!>" + 'a="' * 300_000,
        "SMS_" + "A_" * 500_000,
        ("SMS_X" + " " * 50) * 20_000,
        "1/1/1111 " * 100_000,
    ],
)
def test_hostile_record_costs_little(text: str) -> None:
    started = time.process_time()
    take_apart(text)
    assert time.process_time() - started < 1.0
