"""Scrapes and pages rendered off the event loop, so that a large one holds up no other client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from exporter.metrics.exposition import Exposition, Form

_T = TypeVar("_T")


class Renderer:
    """Renders one thing at a time in a thread of its own.

    Clients that ask for the same while it is being rendered get that one: a hundred cost what one costs. What such a
    client sees is at most one rendering old.
    """

    def __init__(self, exposition: Exposition) -> None:
        self._exposition = exposition
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="render")
        self._running: dict[Hashable, asyncio.Future[Any]] = {}

    async def page(self, form: Form, *, compressed: bool, names: frozenset[str] | None) -> bytes:
        """Return a whole scrape; see `Exposition.page`."""
        work = partial(self._exposition.page, form, compressed=compressed, names=names)
        return await self.share((form, compressed, names), work)

    async def share(self, key: Hashable, work: Callable[[], _T]) -> _T:
        """Run work on the state in the thread, or wait for the same work, by its key, that runs already."""
        if key not in self._running:
            future = asyncio.get_running_loop().run_in_executor(self._executor, work)
            self._running[key] = future
            future.add_done_callback(lambda _: self._running.pop(key))
        result: _T = await asyncio.shield(self._running[key])  # a client that goes away takes nothing from the others
        return result

    async def call(self, work: Callable[[], _T]) -> _T:
        """Run work on the state in the thread, for one only."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def close(self) -> None:
        """End the thread when its work is done."""
        self._executor.shutdown(wait=False, cancel_futures=True)
