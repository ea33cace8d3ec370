"""Encrypted connections, by clients that may come in and clients that may not."""

from __future__ import annotations

import gc
import json
import logging
import socket
import ssl
import struct
import subprocess
import warnings
from contextlib import ExitStack

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from exporter.web.access.guard import Guard
from exporter.web.access.tls import names_of
from exporter.web.connections import Limits
from tests.web.access.clients import ask_securely
from tests.web.access.conftest import SERVER, TLS, Authority, with_clients
from tests.web.serving import PATIENCE, World, ask, raw, rest, serving

_REFUSED = (ssl.SSLError, ConnectionError, OSError)


def guard(authority: Authority, text: str) -> Guard:
    return Guard(authority.config(text))


def status(port: int, context: ssl.SSLContext) -> int:
    return ask_securely(port, context).status


def test_a_client_that_trusts_the_authority_is_answered(authority: Authority) -> None:
    with serving(World(), guard=guard(authority, TLS)) as port:
        answer = ask_securely(port, authority.client(), "/metrics")
        assert answer.status == 200
        assert "configmgr_site_blocked_task_sequences" in answer.text


def test_prometheus_is_told_to_come_over_tls_too(authority: Authority) -> None:
    with serving(World(), guard=guard(authority, TLS)) as port:
        (target, *_) = json.loads(ask_securely(port, authority.client(), "/api/v1/http_sd").body)
    assert target["targets"] == [f"{SERVER}:{port}"]
    assert target["labels"]["__scheme__"] == "https"


def test_plain_http_is_not_answered_where_tls_is_spoken(authority: Authority) -> None:
    with serving(World(), guard=guard(authority, TLS)) as port, raw(port) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"HTTP/1.1 200" not in rest(plain)
        assert status(port, authority.client()) == 200


def test_curl_is_answered_in_http_1_1(authority: Authority) -> None:
    with serving(World(), guard=guard(authority, TLS)) as port:
        command = ["curl", "-sS", "--http2", "--cacert", str(authority.folder / "ca.crt"), "-w", "%{http_version}"]
        result = subprocess.run([*command, f"https://{SERVER}:{port}/-/healthy"], capture_output=True, check=True)
        assert result.stdout == b"configmgr-exporter is healthy.\n1.1"


@pytest.mark.parametrize(
    ("certificate", "come_in"), [("client", True), ("", False), ("stranger", False), ("expired", False)]
)
def test_client_certificates_are_required_and_verified(
    authority: Authority, certificate: str, *, come_in: bool
) -> None:
    with serving(World(), guard=guard(authority, with_clients())) as port:
        context = authority.client(certificate)
        if come_in:
            assert status(port, context) == 200
        else:
            with pytest.raises(_REFUSED):
                status(port, context)
            assert status(port, authority.client("client")) == 200


@pytest.mark.parametrize(("certificate", "come_in"), [("client", True), ("", True), ("stranger", False)])
def test_client_certificates_are_verified_if_given(authority: Authority, certificate: str, *, come_in: bool) -> None:
    text = with_clients(client_auth_type="VerifyClientCertIfGiven")
    with serving(World(), guard=guard(authority, text)) as port:
        if come_in:
            assert status(port, authority.client(certificate)) == 200
        else:
            with pytest.raises(_REFUSED):
                status(port, authority.client(certificate))


@pytest.mark.parametrize("name", ["prometheus.example", "team@example.com", "10.0.0.7", "FD00:0:0::7"])
def test_a_client_with_an_allowed_name_comes_in(authority: Authority, name: str) -> None:
    text = with_clients(client_allowed_sans=f'["elsewhere.example", "{name}"]')
    with serving(World(), guard=guard(authority, text)) as port:
        assert status(port, authority.client("client")) == 200


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("name", ["other.example", "example", "*.example", "Prometheus.example"])
def test_a_client_without_an_allowed_name_does_not(authority: Authority, name: str, version: str) -> None:
    text = with_clients(client_allowed_sans=f'["{name}"]')
    arrived: list[str] = []

    @web.middleware
    async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
        arrived.append(request.path)
        return await handler(request)

    with serving(World(), guard=guard(authority, text), middlewares=(note,)) as port:
        context = authority.client("client", maximum_version=ssl.TLSVersion[version])
        with pytest.raises(_REFUSED):
            ask_securely(port, context, "/metrics")
    assert arrived == []


def test_names_of_every_kind_count() -> None:
    names = (("DNS", "a"), ("email", "b@c"), ("URI", "spiffe://d/e"), ("IP Address", "FD00:0:0:0:0:0:0:7"))
    certificate = {"subjectAltName": (*names, ("DirName", ((("commonName", "f"),),)))}
    assert names_of(certificate) == {"a", "b@c", "spiffe://d/e", "fd00::7"}
    assert names_of({"subject": ((("commonName", "a"),),)}) == set()


def negotiated(port: int, context: ssl.SSLContext) -> tuple[str | None, str]:
    plain = socket.create_connection((SERVER, port), PATIENCE)
    with plain, context.wrap_socket(plain, server_hostname=SERVER) as connection:
        cipher = connection.cipher()
        assert cipher
        return connection.version(), cipher[0]


