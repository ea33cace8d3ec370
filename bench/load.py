"""Load: how many requests a running exporter answers, and whether it reads on meanwhile. By wrk, from Debian."""

from __future__ import annotations

import base64
import contextlib
import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

import bcrypt
import trustme

from bench.measure import exporter as command
from bench.results import Cell, Part, Table, Target
from bench.running import Running, running

_PATHS: Final = ("/metrics", "/", "/api/v1/hierarchy", "/api/v1/blocked", "/-/healthy")
_CONNECTIONS: Final = 16
_SCRAPERS: Final = 100
_SLOW_CLIENTS: Final = 400
_ASKED_AT_ONCE: Final = 20
_USER: Final = "prometheus:secret"
_SITE: Final = "AAA"
_LINE: Final = "Nothing to do.  $$<SMS_DISTRIBUTION_MANAGER><06-14-2018 06:26:25.828-60><thread=9112 (0x2398)>\r\n"
_LINES_A_WRITE: Final = 10
_WRITE_SECONDS: Final = 0.02
_UNITS: Final = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
_WANTED_DELAY: Final = 2.0


def load(folder: Path, seconds: float) -> Part:
    """Ask for each page for so many seconds, in plain HTTP and with TLS and a password, while a log is written."""
    subprocess.run(command("simulate", folder / "hierarchy"), check=True, stdout=subprocess.DEVNULL)
    rows: list[list[Cell]] = []
    crowds: list[list[Cell]] = []
    targets = []
    for how, options, trust, headers in (("plain", [], None, {}), ("TLS, password", *_secured(folder))):
        log = folder / how / "distmgr.log"
        log.parent.mkdir()
        log.write_text(_LINE, encoding="utf-8", newline="")
        logs = (folder / "hierarchy", f"{_SITE}={log.parent}")
        with running(*options, *logs, trust=trust, headers=headers) as exporter, _writing(log) as writer:
            exporter.wait("/-/ready")
            rows += [[how, path, *_asked(exporter, writer, path, _CONNECTIONS, seconds)] for path in _PATHS]
            crowds.append([how, f"{_SCRAPERS} scrapers", *_asked(exporter, writer, "/metrics", _SCRAPERS, seconds)])
            with _slow_clients(exporter, _SLOW_CLIENTS):
                found = _asked(exporter, writer, "/metrics", 1, seconds)
            crowds.append([how, f"1 scraper beside {_SLOW_CLIENTS} stalled clients", *found])
            slowest = max(float(str(row[-2])) for row in [*rows, *crowds] if row[0] == how) / 1000
        targets.append(
            Target(
                f"a line written under load, {how}",
                f"counted within {_WANTED_DELAY:g} s",
                f"{slowest:.1f} s",
                slowest <= _WANTED_DELAY,
            )
        )
    columns = ("requests/s", "half, ms", "99 of 100, ms", "failed", "line counted after, half, ms", "at most, ms")
    tables = [
        Table(f"{_CONNECTIONS} clients at once", ("", "path", *columns, "memory MB"), rows),
        Table("Crowds, at `/metrics`", ("", "who asks", *columns, "memory MB"), crowds),
    ]
    how = (
        f"A simulated hierarchy of six sites is served, and {_LINES_A_WRITE / _WRITE_SECONDS:.0f} lines a second are "
        f"written to one more log and read. {_CONNECTIONS} clients of wrk ask for one page, each as soon as it has "
        f"the answer, for {seconds:g} s, with gzip. Beside them, one client asks how many lines were counted, and so "
        "measures how long a line takes from being written to being told. Then come a hundred scrapers, and clients "
        "that ask for all metrics and do not read them. All of it runs on the same machine."
    )
    return Part("load", "Under load", how, tables, targets=targets)


def _asked(exporter: Running, writer: _Writer, path: str, connections: int, seconds: float) -> list[Cell]:
    """Ask for a page, and return what a row tells of it."""
    with _watching(exporter, writer) as delays:
        found = _wrk(exporter, path, connections, seconds)
    return [*found, median(delays) * 1000, max(delays) * 1000, exporter.memory()]


