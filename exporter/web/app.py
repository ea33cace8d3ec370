"""The web application: routes and what they answer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import NoReturn

from aiohttp import HttpVersion10, HttpVersion11, web
from aiohttp.typedefs import Handler, Middleware

from exporter.metrics.exposition import Exposition
from exporter.metrics.views import Look
from exporter.report.picture import Given
from exporter.web.api.errors import errors_below
from exporter.web.api.routes import ApiRoutes
from exporter.web.negotiation import accepts_gzip, choose_form
from exporter.web.page_routes import PageRoutes
from exporter.web.rendering import Renderer
from exporter.web.sending import send
from exporter.web.sight import Sight

_SECURITY_HEADERS = {
    # Pages load their own style, script and picture, and ask for themselves again; nothing may be put into them.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


_LOG = logging.getLogger(__name__)
_WATCH_SECONDS = 2.0
_WATCH_SHARE = 20
_SOON_SECONDS = 0.02


class ReloadError(Exception):
    """The configuration could not be read again; the text says why and is shown to the client."""


@dataclass(frozen=True, slots=True)
class Backend:
    """What the application serves.

    Attributes:
        look: returns the state as it is now.
        exposition: renders it for a scrape.
        unready: returns why scrapes do not yet tell the whole truth, or "" when they do.
        reload: reads the configuration again; raises `ReloadError` when the old one stays. Called in a thread of its
            own, never twice at once. None when there is nothing to reload.
        given: returns what a person configured for what is shown; the same object for as long as it is the same.
        wall: the clock that pages tell the freshness of logs by, POSIX seconds.
        patience: seconds after the start for which a scrape waits for the whole truth; less than a scrape may take,
            which is 10 by default.
    """

    look: Look
    exposition: Exposition
    unready: Callable[[], str]
    reload: Callable[[], None] | None = None
    given: Callable[[], Given] = Given
    wall: Callable[[], float] = time.time
    patience: float = 5.0


def make_app(
    backend: Backend,
    *,
    telemetry_path: str = "/metrics",
    route_prefix: str = "/",
    external_url: str = "",
    middlewares: Iterable[Middleware] = (),
) -> web.Application:
    """Return the application.

    Args:
        backend: what is served.
        telemetry_path: path of the metrics, below the prefix.
        route_prefix: path below which every route stands.
        external_url: address under which people reach the overview, "" when it is not known.
        middlewares: run before every handler, the first one outermost, such as one that asks for a password. What
            they raise is told below /api/ as the API tells it.

    Raises:
        ValueError: a path is not absolute, or holds characters that cannot stand in one, or is taken.
    """
    prefix = _path(route_prefix).rstrip("/")
    telemetry = _path(telemetry_path).rstrip("/")
    if not telemetry or telemetry.startswith(("/-/", "/api/")):
        raise ValueError(f"{telemetry_path!r} cannot be the path of the metrics: it is taken")
    renderer = Renderer(backend.exposition)
    sight = Sight(backend.look, backend.unready, backend.given, backend.wall)
    endpoints = _Endpoints(backend, renderer)
    pages = PageRoutes(sight, renderer, telemetry)
    api = ApiRoutes(sight, renderer, prefix, telemetry, external_url)
    errors = errors_below(f"{prefix}/api/")
    app = web.Application(middlewares=[errors, *middlewares, _refuse], client_max_size=0)
    app.add_routes(
        [
            *pages.routes(prefix),
            *api.routes(),
            web.get(prefix + telemetry, endpoints.metrics),
            web.get(f"{prefix}/-/healthy", endpoints.healthy),
            web.get(f"{prefix}/-/ready", endpoints.ready),
            web.post(f"{prefix}/-/reload", endpoints.reload),
            web.put(f"{prefix}/-/reload", endpoints.reload),
        ],
    )
    if prefix:
        app.router.add_get("/", _redirect_to(f"{prefix}/"))
        app.router.add_get(prefix, _redirect_to(f"{prefix}/"))
    app.on_response_prepare.append(_add_headers)
    app.cleanup_ctx.append(_lifetime(renderer, sight))
    return app


def _path(text: str) -> str:
    if not text.startswith("/") or text.startswith("//") or not text.isprintable() or set(text) & set(" {}?#%\\"):
        raise ValueError(f"{text!r} is not a path: give one that starts with / and holds no blanks or signs")
    return text


class _Endpoints:
    """The handlers, and what they share."""

    def __init__(self, backend: Backend, renderer: Renderer) -> None:
        self._backend = backend
        self._renderer = renderer
        self._reloading = asyncio.Lock()
        self._patient_until = time.monotonic() + backend.patience

    async def metrics(self, request: web.Request) -> web.StreamResponse:
        await self._until_ready()
        form, content_type = choose_form(",".join(request.headers.getall("Accept", [])))
        compressed = accepts_gzip(",".join(request.headers.getall("Accept-Encoding", [])))
        names = frozenset(request.query.getall("name[]", [])) or None
        body = await self._renderer.page(form, compressed=compressed, names=names)
        headers = {"Content-Type": content_type, "Cache-Control": "no-store", "Vary": "Accept, Accept-Encoding"}
        if compressed:
            headers["Content-Encoding"] = "gzip"
        return await send(request, body, headers)

    async def _until_ready(self) -> None:
        """Right after the start, wait until what is there has been read.

        What was read after the last save, before a crash, is read again. A scrape that comes before would find a
        counter behind where the last one saw it, and Prometheus would count all of it once more; or it would find a
        site not there yet, and an alert would end.
        """
        # An event would have to come from the threads that read, of which this room knows nothing.
        while self._backend.unready() and time.monotonic() < self._patient_until:  # noqa: ASYNC110
            await asyncio.sleep(_SOON_SECONDS)

    async def healthy(self, _request: web.Request) -> web.Response:
        return _text("configmgr-exporter is healthy.")

    async def ready(self, _request: web.Request) -> web.Response:
        if reason := self._backend.unready():
            return _text(f"Not ready: {reason}", status=503)
        return _text("configmgr-exporter is ready.")

    async def reload(self, request: web.Request) -> web.Response:
        if request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
            return _text("A page of another site may not ask for a reload.", status=403)
        if self._backend.reload is None:
            return _text("There is no configuration file to reload.", status=404)
        try:
            async with self._reloading:
                await asyncio.to_thread(self._backend.reload)
        except ReloadError as problem:
            return _text(f"The old configuration stays in use: {problem}", status=500)
        return _text("The configuration was reloaded.")


def _lifetime(renderer: Renderer, sight: Sight) -> Callable[[web.Application], AsyncIterator[None]]:
    async def lifetime(_app: web.Application) -> AsyncIterator[None]:
        watching = asyncio.create_task(_watch(renderer, sight))
        yield
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        renderer.close()

    return lifetime


async def _watch(renderer: Renderer, sight: Sight) -> None:
    """Look at the hierarchy now and then though nobody asks, so that what begins and ends is noticed in time.

    Costs next to nothing while nothing changes, and never more than a small part of the time.
    """
    while True:
        started = time.monotonic()
        try:
            await renderer.call(sight.picture)
        except Exception:  # noqa: BLE001 - the next look may go well; a page that fails says so itself
            _LOG.exception("Looking for changes failed in a way that was not foreseen")
        await asyncio.sleep(max(_WATCH_SECONDS, _WATCH_SHARE * (time.monotonic() - started)))


def _text(text: str, status: int = 200) -> web.Response:
    return web.Response(text=f"{text}\n", status=status, headers={"Cache-Control": "no-store"})


def _redirect_to(path: str) -> Handler:
    async def redirect(_request: web.Request) -> NoReturn:
        raise web.HTTPFound(path)

    return redirect


@web.middleware
async def _refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what no request here has: a body, or another version of HTTP, which the parser lets through."""
    if request.version not in {HttpVersion10, HttpVersion11}:
        raise web.HTTPVersionNotSupported
    if request.body_exists:
        raise web.HTTPRequestEntityTooLarge(max_size=0, actual_size=request.content_length or 0)
    return await handler(request)


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_SECURITY_HEADERS)
    response.headers["Server"] = "configmgr-exporter"
