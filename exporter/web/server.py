"""The HTTP server: an event loop in its own thread, so that reading logs and answering never wait for each other."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import cast

from aiohttp import web

from exporter.web.accepting import Doorman
from exporter.web.access.tls import Tls
from exporter.web.addresses import Address, open_sockets, parse_address
from exporter.web.connections import Gate, Limits

_LOG = logging.getLogger(__name__)
_SHUTDOWN_SECONDS = 5.0


class Server:
    """Serves an application on one or more addresses.

    Args:
        app: the application; it belongs to this server from now on.
        addresses: listen addresses such as `:10048` or `[::1]:10048`. Port 0 takes any free port.
        tls: returns how the next connection is encrypted, None for plain HTTP.
        limits: what a client may use.
    """

    def __init__(
        self,
        app: web.Application,
        addresses: Sequence[str],
        *,
        tls: Callable[[], Tls | None] = lambda: None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> None:
        self._app = app
        self._wanted = [parse_address(text) for text in addresses]
        self._tls = tls
        self._limits = limits
        self._sockets: list[socket.socket] = []
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)
        self._started: Future[None] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    @property
    def addresses(self) -> list[Address]:
        """Where the server listens, with the ports that were chosen."""
        return [Address(*each.getsockname()[:2]) for each in self._sockets]

    @property
    def is_alive(self) -> bool:
        """Whether the server is answering."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Open every address and begin to answer; return when that is done.

        Raises:
            ListenError: an address cannot be opened; then none is.
        """
        try:
            for address in self._wanted:
                self._sockets += open_sockets(address)
        except BaseException:
            self._close_sockets()
            raise
        self._thread.start()
        self._started.result()

    def stop(self) -> None:
        """Let running answers end, for a few seconds, and close everything. May be called at any time, and twice."""
        if self._loop is not None and self._stopping is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
        self._close_sockets()

    def _close_sockets(self) -> None:
        for each in self._sockets:
            each.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as problem:  # noqa: BLE001 - handed to whoever waits for the start, or logged
            if not self._started.done():
                self._started.set_exception(problem)
                return
            _LOG.exception("The HTTP server has failed")

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        runner = web.AppRunner(self._app, shutdown_timeout=_SHUTDOWN_SECONDS)
        await runner.setup()
        gate = Gate(cast("web.Server", runner.server), self._limits)  # setup has made it
        doorman = Doorman(gate, self._tls)
        for each in self._sockets:
            doorman.watch(each)
        self._started.set_result(None)
        await self._stopping.wait()
        await doorman.stop()
        self._close_sockets()
        await runner.cleanup()
        gate.close()
        await asyncio.sleep(0)  # for the loop to close what was cut off
