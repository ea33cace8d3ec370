from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.events.loader import load_catalogue
from exporter.events.matcher import MAX_SAMPLES, Matcher, Scan
from exporter.events.user import MAX_TIMEOUTS, UserTemplate
from exporter.logs.block import Block
from exporter.logs.clock import Clock
from exporter.logs.records import RecordReader
from tests.events.golden import catalogue, matcher
from tests.events.lines import (
    BLOCKED_NAMES,
    BLOCKED_UNIT,
    NOISE,
    PASTED_FORMS,
    STAMPED_FORMS,
    STATMSG,
    alone,
    article,
    biased,
    ccm,
    named,
)

Form = Callable[..., str]


def _scan(lines: Iterable[str], *, stamped: bool = True, log: str = "distmgr", end: str = "\r\n") -> Scan:
    data = "".join(line + end for line in lines).encode()
    return matcher().scan(Block(data, "distmgr.log", 1, stamped=stamped, final=True), log)


def _names(scan: Scan) -> list[str]:
    return [event.name for event in scan.events]


@pytest.mark.parametrize("form", STAMPED_FORMS)
def test_blocked_unit_is_found_among_noise_in_every_form_on_disk(form: Form) -> None:
    lines = [form(line) for pair in zip(NOISE, BLOCKED_UNIT, strict=False) for line in pair if line]
    found = _scan(lines)
    assert _names(found) == list(BLOCKED_NAMES)
    assert found.lines == found.records == len(lines)


@pytest.mark.parametrize("form", PASTED_FORMS)
def test_blocked_unit_is_found_in_every_form_that_people_paste(form: Form) -> None:
    found = _scan([form(line) for line in BLOCKED_UNIT], stamped=False)
    assert _names(found) == list(BLOCKED_NAMES)
    assert [event.line for event in found.events] == [1, 2, 3, 4, 5, 6, 7]


def test_event_tells_where_and_when_and_by_whom() -> None:
    (event,) = _scan([NOISE[0], "", biased("~Exiting package processing thread for package CEN0000E.")]).events
    assert event.name == "package_thread_exited"
    assert event.fields == {"package": "CEN0000E"}
    assert (event.log, event.file, event.line) == ("distmgr", "distmgr.log", 3)
    assert (event.time, event.thread, event.component) == (1528953985.828, 9112, "SMS_DISTRIBUTION_MANAGER")
    assert event.text == "Exiting package processing thread for package CEN0000E."


def test_stamp_whose_zone_is_unknown_gives_no_time() -> None:
    unknown = biased(BLOCKED_UNIT[1]).replace("06-14-2018 06:26:25.828-60", "06-14-2018 06:26:25.828")
    found = _scan([unknown])
    assert found.events[0].time is None
    assert found.last_record is None


@pytest.mark.parametrize("start", ["", "~", " ", "~ ", " ~", "~~", "          ", " ~ ~ ~ ~ ~ ~ ", "\u00a0", "\t"])
@pytest.mark.parametrize("form", [biased, ccm])
def test_what_stands_before_a_message_does_not_hide_it(form: Form, start: str) -> None:
    assert _names(_scan([form(start + "Adding package CEN00010 to the active package array.")])) == ["package_locked"]


@pytest.mark.parametrize(
    "message",
    ["Adding  package CEN00010 to the active package array", "Adding~package~CEN00010 to~ the active package array.~"],
)
def test_odd_blanks_do_not_hide_a_message(message: str) -> None:
    assert _names(_scan([biased(message)])) == ["package_locked"]


def test_indented_ccm_record_is_found() -> None:
    assert _names(_scan(["  " + ccm("~ Heartbeat is expired.", "SMS_LAN_SENDER")])) == ["heartbeat_expired"]


def test_component_decides_not_the_name_of_the_file() -> None:
    line = "Sending thread complete~"
    assert _names(_scan([biased(line, "SMS_PACKAGE_TRANSFER_MANAGER")], log="distmgr")) == ["transfer_thread_completed"]
    assert _names(_scan([biased(line, "SMS_DISTRIBUTION_MANAGER")], log="pkgxfermgr")) == []
    assert _names(_scan([biased(line, "MS_PACKAGE_TRANSFER")], log="pkgxfermgr")) == ["transfer_thread_completed"]


@pytest.mark.parametrize("component", ["SMS_LAN_SENDER", "SMS_ASYNC_RAS_SENDER", "SMS_PACKAGE_TRANSFER_MANAGER"])
def test_message_that_several_components_write_is_believed_of_each(component: str) -> None:
    assert _names(_scan([biased("~Sending completed successfully", component)])) == ["sending_completed"]


