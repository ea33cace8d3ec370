"""Connections that cannot be used to wear the server out.

aiohttp closes an idle connection, limits single lines and parses strictly. What it leaves open, and this module closes:
a request whose headers trickle in for as long as an idle connection may live, headers that are endless in sum, and any
number of connections.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

from aiohttp import EMPTY_PAYLOAD, StreamReader, web
from aiohttp.http_exceptions import LineTooLong

from exporter.web.access.tls import Tls

_LOG = logging.getLogger(__name__)
_END_OF_HEADERS = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may use.

    Attributes:
        connections: open at once. One more closes the one that has been silent longest, so that idle ones never keep
            a scrape out.
        header_seconds: from the first byte of a request to the end of its headers.
        idle_seconds: without a request. Longer than a usual scrape interval, so that Prometheus keeps its connection.
        line_bytes: of a request line; `field_bytes`: of one header; `header_bytes`: of all headers together;
        fields: number of headers.
        dropped_bytes: of what is too long, so that a client that sends all before it listens hears that it was refused.
    """

    connections: int = 512
    header_seconds: float = 10.0
    idle_seconds: float = 120.0
    line_bytes: int = 8192
    field_bytes: int = 16384
    header_bytes: int = 32768
    fields: int = 64
    dropped_bytes: int = 1 << 20


class Gate:
    """Makes the protocol of each new connection and keeps their number within bounds."""

    def __init__(self, server: web.Server, limits: Limits) -> None:
        self._server = server
        self.limits = limits
        self._open: OrderedDict[GuardedHandler, None] = OrderedDict()

    def connection(self, tls: Tls | None = None) -> GuardedHandler:
        """Return the protocol for one connection, which is encrypted as `tls` says."""
        return GuardedHandler(self._server, self, tls)

    def enter(self, connection: GuardedHandler) -> None:
        """Note a new connection; cut off the most silent one when there are too many."""
        if len(self._open) >= self.limits.connections:
            most_silent, _ = self._open.popitem(last=False)
            most_silent.cut_off()
        self._open[connection] = None

    def heard(self, connection: GuardedHandler) -> None:
        """Note that a connection is not silent."""
        if connection in self._open:
            self._open.move_to_end(connection)

    def leave(self, connection: GuardedHandler) -> None:
        """Note that a connection has ended."""
        self._open.pop(connection, None)

    def close(self) -> None:
        """Cut off every connection that is still open, such as one whose client does not take its answer."""
        for connection in list(self._open):
            connection.cut_off()


class GuardedHandler(web.RequestHandler):
    """aiohttp's connection with a time and a size for the headers of a request as a whole."""

    __slots__ = ("_admitted", "_body", "_dropped", "_gate", "_header_bytes", "_last_bytes", "_timer", "_tls", "_wire")

    def __init__(self, server: web.Server, gate: Gate, tls: Tls | None) -> None:
        limits = gate.limits
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]  # None turns it off; the annotation does not say so
            keepalive_timeout=limits.idle_seconds,
            lingering_time=2.0,
            max_line_size=limits.line_bytes,
            max_field_size=limits.field_bytes,
            max_headers=limits.fields,
            auto_decompress=False,
        )
        self._gate = gate
        self._tls = tls
        self._admitted = True
        self._body: StreamReader = EMPTY_PAYLOAD
        self._dropped = 0
        self._timer: asyncio.TimerHandle | None = None
        self._header_bytes = 0
        self._last_bytes = b""
        self._wire: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the connection in, unless its certificate names nobody who may come in."""
        super().connection_made(transport)
        self._wire = _wire_of(transport)  # aiohttp forgets its own before all has been sent
        self._gate.enter(self)
        if self._tls is not None and not self._tls.admits(transport.get_extra_info("ssl_object")):
            self._admitted = False
            self.cut_off()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the connection."""
        self._gate.leave(self)
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Hand bytes on to the parser unless the headers, or the body, that they belong to have grown too long."""
        if not self._admitted:
            return
        if self._dropped or (data and not self._headers_fit(data)):
            self._drop(data)
            return
        super().data_received(data)
        if self._messages:
            self._body = self._messages[-1][1]

    def cut_off(self) -> None:
        """Close the connection without waiting for anything."""
        if self._wire is not None:
            self._wire.abort()

    def _headers_fit(self, data: bytes) -> bool:
        """Note new bytes. Until the blank line that ends headers has come, the timer runs and bytes are counted.

        Bytes of a body count as well: none is accepted, and headers may follow it, as trailers or of another request.
        """
        self._gate.heard(self)
        ended = _END_OF_HEADERS in data or _END_OF_HEADERS in self._last_bytes + data[:3]
        self._last_bytes = (self._last_bytes + data[-3:])[-3:]
        if ended:
            self._stop_timer()
            self._header_bytes = 0
            return True
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._gate.limits.header_seconds, self._too_slow)
        self._header_bytes += len(data)
        return self._header_bytes <= self._gate.limits.header_bytes

    def _drop(self, data: bytes) -> None:
        """Drop what is too long, and all that follows. Headers are refused here, a body by whoever answers."""
        if self._body.is_eof():
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        self._dropped += len(data)
        if self._dropped > self._gate.limits.dropped_bytes:
            self.cut_off()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _refuse(self, status: HTTPStatus) -> None:
        self._stop_timer()
        if self.transport is not None:
            answer = f"HTTP/1.1 {status.value} {status.phrase}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            self.transport.write(answer.encode())
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what could not be parsed or handled, in few words.

        A fault of ours is logged with its traceback; a client's is not, or anybody could fill the log.
        """
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return super().handle_error(request, status, exc, message)
        if isinstance(exc, LineTooLong):
            too_long_line = exc.args[1] == self._gate.limits.line_bytes
            status = HTTPStatus.REQUEST_URI_TOO_LONG if too_long_line else HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        _LOG.debug("Refused a request of %s with status %d: %s", request.remote, status, exc)
        response = web.Response(status=status, text=f"{status} {HTTPStatus(status).phrase}\n")
        response.headers["Server"] = "configmgr-exporter"
        response.force_close()
        return response


def _wire_of(transport: asyncio.BaseTransport) -> asyncio.Transport:
    """Return what carries a connection, which can be cut off at any time.

    asyncio's encrypted transport lets go of it when it is closed for the second time, as aiohttp does to one whose last
    answer is written: from then on it aborts nothing, and waits for the client to agree to the end.
    """
    encryption = getattr(transport, "_ssl_protocol", None)
    return cast("asyncio.Transport", transport if encryption is None else encryption._transport)  # noqa: SLF001
