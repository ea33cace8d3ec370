"""Web configuration files: those that are taken, and what is said about those that are not."""

from __future__ import annotations

import subprocess
import textwrap
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.config.located_yaml import FileError
from exporter.web.access.load import Access, load_access
from exporter.web.access.values import CIPHER_SUITES, HEADERS
from tests.web.access.conftest import TLS, Authority, with_clients

HASH = "$2y$10$qRTBuFoULoYNA7AQ/F3ck.trZBPyjV64.oA4ZsSBCIWvXuvQlQTuu"


def tls(**keys: object) -> str:
    settings = {"cert_file": "server.crt", "key_file": "server.key", **keys}
    return "tls_server_config:\n" + "".join(f"  {key}: {value}\n" for key, value in settings.items())


def refusal(authority: Authority, text: str, name: str = "web.yml") -> str:
    with pytest.raises(FileError) as refused:
        load_access(authority.config(text, name))
    return str(refused.value).replace(f"{authority.folder}/", "")


GOOD = {
    "empty": "",
    "comments only": "# tls_server_config:\n",
    "keys without values": "tls_server_config:\nbasic_auth_users:\nhttp_server_config:\nrate_limit:\n",
    "certificate and key": TLS,
    "every cipher suite": tls(cipher_suites=[*CIPHER_SUITES]),
    "some cipher suites": tls(
        cipher_suites=["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"],
        min_version="TLS12",
        max_version="TLS12",
    ),
    "the client's order": tls(
        cipher_suites=["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"], prefer_server_cipher_suites="false"
    ),
    "one curve": tls(curve_preferences=["CurveP521"], min_version="TLS13"),
    "no HTTP/2": "http_server_config: {http2: false}\n" + tls(max_version="TLS12"),
    "HTTP/2": "http_server_config: {http2: true}\n" + TLS,
    # Go's server would need another cipher for HTTP/2, which is not spoken here.
    "a cipher that HTTP/2 cannot do with": tls(
        cipher_suites=["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"], max_version="TLS12"
    ),
    "clients without certificates": tls(client_auth_type="NoClientCert"),
    "client certificates if given": with_clients(client_auth_type="VerifyClientCertIfGiven"),
    "client certificates": with_clients(),
    "client names": with_clients(client_allowed_sans=["one", "10.0.0.7", "team@example.com"]),
    "headers": (
        "http_server_config:\n  headers:\n    X-Frame-Options: deny\n    X-Content-Type-Options: nosniff\n"
        "    Strict-Transport-Security: max-age=31536000; includeSubDomains\n    X-XSS-Protection: 1\n"
        "    Content-Security-Policy: \"default-src 'self' *.example.net\"\n"
    ),
    "users": f"{TLS}basic_auth_users:\n  alice: {HASH}\n  bob: {HASH.replace('$2y', '$2b')}\n",
    "users without TLS": f"basic_auth_users: {{alice: {HASH}}}\n",
    "no limit": "rate_limit: {interval: 0, burst: 0}\n",
    "a limit": "rate_limit: {interval: 1m1.5s, burst: 20}\n",
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_files_that_are_taken(authority: Authority, text: str) -> None:
    access = load_access(authority.config(text))
    assert (access.tls is None) == ("cert_file" not in text)


def test_certificates_and_keys_may_stand_in_the_file_itself(authority: Authority) -> None:
    inline = "".join(
        f"  {key}: |\n{textwrap.indent(authority.text(file), '    ')}"
        for key, file in (("cert", "server.crt"), ("key", "server.key"), ("client_ca", "ca.crt"))
    )
    access = load_access(
        authority.config(f"tls_server_config:\n{inline}  client_auth_type: RequireAndVerifyClientCert\n")
    )
    assert access.tls is not None
    assert authority.text("server.key").splitlines()[1] not in repr(access)


BAD = {
    "junk": ("TuEjdwNS8A2vYdFbiKqr\nRG0MRezjLYCJQBMUdRDE\n", "web.yml:1:1: must hold lines `key: value`"),
    "an unknown key": (
        'tls_server_config:\n  cert_filse: "server.crt"\n',
        "web.yml:2:3: tls_server_config.cert_filse: unknown key; did you mean 'cert_file'?",
    ),
    "a key of another program": (
        "auth_excluded_paths: [/-/healthy]\n",
        (
            "web.yml:1:1: auth_excluded_paths: unknown key: known here are tls_server_config, http_server_config, "
            "basic_auth_users, rate_limit"
        ),
    ),
    "no certificate": (
        "tls_server_config: {key_file: server.key}\n",
        "web.yml:1:1: tls_server_config.cert_file: TLS needs a certificate: write cert_file or cert",
    ),
    "an empty certificate": (
        tls(cert_file='""'),
        "web.yml:2:3: tls_server_config.cert_file: TLS needs a certificate: write cert_file or cert",
    ),
    "an empty key": (
        tls(key_file='""'),
        "web.yml:3:3: tls_server_config.key_file: TLS needs the key of the certificate: write key_file or key",
    ),
    "an empty certificate in the file": (
        'tls_server_config:\n  cert: ""\n  key_file: server.key\n',
        "web.yml:1:1: tls_server_config.cert_file: TLS needs a certificate: write cert_file or cert",
    ),
    "an empty key in the file": (
        'tls_server_config:\n  cert_file: server.crt\n  key: ""\n',
        "web.yml:1:1: tls_server_config.key_file: TLS needs the key of the certificate: write key_file or key",
    ),
    "neither": (
        'tls_server_config: {cert_file: "", key_file: "", client_auth_type: "x"}\n',
        (
            "web.yml:1:50: tls_server_config.client_auth_type: 'x' is no client auth type: known are NoClientCert, "
            "VerifyClientCertIfGiven, RequireAndVerifyClientCert"
        ),
    ),
    "settings without a certificate": (
        "tls_server_config: {min_version: TLS13}\n",
        (
            "web.yml:1:1: tls_server_config.cert_file: TLS needs a certificate: write cert_file or cert\n"
            "web.yml:1:1: tls_server_config.key_file: TLS needs the key of the certificate: write key_file or key"
        ),
    ),
    "a certificate twice": (
        tls(cert="x"),
        "web.yml:4:3: tls_server_config.cert: write either this or cert_file",
    ),
    "a certificate that is not there": (
        tls(cert_file="somefile"),
        "web.yml:2:3: tls_server_config.cert_file: somefile cannot be read: No such file or directory",
    ),
    "a key that is not there": (
        tls(key_file="somefile"),
        "web.yml:3:3: tls_server_config.key_file: somefile cannot be read: No such file or directory",
    ),
    "a certificate that is none": (
        tls(cert_file="server.key"),
        "web.yml:2:3: tls_server_config.cert_file: holds no certificate in PEM: -----BEGIN CERTIFICATE-----",
    ),
    "a key that is none": (
        tls(key_file="ca.crt"),
        "web.yml:3:3: tls_server_config.key_file: is no key in PEM that OpenSSL can read",
    ),
    "the key of another certificate": (
        tls(key_file="client.key"),
        "web.yml:3:3: tls_server_config.key_file: is not the key of the certificate",
    ),
    "authorities without a policy": (
        tls(client_ca_file="ca.crt"),
        (
            "web.yml:4:3: tls_server_config.client_ca_file: no certificate is asked for: "
            "write client_auth_type: RequireAndVerifyClientCert"
        ),
    ),
    "authorities that are not there": (
        with_clients(client_ca_file="somefile"),
        "web.yml:4:3: tls_server_config.client_ca_file: somefile cannot be read: No such file or directory",
    ),
    "authorities that are none": (
        with_clients(client_ca_file="/dev/null"),
        "web.yml:4:3: tls_server_config.client_ca_file: holds no certificate in PEM: -----BEGIN CERTIFICATE-----",
    ),
    "any certificate": (
        tls(client_auth_type="RequireAnyClientCert"),
        (
            "web.yml:4:3: tls_server_config.client_auth_type: RequireAnyClientCert asks for a certificate and checks "
            "nothing about it, which keeps nobody out, and which Python's TLS cannot do: write "
            "RequireAndVerifyClientCert, VerifyClientCertIfGiven or NoClientCert"
        ),
    ),
    "names without certificates": (
        tls(client_allowed_sans=["x"]),
        (
            "web.yml:4:3: tls_server_config.client_allowed_sans: a client without a certificate would be let in all "
            "the same: write client_auth_type: RequireAndVerifyClientCert"
        ),
    ),
    "no names": (
        with_clients(client_allowed_sans=[]),
        "web.yml:6:3: tls_server_config.client_allowed_sans: names nobody: no client would be let in",
    ),
    "an invented cipher suite": (
        tls(cipher_suites=["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA2048"]),
        (
            "web.yml:4:19: tls_server_config.cipher_suites[0]: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA2048' is no cipher "
            "suite; did you mean 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'?"
        ),
    ),
    "no cipher suite for a version": (
        tls(cipher_suites=["TLS_AES_128_GCM_SHA256"]),
        (
            "web.yml:4:3: tls_server_config.cipher_suites: holds none of TLS 1.2, which is allowed: write one, or "
            "min_version: TLS13"
        ),
    ),
    "an invented curve": (
        tls(curve_preferences=["CurveP257"]),
        "web.yml:4:23: tls_server_config.curve_preferences[0]: 'CurveP257' is no curve; did you mean 'CurveP256'?",
    ),
    "several curves": (
        tls(curve_preferences=["CurveP256", "CurveP384", "CurveP521", "X25519"]),
        (
            "web.yml:4:3: tls_server_config.curve_preferences: Python's TLS takes one curve, not 4: write the best, or "
            "leave it out"
        ),
    ),
    "an invented version": (
        tls(min_version="TLS111"),
        "web.yml:4:3: tls_server_config.min_version: 'TLS111' is no TLS version; did you mean 'TLS13'?",
    ),
    "an old version": (
        tls(min_version="TLS11"),
        (
            "web.yml:4:3: tls_server_config.min_version: TLS11 is withdrawn (RFC 8996), and OpenSSL speaks it only "
            "with its security level turned down: write TLS12 or TLS13"
        ),
    ),
    "no version": (
        tls(min_version="TLS13", max_version="TLS12"),
        "web.yml:5:3: tls_server_config.max_version: is older than min_version, TLS13: no version is left",
    ),
    "a password that is not hashed": (
        f"{TLS}basic_auth_users:\n  john: doe\n",
        (
            "web.yml:3:3: basic_auth_users.john: is no bcrypt hash: write the one that `htpasswd -nBC 10 NAME` prints "
            "behind the colon"
        ),
    ),
    "a user that no request can name": (
        f"basic_auth_users: {{'a:b': {HASH}}}\n",
        "web.yml:1:20: basic_auth_users.a:b: 'a:b': a user name cannot hold a colon, which ends it in a request",
    ),
    "a user twice": (
        f"basic_auth_users:\n  a: {HASH}\n  a: {HASH}\n",
        "web.yml:3:3: basic_auth_users.a: the key stands here twice: first in line 2",
    ),
    "another header": (
        "http_server_config: {headers: {Content-Type: foo}}\n",
        (
            "web.yml:1:32: http_server_config.headers.Content-Type: the header 'Content-Type' cannot be set: those "
            f"that can are {', '.join(HEADERS)}"
        ),
    ),
    "a wrong X-Frame-Options": (
        "http_server_config: {headers: {X-Frame-Options: foo}}\n",
        "web.yml:1:32: http_server_config.headers.X-Frame-Options: 'foo' is not allowed: write deny or sameorigin",
    ),
    "a wrong X-Content-Type-Options": (
        "http_server_config: {headers: {X-Content-Type-Options: sniff}}\n",
        "web.yml:1:32: http_server_config.headers.X-Content-Type-Options: 'sniff' is not allowed: write nosniff",
    ),
    "a header in two lines": (
        'http_server_config: {headers: {X-XSS-Protection: "1\\r\\nX: y"}}\n',
        "web.yml:1:32: http_server_config.headers.X-XSS-Protection: a header holds printable ASCII characters only",
    ),
    "a switch that is none": (
        "http_server_config: {http2: perhaps}\n",
        "web.yml:1:22: http_server_config.http2: must be true or false",
    ),
    "a limit that lets nobody in": (
        "rate_limit: {interval: 1s}\n",
        "web.yml:1:1: rate_limit.burst: with a burst of 0 no request would ever be answered: write a number from 1",
    ),
    "an interval without a unit": (
        "rate_limit: {interval: 5, burst: 1}\n",
        (
            "web.yml:1:14: rate_limit.interval: '5' is no duration: write a number and a unit, such as 100ms or 1s; "
            "0 is no limit"
        ),
    ),
}


@pytest.mark.parametrize(("text", "words"), BAD.values(), ids=BAD)
def test_files_that_are_refused(authority: Authority, text: str, words: str) -> None:
    assert refusal(authority, text) == words


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read: No such file"):
        load_access(tmp_path / "somefile")


def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(authority: Authority) -> None:
    command = ["openssl", "pkcs8", "-topk8", "-in", "server.key", "-out", "locked.key", "-passout", "pass:secret"]
    subprocess.run(command, cwd=authority.folder, check=True)
    assert "needs a password" in refusal(authority, tls(key_file="locked.key"))


def test_a_damaged_certificate_is_told_from_a_wrong_key(authority: Authority) -> None:
    lines = authority.text("server.crt").splitlines(keepends=True)
    (authority.folder / "damaged.crt").write_text("".join([lines[0], *lines[2:]]))
    assert "cert_file: holds a damaged certificate" in refusal(authority, tls(cert_file="damaged.crt"))


def test_what_is_allowed_but_hardly_meant_is_said(authority: Authority) -> None:
    def warnings(text: str) -> tuple[str, ...]:
        return load_access(authority.config(text)).warnings

    assert warnings(f"{TLS}basic_auth_users: {{a: {HASH}}}\n") == ()
    (plain,) = warnings(f"basic_auth_users: {{a: {HASH}}}\n")
    assert "without TLS, passwords cross the network" in plain
    (anybody,) = warnings(tls(client_auth_type="RequireAndVerifyClientCert"))
    assert "every authority that this machine trusts" in anybody


@pytest.mark.parametrize(
    "place", ["basic_auth_users: {a: %s}", "basic_auth_users: %s", "tls_server_config: {key: [%s]}"]
)
def test_what_may_be_a_secret_is_never_repeated(authority: Authority, place: str) -> None:
    assert "hunter2" not in refusal(authority, place % "hunter2")


_WORDS = st.sampled_from(
    ["tls_server_config", "cert_file", "server.crt", "basic_auth_users", "rate_limit", "interval", "1s", "burst"]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.recursive(
        st.text(max_size=8) | _WORDS | st.none(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=4),
    )
)
def test_whatever_stands_in_the_file_is_taken_or_refused_in_words(authority: Authority, data: object) -> None:
    with suppress(FileError):
        assert isinstance(load_access(authority.config(str(data), "fuzz.yml")), Access)
