"""What the routes answer, over real sockets."""

from __future__ import annotations

import gzip
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from exporter.metrics.exposition import Exposition, Form
from exporter.metrics.views import Snapshot
from exporter.web import sending
from exporter.web.app import ReloadError, make_app
from exporter.web.pages.views import Page
from tests.metrics import golden
from tests.web.serving import PATIENCE, World, ask, raw, rest, serving, wait_until


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def port(world: World) -> Iterator[int]:
    with serving(world) as port:
        yield port


def test_metrics_are_served_as_text(port: int) -> None:
    answer = ask(port, "/metrics")
    assert answer.status == 200
    assert answer.body == golden.render("full.text.txt")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Content-Encoding" not in answer.headers


def test_metrics_are_served_as_openmetrics_and_compressed_to_those_who_ask(port: int) -> None:
    answer = ask(port, "/metrics", Accept="application/openmetrics-text;version=1.0.0", Accept_Encoding="gzip")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert gzip.decompress(answer.body) == golden.render("full.openmetrics.txt")


def test_metrics_can_be_restricted_by_name(port: int) -> None:
    answer = ask(port, "/metrics?name[]=configmgr_log_up&name%5B%5D=configmgr_task_sequence_block_duration_seconds_sum")
    samples = {line.split("{")[0] for line in answer.text.splitlines() if not line.startswith("#")}
    assert samples == {"configmgr_log_up", "configmgr_task_sequence_block_duration_seconds_sum"}


def test_a_restriction_to_an_unknown_name_gives_nothing(port: int) -> None:
    answer = ask(port, "/metrics?name[]=nothing")
    assert (answer.status, answer.body) == (200, b"")


def test_head_gives_the_headers_alone(port: int) -> None:
    answer = ask(port, "/metrics", "HEAD")
    assert answer.status == 200
    assert answer.body == b""
    assert int(answer.headers["Content-Length"]) == len(golden.render("full.text.txt"))


def test_health_and_readiness(world: World, port: int) -> None:
    assert ask(port, "/-/healthy").status == 200
    assert ask(port, "/-/ready").status == 200
    world.unready = "12 of 300 logs are not read yet"
    answer = ask(port, "/-/ready")
    assert answer.status == 503
    assert "12 of 300 logs" in answer.text
    assert ask(port, "/-/healthy").status == 200


def test_a_scrape_right_after_the_start_waits_for_the_whole_truth() -> None:
    world = World(unready="still reading", patience=PATIENCE)
    with serving(world) as port, ThreadPoolExecutor() as threads:
        scrape = threads.submit(ask, port, "/metrics")
        assert ask(port, "/-/ready").status == 503
        assert not scrape.done()
        world.unready = ""
        assert scrape.result().status == 200


def test_a_scrape_gets_what_there_is_when_the_whole_truth_takes_long() -> None:
    with serving(World(unready="the share hangs", patience=0.1)) as port:
        assert ask(port, "/metrics").body == golden.render("full.text.txt")


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_reload_is_done_and_reported(method: str) -> None:
    done: list[str] = []
    world = World(reload=lambda: done.append(threading.current_thread().name))
    with serving(world) as port:
        assert ask(port, "/-/reload", method).status == 200
    assert done
    assert done != ["http"]  # a slow reload holds up nobody


