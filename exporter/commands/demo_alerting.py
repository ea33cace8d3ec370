"""Prometheus and Alertmanager for the demo, with the rules and routes that are shipped, all durations divided.

The rules stand in a checkout of the project, not in the package, and the programs are the reader's own: where one of
them is not there, the demo goes on without and says so.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

import requests
import yaml
from aiohttp import web

import exporter
from exporter.web.server import Server

_CHECKOUT: Final = Path(exporter.__file__).resolve().parents[1]
_BUILDER: Final = "alerts.build"
_PROGRAMS: Final = {"Prometheus": ("prometheus",), "Alertmanager": ("alertmanager", "prometheus-alertmanager")}
_START_SECONDS: Final = 30.0
_SCRAPE_SECONDS: Final = 60.0


class LackingError(Exception):
    """Alerts cannot be shown; the text says what is lacking."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What Alertmanager sent.

    Attributes:
        firing: whether something is wrong, or has ended.
        words: what it is about.
    """

    firing: bool
    words: str


@dataclass(frozen=True, slots=True)
class Alerting:
    """The two programs at work.

    Attributes:
        prometheus, alertmanager: where they answer.
        notices: what was sent so far, to be taken out.
    """

    prometheus: str
    alertmanager: str
    notices: SimpleQueue[Notice] = field(default_factory=SimpleQueue)


@contextmanager
def alerting(folder: Path, target: str, faster: float) -> Iterator[Alerting]:
    """Run the two programs.

    Args:
        folder: gets their configuration, logs and data.
        target: host and port of the exporter that is scraped.
        faster: what each duration is divided by.

    Raises:
        LackingError: one of them is not installed, does not start, or the rules are not here.
    """
    programs = {name: _program(name, commands) for name, commands in _PROGRAMS.items()}
    _build(folder, faster)
    with ExitStack() as running:
        found = Alerting(f"http://{_free_address()}", f"http://{_free_address()}")
        hook = running.enter_context(_receiving(found.notices))
        _set_up(folder, hook, target, found, faster)
        routes = [programs["Alertmanager"], "--config.file=alertmanager.yml", "--cluster.listen-address="]
        running.enter_context(_running(routes, found.alertmanager, folder))
        rules = [programs["Prometheus"], "--config.file=prometheus.yml"]
        running.enter_context(_running(rules, found.prometheus, folder))
        yield found


def _program(name: str, commands: Sequence[str]) -> str:
    found = next(filter(None, map(shutil.which, commands)), None)
    if found is None:
        raise LackingError(f"{name} is not installed")
    return found


def _build(folder: Path, faster: float) -> None:
    if not (_CHECKOUT / "alerts" / "build.py").exists():
        raise LackingError("the alert rules are in a checkout of the project, and this is an installed package")
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-m", _BUILDER, "--faster", str(faster), "--out", str(folder)],
        cwd=_CHECKOUT,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise LackingError(f"the alert rules cannot be made: {done.stderr.strip()}")


def _set_up(folder: Path, hook: str, target: str, where: Alerting, faster: float) -> None:
    path = folder / "alertmanager.yml"
    routes = yaml.safe_load(path.read_text(encoding="utf-8"))
    # What would page a person comes to us. Tickets are seen on Alertmanager's own page.
    page = {"name": "page", "webhook_configs": [{"url": hook, "send_resolved": True}]}
    others = [{"name": each["name"]} for each in routes["receivers"] if each["name"] != "page"]
    routes |= {"receivers": [page, *others], "templates": []}
    path.write_text(yaml.safe_dump(routes), encoding="utf-8")
    interval = f"{round(1000 * _SCRAPE_SECONDS / faster)}ms"
    configuration = {
        "global": {"scrape_interval": interval, "scrape_timeout": interval},
        "rule_files": ["*.rules.yml"],
        "alerting": {
            "alertmanagers": [{"static_configs": [{"targets": [where.alertmanager.removeprefix("http://")]}]}]
        },
        "scrape_configs": [{"job_name": "configmgr", "static_configs": [{"targets": [target]}]}],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration), encoding="utf-8")


@contextmanager
def _receiving(notices: SimpleQueue[Notice]) -> Iterator[str]:
    """Take what Alertmanager sends; gives the address to send it to."""

    async def take(request: web.Request) -> web.Response:
        notices.put(_notice(await request.json()))
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/", take)])
    server = Server(app, ["127.0.0.1:0"])
    server.start()
    try:
        yield f"http://{server.addresses[0]}/"
    finally:
        server.stop()


def _notice(sent: dict[str, Any]) -> Notice:
    firing = sent["status"] == "firing"
    told = [alert["annotations"] for alert in sent["alerts"] if alert["status"] == sent["status"]]
    words = "\n".join(f"{each['summary']} {' '.join(each['description'].split())}" for each in told)
    return Notice(firing, words if firing else "\n".join(each["summary"] for each in told))


@contextmanager
def _running(command: Sequence[str], url: str, folder: Path) -> Iterator[None]:
    name = Path(command[0]).name
    options = [f"--web.listen-address={url.removeprefix('http://')}"]
    options.append(f"--storage.{'path' if 'alertmanager' in name else 'tsdb.path'}={folder / name}")
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen([*command, *options], cwd=folder, stdout=log, stderr=log)  # noqa: S603 - as installed
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(url):
            if process.poll() is not None or time.monotonic() > deadline:
                said = (folder / f"{name}.log").read_text(encoding="utf-8", errors="replace").splitlines()
                raise LackingError(f"{name} does not start: {said[-1] if said else 'it says nothing'}")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/-/ready", timeout=5).ok
    except requests.RequestException:
        return False


def _free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"
