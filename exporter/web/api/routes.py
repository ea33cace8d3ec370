"""Routes of the API."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from exporter.web.answering import JSON, answer
from exporter.web.api.answers import Question
from exporter.web.api.arguments import arguments_of
from exporter.web.api.endpoints import ENDPOINTS, Endpoint
from exporter.web.api.errors import ApiError
from exporter.web.api.openapi import describe
from exporter.web.rendering import Renderer
from exporter.web.sight import Sight

BASE = "/api/v1"
_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?", re.ASCII)
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ApiRoutes:
    """The handlers of the API.

    Args:
        sight: what they answer from.
        renderer: makes answers, off the event loop.
        telemetry_path: path of the metrics as clients see it, its prefix included.
        external_url: address under which people reach the exporter, "" when it is not configured.
    """

    def __init__(self, sight: Sight, renderer: Renderer, telemetry_path: str, external_url: str) -> None:
        self._sight = sight
        self._renderer = renderer
        self._telemetry_path = telemetry_path
        self._external_url = external_url

    def routes(self, prefix: str) -> list[web.RouteDef]:
        """Return the routes below a prefix."""
        base = prefix + BASE

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
                question = Question(picture, self._sight.history, arguments, address, self._telemetry_path)
                return endpoint.answer(question)

            return await self._send(request, work)

        return handle

    async def _send(self, request: web.Request, work: Callable[[], Any]) -> web.StreamResponse:
        body = await self._renderer.call(lambda: _encode(work()))
        if body is None:
            raise ApiError(404, "not_found", "No log that was read tells of it.")
        return await answer(request, body, JSON)

    def _address(self, request: web.Request) -> tuple[str, str]:
        """Return scheme and host under which this client reaches us: where it came to is where it can scrape."""
        if _HOST.fullmatch(request.host):
            return request.scheme, request.host
        url = urlsplit(self._external_url)
        return url.scheme or request.scheme, url.netloc or "localhost"


def _encode(data: Any) -> bytes | None:  # noqa: ANN401 - anything that JSON can hold
    # ASCII alone, so that what would steer a terminal stays an escape there too.
    return None if data is None else (json.dumps(data) + "\n").encode("ascii")
