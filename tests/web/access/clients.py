"""Clients that speak TLS."""

from __future__ import annotations

import base64
import ssl
from http.client import HTTPSConnection

from tests.web.access.conftest import SERVER
from tests.web.serving import PATIENCE, Answer, read


def ask_securely(port: int, context: ssl.SSLContext, path: str = "/-/healthy", **headers: str) -> Answer:
    """Send one request over TLS and read the answer."""
    connection = HTTPSConnection(SERVER, port, timeout=PATIENCE, context=context)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return read(connection.getresponse())
    finally:
        connection.close()


def login(user: str, password: str) -> str:
    """Return the header that says who a request is from."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
