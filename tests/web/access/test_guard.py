"""What the file asks of requests, and that it is asked as soon as the file says so."""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPSConnection
from pathlib import Path

import bcrypt
import pytest

from exporter.config.located_yaml import FileError
from exporter.web.access.guard import Guard
from tests.web.access.clients import ask_securely, login
from tests.web.access.conftest import SERVER, TLS, Authority, authority_in, with_clients
from tests.web.serving import PATIENCE, World, ask, serving

HASH = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
USERS = f"basic_auth_users: {{prometheus: {HASH}}}\n"
EVERYWHERE = ("/", "/metrics", "/-/healthy", "/-/ready", "/api/v1/hierarchy", "/nothing", "/logs", "/site/NYC")


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], Path]:
    path = tmp_path / "web.yml"

    def write(text: str) -> Path:
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("path", EVERYWHERE)
def test_a_password_is_asked_for_everywhere(file: Callable[[str], Path], path: str) -> None:
    with serving(World(), guard=Guard(file(USERS))) as port:
        for header in ("", login("prometheus", "wrong"), login("nobody", "secret"), "Basic x", "Bearer x"):
            answer = ask(port, path, Authorization=header)
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"] == 'Basic realm="configmgr-exporter", charset="UTF-8"'
            assert answer.headers["X-Frame-Options"] == "DENY"
        right = ask(port, path, Authorization=login("prometheus", "secret"))
        assert right.status == (404 if path == "/nothing" else 200)
        assert ask(port, path, "POST", Authorization="").status == 401


def test_the_api_tells_refusals_in_its_own_form(file: Callable[[str], Path]) -> None:
    with serving(World(), guard=Guard(file(USERS))) as port:
        assert '{"error": {"code": "unauthorized"' in ask(port, "/api/v1/blocked").text
    with serving(World(), guard=Guard(file("rate_limit: {interval: 1h, burst: 1}"))) as port:
        assert ask(port, "/api/v1/blocked").status == 200
        answer = ask(port, "/api/v1/blocked")
        assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
        assert '{"error": {"code": "too_many_requests"' in answer.text


def test_one_request_too_many_is_refused(file: Callable[[str], Path]) -> None:
    now = 0.0
    guard = Guard(file("rate_limit: {interval: 2s, burst: 3}"), clock=lambda: now)
    with serving(World(), guard=guard) as port:
        assert [ask(port, "/-/healthy").status for _ in range(5)] == [200, 200, 200, 429, 429]
        now = 2.0
        assert [ask(port, "/-/healthy").status for _ in range(2)] == [200, 429]


def test_headers_of_the_file_go_before_the_exporters_own(file: Callable[[str], Path]) -> None:
    set_here = "X-Frame-Options: sameorigin, X-XSS-Protection: '0', Strict-Transport-Security: ''"
    text = f"http_server_config: {{headers: {{{set_here}}}}}"
    with serving(World(), guard=Guard(file(text))) as port:
        for path in ("/", "/metrics", "/nothing"):
            headers = ask(port, path).headers
            assert headers["X-Frame-Options"] == "sameorigin"
            assert headers["X-XSS-Protection"] == "0"
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert "Strict-Transport-Security" not in headers


def test_what_changes_in_the_file_holds_from_the_next_request_on(file: Callable[[str], Path]) -> None:
    with serving(World(), guard=Guard(file(""))) as port:
        assert ask(port, "/metrics").status == 200
        file(USERS)
        assert ask(port, "/metrics").status == 401
        assert ask(port, "/metrics", Authorization=login("prometheus", "secret")).status == 200
        file(USERS.replace("prometheus", "grafana"))
        assert ask(port, "/metrics", Authorization=login("prometheus", "secret")).status == 401
        file("rate_limit: {interval: 1h, burst: 1}")
        assert [ask(port, "/metrics").status for _ in range(2)] == [200, 429]


def test_a_limit_that_stays_is_not_filled_again_by_another_change(file: Callable[[str], Path]) -> None:
    limit = "rate_limit: {interval: 1h, burst: 1}\n"
    with serving(World(), guard=Guard(file(limit))) as port:
        assert ask(port, "/metrics").status == 200
        file(f"{limit}http_server_config: {{headers: {{X-XSS-Protection: '0'}}}}")
        assert ask(port, "/metrics").status == 429


def test_a_file_that_cannot_be_used_any_more_changes_nothing_and_is_told_once(
    file: Callable[[str], Path], caplog: pytest.LogCaptureFixture
) -> None:
    right = login("prometheus", "secret")
    noted: list[bool] = []
    with serving(World(), guard=Guard(file(USERS), noted.append)) as port, caplog.at_level(logging.INFO):
        path = file("basic_auth_users: {prometheus: hunter2}")
        for _ in range(3):
            assert ask(port, "/metrics").status == 401
            assert ask(port, "/metrics", Authorization=right).status == 200
        path.unlink()
        assert ask(port, "/metrics").status == 401
        file(USERS)
        assert ask(port, "/metrics", Authorization=right).status == 200
    assert noted == [False, False, True]
    words = [record.message for record in caplog.records]
    assert len(words) == 3
    assert "the old one stays in use" in words[0]
    assert "is no bcrypt hash" in words[0]
    assert "No such file" in words[1]
    assert words[2] == "The web configuration was read again"
    assert "hunter2" not in caplog.text


