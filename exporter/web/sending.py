"""Bodies sent piece by piece, so that a slow client costs neither memory nor a connection for good."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

SEND_SECONDS = 60.0
_PIECE = 1 << 16


async def send(
    request: web.Request, body: bytes, headers: Mapping[str, str], status: HTTPStatus = HTTPStatus.OK
) -> web.StreamResponse:
    """Answer with a body that other answers may share: it is not copied, and is handed on as fast as it is taken.

    A client that has not taken it within `SEND_SECONDS` is cut off.
    """
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = len(body)
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await response.prepare(request)
            if request.method != "HEAD":
                await _write(response, memoryview(body))
            await response.write_eof()
    except (TimeoutError, ConnectionError):
        if request.transport is not None:
            request.transport.abort()
    return response


async def _write(response: web.StreamResponse, body: memoryview) -> None:
    for start in range(0, len(body), _PIECE):
        await response.write(body[start : start + _PIECE])
