"""A server on the loopback interface that gives the answers that a test tells it to, in threads of this process."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

CERTIFICATE = Path(__file__).parents[1] / "fixtures" / "prometheus" / "certificate.pem"
KEY = CERTIFICATE.with_name("key.pem")


@dataclass
class Asked:
    """One request that came."""

    path: str
    query: str
    time: str
    authorization: str


@dataclass
class Reply:
    """What the server says to a request."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    before: Callable[[], object] = lambda: None


@dataclass
class Answering:
    """The server's address, and the requests that came."""

    url: str
    asked: list[Asked]


def vector(*samples: tuple[dict[str, str], float], **more: object) -> Reply:
    """Return the reply of Prometheus with these series."""
    result = [{"metric": labels, "value": [1.5, repr(value)]} for labels, value in samples]
    return as_json({"status": "success", "data": {"resultType": "vector", "result": result}, **more})


def as_json(value: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(value).encode(), status, {"Content-Type": "application/json"})


@contextmanager
def answering(reply: Callable[[Asked], Reply], *, tls: bool = False) -> Iterator[Answering]:
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            request = Asked(self.path, form["query"][0], form["time"][0], self.headers.get("Authorization", ""))
            asked.append(request)
            answer = reply(request)
            answer.before()
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = False  # closing the server waits for each, so that no socket is left behind

        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing: a client that hangs up, or does not trust us, is what some tests want."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE, KEY)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Answering(f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}", asked)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
