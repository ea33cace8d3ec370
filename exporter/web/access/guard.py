"""What the web configuration file asks of each connection and of each request, as the file is now."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn

from aiohttp import web
from aiohttp.typedefs import Handler

from exporter.config.located_yaml import FileError, Problem
from exporter.web.access.bucket import Bucket
from exporter.web.access.load import Access, files_named, load_access
from exporter.web.access.passwords import BusyError, Passwords, read_login
from exporter.web.access.tls import Tls

_LOG: Final = logging.getLogger(__name__)
_CHALLENGE: Final = 'Basic realm="configmgr-exporter", charset="UTF-8"'


class Guard:
    """Lets in who may come in. To be used from one thread.

    The file, and those that it names, are looked at for each connection and each request, and read again when they
    have changed. If they cannot be used then, what was read before stays in use, and the log says so.

    Args:
        path: of the web configuration file.
        note: told whether the file could be used, each time that it was read again.
        clock: seconds that never go back, for the limit on requests.

    Raises:
        FileError: the file cannot be used.
    """

    def __init__(
        self,
        path: Path,
        note: Callable[[bool], None] = lambda _ok: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._note = note
        self._clock = clock
        self._passwords = Passwords()
        self._bucket: Bucket | None = None
        self._access = load_access(path)
        self._take_over(self._access)
        self._seen = self._marks()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the file allows, but hardly means."""
        return self._access.warnings

    def tls(self) -> Tls | None:
        """Return how the next connection is encrypted, None when it is not. It is one or the other for good."""
        self._look()
        return self._access.tls

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request if there are not too many, and if who sent it may have an answer."""
        self._look()
        if self._bucket is not None and not self._bucket.take(self._clock()):
            _refuse(web.HTTPTooManyRequests, {"Retry-After": "1"})
        if self._users:
            await self._authenticate(request)
        return await handler(request)

    def attach(self, app: web.Application) -> None:
        """Set the headers of the file on every answer of an application, and end with it."""
        app.on_response_prepare.append(self._add_headers)
        app.on_cleanup.append(self._close)

    async def _add_headers(self, _request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(self._headers)

    async def _close(self, _app: web.Application) -> None:
        self._passwords.close()

    async def _authenticate(self, request: web.Request) -> None:
        login = read_login(request.headers.get("Authorization", ""))
        try:
            if login and await self._passwords.are_right(self._users, login, request.remote or ""):
                return
        except BusyError:
            _refuse(web.HTTPServiceUnavailable, {"Retry-After": "1"})
        _refuse(web.HTTPUnauthorized, {"WWW-Authenticate": _CHALLENGE})

    def _look(self) -> None:
        """Read the files again if they have changed."""
        marks = self._marks()
        if marks == self._seen:
            return
        # Taken before reading: what changes meanwhile is seen the next time.
        self._seen = marks
        try:
            self._take_over(self._read_again())
        except FileError as error:
            _LOG.error("The web configuration was not read again, the old one stays in use: %s", error)
            self._note(False)  # noqa: FBT003 - see its description
        else:
            self._note(True)  # noqa: FBT003 - see its description
            _LOG.info("The web configuration was read again")

    def _read_again(self) -> Access:
        access = load_access(self._path)
        if (access.tls is None) != (self._access.tls is None):
            message = "TLS can be switched on or off by a restart only"
            raise FileError([Problem(str(self._path), None, None, "tls_server_config", message)])
        return access

    def _take_over(self, access: Access) -> None:
        limit = access.config.rate_limit
        if self._bucket is None or limit != self._access.config.rate_limit:
            self._bucket = Bucket(limit.interval, limit.burst, self._clock()) if limit.interval else None
        self._access = access
        self._headers = {name: value for name, value in access.config.http_server_config.headers.items() if value}
        self._users = {
            name.encode(): hashed.get_secret_value().encode() for name, hashed in access.config.basic_auth_users.items()
        }

    def _marks(self) -> list[object]:
        return [_mark(path) for path in (self._path, *files_named(self._access.config))]


def _mark(path: Path) -> object:
    """Return what differs when the content of a file does."""
    try:
        facts = path.stat()
    except OSError as problem:
        return problem.errno
    return (facts.st_mtime_ns, facts.st_ctime_ns, facts.st_size, facts.st_ino)


def _refuse(error: type[web.HTTPException], headers: dict[str, str]) -> NoReturn:
    raise error(headers={**headers, "Cache-Control": "no-store"})
