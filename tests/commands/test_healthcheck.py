"""`healthcheck`, against an exporter, against servers that are none, and against nobody."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bcrypt
import pytest

from tests.commands.conftest import Command
from tests.commands.running import Running
from tests.lines import blocked
from tests.web.test_run_options import running

CERTIFICATE = Path(__file__).resolve().parents[1] / "fixtures" / "prometheus" / "certificate.pem"


@contextmanager
def _answering(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives one answer to whatever it is asked; gives its address, and what it was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                asked.append(connection.recv(65536))
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", asked
        thread.join(20)


def test_exporter_that_runs(tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    logs = tmp_path / "SMS_CHI" / "Logs"
    logs.mkdir(parents=True)
    (logs / "distmgr.log").write_bytes(blocked("CEN00021"))
    with Running(tmp_path / "log", logs) as service:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")  # a health check asks no proxy
        assert command("healthcheck", "--url", f"http://{service.address}/") == (0, "healthy\n", "")
        monkeypatch.setenv("CONFIGMGR_EXPORTER_URL", f"http://{service.address}")
        assert command("healthcheck").status == 0
        wrong = command("healthcheck", "--url", f"http://{service.address}/elsewhere")

    assert wrong.status == 1
    assert "it answered 404 Not Found" in wrong.err


def test_nobody_listens(command: Command) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        result = command("healthcheck", "--url", f"http://127.0.0.1:{probe.getsockname()[1]}")

    assert result.status == 1
    assert "no answer: [Errno 111] Connection refused" in result.err


def test_server_that_says_nothing(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        result = command("healthcheck", "--url", address, "--timeout", 0.1)

    assert result.status == 1
    assert "no answer: " in result.err
    assert "timed out" in result.err


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "it answers, and wants other credentials (401)"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "it answered 302 Found"),
        (b"HTTP/1.1 503 \x1b[31mRed\r\nContent-Length: 0\r\n\r\n", "it answered 503 "),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no answer: BadStatusLine"),
        (b"", "no answer: "),
    ],
)
def test_answer_that_is_none_of_a_healthy_exporter(command: Command, answer: bytes, words: str) -> None:
    with _answering(answer) as (address, _):
        result = command("healthcheck", "--url", address)

    assert result.status == 1
    assert words in result.err
    assert "\x1b" not in result.err


def test_credentials_are_sent(command: Command, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("Büro\n", encoding="utf-8")
    with _answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as (address, asked):
        result = command("healthcheck", "--url", address, "--user", "me", "--password-file", tmp_path / "secret")

    assert result.status == 0
    assert b"GET /-/healthy HTTP/1.1" in asked[0]
    assert b"Authorization: Basic bWU6QsO8cm8=" in asked[0]


def test_certificate_that_is_none(command: Command, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")

    result = command("healthcheck", "--url", "https://localhost:1", "--tls.ca-file", tmp_path / "ca.pem")

    assert result.status == 2
    assert "the certificates cannot be used" in result.err


def test_address_that_is_none(command: Command) -> None:
    result = command("healthcheck", "--url", "localhost:10048")

    assert result.status == 2
    assert "'localhost:10048' is not the address of an exporter" in result.err


def test_exporter_behind_tls_and_a_password(command: Command, tmp_path: Path) -> None:
    hashed = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
    web = tmp_path / "web.yml"
    web.write_text(
        f"tls_server_config: {{cert_file: {CERTIFICATE}, key_file: {CERTIFICATE.with_name('key.pem')}}}\n"
        f"basic_auth_users: {{me: {hashed}}}\n"
    )
    (tmp_path / "secret").write_text("secret\n")
    with running(tmp_path, f"CHI={tmp_path}", "--web.config.file", str(web)) as port:
        ask = ("healthcheck", "--url", f"https://localhost:{port}")
        login = ("--user", "me", "--password-file", tmp_path / "secret")
        assert command(*ask, "--tls.ca-file", CERTIFICATE, *login).status == 0
        assert command(*ask, "--tls.insecure", *login).status == 0
        nobody = command(*ask, "--tls.ca-file", CERTIFICATE)
        stranger = command(*ask, *login)
        plain = command("healthcheck", "--url", f"http://localhost:{port}")

    assert (nobody.status, stranger.status, plain.status) == (1, 1, 1)
    assert "it answers, and wants other credentials (401)" in nobody.err
    assert "certificate verify failed" in stranger.err
    assert "no answer: " in plain.err
