"""Takes in connections, each with the certificates as they are when it comes, and lets none linger in its handshake."""

from __future__ import annotations

import asyncio
import logging
import socket
from asyncio.sslproto import SSLProtocol
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from exporter.web.access.tls import Tls
from exporter.web.connections import Gate

_LOG: Final = logging.getLogger(__name__)
_HANDSHAKE_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 1.0

# Each encrypted connection holds a buffer of this size for as long as it is open: 256 KiB, unless it is told otherwise,
# which is 128 MiB for all that may be open. This is one record of TLS; no request is longer than two.
SSLProtocol.max_size = 16 * 1024


class Doorman:
    """Accepts the connections of listening sockets until it is told to stop.

    The event loop's own servers hold one TLS context for good, and do not bound the handshakes that have begun.

    Args:
        gate: makes the protocol of each connection.
        tls: returns how the next connection is encrypted, None when it is not.
    """

    def __init__(self, gate: Gate, tls: Callable[[], Tls | None]) -> None:
        self._gate = gate
        self._tls = tls
        self._accepting: list[asyncio.Task[None]] = []
        self._entering: OrderedDict[asyncio.Task[None], None] = OrderedDict()

    def watch(self, listening: socket.socket) -> None:
        """Begin to accept connections on a socket."""
        listening.settimeout(0)
        self._accepting.append(asyncio.ensure_future(self._accept(listening)))

    async def stop(self) -> None:
        """Accept no more, and end handshakes that have begun."""
        tasks = [*self._accepting, *self._entering]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listening)
            except ConnectionError:
                continue  # the client has gone before it was let in
            except OSError as problem:
                # The process or the machine has no room for it, and will have when other connections have ended.
                _LOG.warning("No connection can be taken in for a moment: %s", problem.strerror)
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            self._let_in(connection)
            await asyncio.sleep(0)  # however many come, those that are in have their turn

    def _let_in(self, connection: socket.socket) -> None:
        if len(self._entering) >= self._gate.limits.connections:
            longest, _ = self._entering.popitem(last=False)
            longest.cancel()
        task = asyncio.ensure_future(self._enter(connection))
        self._entering[task] = None
        task.add_done_callback(lambda done: self._entering.pop(done, None))

    async def _enter(self, connection: socket.socket) -> None:
        tls = self._tls()
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: self._gate.connection(tls),
                connection,
                ssl=None if tls is None else tls.context,
                ssl_handshake_timeout=None if tls is None else _HANDSHAKE_SECONDS,
            )
        except OSError as problem:
            # Not the exporter's fault, and nothing that anybody may fill the log with.
            _LOG.debug("A connection failed in its handshake: %s", problem)
            connection.close()