def test_a_failed_reload_says_why(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise ReloadError("config.yaml:3: no such key: sties")

    with serving(World(reload=fail)) as port:
        answer = ask(port, "/-/reload", "POST")
    assert answer.status == 500
    assert "config.yaml:3: no such key: sties" in answer.text
    assert not caplog.records


def test_a_fault_of_ours_is_logged_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise RuntimeError("/secret/path")

    with serving(World(reload=fail)) as port, caplog.at_level(logging.ERROR):
        answer = ask(port, "/-/reload", "POST", Accept="text/html")
        assert ask(port, "/-/healthy").status == 200
    assert answer.status == 500
    assert "secret" not in answer.text
    assert "/secret/path" in caplog.text


def test_reloads_run_one_after_another() -> None:
    running: list[int] = []
    most: list[int] = []
    first, go_on = threading.Event(), threading.Event()

    def reload() -> None:
        running.append(1)
        most.append(len(running))
        first.set()
        go_on.wait(PATIENCE)
        running.pop()

    with serving(World(reload=reload)) as port, ThreadPoolExecutor() as clients:
        answers = [clients.submit(ask, port, "/-/reload", "POST") for _ in range(3)]
        assert first.wait(PATIENCE)
        go_on.set()
        assert [answer.result().status for answer in answers] == [200, 200, 200]
    assert most == [1, 1, 1]


def test_without_a_configuration_file_there_is_nothing_to_reload(port: int) -> None:
    assert ask(port, "/-/reload", "POST").status == 404


def test_a_page_elsewhere_cannot_make_a_browser_reload() -> None:
    done: list[int] = []
    with serving(World(reload=lambda: done.append(1))) as port:
        assert ask(port, "/-/reload", "POST", Sec_Fetch_Site="cross-site").status == 403
        assert not done
        assert ask(port, "/-/reload", "POST", Sec_Fetch_Site="same-origin").status == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/-/reload", 405, {"POST", "PUT"}),
        ("POST", "/metrics", 405, {"GET", "HEAD"}),
        ("DELETE", "/", 405, {"GET", "HEAD"}),
        ("OPTIONS", "/metrics", 405, {"GET", "HEAD"}),
        ("GET", "/nothing", 404, None),
        ("GET", "/metrics/", 404, None),
        ("GET", "/../etc/passwd", 404, None),
        ("GET", "/%2e%2e/%00", 404, None),
    ],
)
def test_wrong_methods_and_paths(port: int, method: str, path: str, status: int, allowed: set[str] | None) -> None:
    answer = ask(port, path, method)
    assert answer.status == status
    assert (set(answer.headers["Allow"].split(",")) if allowed else None) == allowed


@pytest.mark.parametrize(("method", "path"), [("POST", "/-/reload"), ("GET", "/metrics"), ("PUT", "/nothing")])
def test_bodies_are_refused(port: int, method: str, path: str) -> None:
    assert ask(port, path, method, b"x" * 100_000).status == 413
    assert ask(port, path, method, b"{}", Transfer_Encoding="chunked").status in {400, 413}


