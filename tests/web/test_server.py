"""The server's life: start, several addresses, stop."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiohttp import web

from exporter.web.addresses import ListenError
from exporter.web.app import make_app
from exporter.web.server import Server
from tests.web.serving import PATIENCE, World, ask
from tests.web.test_app import Gated


def server(world: World, *addresses: str) -> Server:
    return Server(make_app(world.backend()), addresses)


def test_several_addresses_are_served() -> None:
    both = server(World(), "127.0.0.1:0", "127.0.0.2:0")
    both.start()
    try:
        for address in both.addresses:
            with socket.create_connection((address.host, address.port), timeout=PATIENCE) as connection:
                connection.sendall(b"GET /-/healthy HTTP/1.0\r\n\r\n")
                assert connection.recv(100).startswith(b"HTTP/1.0 200 OK")
    finally:
        both.stop()


def test_an_address_in_use_opens_none_of_the_others() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as probe:
        free = probe.getsockname()[1]
        probe.close()
        late = server(World(), f"127.0.0.1:{free}", f"127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(ListenError, match="in use"):
            late.start()
        assert not late.is_alive
        socket.create_server(("127.0.0.1", free)).close()


def test_a_bad_address_is_refused_before_anything_is_opened() -> None:
    with pytest.raises(ListenError, match="'localhost'"):
        server(World(), "127.0.0.1:0", "localhost")


def test_a_stopped_server_gives_its_port_back() -> None:
    once = server(World(), "127.0.0.1:0")
    once.start()
    (address,) = once.addresses
    once.stop()
    once.stop()
    assert not once.is_alive
    again = server(World(), str(address))
    again.start()
    again.stop()


def test_a_failure_while_starting_is_told_to_whoever_starts() -> None:
    async def fail(_app: web.Application) -> None:
        raise RuntimeError("no luck")

    app = make_app(World().backend())
    app.on_startup.append(fail)
    unlucky = Server(app, ["127.0.0.1:0"])
    with pytest.raises(RuntimeError, match="no luck"):
        unlucky.start()
    unlucky.stop()
    assert not unlucky.is_alive


def test_a_server_that_never_started_can_be_stopped() -> None:
    server(World(), "127.0.0.1:0").stop()


def test_a_running_answer_is_finished_before_the_server_stops() -> None:
    gated = Gated()
    stopping = server(World(exposition=gated), "127.0.0.1:0")
    stopping.start()
    port = stopping.addresses[0].port
    with ThreadPoolExecutor() as clients:
        scrape = clients.submit(ask, port, "/metrics")
        assert gated.begun.wait(PATIENCE)
        threading.Timer(0.2, gated.go_on.set).start()
        stopping.stop()
        assert scrape.result().body == b"x"
