"""Listen addresses, good and bad."""

from __future__ import annotations

import errno
import socket
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.web.addresses import Address, ListenError, open_sockets, parse_address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        (":10048", "", 10048),
        ("127.0.0.1:9", "127.0.0.1", 9),
        ("[::1]:10048", "::1", 10048),
        ("localhost:0", "localhost", 0),
        (" :65535 ", "", 65535),
    ],
)
def test_good_addresses(text: str, host: str, port: int) -> None:
    assert parse_address(text) == Address(host, port)
    assert parse_address(str(parse_address(text))) == Address(host, port)


@pytest.mark.parametrize(
    "text",
    ["", "10048", "localhost", "::1:10048", "[]:1", "[::1]", ":x", ":-1", ":65536", ":٣", "http://x:80", "[::1:80"],
)
def test_what_is_no_address_is_named(text: str) -> None:
    with pytest.raises(ListenError) as caught:
        parse_address(text)
    assert repr(text) in str(caught.value)


@given(st.text() | st.text("[]:.0123456789abc"))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        address = parse_address(text)
    except ListenError:
        return
    assert 0 <= address.port <= 65535


def test_an_address_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match=rf"cannot listen on 127\.0\.0\.1:{port}: the address is in use"):
            open_sockets(Address("127.0.0.1", port))


def test_an_unknown_host_is_named() -> None:
    with pytest.raises(ListenError, match=r"cannot listen on no-such-host\.invalid:1: the host name is not known"):
        open_sockets(Address("no-such-host.invalid", 1))


def test_a_lack_of_rights_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> NoReturn:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket, "create_server", refuse)
    with pytest.raises(ListenError, match=r"cannot listen on 127\.0\.0\.1:80: permission denied"):
        open_sockets(Address("127.0.0.1", 80))


def test_without_a_host_every_address_answers() -> None:
    (listening,) = open_sockets(Address("", 0))
    with listening:
        port = listening.getsockname()[1]
        hosts = {socket.AF_INET6: ["127.0.0.1", "::1"], socket.AF_INET: ["127.0.0.1"]}[listening.family]
        for host in hosts:
            socket.create_connection((host, port), timeout=5).close()


def test_ipv4_is_enough_where_ipv6_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    create = socket.create_server

    def without_ipv6(place: tuple[str, int], *, family: int = socket.AF_INET, **_kwargs: object) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return create(place)

    monkeypatch.setattr(socket, "create_server", without_ipv6)
    (listening,) = open_sockets(Address("", 0))
    with listening:
        assert listening.family == socket.AF_INET


def test_a_host_of_several_addresses_is_opened_on_all_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.2", 0)) as taken:
        port = taken.getsockname()[1]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in ("127.0.0.1", "127.0.0.2")]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: found)
        with pytest.raises(ListenError, match="in use"):
            open_sockets(Address("two.example", port))
    for each in open_sockets(Address("two.example", port)):
        each.close()
