"""Clients that mean harm, or are broken."""

from __future__ import annotations

import asyncio
import logging
from contextlib import ExitStack
from itertools import pairwise
from typing import cast

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.web.app import make_app
from exporter.web.connections import Gate, Limits
from tests.web.serving import World, ask, raw, rest, serving

HEALTHY = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"


def status(answer: bytes) -> str:
    return answer.split(b"\r\n")[0].decode().partition(" ")[2]


def test_headers_that_trickle_in_are_cut_off() -> None:
    with serving(World(), limits=Limits(header_seconds=0.2)) as port, raw(port) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        assert status(rest(slow)) == "408 Request Timeout"


def test_the_time_for_headers_runs_from_their_first_byte_and_not_from_their_last() -> None:
    with serving(World(), limits=Limits(header_seconds=0.4)) as port, raw(port) as slow:
        slow.settimeout(0.05)
        answer = b""
        slow.sendall(b"GET / HTTP/1.1\r\nX: ")
        for _ in range(200):
            slow.sendall(b"x")
            try:
                answer = slow.recv(100)
                break
            except TimeoutError:
                continue
        assert status(answer) == "408 Request Timeout"


def test_a_silent_connection_is_closed() -> None:
    with serving(World(), limits=Limits(idle_seconds=0.2)) as port, raw(port) as silent:
        assert rest(silent) == b""


def test_a_connection_is_kept_between_requests() -> None:
    with serving(World(), limits=Limits(header_seconds=0.05)) as port, raw(port) as connection:
        for _ in range(3):
            connection.sendall(HEALTHY)
            assert status(connection.recv(1000)) == "200 OK"


def test_requests_sent_at_once_are_answered_in_order() -> None:
    with serving(World()) as port, raw(port) as connection:
        connection.sendall(HEALTHY + b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        first, _, second = rest(connection).partition(b"is healthy.\n")
        assert (status(first), status(second)) == ("200 OK", "404 Not Found")


class Pipe(asyncio.Transport):
    """A connection without a network, so that a test says in which pieces bytes arrive."""

    def __init__(self, answers: int) -> None:
        super().__init__()
        self.sent = b""
        self.answered = asyncio.Event()
        self.aborted = False
        self._answers = answers

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += bytes(data)
        if self.sent.count(b"HTTP/1.1 ") == self._answers:
            self.answered.set()

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass

    def abort(self) -> None:
        self.aborted = True


async def _nothing(_request: web.BaseRequest) -> web.Response:
    return web.Response()


@settings(max_examples=60, deadline=None)
@given(cuts=st.sets(st.integers(1, 3 * len(HEALTHY) - 1), max_size=12))
def test_requests_are_answered_in_whatever_pieces_they_arrive(cuts: set[int]) -> None:
    async def scenario() -> bytes:
        # The end of each must be noticed, wherever it is cut, or the bytes of two add up to too many.
        connection = Gate(web.Server(_nothing), Limits(header_bytes=len(HEALTHY))).connection()
        pipe = Pipe(answers=3)
        connection.connection_made(pipe)
        for start, end in pairwise([0, *sorted(cuts), 3 * len(HEALTHY)]):
            connection.data_received((3 * HEALTHY)[start:end])
        await pipe.answered.wait()
        connection.connection_lost(None)
        return pipe.sent

    sent = asyncio.run(asyncio.wait_for(scenario(), 10))
    assert sent.count(b"HTTP/1.1 200 OK\r\n") == 3


async def _answer(pieces: list[bytes]) -> bytes:
    """Return the application's first answer when all pieces arrive before it can give one."""
    runner = web.AppRunner(make_app(World().backend()))
    await runner.setup()
    connection = Gate(cast("web.Server", runner.server), Limits(header_bytes=1000)).connection()
    pipe = Pipe(answers=1)
    connection.connection_made(pipe)
    for piece in pieces:
        connection.data_received(piece)
    await asyncio.wait_for(pipe.answered.wait(), 10)
    connection.connection_lost(None)
    await runner.cleanup()
    return pipe.sent


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n", HEALTHY], ids=["nothing", "blank line", "request"])
@pytest.mark.parametrize(
    ("framing", "start"), [(b"Content-Length: 4000", b""), (b"Transfer-Encoding: chunked", b"fa0\r\n")]
)
def test_a_long_body_is_refused_as_one_however_soon_it_arrives(framing: bytes, start: bytes, end: bytes) -> None:
    head = b"POST /-/reload HTTP/1.1\r\nHost: x\r\n" + framing + b"\r\n\r\n"
    sent = asyncio.run(_answer([head, start + b"x" * 500, b"x" * 501, b"x" * 2999 + end]))
    assert status(sent) == "413 Request Entity Too Large"
    assert sent.count(b"HTTP/1.1 ") == 1


def test_an_endless_body_is_cut_off() -> None:
    async def scenario() -> list[bool]:
        limits = Limits(header_bytes=1000, dropped_bytes=2000)
        connection = Gate(web.Server(_nothing), limits).connection()
        pipe = Pipe(answers=1)
        connection.connection_made(pipe)
        connection.data_received(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
        seen = []
        for size in (1000, 1, 1999, 1):
            connection.data_received(b"x" * size)
            seen.append(pipe.aborted)
        connection.connection_lost(None)
        return seen

    assert asyncio.run(scenario()) == [False, False, False, True]


def test_long_headers_behind_a_body_are_refused_as_headers() -> None:
    head = b"POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"
    sent = asyncio.run(_answer([head, b"{}", b"GET / HTTP/1.1\r\nX: " + b"a" * 500, b"a" * 500]))
    assert status(sent) == "431 Request Header Fields Too Large"


def test_one_connection_too_many_closes_the_most_silent() -> None:
    with serving(World(), limits=Limits(connections=3)) as port, ExitStack() as stack:
        oldest, silent, third = (stack.enter_context(raw(port)) for _ in range(3))
        for each in (oldest, silent, third):
            each.sendall(HEALTHY)
            assert each.recv(1000)
        oldest.sendall(HEALTHY)  # is heard again, so that the second is now the most silent
        assert oldest.recv(1000)
        assert ask(port, "/-/healthy").status == 200
        assert rest(silent) == b""
        for each in (oldest, third):
            each.sendall(HEALTHY)
            assert status(each.recv(1000)) == "200 OK"


def test_thousands_of_connections_keep_no_scrape_out() -> None:
    with serving(World(), limits=Limits(connections=20)) as port, ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(raw(port))
        assert ask(port, "/metrics").status == 200


@pytest.mark.parametrize(
    ("request_bytes", "expected"),
    [
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", "414"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 17000 + b"\r\n\r\n", "431"),
        (b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: a\r\n" % n for n in range(100)) + b"\r\n", "400"),
        (b"GET / HTTP/1.1\r\n" + b"".join(b"X: %b\r\n" % (b"a" * 9000) for _ in range(5)), "431"),
        (b"nonsense\r\n\r\n", "400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)), "400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "400"),
        (b"POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\nabc", "413"),
    ],
)
def test_what_is_no_request_of_ours_is_refused(
    request_bytes: bytes, expected: str, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(World()) as port, caplog.at_level(logging.INFO), raw(port) as connection:
        connection.sendall(request_bytes)
        assert status(rest(connection)).startswith(expected)
        assert ask(port, "/-/healthy").status == 200
    assert not caplog.records  # or anybody could fill the log


def test_endless_headers_are_refused_long_before_they_end() -> None:
    with serving(World(), limits=Limits(header_bytes=1000)) as port, raw(port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX: " + b"a" * 1000)
        assert status(rest(connection)) == "431 Request Header Fields Too Large"
