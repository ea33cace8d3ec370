"""The pages in a real browser, through the incident of the demo: found, understood, mended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import bcrypt
import pytest
from playwright.sync_api import Browser, Page, expect

from docs.screens import HOUR, SHOTS, Stage, browser, shoot
from exporter.metrics.views import Snapshot
from exporter.web.access.guard import Guard
from tests.metrics.states import FACTS
from tests.web.access.conftest import TLS, authority_in
from tests.web.pages.test_pages import HOSTILE_GIVEN, hostile_views
from tests.web.serving import World, serving

PAGES = ("/", "/site/CHI", "/site/CEN", "/package/CEN00012", "/task-sequence/CHI/CEN00021", "/logs", "/site/XYZ")
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
REFRESH = 5_100  # milliseconds: a little more than the script waits between two looks


@pytest.fixture(scope="module")
def running() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def address(incident_port: int) -> str:
    return f"http://127.0.0.1:{incident_port}"


@contextmanager
def opened(running: Browser, address: str, **options: Any) -> Iterator[Page]:
    """A page in a window of its own that must not complain, ask anything, or load anything from elsewhere."""
    complaints: list[str] = []
    context = running.new_context(**({"viewport": {"width": 1100, "height": 700}} | options))
    page = context.new_page()
    page.clock.install()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    asked: list[str] = []
    page.goto(address)
    yield page
    context.close()
    assert {urlsplit(url).netloc for url in asked} == {urlsplit(address).netloc}
    # That the page was not found, or the server is gone, is what some tests are about.
    assert [text for text in complaints if "Failed to load resource" not in text] == []


def refresh(page: Page) -> None:
    """Let the script look again, and wait until it has."""
    with page.expect_response(lambda response: response.url == page.url):
        page.clock.run_for(REFRESH)


def test_an_incident_is_found_understood_and_seen_to_clear(running: Browser, tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.play(3 * HOUR)
    with stage.served() as address, opened(running, f"{address}/") as page:
        expect(page).to_have_title(
            "3 task sequences stuck at 3 sites because of 1 missing program · configmgr-exporter"
        )
        expect(page.get_by_role("heading", level=1)).to_have_text(
            "3 task sequences stuck at 3 sites because of 1 missing program"
        )
        culprit = page.get_by_role("article", name="CEN00012 Laptop drivers")
        expect(culprit).to_contain_text("CEN cannot read the source of CEN00012")
        expect(culprit.get_by_text("Do this first")).to_be_in_viewport()
        page.get_by_role("link", name="The lines that show it").click()
        expect(page.get_by_text("Win32 last error = 5").last).to_be_visible()
        expect(page.get_by_role("row", name="CHI the program is missing here")).to_be_visible()
        page.get_by_role("row", name="CHI CEN00021").get_by_role("link", name="CEN00021").click()
        expect(page.get_by_text("is not present in the PkgPrograms table")).to_be_visible()
        expect(page.get_by_role("status")).to_contain_text("Blocked at CHI")
        stage.play(6 * HOUR)
        refresh(page)
        expect(page.get_by_role("status")).to_have_text("Not blocked at CHI.")
        expect(page.get_by_text("is no longer blocked")).to_be_visible()
        page.get_by_role("link", name="Overview").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is stuck")
        expect(page.get_by_role("article")).to_have_count(0)


def test_refreshing_keeps_the_readers_place(running: Browser, tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.play(2 * HOUR)
    with stage.served() as address, opened(running, f"{address}/", viewport={"width": 800, "height": 500}) as page:
        before = page.get_by_role("article").inner_text()
        page.get_by_text("steps").click()
        link = page.get_by_role("link", name="The lines that show it")
        link.focus()
        page.evaluate("window.kept = [document.activeElement, document.querySelector('details'), scrollY]")
        stage.play(3 * HOUR)
        refresh(page)
        expect(page.get_by_role("article")).not_to_have_text(before)
        expect(page.locator("#taken")).to_have_text("2010-03-04 16:00:00 UTC")
        assert page.evaluate("document.activeElement === kept[0]")
        assert page.evaluate("document.querySelector('details') === kept[1] && kept[1].open")
        assert page.evaluate("Math.abs(scrollY - kept[2])") < 60
        assert page.evaluate("document.getElementById('content').innerText.includes('CEN00023')")


def test_a_refreshed_page_is_the_page_that_a_reload_gives(running: Browser, tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.play(0.5 * HOUR)
    with stage.served() as address, opened(running, f"{address}/") as page:
        for hours in (1.5, 2, 3, 5.5, 6):
            stage.play(hours * HOUR)
            refresh(page)
            expect(page.locator("#taken")).to_have_attribute(
                "datetime", f"2010-03-04T{13 + int(hours)}:{'30' if hours % 1 else '00'}:00.000Z"
            )
            refreshed = page.locator("main").inner_html()
            page.reload()
            assert page.locator("main").inner_html() == refreshed


def test_a_reader_is_told_when_the_exporter_does_not_answer_any_more(running: Browser, tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.play(HOUR)
    with stage.served() as address, opened(running, f"{address}/") as page:
        expect(page.get_by_role("alert")).to_be_hidden()
        page.route("**/*", lambda route: route.abort())
        for _ in range(3):
            with page.expect_event("requestfailed"):
                page.clock.run_for(REFRESH)
        expect(page.get_by_role("alert")).to_have_text(
            "The exporter does not answer. What you see is as of 2010-03-04 14:00:00 UTC."
        )
        page.unroute("**/*")
        refresh(page)
        expect(page.get_by_role("alert")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1100])
def test_pages_are_fit_for_everybody(running: Browser, address: str, scheme: str, width: int) -> None:
    options: dict[str, Any] = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    with opened(running, address, reduced_motion="reduce", **options) as page:
        for path in PAGES:
            page.goto(address + path)
            page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
            page.evaluate(AXE)
            result = page.evaluate("(tags) => axe.run(document, { runOnly: tags })", TAGS)
            faults = [f"{fault['id']}: {node['html']}" for fault in result["violations"] for node in fault["nodes"]]
            assert faults == [], path
            assert len(result["passes"]) > 20
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path} is wider than the window"


def test_everything_can_be_reached_by_keyboard(running: Browser, address: str) -> None:
    with opened(running, f"{address}/") as page:
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="CEN00012").first).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_text("If that does not help, recreate package CEN00012")).to_be_visible()
        node = page.get_by_role("link", name="Site CHI: 3 blocked")
        for _ in range(20):
            page.keyboard.press("Tab")
            if node.evaluate("(element) => element === document.activeElement"):
                break
        expect(node).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Site CHI: 3 blocked")


def test_pages_behind_tls_and_a_password_bring_themselves_up_to_date(running: Browser, tmp_path: Path) -> None:
    hashed = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
    guard = Guard(authority_in(tmp_path).config(f"{TLS}basic_auth_users: {{reader: {hashed}}}"))
    known = {"ignore_https_errors": True, "http_credentials": {"username": "reader", "password": "secret"}}
    world = World()
    with serving(world, guard=guard) as port, opened(running, f"https://localhost:{port}/", **known) as page:
        expect(page.get_by_role("heading", level=1)).to_contain_text("4 task sequences stuck")
        world.snapshot = Snapshot([], FACTS)
        refresh(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("No site is read")


def test_pages_work_without_javascript(running: Browser, address: str) -> None:
    context = running.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("3 task sequences stuck")
    page.get_by_text("All 5 steps").click()
    expect(page.get_by_text("If that does not help")).to_be_visible()
    page.get_by_role("link", name="Site LON: 3 blocked").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Site LON: 3 blocked")
    context.close()


def test_on_paper_everything_is_open_and_nothing_is_there_to_be_clicked(running: Browser, address: str) -> None:
    with opened(running, f"{address}/", color_scheme="dark") as page:
        page.emulate_media(media="print")
        expect(page.get_by_text("If that does not help")).to_be_visible()
        expect(page.get_by_role("navigation")).to_be_hidden()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_text_of_a_hostile_log_does_nothing_in_a_browser(running: Browser) -> None:
    world = World(snapshot=Snapshot(hostile_views(), FACTS), given=HOSTILE_GIVEN)
    with serving(world) as port, opened(running, f"http://127.0.0.1:{port}/") as page:
        for path in ("/", "/logs", "/site/CHI", "/package/CEN0000A", "/task-sequence/CHI/CEN0000A"):
            page.goto(f"http://127.0.0.1:{port}{path}")
            assert page.locator("script").count() == 1
            assert page.get_by_text("<script>alert(1)</script>").count() > 0
            refresh(page)


def test_the_pictures_of_the_documentation_can_be_made(running: Browser, address: str, tmp_path: Path) -> None:
    shot = next(shot for shot in SHOTS if shot.name == "page-overview-phone")
    shoot(running, address, shot, tmp_path)
    assert (tmp_path / "page-overview-phone.png").read_bytes().startswith(b"\x89PNG")
