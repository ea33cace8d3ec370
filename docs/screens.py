"""Makes the pictures of the pages in the documentation: `python -m docs.screens`. Needs Debian's chromium."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, sync_playwright

from exporter.collector.site import Site
from exporter.events.loader import load_catalogue
from exporter.events.matcher import Matcher
from exporter.logs.clock import Clock
from exporter.logs.discovery import Folder
from exporter.logs.records import RecordReader
from exporter.logs.volume import LocalVolume
from exporter.metrics.exposition import Exposition
from exporter.metrics.views import ExporterFacts, SiteView, Snapshot
from exporter.report.picture import Given
from exporter.simulator import Plan, Simulation, demo_plan
from exporter.simulator.disk import Disk
from exporter.web.app import Backend, make_app
from exporter.web.server import Server

IMAGES: Final = Path(__file__).parent / "images"
CHROMIUM: Final = "/usr/bin/chromium"
HOUR: Final = 3600


class Stage:
    """A simulated hierarchy whose logs are written, read and served, as far as the play has got.

    Args:
        folder: where the logs are written.
        plan: what happens.
        given: what is configured for the pages.
    """

    def __init__(self, folder: Path, plan: Plan | None = None, given: Given | None = None) -> None:
        self.folder = folder
        self._plan = plan or demo_plan()
        self._given = given or Given()
        self._records = Simulation(self._plan).run()
        self._held = next(self._records, None)
        self._disk = Disk(folder, self._plan.sites, self._plan.max_log_bytes)
        self.now = self._plan.start.timestamp()
        catalogue = load_catalogue()
        self.sites = [
            Site(
                site.code,
                [Folder(LocalVolume(), str(folder / f"SMS_{site.code}" / "Logs"))],
                Matcher(catalogue, RecordReader(Clock())),
            )
            for site in self._plan.sites
        ]
        for site in self._plan.sites:
            (folder / f"SMS_{site.code}" / "Logs").mkdir(parents=True, exist_ok=True)

    def play(self, seconds: float) -> None:
        """Go on until so many seconds after the beginning, and read what was written. Rolled logs are lost nowhere."""
        while self.now < self._plan.start.timestamp() + seconds:
            # In steps short enough for no log to roll twice between two looks.
            self.now = min(self.now + 300, self._plan.start.timestamp() + seconds)
            while self._held is not None and self._held.time / 1000 <= self.now:
                self._disk.write(self._held)
                self._held = next(self._records, None)
            self._disk.flush()
            for site in self.sites:
                while site.poll(self.now):
                    pass

    def look(self) -> Snapshot:
        """Return the state as it is now."""
        views = [SiteView(site.ledger.state, site.logs, site.revision, site.gaps, site.lock) for site in self.sites]
        return Snapshot(views, ExporterFacts("0.1.0", "3.11"))

    def backend(self) -> Backend:
        """Return what an application serves of it, told by the clock of the play."""
        return Backend(self.look, Exposition(self.look), str, given=lambda: self._given, wall=lambda: self.now)

    @contextmanager
    def served(self) -> Iterator[str]:
        """Serve it on a free port and give its address."""
        server = Server(make_app(self.backend()), ["127.0.0.1:0"])
        server.start()
        try:
            yield f"http://{server.addresses[0]}"
        finally:
            server.stop()


@contextmanager
def browser() -> Iterator[Browser]:
    """Start a browser without a window."""
    with sync_playwright() as playwright:
        # Its sandbox needs rights that a container does not give; it only sees what is served here.
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield running
        finally:
            running.close()


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture.

    Attributes:
        name: of the file.
        hours: after the beginning of the play.
        path: of the page.
        width: of the window; `scheme`: light or dark.
        height: of the picture, 0 for the whole page.
    """

    name: str
    hours: float
    path: str
    width: int = 1100
    scheme: str = "light"
    height: int = 0


SHOTS: Final = (
    Shot("page-overview", 3, "/"),
    Shot("page-overview-dark", 3, "/", scheme="dark"),
    Shot("page-overview-phone", 3, "/", width=390, height=1500),
    Shot("page-package", 3, "/package/CEN00012", height=1500),
    Shot("page-site", 3, "/site/CHI"),
    Shot("page-task-sequence", 3, "/task-sequence/CHI/CEN00021", height=1500),
    Shot("page-clear", 6, "/", scheme="dark", height=800),
)


def shoot(running: Browser, address: str, shot: Shot, folder: Path) -> None:
    """Save one picture as `<name>.png`."""
    context = running.new_context(
        viewport={"width": shot.width, "height": shot.height or 800},
        color_scheme="dark" if shot.scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(address + shot.path)
    page.screenshot(path=folder / f"{shot.name}.png", full_page=not shot.height)
    context.close()


def draw(html: str, path: Path, width: int = 760) -> None:
    """Draw a document of its own, such as a mail, into a PNG file.

    Args:
        html: the document.
        path: of the file.
        width: of the window, pixels.
    """
    with browser() as running:
        page = running.new_page(viewport={"width": width, "height": 100})
        page.set_content(html)
        page.screenshot(path=path, full_page=True)


def main() -> None:
    """Make every picture."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, browser() as running:
        stage = Stage(Path(name))
        with stage.served() as address:
            for shot in sorted(SHOTS, key=lambda shot: shot.hours):
                stage.play(shot.hours * HOUR)
                shoot(running, address, shot, IMAGES)


if __name__ == "__main__":
    main()
