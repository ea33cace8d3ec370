"""The service as it is entered on Windows, and what of its log becomes an event. Windows itself is asked elsewhere."""

import logging

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.process.own_log import send_log
from exporter.process.supervisor import Foreground, Supervisor
from exporter.windows.definition import Definition, folder_rights, needs_password, virtual_sid
from exporter.windows.host import FAILED, Event, EventLogHandler, as_event, end_of
from exporter.windows.manager import ServiceError, Status

Events = list[tuple[Event, str]]


@pytest.fixture
def events() -> Events:
    return []


def test_sid_of_a_service_is_made_from_its_name() -> None:
    # As `sc showsid TrustedInstaller` shows on every Windows.
    known = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
    assert virtual_sid(r"NT SERVICE\TrustedInstaller") == known
    assert virtual_sid(r"nt service\trustedinstaller") == known
    assert virtual_sid(r"CONTOSO\exporter") is None


@pytest.mark.parametrize(
    ("account", "needs"),
    [
        (r"NT SERVICE\configmgr-exporter", False),
        (r"NT AUTHORITY\LocalService", False),
        ("LocalSystem", False),
        (r"CONTOSO\exporter$", False),  # a managed account
        (r"CONTOSO\exporter", True),
        (r".\exporter", True),
    ],
)
def test_password(account: str, needs: bool) -> None:  # noqa: FBT001 - a column of the table
    assert needs_password(account) is needs


def test_command_line_is_quoted() -> None:
    # Unquoted, Windows would try C:\Program.exe first.
    line = Definition([r"C:\Program Files\x\python.exe", "-m", "x", r"CHI=D:\SMS Logs", 'a"b']).command_line
    assert line == r'"C:\Program Files\x\python.exe" -m x "CHI=D:\SMS Logs" a\"b'


def test_state_is_for_its_account_only() -> None:
    assert folder_rights("S-1-5-80-1") == ("D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;S-1-5-80-1)")


@pytest.mark.parametrize(
    ("text", "shown"),
    [("100% full", "100% full"), ("listens on fe80::1%1", "listens on fe80::1% 1"), ("x" * 40_000, "x" * 30_000)],
)
def test_text_that_the_event_viewer_would_change(text: str, shown: str) -> None:
    assert as_event(text) == shown


@given(st.text())
def test_no_text_has_a_placeholder(text: str) -> None:
    assert not any(f"%{digit}" in as_event(text) for digit in "0123456789")


def test_warnings_and_errors_become_events(events: Events) -> None:
    log = logging.getLogger("exporter.test")
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        send_log("debug", EventLogHandler(lambda event, text: events.append((event, text))))
        log.info("nothing to see")
        log.warning("lines were lost in %s", "distmgr")
        log.error("the state could not be saved")
    finally:
        logging.basicConfig(level=level, handlers=handlers, force=True)
    assert events == [(Event.WARNING, "lines were lost in distmgr"), (Event.ERROR, "the state could not be saved")]


def test_service_that_is_stopped(events: Events) -> None:
    assert end_of(lambda _supervisor: None, Foreground(), lambda *event: events.append(event)) == 0
    assert events == [(Event.STOPPED, "Stopped.")]


def test_service_that_cannot_start(events: Events) -> None:
    def main(_supervisor: Supervisor) -> None:
        raise click.ClickException("config.yml:7: no such key: sitez")

    assert end_of(main, Foreground(), lambda *event: events.append(event)) == FAILED
    assert events == [(Event.ERROR, "It could not start: config.yml:7: no such key: sitez")]


def test_service_that_has_a_fault(events: Events) -> None:
    def main(_supervisor: Supervisor) -> None:
        raise ZeroDivisionError

    assert end_of(main, Foreground(), lambda *event: events.append(event)) == FAILED
    ((event, text),) = events
    assert event is Event.ERROR
    assert "ZeroDivisionError" in text


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (5, "Run as Administrator"),
        (1060, "not installed"),
        (1069, "Log on as a service"),
        (1073, "configmgr-exporter service remove"),
        (87, "The parameter is incorrect (Windows error 87)"),
    ],
)
def test_trouble_of_the_service_manager_in_words(number: int, words: str) -> None:
    assert words.lower() in str(ServiceError(number, "The parameter is incorrect")).lower()


@pytest.mark.parametrize(
    ("state", "error", "failed"),
    [("stopped", 0, False), ("stopped", 2, True), ("stopped", 1077, False), ("running", 2, False)],
)
def test_last_run_failed(state: str, error: int, failed: bool) -> None:  # noqa: FBT001 - a column of the table
    assert Status(state, 0, error, True, "x", "y").failed is failed  # noqa: FBT003 - as it is shown
