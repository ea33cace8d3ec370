"""Makes the pictures of the dashboards in the documentation: `python -m dashboards.pictures`.

Needs node and npm (the preview draws with Grafana's own front-end libraries), Debian's prometheus and chromium. Not a
part of the tests: it takes minutes, and what it draws shows the hour at which it ran.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from playwright.sync_api import Browser, sync_playwright

from dashboards.build import FOLDER
from dashboards.incident import JOB, History, incident_plan
from dashboards.servers import Prometheus, load_history, prometheus

PREVIEW: Final = Path(__file__).resolve().parent / "preview"
IMAGES: Final = Path(__file__).resolve().parents[1] / "docs" / "images"
_STEP_SECONDS: Final = 60
_WIDTH: Final = 1600
_CELL: Final = 38  # pixels of one unit of Grafana's grid
_MARGIN: Final = 70
_CHROMIUM: Final = "/usr/bin/chromium"


class PictureError(Exception):
    """A dashboard could not be drawn; the text says why."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture.

    Attributes:
        name: what it is called.
        dashboard: file of the dashboard.
        choices: what is chosen of its variables.
    """

    name: str
    dashboard: str
    choices: Mapping[str, str]

    @property
    def path(self) -> Path:
        """Where it is kept."""
        return IMAGES / f"dashboards-{self.name}.png"


PICTURES: Final = (
    Picture("hierarchy", "hierarchy.json", {}),
    Picture("site", "site.json", {"site": "CHI"}),
    Picture("package", "package.json", {"package": "CEN00012"}),
    Picture("package-mended", "package.json", {"package": "CEN00013"}),
    Picture("transport", "transport.json", {"site": "All"}),
    Picture("exporter", "exporter.json", {}),
)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, name="preview")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def filled(text: str, choices: Mapping[str, str]) -> str:
    """Put what is chosen in the place of a dashboard's variables."""
    values = {"job": ".+", "instance": ".+"} | {
        name: ".+" if value == "All" else value for name, value in choices.items()
    }
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value).replace(f"${name}", value)
    return text


def _built() -> Path:
    for command in (["npm", "ci", "--no-audit", "--no-fund"], ["npm", "run", "build"]):
        subprocess.run(command, cwd=PREVIEW, check=True)  # noqa: S603 - our own commands
    return PREVIEW / "dist"


def _draw(browser: Browser, pages: str, source: Prometheus, span: tuple[float, float], picture: Picture) -> None:
    dashboard: dict[str, Any] = json.loads((FOLDER / picture.dashboard).read_text(encoding="utf-8"))
    text = filled(json.dumps(dashboard), picture.choices)
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"])
    chosen = {"Job": JOB, "Instance": "All"} | {name.capitalize(): value for name, value in picture.choices.items()}
    address = {
        "dashboard": "/dashboard.json",
        "prometheus": source.url,
        "from": round(span[0] * 1000),
        "to": round(span[1] * 1000),
        "choice": [f"{name}: {value}" for name, value in chosen.items()],
    }
    page = browser.new_page(viewport={"width": _WIDTH, "height": rows * _CELL + _MARGIN})
    page.route("**/dashboard.json", lambda route: route.fulfill(body=text, content_type="application/json"))
    page.goto(f"{pages}/?{urlencode(address, doseq=True)}")
    wanted = sum(len(panel.get("targets", ())) for panel in dashboard["panels"])
    page.wait_for_function(
        "wanted => window.preview.asked.length >= wanted || window.preview.failures.length", arg=wanted
    )
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(2000)  # for the graphs: nothing says when the last one has been drawn
    asked, failures = page.evaluate("[window.preview.asked, window.preview.failures]")
    failures += [f"{query['error']}: {query['expr']}" for query in asked if query["status"] != "success"]
    page.screenshot(path=picture.path)
    page.close()
    if failures:
        raise PictureError(f"{picture.dashboard}: {failures}")


def main() -> None:
    """Draw every dashboard with the data of a simulated incident."""
    pages = _built()
    plan = incident_plan()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        history = History(folder, plan, _STEP_SECONDS)
        history.write()
        load_history(history.text, folder)
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        with prometheus(folder) as source, _served(pages) as address:
            for picture in PICTURES:
                _draw(browser, address, source, (plan.start_ms / 1000, plan.end_ms / 1000), picture)
        browser.close()


if __name__ == "__main__":
    main()