@contextlib.contextmanager
def _slow_clients(exporter: Running, count: int) -> Iterator[None]:
    """Keep clients that have asked for all metrics again and again, and do not take the answers."""
    headers = "".join(f"{name}: {value}\r\n" for name, value in exporter.headers.items())
    request = f"GET /metrics HTTP/1.1\r\nHost: bench\r\n{headers}\r\n".encode()
    with contextlib.ExitStack() as clients:
        for _ in range(count):
            client = clients.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", exporter.port))
            if exporter.trust is not None:
                client = clients.enter_context(exporter.trust.wrap_socket(client, server_hostname="127.0.0.1"))
            client.sendall(request * _ASKED_AT_ONCE)
        yield


def _secured(folder: Path) -> tuple[list[str | Path], ssl.SSLContext, Mapping[str, str]]:
    """Return the options, the trust and the headers for TLS and a password."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(folder / "server.key")
    issued.cert_chain_pems[0].write_to_path(folder / "server.crt")
    user, _, password = _USER.partition(":")
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(10)).decode()
    config = folder / "web.yml"
    config.write_text(
        f"tls_server_config: {{cert_file: server.crt, key_file: server.key}}\nbasic_auth_users: {{{user}: {hashed}}}\n",
        encoding="utf-8",
    )
    trust = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    token = base64.b64encode(_USER.encode()).decode()
    return ["--web.config.file", config], trust, {"Authorization": f"Basic {token}"}


def _wrk(exporter: Running, path: str, connections: int, seconds: float) -> list[Cell]:
    """Return requests a second, the latencies of half and of 99 of 100 in milliseconds, and how many failed."""
    scheme = "http" if exporter.trust is None else "https"
    headers = {"Accept-Encoding": "gzip", **exporter.headers}
    options = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    size = ["-t", "1", "-c", str(connections), "-d", f"{max(1, round(seconds))}s", "--latency"]
    address = f"{scheme}://127.0.0.1:{exporter.port}{path}"
    report = subprocess.run(["wrk", *size, *options, address], capture_output=True, text=True, check=True).stdout
    (rate,) = re.findall(r"^Requests/sec:\s+([\d.]+)$", report, re.MULTILINE)
    refused = re.findall(r"^\s*Non-2xx or 3xx responses: (\d+)$", report, re.MULTILINE)
    broken = re.findall(
        r"^\s*Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)$", report, re.MULTILINE
    )
    failed = sum(map(int, refused)) + sum(int(number) for numbers in broken for number in numbers)
    return [float(rate), _latency(report, 50), _latency(report, 99), failed]


def _latency(report: str, percent: int) -> float:
    found = re.search(rf"^\s*{percent}%\s+([\d.]+)(us|ms|s|m)\s*$", report, re.MULTILINE)
    if found is None:
        raise ValueError(f"wrk tells no latency of {percent} in 100:\n{report}")
    number, unit = found.groups()
    return float(number) * _UNITS[unit]


@dataclass
class _Writer:
    """Writes lines at a steady pace, and notes when.

    Attributes:
        written: after each write, the time and how many lines there are.
    """

    log: Path
    written: list[tuple[float, int]] = field(default_factory=lambda: [(time.perf_counter(), 1)])
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        with self.log.open("a", encoding="utf-8", newline="") as log:
            while not self.stopped.wait(_WRITE_SECONDS):
                log.write(_LINE * _LINES_A_WRITE)
                log.flush()
                self.written.append((time.perf_counter(), self.written[-1][1] + _LINES_A_WRITE))


@contextlib.contextmanager
def _writing(log: Path) -> Iterator[_Writer]:
    writer = _Writer(log)
    with _thread(writer.run, writer.stopped):
        yield writer


@contextlib.contextmanager
def _watching(exporter: Running, writer: _Writer) -> Iterator[list[float]]:
    """Ask again and again how many lines were counted; give how long the oldest that was not had been there."""
    delays: list[float] = []
    stopped = threading.Event()

    def watch() -> None:
        while True:
            asked = time.perf_counter()
            counted = _counted(exporter)
            left = next((when for when, lines in writer.written if lines > counted), asked)
            delays.append(max(0.0, asked - left))
            if stopped.wait(0.05):
                return

    with _thread(watch, stopped):
        yield delays


@contextlib.contextmanager
def _thread(work: Callable[[], None], stopped: threading.Event) -> Iterator[None]:
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _counted(exporter: Running) -> float:
    _, body = exporter.get("/metrics?name[]=configmgr_log_lines_total")
    found = re.search(rf'site="{_SITE}"}} (\S+)$', body.decode(), re.MULTILINE)
    return float(found[1]) if found else 0.0