def test_every_answer_carries_the_security_headers(port: int) -> None:
    for path in ("/", "/metrics", "/nothing", "/-/reload"):
        headers = ask(port, path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
        assert headers["Server"] == "configmgr-exporter"  # not which versions of what it is made of


def test_a_prefix_moves_every_route() -> None:
    with serving(World(), route_prefix="/configmgr/", telemetry_path="/m/etrics") as port:
        assert ask(port, "/configmgr/m/etrics").status == 200
        assert ask(port, "/configmgr/-/healthy").status == 200
        assert ask(port, "/metrics").status == 404
        assert 'href="m/etrics"' in ask(port, "/configmgr/").text
        for path in ("/", "/configmgr"):
            answer = ask(port, path)
            assert (answer.status, answer.headers["Location"]) == (302, "/configmgr/")


@pytest.mark.parametrize(
    "path", ["", "metrics", "/", "//host", "/a b", "/{x}", "/-/ready", "/api/v1", "/a\\b", "/%41", "/é\n"]
)
def test_paths_that_cannot_be_are_refused_at_the_start(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        make_app(World().backend(), telemetry_path=path)


def test_a_middleware_can_turn_a_client_away() -> None:
    @web.middleware
    async def turn_away(request: web.Request, handler: Handler) -> web.StreamResponse:  # noqa: ARG001 - by keyword
        raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Basic"})

    with serving(World(), middlewares=(turn_away,)) as port:
        for path in ("/", "/metrics", "/nothing", "/-/healthy"):
            assert ask(port, path).status == 401


class Gated(Exposition):
    """Renders nothing until it is told to."""

    def __init__(self) -> None:
        super().__init__(lambda: World().snapshot)
        self.rendered = 0
        self.begun, self.go_on = threading.Event(), threading.Event()

    def page(self, form: Form, *, compressed: bool = False, names: object = None) -> bytes:  # noqa: ARG002
        self.rendered += 1
        self.begun.set()
        assert self.go_on.wait(PATIENCE)
        return b"x"


def test_many_scrapers_at_once_share_one_rendering() -> None:
    arrived: list[int] = []

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        arrived.append(1)
        return await handler(request)

    gated = Gated()
    with serving(World(exposition=gated), middlewares=(count,)) as port, ThreadPoolExecutor(40) as clients:
        answers = [clients.submit(ask, port, "/metrics") for _ in range(40)]
        wait_until(lambda: len(arrived) == 40)
        gated.go_on.set()
        assert {answer.result().body for answer in answers} == {b"x"}
    assert gated.rendered == 1


def test_many_readers_of_a_page_at_once_share_one_rendering(monkeypatch: pytest.MonkeyPatch) -> None:
    arrived: list[int] = []
    shown: list[int] = []
    go_on = threading.Event()
    overview = Page.overview

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        arrived.append(1)
        return await handler(request)

    def show(page: Page) -> str:
        shown.append(1)
        assert go_on.wait(PATIENCE)
        return overview(page)

    monkeypatch.setattr(Page, "overview", show)
    with serving(World(), middlewares=(count,)) as port, ThreadPoolExecutor(20) as clients:
        answers = [clients.submit(ask, port, "/") for _ in range(20)]
        wait_until(lambda: len(arrived) == 20)
        go_on.set()
        assert {answer.result().status for answer in answers} == {200}
    assert len(shown) == 1


def test_a_scraper_that_goes_away_takes_nothing_from_the_others() -> None:
    gated = Gated()
    with serving(World(exposition=gated)) as port, ThreadPoolExecutor() as clients:
        with raw(port) as impatient:
            impatient.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            assert gated.begun.wait(PATIENCE)
            patient = clients.submit(ask, port, "/metrics")
        gated.go_on.set()
        assert patient.result().body == b"x"


def test_a_long_rendering_holds_up_no_other_client() -> None:
    gated = Gated()
    with serving(World(exposition=gated)) as port, ThreadPoolExecutor() as clients:
        scrape = clients.submit(ask, port, "/metrics")
        assert gated.begun.wait(PATIENCE)
        assert ask(port, "/-/healthy").status == 200
        assert not scrape.done()
        gated.go_on.set()
        assert scrape.result().status == 200


class Huge(Exposition):
    def page(self, form: Form, *, compressed: bool = False, names: object = None) -> bytes:  # noqa: ARG002
        return bytes(64 << 20)


def test_a_client_that_does_not_read_holds_up_no_other_and_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "SEND_SECONDS", 0.3)
    given_up = threading.Event()

    @web.middleware
    async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if request.path == "/metrics":
            given_up.set()
        return response

    world = World(exposition=Huge(lambda: World().snapshot))
    with serving(world, middlewares=(watch,)) as port, raw(port) as lazy:
        lazy.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert lazy.recv(15) == b"HTTP/1.1 200 OK"
        assert ask(port, "/-/healthy").status == 200
        assert not given_up.is_set()
        assert given_up.wait(PATIENCE)
        assert len(rest(lazy)) < 64 << 20


def test_the_landing_page_is_served(port: int) -> None:
    answer = ask(port, "/")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "4 task sequences stuck at 1 site because of 3 missing programs" in answer.text


def test_a_world_without_sites_is_served() -> None:
    world = World()
    world.snapshot = Snapshot([], world.snapshot.exporter)
    with serving(world) as port:
        assert ask(port, "/metrics").status == 200
        assert "No site is read" in ask(port, "/").text
