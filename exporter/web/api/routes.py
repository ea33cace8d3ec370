"""Routes of the API."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from exporter.web.answering import JSON, answer
from exporter.web.api.answers import Address, Question
from exporter.web.api.arguments import arguments_of
from exporter.web.api.endpoints import ENDPOINTS, Endpoint
from exporter.web.api.errors import ApiError
from exporter.web.api.openapi import describe
from exporter.web.rendering import Renderer
from exporter.web.sight import Sight

BASE = "/api/v1"
_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?", re.ASCII)
_HUGE = 4 << 20
_LONGEST = 4096
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ApiRoutes:
    """The handlers of the API.

    Args:
        sight: what they answer from.
        renderer: makes answers, off the event loop.
        prefix: path below which everything is served, without a slash at its end.
        telemetry_path: path of the metrics below it.
        external_url: address under which people reach the exporter, "" when it is not configured.
    """

    def __init__(self, sight: Sight, renderer: Renderer, prefix: str, telemetry_path: str, external_url: str) -> None:
        self._sight = sight
        self._renderer = renderer
        self._prefix = prefix
        self._metrics_path = prefix + telemetry_path
        self._external_url = external_url

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        base = self._prefix + BASE

        async def description(request: web.Request) -> web.StreamResponse:
            if request.query:
                raise ApiError(400, "unknown_parameter", "There is no such parameter here: it takes none.")
            server = self._external_url + BASE if self._external_url else base
            return await self._send(request, lambda: describe(self._sight.picture().exporter.version, server))

        found = [web.get(base + endpoint.path, self._handler(endpoint)) for endpoint in ENDPOINTS]
        return [*found, web.get(f"{base}/openapi.json", description)]

    def _handler(self, endpoint: Endpoint) -> _Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            arguments = arguments_of(endpoint, request.match_info, list(request.query.items()))
            address = self._address(request)

            def work() -> Any:  # noqa: ANN401 - what the endpoint answers
                picture = self._sight.picture()
                question = Question(picture, self._sight.history, arguments, address)
                return endpoint.answer(question)

            return await self._send(request, work)

        return handle

    async def _send(self, request: web.Request, work: Callable[[], Any]) -> web.StreamResponse:
        # What is answered depends on nothing else of a request.
        asked = (request.path_qs, self._address(request))
        body = await self._renderer.share(asked, lambda: _encode(work()))
        if body is None:
            raise ApiError(404, "not_found", "No log that was read tells of it.")
        return await answer(request, body, JSON)

    def _address(self, request: web.Request) -> Address:
        """Return where this client can scrape: where it came to, be that our own address or that of a proxy."""
        outside = urlsplit(self._external_url)
        if request.host == outside.netloc or not _HOST.fullmatch(request.host):
            path = outside.path.rstrip("/") + self._metrics_path.removeprefix(self._prefix)
            return Address(outside.scheme or request.scheme, outside.netloc or "localhost", path)
        return Address(request.scheme, request.host, self._metrics_path)


def _encode(data: Any) -> bytes | None:  # noqa: ANN401 - anything that JSON can hold
    """Return JSON in ASCII alone, so that what would steer a terminal stays an escape there too."""
    if data is None:
        return None
    text = json.dumps(data)
    if len(text) > _HUGE:  # a whole hierarchy may be as long; names without end are not needed whole
        text = json.dumps(_cut(data))
    return f"{text}\n".encode("ascii")


def _cut(data: Any) -> Any:  # noqa: ANN401 - anything that JSON can hold
    if isinstance(data, str) and len(data) > _LONGEST:
        return f"{data[:_LONGEST]} [... {len(data) - _LONGEST} more characters]"
    if isinstance(data, dict):
        return {_cut(key): _cut(value) for key, value in data.items()}
    return [_cut(item) for item in data] if isinstance(data, list) else data
