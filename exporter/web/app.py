"""The web application: routes and what they answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import NoReturn

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from exporter.metrics.exposition import Exposition
from exporter.metrics.views import Look
from exporter.web import landing
from exporter.web.negotiation import accepts_gzip, choose_form
from exporter.web.rendering import Renderer
from exporter.web.sending import send

_SECURITY_HEADERS = {
    "Content-Security-Policy": landing.CONTENT_SECURITY_POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


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
    """

    look: Look
    exposition: Exposition
    unready: Callable[[], str]
    reload: Callable[[], None] | None = None


def make_app(
    backend: Backend,
    *,
    telemetry_path: str = "/metrics",
    route_prefix: str = "/",
    middlewares: Iterable[Middleware] = (),
) -> web.Application:
    """Return the application.

    Args:
        backend: what is served.
        telemetry_path: path of the metrics, below the prefix.
        route_prefix: path below which every route stands.
        middlewares: run before every handler, the first one outermost, such as one that asks for a password.

    Raises:
        ValueError: a path is not absolute, or holds characters that cannot stand in one, or is taken.
    """
    prefix = _path(route_prefix).rstrip("/")
    telemetry = _path(telemetry_path).rstrip("/")
    if not telemetry or telemetry.startswith(("/-/", "/api/")):
        raise ValueError(f"{telemetry_path!r} cannot be the path of the metrics: it is taken")
    endpoints = _Endpoints(backend, telemetry)
    app = web.Application(middlewares=[*middlewares, _refuse_bodies], client_max_size=0)
    app.add_routes(
        [
            web.get(f"{prefix}/", endpoints.landing),
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
    app.cleanup_ctx.append(endpoints.lifetime)
    return app


def _path(text: str) -> str:
    if not text.startswith("/") or text.startswith("//") or not text.isprintable() or set(text) & set(" {}?#%\\"):
        raise ValueError(f"{text!r} is not a path: give one that starts with / and holds no blanks or signs")
    return text


class _Endpoints:
    """The handlers, and what they share."""

    def __init__(self, backend: Backend, telemetry_path: str) -> None:
        self._backend = backend
        self._telemetry_path = telemetry_path
        self._renderer = Renderer(backend.exposition)
        self._reloading = asyncio.Lock()

    async def lifetime(self, _app: web.Application) -> AsyncIterator[None]:
        yield
        self._renderer.close()

    async def metrics(self, request: web.Request) -> web.StreamResponse:
        form, content_type = choose_form(",".join(request.headers.getall("Accept", [])))
        compressed = accepts_gzip(",".join(request.headers.getall("Accept-Encoding", [])))
        names = frozenset(request.query.getall("name[]", [])) or None
        body = await self._renderer.page(form, compressed=compressed, names=names)
        headers = {"Content-Type": content_type, "Cache-Control": "no-store", "Vary": "Accept, Accept-Encoding"}
        if compressed:
            headers["Content-Encoding"] = "gzip"
        return await send(request, body, headers)

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

    async def landing(self, request: web.Request) -> web.StreamResponse:
        page = await self._renderer.call(self._landing)
        headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
        return await send(request, page.encode(), headers)

    def _landing(self) -> str:
        summary = landing.summarise(self._backend.look(), self._backend.unready())
        return landing.render(summary, telemetry_path=self._telemetry_path)


def _text(text: str, status: int = 200) -> web.Response:
    return web.Response(text=f"{text}\n", status=status, headers={"Cache-Control": "no-store"})


def _redirect_to(path: str) -> Handler:
    async def redirect(_request: web.Request) -> NoReturn:
        raise web.HTTPFound(path)

    return redirect


@web.middleware
async def _refuse_bodies(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.body_exists:
        raise web.HTTPRequestEntityTooLarge(max_size=0, actual_size=request.content_length or 0)
    return await handler(request)


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_SECURITY_HEADERS)
    response.headers["Server"] = "configmgr-exporter"