def test_versions_are_enforced(authority: Authority) -> None:
    old, new = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    with serving(World(), guard=guard(authority, TLS)) as port:
        assert negotiated(port, authority.client(maximum_version=old))[0] == "TLSv1.2"
        assert negotiated(port, authority.client())[0] == "TLSv1.3"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            oldest = authority.client(minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)
        oldest.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises(_REFUSED):
            negotiated(port, oldest)
    keys = "cert_file: server.crt, key_file: server.key"
    newest_only = guard(authority, f"tls_server_config: {{{keys}, min_version: TLS13}}")
    with serving(World(), guard=newest_only) as port, pytest.raises(_REFUSED):
        negotiated(port, authority.client(maximum_version=old))
    with serving(World(), guard=guard(authority, f"tls_server_config: {{{keys}, max_version: TLS12}}")) as port:
        with pytest.raises(_REFUSED):
            negotiated(port, authority.client(minimum_version=new))
        assert negotiated(port, authority.client())[0] == "TLSv1.2"


def test_cipher_suites_are_enforced_in_the_order_that_was_asked_for(authority: Authority) -> None:
    large, small = "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256"
    text = (
        "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  max_version: TLS12\n"
        "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n"
    )

    def client(suites: str) -> ssl.SSLContext:
        context = authority.client()
        context.set_ciphers(suites)
        return context

    with serving(World(), guard=guard(authority, text)) as port:
        assert negotiated(port, client(f"{small}:{large}"))[1] == large
        assert negotiated(port, client(small))[1] == small
        with pytest.raises(_REFUSED):
            negotiated(port, client("ECDHE-ECDSA-CHACHA20-POLY1305"))
    text += "  prefer_server_cipher_suites: false\n"
    with serving(World(), guard=guard(authority, text)) as port:
        assert negotiated(port, client(f"{small}:{large}"))[1] == small


def test_the_curve_is_enforced(authority: Authority) -> None:
    text = "tls_server_config: {cert_file: server.crt, key_file: server.key, curve_preferences: [CurveP521]}"
    with serving(World(), guard=guard(authority, text)) as port:
        for curve, agreed in (("secp521r1", True), ("secp384r1", False)):
            context = authority.client()
            context.set_ecdh_curve(curve)
            if agreed:
                assert status(port, context) == 200
            else:
                with pytest.raises(_REFUSED):
                    status(port, context)


def client_hello() -> bytes:
    outgoing = ssl.MemoryBIO()
    hello = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=SERVER)
    with pytest.raises(ssl.SSLWantReadError):
        hello.do_handshake()
    return outgoing.read()


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00" * 500,
        b"\x16\x03\x01\xff\xff" + b"\x01" * 70_000,
        client_hello()[:100],
        client_hello() + b"\x00" * 200,
        client_hello()[:5] + bytes(500),
        struct.pack(">BHH", 21, 0x0303, 2) + b"\x02\x28",
        b"\x80\x2e\x01\x00\x02" + bytes(60),
    ],
    ids=["nulls", "too long", "cut off", "rubbish behind it", "rubbish in it", "an alert", "SSL 2"],
)
def test_malformed_handshakes_harm_nobody(authority: Authority, sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with serving(World(), guard=guard(authority, TLS)) as port:
        with raw(port) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            assert b"HTTP" not in rest(connection)
        assert status(port, authority.client()) == 200
    # Or anybody could fill the log.
    assert [each for each in caplog.records if each.levelno > logging.DEBUG] == []


def test_handshakes_that_were_only_begun_are_bounded_and_keep_nobody_out(authority: Authority) -> None:
    with serving(World(), guard=guard(authority, TLS), limits=Limits(connections=20)) as port, ExitStack() as stack:
        begun = [stack.enter_context(raw(port)) for _ in range(100)]
        for each in begun[::2]:
            each.sendall(client_hello()[:50])
        assert status(port, authority.client()) == 200
        # The first ones were cut off to make room.
        assert all(rest(each) == b"" for each in begun[:70])


def test_a_silent_tls_connection_is_closed(authority: Authority) -> None:
    with serving(World(), guard=guard(authority, TLS), limits=Limits(idle_seconds=0.2)) as port:
        plain = socket.create_connection((SERVER, port), PATIENCE)
        with plain, authority.client().wrap_socket(plain, server_hostname=SERVER) as connection:
            assert connection.recv(1) == b""


def test_without_a_certificate_the_server_speaks_plain_http(authority: Authority) -> None:
    with serving(World(), guard=guard(authority, "rate_limit: {interval: 0}\n")) as port:
        assert ask(port, "/-/healthy").status == 200


@pytest.mark.parametrize(
    "requests",
    [
        b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 300,
        b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ],
    ids=["many", "last"],
)
@pytest.mark.parametrize("encrypted", [False, True])
def test_stopping_leaves_no_connection_open_to_a_deaf_client(
    authority: Authority, requests: bytes, *, encrypted: bool
) -> None:
    """asyncio closes a connection once all has been sent and the client agrees; its loop may have ended by then."""
    gc.collect()
    with warnings.catch_warnings(record=True) as told, ExitStack() as stack:
        warnings.simplefilter("always")
        with serving(World(), guard=guard(authority, TLS) if encrypted else None) as port:
            deaf = stack.enter_context(raw(port))
            if encrypted:
                deaf = stack.enter_context(authority.client().wrap_socket(deaf, server_hostname=SERVER))
            deaf.sendall(requests)
            assert deaf.recv(1)
        gc.collect()
    assert [str(each.message) for each in told if issubclass(each.category, ResourceWarning)] == []
