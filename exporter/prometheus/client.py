"""Asks a Prometheus server, or one that speaks its HTTP API, and says in words what keeps it from answering."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import InsecureRequestWarning

_MOST_BYTES: Final = 256 << 20
"""Of one answer. A hierarchy of 1,000 sites with 50 blocks each gives some 40 MB."""
_PIECE: Final = 1 << 16
_SHOWN: Final = 200
_OK: Final = 200
_BAD_REQUEST: Final = 400
_NOT_FOUND: Final = 404
_STATUSES: Final = {
    401: "it wants other credentials (401): --user, --bearer-token-file",
    403: "these credentials may not ask it (403)",
}


# What Python, OpenSSL and the systems say, and what it means for whoever typed the command.
_REASONS: Final = {
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not trusted: name those that it comes from with --tls.ca-file",
    "CERTIFICATE_REQUIRED": "it wants a certificate of ours: see --tls.cert-file",
    "WRONG_VERSION_NUMBER": "it does not speak TLS: try http:// instead of https://",
    "NameResolutionError": "there is no such host",
    "ConnectionResetError": "it broke off the connection: if it speaks TLS, try https:// instead of http://",
    "refused": "the connection was refused: does it run there, on this port",
}


class PrometheusError(Exception):
    """The server cannot be asked, or did not answer; the text says why and what to look at."""


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach a server.

    Attributes:
        url: its address, with the path prefix under which it stands, if any.
        user, password: for basic authentication; no user for none.
        token_file: a file that holds a bearer token; it is read for each question, so that it may be renewed.
        ca_file: certificates that the server's must come from, instead of those that Python trusts.
        cert_file, key_file: our own certificate; the key may stand in the same file.
        insecure: whether to take any certificate of the server.
        timeout: seconds to wait for a connection, and for each part of an answer.
    """

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    token_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    insecure: bool = False
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One series at the moment that was asked for."""

    labels: Mapping[str, str]
    value: float

    def __getitem__(self, label: str) -> str:
        """Return the value of a label; one that is not there is empty, as in Prometheus."""
        return self.labels.get(label, "")


@dataclass(frozen=True, slots=True)
class _Reply:
    """What came back: the status, where a redirect leads, and the body."""

    status: int
    location: str
    body: bytes


class _Bearer(AuthBase):
    """Sends the token of a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        try:
            token = self._path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise PrometheusError(f"the token file {self._path} cannot be read: {error}") from None
        request.headers["Authorization"] = f"Bearer {token}"
        return request


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Log in as nobody: without this, requests would send what a .netrc of the user holds for the host."""
    return request


def _check_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one:
        raise PrometheusError(f"{url!r} is not the address of a server: give one such as http://localhost:9090")
    if "@" in parts.netloc:
        raise PrometheusError("the address holds a user: give --user, and the password in a file or a variable")


class Client:
    """Asks one server. Close it after use, or use it in a `with` block.

    Attributes:
        warnings: what the server said about its answers, such as that a part of its data did not answer.

    Raises:
        PrometheusError: the address is none, or a file cannot be read.
    """

    def __init__(self, access: Access) -> None:
        _check_address(access.url)
        for path in (access.ca_file, access.cert_file, access.key_file):
            if path is not None and not path.is_file():
                raise PrometheusError(f"{path}: there is no such file")
        self.warnings: list[str] = []
        self._access = access
        self._url = access.url.rstrip("/")
        # Given with each request: an environment variable would go before a session's own.
        self._verify: bool | str = str(access.ca_file) if access.ca_file else True
        self._verify = False if access.insecure else self._verify
        self._session = requests.Session()
        if access.cert_file:
            self._session.cert = (str(access.cert_file), str(access.key_file or access.cert_file))
        if access.token_file:
            self._session.auth = _Bearer(access.token_file)
        elif access.user:
            self._session.auth = (access.user, access.password)
        else:
            self._session.auth = _nobody

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def query(self, expression: str, at: float) -> list[Sample]:
        """Return the series that an expression gives at one moment.

        Args:
            expression: in PromQL, giving a vector.
            at: the moment, POSIX seconds.

        Raises:
            PrometheusError: there is no answer.
        """
        answer = self._answer(self._post({"query": expression, "time": f"{at:.3f}"}))
        said = answer.get("warnings")
        for warning in map(str, said if isinstance(said, list) else ()):
            if warning not in self.warnings:
                self.warnings.append(warning)
        data = answer.get("data")
        if not isinstance(data, dict) or data.get("resultType") != "vector":
            raise self._foreign("its answer holds no vector")
        try:
            return [_sample(entry) for entry in data["result"]]
        except (KeyError, TypeError, ValueError):
            raise self._foreign("its answer has a form that is not known") from None

    def _post(self, form: Mapping[str, str]) -> _Reply:
        try:
            with warnings.catch_warnings():
                if self._access.insecure:  # whoever asked for it knows
                    warnings.simplefilter("ignore", InsecureRequestWarning)
                response = self._session.post(
                    f"{self._url}/api/v1/query",
                    data=form,
                    timeout=self._access.timeout,
                    verify=self._verify,
                    stream=True,
                    allow_redirects=False,
                )
            with response:
                location = response.headers["Location"] if response.is_redirect else ""
                return _Reply(response.status_code, location, self._body(response))
        except requests.RequestException as error:
            raise PrometheusError(f"{self._url}: {self._reason(error)}") from None

    def _body(self, response: requests.Response) -> bytes:
        body = bytearray()
        for piece in response.iter_content(_PIECE):
            body += piece
            if len(body) > _MOST_BYTES:
                raise PrometheusError(f"{self._url}: its answer is larger than {_MOST_BYTES >> 20} MB")
        return bytes(body)

    def _reason(self, error: requests.RequestException) -> str:
        if isinstance(error, requests.Timeout):
            return f"no answer within {self._access.timeout:g} seconds"
        text = str(error)
        words = next((words for sign, words in _REASONS.items() if sign in text), None)
        return words or f"the connection failed: {_cut(text)}"

    def _answer(self, reply: _Reply) -> dict[str, Any]:
        if reply.location:
            raise PrometheusError(f"{self._url}: it sends us to {_cut(reply.location)}: ask there")
        if reply.status in _STATUSES:
            raise PrometheusError(f"{self._url}: {_STATUSES[reply.status]}")
        try:
            answer = json.loads(reply.body)
        except ValueError:
            if reply.status == _NOT_FOUND:
                raise PrometheusError(
                    f"{self._url}: there is no API here (404): this is no Prometheus, or it stands under a prefix"
                ) from None
            if reply.status == _BAD_REQUEST and b"HTTPS" in reply.body:  # as Go's server and nginx say it
                raise PrometheusError(f"{self._url}: it speaks TLS: try https:// instead of http://") from None
            raise self._foreign(f"it answers {reply.status} and no JSON") from None
        if not isinstance(answer, dict) or "status" not in answer:
            raise self._foreign("its answer is not one of the API")
        if answer["status"] != "success":
            problem = _cut(str(answer.get("error") or "no reason given"))
            raise PrometheusError(f"{self._url}: it refuses ({answer.get('errorType') or reply.status}): {problem}")
        if reply.status != _OK:
            raise self._foreign(f"it answers {reply.status}")
        return answer

    def _foreign(self, why: str) -> PrometheusError:
        return PrometheusError(f"{self._url}: this does not seem to be Prometheus: {why}")


def _sample(entry: Mapping[str, Any]) -> Sample:
    labels, (_, value) = entry["metric"], entry["value"]
    if not isinstance(labels, dict) or not isinstance(value, str):
        raise TypeError("labels are a map, a value is a text")
    return Sample(labels, float(value))


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}..."


def matchers(labels: Sequence[tuple[str, str]]) -> str:
    """Return label values as matchers of a selector, `a="x",b="y"`."""
    return ",".join(f"{name}={quoted(value)}" for name, value in labels)


def quoted(text: str) -> str:
    """Return a text as a string of PromQL."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def finite(value: float) -> float | None:
    """Return a value, or None for one that is no number."""
    return value if math.isfinite(value) else None
