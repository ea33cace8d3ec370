"""The client tells every way in which a server can fail to answer apart, and gives its secrets to nobody else."""

from __future__ import annotations

import base64
import socket
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.prometheus.client import Access, Client, PrometheusError, Sample, quoted
from tests.prometheus.answering import CERTIFICATE, KEY, Reply, answering, as_json, vector

_SECRET = "s3cret"  # noqa: S105 - opens nothing


def _ask(access: Access, expression: str = "up") -> list[Sample]:
    with Client(access) as client:
        return client.query(expression, 1_273_000_000.25)


def _refusal(access: Access) -> str:
    with pytest.raises(PrometheusError) as refused:
        _ask(access)
    return str(refused.value)


def test_series_come_with_their_labels_and_values() -> None:
    samples = [({"__name__": "up", "site": "CHI"}, 1.0), ({}, 0.5), ({"a": "ü"}, float("inf"))]
    with answering(lambda _: vector(*samples)) as server:
        found = _ask(Access(f"{server.url}/prefix/"), 'up{a="b"}')
    assert [(dict(sample.labels), sample.value) for sample in found] == samples
    assert found[0]["site"] == "CHI"
    assert found[1]["site"] == ""
    (asked,) = server.asked
    assert asked.path == "/prefix/api/v1/query"
    assert asked.query == 'up{a="b"}'
    assert asked.time == "1273000000.250"
    assert asked.authorization == ""


def test_warnings_are_kept_once() -> None:
    with answering(lambda _: vector(warnings=["store emea did not answer"])) as server, Client(Access(server.url)) as c:
        c.query("a", 0)
        c.query("b", 0)
        assert c.warnings == ["store emea did not answer"]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(b"", 401), "it wants other credentials (401)"),
        (Reply(b"", 403), "may not ask it (403)"),
        (Reply(b"404 page not found", 404), "there is no API here (404)"),
        (Reply(b"", 302, {"Location": "/login"}), "it sends us to /login"),
        (Reply(b"<html>Welcome to nginx!"), "this does not seem to be Prometheus: it answers 200 and no JSON"),
        (Reply(b"\xff\xfe"), "no JSON"),
        (Reply(b"Client sent an HTTP request to an HTTPS server.\n", 400), "try https:// instead of http://"),
        (Reply(b"<title>400 The plain HTTP request was sent to HTTPS port</title>", 400), "try https://"),
        (Reply(b"what?", 400), "it answers 400 and no JSON"),
        (Reply(b"upstream", 502), "it answers 502 and no JSON"),
        (as_json([1, 2]), "its answer is not one of the API"),
        (as_json({"hello": "world"}), "its answer is not one of the API"),
        (as_json({"status": "success", "data": {"resultType": "matrix", "result": []}}), "holds no vector"),
        (as_json({"status": "success", "data": None}), "holds no vector"),
        (as_json({"status": "success", "data": {"resultType": "vector", "result": [{}]}}), "a form that is not known"),
        (as_json({"status": "success", "data": {"resultType": "vector", "result": 7}}), "a form that is not known"),
        (as_json({"status": "error", "errorType": "bad_data", "error": "parse error"}, 400), "(bad_data): parse error"),
        (
            as_json({"status": "error", "errorType": "timeout", "error": "query timed out"}, 503),
            "(timeout): query timed",
        ),
        (as_json({"status": "error"}, 422), "it refuses (422): no reason given"),
        (as_json({"status": "success", "data": {"resultType": "vector", "result": []}}, 500), "it answers 500"),
    ],
)
def test_answers_that_are_none_are_told_apart(reply: Reply, words: str) -> None:
    with answering(lambda _: reply) as server:
        refusal = _refusal(Access(server.url))
    assert words in refusal
    assert refusal.startswith(server.url)


def test_a_server_that_is_not_there_refuses() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert "the connection was refused" in _refusal(Access(f"http://127.0.0.1:{port}"))


def test_a_host_that_is_not_there() -> None:
    assert "there is no such host" in _refusal(Access("http://no-such-host.invalid:9090"))


def test_a_server_that_does_not_answer() -> None:
    enough = threading.Event()
    with answering(lambda _: Reply(b"", before=lambda: enough.wait(10))) as server:
        try:
            assert "no answer within 0.2 seconds" in _refusal(Access(server.url, timeout=0.2))
        finally:
            enough.set()


