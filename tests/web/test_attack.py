"""Clients that mean harm, against a running exporter: it goes on reading and answering, in bounded memory."""

from __future__ import annotations

import os
import re
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.commands.running import Running
from tests.lines import blocked
from tests.waiting import until
from tests.web.access.conftest import TLS, authority_in
from tests.web.access.test_tls import client_hello
from tests.web.serving import ask, raw, rest

_MOST_MEGABYTES = 64.0  # of growth: 512 connections with all that each may have sent, and then some
_MOST_TLS_MEGABYTES = 104.0  # OpenSSL's part of as many handshakes besides; 145 were seen before it was bounded
_GET = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"
_LINES = "configmgr_log_lines_total"

Attack = Callable[["Attacker"], None]


@dataclass
class Attacker:
    """Does one harmful thing again and again until it is stopped.

    Attributes:
        port: of the exporter.
        stopped: set when it is enough.
        done: how often it was done.
    """

    port: int
    stopped: threading.Event = field(default_factory=threading.Event)
    done: int = 0

    def keep_on(self, attack: Attack) -> None:
        while not self.stopped.is_set():
            with suppress(OSError):  # the exporter defends itself
                attack(self)
            self.done += 1


def trickle_headers(attacker: Attacker) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(raw(attacker.port)) for _ in range(100)]
        for part in (b"GET / HTTP/1.1\r\nX: ", *[b"x"] * 20):
            for connection in connections:
                connection.sendall(part)
            attacker.stopped.wait(0.02)