def test_message_of_any_component_is_believed_of_each() -> None:
    line = "SMS_EXECUTIVE started SMS_REPLICATION_MANAGER as thread ID 3648 (0xE40)"
    for component in ("SMS_EXECUTIVE", "SMS_REPLICATION_MANAGER"):
        (event,) = _scan([biased(line, component)]).events
        assert (event.name, event.fields["component"]) == ("component_started", "SMS_REPLICATION_MANAGER")


def test_message_that_begins_with_a_value_is_found() -> None:
    found = _scan([biased("PS1 is not an active site, ignore it"), biased("PS11 is not an active site, ignore it")])
    assert [(event.name, event.fields) for event in found.events] == [("site_not_active", {"site": "PS1"})]


def test_status_message_gives_all_its_parts() -> None:
    (event,) = _scan([biased(STATMSG)]).events
    assert event.name == "status_message"
    assert event.time == 1528953985.828
    assert event.fields == {
        "id": 2301,
        "severity": "info",
        "component": "SMS_DISTRIBUTION_MANAGER",
        "site": "PS1",
        "system": "SRV",
        "package": "PS100003",
        "version": "",
        "distribution_point": "",
        "name": "Office",
        "istr0": "Office",
        "istr1": "PS100003",
        **{f"istr{n}": "" for n in range(2, 10)},
    }


def test_status_message_of_any_component_is_counted() -> None:
    line = STATMSG.replace("2301", "620").replace("SMS_DISTRIBUTION_MANAGER", "SMS_POLICY_PROVIDER")
    (event,) = _scan([biased(line, "SMS_POLICY_PROVIDER")], log="policypv").events
    assert (event.fields["id"], event.fields["component"]) == (620, "SMS_POLICY_PROVIDER")
    assert event.fields["name"] == ""  # what its first string is, nobody knows


def test_status_message_without_component_has_that_of_its_record() -> None:
    (event,) = _scan([biased("~STATMSG: ID=2301 SEV=E LEV=M")]).events
    assert (event.fields["component"], event.fields["severity"]) == ("SMS_DISTRIBUTION_MANAGER", "error")


def test_pasted_status_message_tells_its_own_time() -> None:
    (event,) = _scan([STATMSG], stamped=False).events
    assert event.time == pytest.approx(1463409370.061)


@pytest.mark.parametrize("form", [alone, article])
def test_wrapped_status_message_is_put_together(form: Form) -> None:
    at = [STATMSG.index(" COMP="), STATMSG.index(" ISTR1="), STATMSG.index(" AID0=")]
    parts = [STATMSG[start:end].strip() for start, end in zip([0, *at], [*at, None], strict=True)]
    found = _scan([form(parts[0]), *parts[1:], "Sleep 3600 seconds..."], stamped=False)
    assert _names(found) == ["status_message", "component_sleeping"]
    assert found.events[0].fields["package"] == "PS100003"
    assert (found.events[0].line, found.events[1].line) == (1, 5)


def test_cut_off_status_message_ends_where_another_line_begins() -> None:
    found = _scan([STATMSG[:90], STATMSG[90:140], "Sleep 3600 seconds..."], stamped=False)
    assert [(event.name, event.line) for event in found.events] == [("status_message", 1), ("component_sleeping", 3)]


@pytest.mark.parametrize("form", [alone, article])
def test_wrapped_message_is_put_together(form: Form) -> None:
    words = BLOCKED_UNIT[4].split(" ")
    lines = [" ".join(words[:8]), " ".join(words[8:15]), "  " + " ".join(words[15:])]
    found = _scan([form(lines[0]), *lines[1:], form(BLOCKED_UNIT[5])], stamped=False)
    assert _names(found) == ["program_reference_missing", "package_program_not_updated"]
    assert [event.line for event in found.events] == [1, 4]


def test_lines_apart_are_not_one_message() -> None:
    found = _scan(["Adding package CEN00010 to", "", "the active package array."], stamped=False)
    assert _names(found) == []


def test_line_without_stamp_does_not_hide_the_next_record() -> None:
    found = _scan([biased(NOISE[0]), "Half of a li", biased(BLOCKED_UNIT[4])])
    assert [(event.name, event.line, event.thread) for event in found.events] == [
        ("program_reference_missing", 3, 9112)
    ]


