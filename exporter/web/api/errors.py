"""Errors of the API: always the same object, whatever went wrong."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from exporter.web.answering import JSON

_LOG = logging.getLogger(__name__)
_CODES = {
    400: "bad_request",
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_not_allowed",
    429: "too_many_requests",
    503: "busy",
}
_WORDS = {
    401: "A user and a password are needed, and these are not right or not there.",
    404: "There is no such endpoint. See openapi.json for those that there are.",
    405: "Only GET and HEAD are answered.",
    413: "A request must not have a body.",
    429: "More requests come than are allowed. Try again in a second.",
    503: "More passwords come than can be checked. Try again in a second.",
}
_HEADERS = ("Allow", "Retry-After", "WWW-Authenticate")


class ApiError(Exception):
    """An answer that cannot be given.

    Attributes:
        status: the HTTP status.
        code: a word for programs, which stays the same.
        message: a sentence for people. It never repeats what the client sent.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def error_response(status: int, code: str, message: str) -> web.Response:
    """Return an error as the API tells it."""
    body = json.dumps({"error": {"code": code, "message": message}}) + "\n"
    headers = {"Content-Type": JSON, "Cache-Control": "no-store"}
    return web.Response(status=status, body=body.encode("ascii"), headers=headers)


def errors_below(prefix: str) -> Middleware:
    """Return a middleware that makes errors below a path the API's own."""

    @web.middleware
    async def tell(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(prefix):
            return await handler(request)
        try:
            return await handler(request)
        except ApiError as error:
            return error_response(error.status, error.code, error.message)
        except web.HTTPException as error:
            if error.status not in _CODES:
                raise
            response = error_response(error.status, _CODES[error.status], _WORDS.get(error.status, error.reason))
            response.headers.update({name: error.headers[name] for name in _HEADERS if name in error.headers})
            return response
        except Exception:  # noqa: BLE001 - a fault of ours is told in the same form, and without what it knows
            _LOG.exception("Answering %s failed in a way that was not foreseen", request.rel_url.raw_path)
            return error_response(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "A fault of the exporter: see its log.")

    return tell
