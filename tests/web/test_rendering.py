"""One rendering for all who ask for the same."""

from __future__ import annotations

import asyncio

import pytest

from exporter.metrics.exposition import Form
from exporter.web.rendering import Renderer
from tests.web.serving import PATIENCE
from tests.web.test_app import Gated


def test_who_gives_up_waiting_takes_nothing_from_the_others() -> None:
    async def scenario() -> bytes:
        gated = Gated()
        renderer = Renderer(gated)
        impatient, patient = (
            asyncio.create_task(renderer.page(Form.TEXT, compressed=False, names=None)) for _ in range(2)
        )
        assert await asyncio.to_thread(gated.begun.wait, PATIENCE)
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        gated.go_on.set()
        try:
            return await patient
        finally:
            renderer.close()

    assert asyncio.run(scenario()) == b"x"


def test_a_rendering_that_is_done_is_not_handed_out_again() -> None:
    async def scenario() -> int:
        gated = Gated()
        gated.go_on.set()
        renderer = Renderer(gated)
        for _ in range(3):
            await renderer.page(Form.TEXT, compressed=False, names=None)
        renderer.close()
        return gated.rendered

    assert asyncio.run(scenario()) == 3


def test_different_work_is_not_shared() -> None:
    async def scenario() -> list[str]:
        renderer = Renderer(Gated())
        try:
            return list(await asyncio.gather(*(renderer.share(key, lambda key=key: key) for key in "aba")))  # type: ignore[misc]
        finally:
            renderer.close()

    assert asyncio.run(scenario()) == ["a", "b", "a"]