def trickle_body(attacker: Attacker) -> None:
    with raw(attacker.port) as connection:
        connection.sendall(b"POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        for _ in range(1000):
            connection.sendall(b"x")


def endless_line(attacker: Attacker) -> None:
    with raw(attacker.port) as connection:
        for _ in range(50):
            connection.sendall(b"GET /" + b"a" * 100_000)


def endless_headers(attacker: Attacker) -> None:
    with raw(attacker.port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        for number in range(2000):
            connection.sendall(b"X-%d: %b\r\n" % (number, b"a" * 8000))


def endless_chunks(attacker: Attacker) -> None:
    with raw(attacker.port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(200):
            connection.sendall(b"ffff\r\n" + b"a" * 0xFFFF + b"\r\n")


def compressed_body(attacker: Attacker) -> None:
    with raw(attacker.port) as connection:
        headers = b"Host: x\r\nConnection: close\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n"
        connection.sendall(b"GET / HTTP/1.1\r\n" + headers + b"\x1f\x8b-bomb--")
        rest(connection)


def pipeline_unread(attacker: Attacker) -> None:
    with raw(attacker.port) as connection:
        connection.settimeout(0.2)
        for _ in range(100):
            connection.sendall(_GET * 2000)


def ask_and_go(attacker: Attacker) -> None:
    for _ in range(50):
        with raw(attacker.port) as connection:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")


def idle(attacker: Attacker) -> None:
    with ExitStack() as stack:
        for _ in range(800):
            stack.enter_context(raw(attacker.port))
        attacker.done += 1
        attacker.stopped.wait(1)


def scrape(attacker: Attacker) -> None:
    for query in ("", "?name[]=up", f"?name[]=x{attacker.done}"):
        ask(attacker.port, f"/metrics{query}", Accept_Encoding="gzip")


def wrong_methods(attacker: Attacker) -> None:
    for method in ("DELETE", "TRACE", "CONNECT", "PROPFIND", "x" * 100):
        ask(attacker.port, "/metrics", method)


def begin_handshake(attacker: Attacker) -> None:
    hello = client_hello()
    with ExitStack() as stack:
        for cut in range(40, 100):
            stack.enter_context(raw(attacker.port)).sendall(hello[:cut])
        attacker.stopped.wait(0.05)


def break_handshake(attacker: Attacker) -> None:
    with raw(attacker.port) as connection:
        connection.sendall(client_hello() + os.urandom(2000))
        rest(connection)


def shake_hands_and_go(attacker: Attacker) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with raw(attacker.port) as connection:
        context.wrap_socket(connection).close()


TLS_ATTACKS: dict[str, tuple[Attack, int]] = {
    "handshakes that are only begun": (begin_handshake, 3),
    "handshakes that break": (break_handshake, 4),
    "a storm of handshakes": (shake_hands_and_go, 8),
    "plain HTTP": (wrong_methods, 4),
}

ATTACKS: dict[str, tuple[Attack, int]] = {
    "headers that trickle in": (trickle_headers, 3),
    "bodies that trickle in": (trickle_body, 4),
    "lines without end": (endless_line, 4),
    "headers without end": (endless_headers, 4),
    "chunks without end": (endless_chunks, 4),
    "compressed bodies": (compressed_body, 4),
    "requests at once, answers unread": (pipeline_unread, 4),
    "clients that do not wait": (ask_and_go, 4),
    "more connections than there may be": (idle, 1),
    "a storm of scrapes": (scrape, 16),
    "wrong methods": (wrong_methods, 4),
}


class Writer:
    """Writes a log, as a site server does, for as long as it is wanted."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._stopped = threading.Event()
        self.lines = 0

    def run(self) -> None:
        with self._log.open("ab", buffering=0) as log:
            while not self._stopped.wait(0.01):
                log.write(blocked("CEN00021", self.lines // 7 % 3600))
                self.lines += 7

    def stop(self) -> None:
        self._stopped.set()


@dataclass(frozen=True)
class Stage:
    """An exporter that reads a log which is being written."""

    exporter: Running
    writer: Writer

    @property
    def port(self) -> int:
        return int(self.exporter.address.rpartition(":")[2])


@contextmanager
def staged(folder: Path, *options: object, trust: ssl.SSLContext | None = None) -> Iterator[Stage]:
    log = folder / "distmgr.log"
    log.write_bytes(blocked("CEN00021"))
    with Running(folder / "said", f"CHI={folder}", *options, trust=trust) as exporter:
        writer = Writer(log)
        thread = threading.Thread(target=writer.run)
        thread.start()
        try:
            yield Stage(exporter, writer)
        finally:
            writer.stop()
            thread.join()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("attacked")) as made:
        yield made


@pytest.fixture(scope="module")
def tls_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("attacked")
    authority = authority_in(folder)
    with staged(folder, "--web.config.file", authority.config(TLS), trust=authority.client()) as made:
        yield made


@contextmanager
def attacked(port: int, attack: Attack, threads: int) -> Iterator[Attacker]:
    attacker = Attacker(port)
    running_threads = [threading.Thread(target=attacker.keep_on, args=(attack,)) for _ in range(threads)]
    for each in running_threads:
        each.start()
    try:
        yield attacker
    finally:
        attacker.stopped.set()
        for each in running_threads:
            each.join()


def lines_read(exporter: Running) -> float:
    return exporter.metric(_LINES).get('{log="distmgr",site="CHI"}', 0.0)


def memory_of(process: int) -> float:
    """Return what a process holds in memory, in megabytes."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    (kilobytes,) = re.findall(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    return int(kilobytes) / 1024


def withstand(stage: Stage, attack: Attack, threads: int, most: float) -> None:
    exporter = stage.exporter
    before = memory_of(exporter.process.pid)
    with attacked(stage.port, attack, threads) as attacker:
        until(lambda: attacker.done >= 2 * threads)
        written = stage.writer.lines
        until(lambda: lines_read(exporter) >= written)  # over connections like any other
        assert exporter.get("/-/healthy")[0] == 200
        assert exporter.get("/")[0] == 200
        during = memory_of(exporter.process.pid)
    assert during - before < most
    assert exporter.get("/-/ready")[0] == 200


@pytest.mark.parametrize(("attack", "threads"), ATTACKS.values(), ids=ATTACKS)
def test_reading_and_answering_go_on_in_bounded_memory(stage: Stage, attack: Attack, threads: int) -> None:
    withstand(stage, attack, threads, _MOST_MEGABYTES)


@pytest.mark.parametrize(("attack", "threads"), TLS_ATTACKS.values(), ids=TLS_ATTACKS)
def test_and_so_they_do_where_tls_is_spoken(tls_stage: Stage, attack: Attack, threads: int) -> None:
    withstand(tls_stage, attack, threads, _MOST_TLS_MEGABYTES)


def fill_log(stage: Stage, attacks: Iterable[tuple[Attack, int]]) -> None:
    said = stage.exporter.said
    for attack, _ in attacks:
        attacker = Attacker(stage.port)
        attacker.stopped.set()
        with suppress(OSError):
            attack(attacker)
    assert stage.exporter.get("/-/healthy")[0] == 200
    assert stage.exporter.said == said
    assert "level=error" not in said


def test_nobody_can_fill_the_log(stage: Stage, tls_stage: Stage) -> None:
    fill_log(stage, ATTACKS.values())
    fill_log(tls_stage, TLS_ATTACKS.values())