def test_line_that_lost_its_stamp_is_an_event_without_time() -> None:
    found = _scan([BLOCKED_UNIT[1], biased(BLOCKED_UNIT[4]), named(NOISE[1])])
    assert [(event.name, event.line, event.time, event.thread, event.component) for event in found.events] == [
        ("package_locked", 1, None, None, ""),
        ("program_reference_missing", 2, 1528953985.828, 9112, "SMS_DISTRIBUTION_MANAGER"),
    ]


def test_torn_status_message_does_not_hide_the_next_record() -> None:
    found = _scan([STATMSG[:90], biased(BLOCKED_UNIT[4])])
    assert [(event.name, event.line) for event in found.events] == [
        ("status_message", 1),
        ("program_reference_missing", 2),
    ]


def test_message_over_several_lines_is_one_event() -> None:
    state = (
        "Send Request 202SQCS1\n    JobID: 00000E2A\n    DestSite: PS1 FinalSite:\n    State: Pending Status:\n"
        "    Action: None Total size: 204864k Remaining: 0k Heartbeat: 12:23 Start: 12:00 Finish: 12:00 Retry:\n"
        "    SWD PkgID: CEN0000E SWD Pkg Version: 1"
    )
    found = _scan([NOISE[0], biased(state, "SMS_SCHEDULER"), biased(BLOCKED_UNIT[1])], log="sched", end="\n")
    assert [(event.name, event.line) for event in found.events] == [("send_request_state", 2), ("package_locked", 8)]
    assert found.events[0].fields["remaining_kilobytes"] == 0


def test_unconfirmed_wording_is_not_matched() -> None:
    found = _scan([biased("Successfully updated the package program Install for package CEN0000E")])
    assert found.events == []


@pytest.mark.parametrize(
    ("message", "suspicious"),
    [
        ("An error nobody knows", True),
        ("It has Failed.", True),
        ("WARNING of something", True),
        ("the failover is complete", False),
        ("failover failed", True),
        ("all is well", False),
        ("SQL>>>select Error from Failures", False),
        (BLOCKED_UNIT[4], False),
        (STATMSG.replace("SEV=I", "SEV=E"), False),
    ],
)
@pytest.mark.parametrize("stamped", [True, False])
def test_failure_that_nothing_matches_is_counted_and_shown(message: str, *, suspicious: bool, stamped: bool) -> None:
    form = biased if stamped else article
    found = _scan([form(NOISE[0]), form(message)], stamped=stamped)
    assert found.unmatched == int(suspicious)
    assert found.samples == ([message.removesuffix(".") if message.endswith("~") else message] if suspicious else [])


def test_failure_is_suspicious_only_in_components_that_the_catalogue_covers() -> None:
    assert _scan([biased("An error", "SMS_POLICY_PROVIDER")]).unmatched == 0
    assert _scan([biased("An error", "SMS_LAN_SENDER")]).unmatched == 1
    assert _scan(["An error"], stamped=False, log="sender").unmatched == 1
    assert _scan(["An error"], stamped=False, log="policypv").unmatched == 0


def test_word_of_failure_outside_the_message_is_not_suspicious() -> None:
    assert _scan([biased("All is well", "SMS_FAILURE_MANAGER"), biased("All is well")]).unmatched == 0


def test_samples_are_few_and_short() -> None:
    found = _scan([biased(f"error {n} " + "x" * 5000) for n in range(20)])
    assert found.unmatched == 20
    assert len(found.samples) == MAX_SAMPLES
    assert all(len(sample) < 500 for sample in found.samples)


def test_last_record_is_the_last_with_a_stamp() -> None:
    assert _scan([named(NOISE[0]), biased(NOISE[1]), "no stamp here"]).last_record == 1528953985.828
    assert _scan(["no stamp here"]).last_record is None
    assert _scan([alone(NOISE[0])], stamped=False).last_record is None


def test_counts_of_the_block_are_passed_on() -> None:
    data = b"loose line\r\nROLLOVER\r\n" + biased("caf\u00e9").encode() + b"\r\n" + b"torn"
    found = matcher().scan(Block(data, "x.log"), "distmgr")
    assert (found.consumed, found.lines, found.records, found.stampless) == (len(data) - 4, 3, 3, 2)
    assert found.undecodable == 0


def test_bytes_of_no_encoding_are_counted_by_record() -> None:
    good, bad = biased("x é").encode("cp1252"), biased("x ?").encode().replace(b"?", b"\x81\x8d")
    found = matcher().scan(Block(b"\r\n".join([good, bad, bad, b""]), "x.log"), "distmgr")
    assert found.undecodable == 2