def test_an_answer_that_breaks_off() -> None:
    with answering(lambda _: Reply(b'{"status"', headers={"Content-Length": "1000", "Connection": "close"})) as server:
        assert server.url in _refusal(Access(server.url))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("localhost:9090", "is not the address of a server"),
        ("ftp://localhost", "is not the address of a server"),
        ("http://", "is not the address of a server"),
        ("http://[::1", "is not the address of a server"),
        ("http://a:99999", "is not the address of a server"),
        ("http://me:secret@localhost", "the address holds a user"),
    ],
)
def test_what_is_no_address_is_refused_before_anything_is_sent(url: str, words: str) -> None:
    refusal = _refusal(Access(url))
    assert words in refusal
    assert "secret" not in refusal


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_credentials_are_sent(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("abc\n")
    with answering(lambda _: vector()) as server:
        _ask(Access(server.url, user="me", password=_SECRET))
        _ask(Access(server.url, token_file=token))
    assert [asked.authorization for asked in server.asked] == [_basic("me", _SECRET), "Bearer abc"]


def test_a_netrc_is_for_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with answering(lambda _: vector()) as server:
        _ask(Access(server.url))
    assert server.asked[0].authorization == ""


def test_credentials_do_not_follow_to_another_place() -> None:
    with answering(lambda _: vector()) as thief:
        there = Reply(b"", 307, {"Location": f"{thief.url}/api/v1/query"})
        with answering(lambda _: there) as server:
            assert "it sends us to" in _refusal(Access(server.url, user="me", password=_SECRET))
    assert thief.asked == []


def test_the_password_is_not_shown() -> None:
    assert _SECRET not in repr(Access("http://localhost", user="me", password=_SECRET))


def test_a_token_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with answering(lambda _: vector()) as server:
        assert f"the token file {tmp_path / 'none'} cannot be read" in _refusal(
            Access(server.url, token_file=tmp_path / "none")
        )
    assert server.asked == []


def test_a_certificate_that_is_not_trusted() -> None:
    with answering(lambda _: vector(), tls=True) as server:
        assert "its certificate is not trusted" in _refusal(Access(server.url))
    assert server.asked == []


def test_a_certificate_that_is_named_or_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    # What the environment says must not go before what was asked for.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(KEY))
    with answering(lambda _: vector(({}, 1.0)), tls=True) as server:
        assert len(_ask(Access(server.url, ca_file=CERTIFICATE))) == 1
        assert len(_ask(Access(server.url, insecure=True))) == 1


def test_our_own_certificate_is_used(tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(CERTIFICATE.read_bytes() + KEY.read_bytes())
    with answering(lambda _: vector(), tls=True) as server:
        _ask(Access(server.url, ca_file=CERTIFICATE, cert_file=CERTIFICATE, key_file=KEY))
        _ask(Access(server.url, ca_file=CERTIFICATE, cert_file=both))
    assert len(server.asked) == 2


def test_tls_to_a_server_without_it() -> None:
    with answering(lambda _: vector()) as server:
        assert "it does not speak TLS" in _refusal(Access(server.url.replace("http:", "https:")))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for name in ("ca_file", "cert_file", "key_file"):
        access = Access("https://localhost", **{name: tmp_path / "none.pem"})  # type: ignore[arg-type]
        assert "none.pem: there is no such file" in _refusal(access)


def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.prometheus.client._MOST_BYTES", 1 << 20)
    with answering(lambda _: Reply(b" " * (3 << 20))) as server:
        assert "larger than 1 MB" in _refusal(Access(server.url))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["status", "data", "result", "resultType", "metric", "value", "error", "warnings"]),
            inner | st.sampled_from(["success", "error", "vector"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


def test_any_answer_gives_series_or_a_sentence() -> None:
    now: list[object] = [None]

    @settings(max_examples=100, deadline=None)
    @given(_JSON)
    def check(answer: object) -> None:
        now[0] = answer
        try:
            found = client.query("up", 0)
        except PrometheusError as error:
            told.append(str(error))
        else:
            assert all(isinstance(sample.value, float) for sample in found)

    told: list[str] = []
    with answering(lambda _: as_json(now[0])) as server, Client(Access(server.url)) as client:
        check()
        assert told
        assert [words for words in told if not words.startswith(f"{server.url}: ")] == []


@given(st.text(max_size=20))
def test_any_text_can_be_a_string_of_promql(text: str) -> None:
    inside = quoted(text)[1:-1]
    assert "\n" not in inside
    assert inside.replace("\\\\", "\0").replace('\\"', "\1").replace("\\n", "\n").replace("\1", '"').replace(
        "\0", "\\"
    ) == text or {"\0", "\1"} & set(text)
