"""A server under test, and clients that say exactly what they are told to."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse

from aiohttp.typedefs import Middleware

from exporter.metrics.exposition import Exposition
from exporter.metrics.views import Snapshot
from exporter.report.picture import Given
from exporter.web.access.guard import Guard
from exporter.web.app import Backend, make_app
from exporter.web.connections import Limits
from exporter.web.server import Server
from tests.metrics.states import full

PATIENCE = 10.0  # no test waits this long unless what it waits for never comes


@dataclass
class Answer:
    """An answer that was read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class World:
    """What the application shows; a test changes it at will."""

    snapshot: Snapshot = field(default_factory=full)
    looks: int = 0
    unready: str = ""
    reload: Callable[[], None] | None = None
    exposition: Exposition | None = None
    given: Given = field(default_factory=Given)
    patience: float = 0.0

    def look(self) -> Snapshot:
        self.looks += 1
        return self.snapshot

    def backend(self) -> Backend:
        return Backend(
            self.look,
            self.exposition or Exposition(self.look),
            lambda: self.unready,
            self.reload,
            lambda: self.given,
            patience=self.patience,
        )


@contextmanager
def serving(  # noqa: PLR0913 - what the application takes
    world: World,
    *,
    limits: Limits | None = None,
    middlewares: tuple[Middleware, ...] = (),
    telemetry_path: str = "/metrics",
    route_prefix: str = "/",
    external_url: str = "",
    guard: Guard | None = None,
) -> Iterator[int]:
    """Serve on a free port of the loopback and give the port."""
    if guard is not None:
        middlewares = (guard.middleware, *middlewares)
    app = make_app(
        world.backend(),
        telemetry_path=telemetry_path,
        route_prefix=route_prefix,
        external_url=external_url,
        middlewares=middlewares,
    )
    if guard is not None:
        guard.attach(app)
    tls = (lambda: None) if guard is None else guard.tls
    server = Server(app, ["127.0.0.1:0"], limits=limits or Limits(), tls=tls)
    server.start()
    try:
        yield server.addresses[0].port
    finally:
        server.stop()


def ask(port: int, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
    """Send one request and read the answer; `Accept_Encoding=` is written for `Accept-Encoding`."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        return read(connection.getresponse())
    finally:
        connection.close()


def read(response: HTTPResponse) -> Answer:
    return Answer(response.status, dict(response.getheaders()), response.read())


@contextmanager
def raw(port: int) -> Iterator[socket.socket]:
    """A bare connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        yield connection


def rest(connection: socket.socket) -> bytes:
    """Read until the server closes; b"" also when it breaks the connection off."""
    parts = []
    try:
        while part := connection.recv(1 << 16):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread is about to do."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(0.001)
