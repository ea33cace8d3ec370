"""Routes of the status pages and of the files that they need."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from aiohttp import web

from exporter.web.answering import HTML, answer
from exporter.web.assets import BY_ADDRESS
from exporter.web.pages.links import Links
from exporter.web.pages.views import Page
from exporter.web.rendering import Renderer
from exporter.web.sending import send
from exporter.web.sight import Sight

_Show = Callable[[Page], str | None]


class PageRoutes:
    """The handlers of pages.

    Args:
        sight: what they show.
        renderer: renders them, off the event loop.
        telemetry_path: where the metrics are, for a link.
    """

    def __init__(self, sight: Sight, renderer: Renderer, telemetry_path: str) -> None:
        self._sight = sight
        self._renderer = renderer
        self._telemetry_path = telemetry_path

    def routes(self, prefix: str) -> list[web.RouteDef]:
        """Return the routes below a prefix."""
        return [
            web.get(f"{prefix}/", self._overview),
            web.get(f"{prefix}/logs", self._logs),
            web.get(f"{prefix}/site/{{code}}", self._site),
            web.get(f"{prefix}/package/{{package}}", self._package),
            web.get(f"{prefix}/task-sequence/{{code}}/{{package}}", self._task_sequence),
            web.get(f"{prefix}/static/{{name}}", self._asset),
        ]

    async def _overview(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, 0, Page.overview)

    async def _logs(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, 0, Page.logs)

    async def _site(self, request: web.Request) -> web.StreamResponse:
        code = request.match_info["code"]
        return await self._answer(request, 1, lambda page: page.site(code))

    async def _package(self, request: web.Request) -> web.StreamResponse:
        package = request.match_info["package"]
        return await self._answer(request, 1, lambda page: page.package(package))

    async def _task_sequence(self, request: web.Request) -> web.StreamResponse:
        code, package = request.match_info["code"], request.match_info["package"]
        return await self._answer(request, 2, lambda page: page.task_sequence(code, package))

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        asset = BY_ADDRESS.get(request.match_info["name"])
        if asset is None:
            raise web.HTTPNotFound
        headers = {"Content-Type": asset.content_type, "Cache-Control": "public, max-age=31536000, immutable"}
        return await send(request, asset.body, headers)

    async def _answer(self, request: web.Request, depth: int, show: _Show) -> web.StreamResponse:
        status, page = await self._renderer.share(("page", request.path), lambda: self._page(depth, show))
        return await answer(request, page.encode("utf-8", "replace"), HTML, status)

    def _page(self, depth: int, show: _Show) -> tuple[HTTPStatus, str]:
        picture = self._sight.picture()
        page = Page(picture, Links(depth, self._telemetry_path, picture.given.links), self._sight.history)
        shown = show(page)
        if shown is not None:
            return HTTPStatus.OK, shown
        words = "No log that was read tells of it. Is it written as the logs write it?"
        return HTTPStatus.NOT_FOUND, page.problem("Nothing is known of this", words)