def test_secrets_are_never_logged(authority: Authority, caplog: pytest.LogCaptureFixture) -> None:
    guard = Guard(authority.config(f"{TLS}{USERS}", "secrets.yml"))
    with serving(World(), guard=guard) as port, caplog.at_level(logging.DEBUG):
        for password in ("secret", "hunter2"):
            ask_securely(port, authority.client(), Authorization=login("prometheus", password))
    assert HASH not in caplog.text + repr(guard._access)
    assert "secret" not in caplog.text.replace("secrets.yml", "")
    assert "hunter2" not in caplog.text


def test_tls_cannot_be_switched_off_while_it_is_spoken(authority: Authority, caplog: pytest.LogCaptureFixture) -> None:
    with serving(World(), guard=Guard(authority.config(TLS, "on.yml"))) as port:
        authority.config("", "on.yml")
        assert ask_securely(port, authority.client()).status == 200
    assert "TLS can be switched on or off by a restart only" in caplog.text


def test_a_new_certificate_is_used_from_the_next_connection_on_and_drops_none(tmp_path: Path) -> None:
    authority = authority_in(tmp_path)
    context = authority.client()
    with serving(World(), guard=Guard(authority.config(TLS))) as port:
        kept = HTTPSConnection(SERVER, port, timeout=PATIENCE, context=context)
        first = certificate_seen(kept)
        authority.issue("server", SERVER)
        other = HTTPSConnection(SERVER, port, timeout=PATIENCE, context=context)
        assert certificate_seen(other) != first
        assert certificate_seen(kept) == first
        kept.close()
        other.close()


def certificate_seen(connection: HTTPSConnection) -> str:
    """Send a request and return which certificate the server has shown on the connection."""
    connection.request("GET", "/-/healthy")
    certificate = connection.sock.getpeercert()
    assert certificate is not None
    assert connection.getresponse().read() == b"configmgr-exporter is healthy.\n"
    return str(certificate["serialNumber"])


def test_half_of_a_new_pair_is_not_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    authority = authority_in(tmp_path)
    old = authority.text("server.key")
    with serving(World(), guard=Guard(authority.config(TLS))) as port:
        authority.issue("server", SERVER)
        new = authority.text("server.key")
        (tmp_path / "server.key").write_text(old)
        assert ask_securely(port, authority.client()).status == 200
        assert "server.key" not in caplog.text
        assert "key_file: is not the key of the certificate" in caplog.text
        (tmp_path / "server.key").write_text(new)
        assert ask_securely(port, authority.client()).status == 200


def test_a_new_authority_of_clients_ends_the_old_ones(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    authority = authority_in(tmp_path)
    authority_in(tmp_path / "new")
    with serving(World(), guard=Guard(authority.config(with_clients()))) as port:
        assert ask_securely(port, authority.client("client")).status == 200
        os.replace(tmp_path / "new" / "ca.crt", tmp_path / "ca.crt")  # noqa: PTH105 - as tools do it
        with pytest.raises((ssl.SSLError, ConnectionError)):
            ask_securely(port, authority.client("client"))
        context = authority.client()
        context.load_cert_chain(tmp_path / "new" / "client.crt", tmp_path / "new" / "client.key")
        assert ask_securely(port, context).status == 200


def test_a_storm_of_wrong_passwords_stalls_no_scrape(file: Callable[[str], Path]) -> None:
    slow = bcrypt.hashpw(b"secret", bcrypt.gensalt(12)).decode()
    right = login("prometheus", "secret")
    with serving(World(), guard=Guard(file(f"basic_auth_users: {{prometheus: {slow}}}"))) as port:
        assert ask(port, "/metrics", Authorization=right).status == 200
        with ThreadPoolExecutor(16) as clients:
            storm = [
                clients.submit(ask, port, "/metrics", Authorization=login("prometheus", f"wrong {number}"))
                for number in range(60)
            ]
            assert ask(port, "/metrics", Authorization=right).status == 200
            assert sum(wrong.done() for wrong in storm) < 60
            statuses = [wrong.result().status for wrong in storm]
        assert set(statuses) == {401, 503}


def test_a_file_that_cannot_be_used_at_the_start_is_an_error(file: Callable[[str], Path]) -> None:
    with pytest.raises(FileError, match="no bcrypt hash"):
        Guard(file("basic_auth_users: {a: b}"))