def test_empty_block_is_an_empty_scan() -> None:
    assert matcher().scan(Block(b"", "x.log"), "distmgr") == Scan()


@given(st.binary(max_size=400), st.booleans(), st.booleans())
@settings(max_examples=200, deadline=None)
def test_arbitrary_bytes_never_raise(data: bytes, stamped: bool, final: bool) -> None:  # noqa: FBT001
    found = matcher().scan(Block(data, "x.log", 1, stamped, final), "distmgr")
    assert 0 <= found.consumed <= len(data)


def _with(*templates: UserTemplate) -> Matcher:
    return Matcher(load_catalogue(templates), RecordReader(Clock()))


def _user_scan(matcher: Matcher, *messages: str, log: str = "distmgr", stamped: bool = True) -> Scan:
    data = "".join((biased(message) if stamped else message) + "\n" for message in messages).encode()
    return matcher.scan(Block(data, "x.log", 1, stamped=stamped, final=True), log)


@pytest.mark.parametrize("stamped", [True, False])
def test_template_of_the_configuration_file_gives_events_of_its_own_name(*, stamped: bool) -> None:
    mine = _with(UserTemplate(name="validated", text="Start validating package {package} on server {text:server}..."))
    (event,) = _user_scan(mine, *NOISE, stamped=stamped).events
    assert (event.name, event.fields) == ("user:validated", {"package": "CEN00010", "server": "X"})


def test_pattern_of_the_configuration_file_is_searched_for() -> None:
    mine = _with(UserTemplate(name="disk", pattern=r"drive (?P<drive>[A-Z])(?: of (?P<host>\w+))?"))
    (event,) = _user_scan(mine, *NOISE, *BLOCKED_UNIT[:1]).events[:1]
    assert (event.name, event.fields) == ("user:disk", {"drive": "E", "host": ""})


def test_template_of_the_configuration_file_that_begins_with_a_value_is_found() -> None:
    mine = _with(UserTemplate(name="done", text="{text:what} is complete"))
    assert _names(_user_scan(mine, *NOISE)) == ["user:done"]


def test_template_of_the_configuration_file_never_takes_a_line_of_the_catalogue() -> None:
    mine = _with(
        UserTemplate(name="all", pattern="."), UserTemplate(name="lock", text="Adding package {package} to{rest:_}")
    )
    assert _names(_user_scan(mine, *BLOCKED_UNIT, STATMSG)) == [*BLOCKED_NAMES, "status_message"]


def test_template_of_the_configuration_file_is_for_its_log_and_component() -> None:
    for template, names in (
        (UserTemplate(name="a", pattern="drive", log="sender"), []),
        (UserTemplate(name="b", pattern="drive", log="distmgr"), ["user:b"]),
        (UserTemplate(name="c", pattern="drive", component="SMS_LAN_SENDER"), []),
        (UserTemplate(name="d", pattern="drive", component="SMS_DISTRIBUTION_MANAGER"), ["user:d"]),
        (UserTemplate(name="e", text="Use drive {word:drive} for{rest:_}", log="sender"), []),
    ):
        assert _names(_user_scan(_with(template), *NOISE)) == names


def test_line_that_a_template_of_the_configuration_file_matches_is_not_suspicious() -> None:
    mine = _with(UserTemplate(name="known", text="An ERROR that has no entry"))
    assert _user_scan(mine, "An ERROR that has no entry", "An ERROR too").unmatched == 1


def test_pattern_that_never_ends_is_stopped_counted_and_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.events.user.MAX_SLOWNESS", float("inf"))  # a busy machine may take seconds
    mine = _with(UserTemplate(name="slow", pattern=r"^(a|a)+$"), UserTemplate(name="good", pattern="b$"))
    hostile = "a" * 60 + "b"
    first = _user_scan(mine, hostile)
    assert _names(first) == ["user:good"]
    assert first.user_timeouts == {"slow": 1}
    rest = _user_scan(mine, *[hostile] * 5)
    assert rest.user_timeouts == {"slow": MAX_TIMEOUTS - 1}
    assert mine.disabled == {"slow"}
    assert _names(rest) == ["user:good"] * 5


def test_scan_does_not_change_what_the_next_one_finds() -> None:
    assert _scan(map(biased, BLOCKED_UNIT)) == _scan(map(biased, BLOCKED_UNIT))
    assert catalogue().user == ()
