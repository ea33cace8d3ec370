"""Requests that no client would send, bytes that are none, and whether the answer is one all the same.

`FUZZ_EXAMPLES=100000 ./dev test tests/web/test_fuzz.py` tries as many, others each time.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.serving import World, ask, raw, rest, serving

_ASKED_FOR = os.environ.get("FUZZ_EXAMPLES", "")
_EXAMPLES = int(_ASKED_FOR or 250)
# Of ours or of the parser's: what a client did wrong, and nothing that we did.
_STATUSES = frozenset({200, 302, 304, 400, 403, 404, 405, 408, 411, 413, 414, 415, 417, 431, 505})
_STATUS_LINE = re.compile(rb"HTTP/(?:[02]\.[09] (?=505)|1\.[01] )(\d{3}) [\x20-\x7e]+")
_FIELD = re.compile(rb"[A-Za-z0-9-]+: [\x20-\x7e]*")

_ends = st.sampled_from([b"\r\n"] * 8 + [b"\n", b"\r", b"\r\n ", b"\x00\r\n", b""])
_methods = st.sampled_from(
    [b"GET"] * 4 + [b"HEAD", b"POST", b"PUT", b"OPTIONS", b"TRACE", b"PRI", b"get", b"G\x00T", b""]
)
_targets = st.sampled_from(
    [
        b"/",
        b"/metrics",
        b"/metrics?name[]=up",
        b"/-/healthy",
        b"/-/reload",
        b"/logs",
        b"/site/CHI",
        b"/static/status.css",
        b"/api/v1/blocked?site=CHI",
        b"/api/v1/packages?limit=99999999999999999999",
        b"/api/v1/packages/%00",
        b"*",
        b"//",
        b"",
        b"/../../etc/passwd",
        b"/site/..%2f..%2fetc%2fpasswd",
        b"/static/..%5cstatus.css",
        b"/%",
        b"/%ff%fe",
        b"/\xff",
        b"/?%%%",
        b"http://elsewhere/",
        b"elsewhere:443",
        b"/task-sequence/CHI/" + b"A" * 3000,
        b"/" + b"a" * 9000,
        b"/metrics?" + b"&" * 5000,
    ]
)
_versions = st.sampled_from(
    [b"HTTP/1.1"] * 6 + [b"HTTP/1.0", b"HTTP/2.0", b"HTTP/0.9", b"HTTP/1.1 x", b"HTTP/9999.9", b""]
)
_fields = st.sampled_from(
    [
        b"Host: x",
        b"Host: x",
        b"Host: x, y",
        b"Host: <script>",
        b"Host:",
        b"Content-Length: 5",
        b"Content-Length: 0",
        b"Content-Length: -1",
        b"Content-Length: +5",
        b"Content-Length: 1e9",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: chunked, chunked",
        b"Transfer-Encoding: gzip, chunked",
        b"Content-Encoding: gzip",
        b"Expect: 100-continue",
        b"Expect: nonsense",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Connection: close",
        b"Connection: keep-alive",
        b"Accept: application/openmetrics-text;version=1.0.0;q=nan",
        b"Accept: */*;" + b"q=1," * 900,
        b"Accept-Encoding: gzip;q=0, *;q=x",
        b"If-None-Match: *",
        b'If-None-Match: W/"',
        b"If-Modified-Since: never",
        b"Range: bytes=0-0,-1,5-",
        b"Authorization: Basic \xff",
        b"Cookie: " + b"a=b;" * 2000,
        b": no name",
        b"no colon",
        b" folded",
        b"X: \x00",
        b"X: \xf0\x9f\x98\x80",
        b"Sec-Fetch-Site: cross-site",
    ]
)
_bodies = st.sampled_from(
    [b"", b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"ffffffffffffffff\r\n", b"-1\r\n", b"\x1f\x8b" * 50]
)


@st.composite
def _requests(draw: st.DrawFn) -> bytes:
    line = b" ".join((draw(_methods), draw(_targets), draw(_versions))) + draw(_ends)
    fields = b"".join(draw(_fields) + draw(_ends) for _ in range(draw(st.integers(0, 6))))
    return line + fields + draw(_ends) + draw(_bodies)


_noise = st.binary(max_size=40)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving(World()) as port:
        yield port


def check(answer: bytes) -> None:
    """See that what came first is an answer, and one that may be given."""
    head, blank, _ = answer.partition(b"\r\n\r\n")
    status, *fields = head.split(b"\r\n")
    found = _STATUS_LINE.fullmatch(status)
    assert found, answer[:200]
    if found[1] == b"100":  # what was asked for comes behind it
        return
    assert int(found[1]) in _STATUSES, answer[:200]
    assert blank
    assert [field for field in fields if not _FIELD.fullmatch(field)] == []
    assert b"elsewhere" not in head
    assert b"root:" not in answer


@settings(
    max_examples=_EXAMPLES,
    deadline=None,
    derandomize=not _ASKED_FOR,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(parts=st.lists(_requests() | _requests() | _noise, min_size=1, max_size=4), cut=st.integers(0, 2000))
def test_any_bytes_get_an_answer_or_none(
    port: int, parts: list[bytes], cut: int, caplog: pytest.LogCaptureFixture
) -> None:
    sent = b"".join(parts)
    with raw(port) as connection:
        connection.sendall(sent[: -cut or None] if cut < 200 else sent)
        connection.shutdown(1)
        if answer := rest(connection):
            check(answer)
    assert ask(port, "/-/healthy").status == 200
    assert [record for record in caplog.records if record.levelno >= logging.INFO] == []
