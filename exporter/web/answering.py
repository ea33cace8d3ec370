"""Answers that a client may already have: it says which one it has, and gets only what is new."""

from __future__ import annotations

import gzip
import hashlib
from http import HTTPStatus

from aiohttp import web

from exporter.web.negotiation import accepts_gzip
from exporter.web.sending import send

HTML = "text/html; charset=utf-8"
JSON = "application/json"
_SMALL = 1400  # bytes that fit into one packet anyway
_GZIP_LEVEL = 1


async def answer(
    request: web.Request, body: bytes, content_type: str, status: HTTPStatus = HTTPStatus.OK
) -> web.StreamResponse:
    """Answer with a body, or with 304 when the client has the same one."""
    # Weak: compressed or not, it means the same.
    tag = hashlib.blake2s(body, digest_size=16).hexdigest()
    headers = {"Cache-Control": "private, no-cache", "ETag": f'W/"{tag}"', "Vary": "Accept-Encoding"}
    if status == HTTPStatus.OK and any(known.value in {tag, "*"} for known in request.if_none_match or ()):
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    headers["Content-Type"] = content_type
    if len(body) > _SMALL and accepts_gzip(",".join(request.headers.getall("Accept-Encoding", []))):
        body = gzip.compress(body, _GZIP_LEVEL, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return await send(request, body, headers, status)
