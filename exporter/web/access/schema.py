"""The keys of a web configuration file, as Prometheus' exporter-toolkit names them."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from exporter.config.checking import Section
from exporter.web.access.values import (
    BcryptHash,
    Burst,
    CipherSuite,
    ClientAuthType,
    Curve,
    HeaderName,
    HeaderValue,
    Interval,
    Pem,
    PemFile,
    Secret,
    Switch,
    Text,
    TlsVersion,
    UserName,
)


class TlsServerConfig(Section):
    """TLS. Without this section the server speaks plain HTTP."""

    cert_file: PemFile = Field(
        default=None,
        description="The server's certificate, in PEM, with those of the authorities between it and the root behind "
        "it. Needed, or `cert` instead.",
        examples=["server.crt"],
    )
    key_file: PemFile = Field(
        default=None,
        description="The key of the certificate, in PEM and without a password. Needed, or `key` instead.",
        examples=["server.key"],
    )
    cert: Pem = Field(default="", description="The certificate itself, instead of `cert_file`.")
    key: Secret | None = Field(default=None, description="The key itself, instead of `key_file`.")
    client_auth_type: ClientAuthType = Field(
        default="NoClientCert",
        description="Which client certificates are asked for. Only `RequireAndVerifyClientCert` keeps anybody out.",
    )
    client_ca_file: PemFile = Field(
        default=None,
        description="Certificates of the authorities that may vouch for clients, in PEM. Without it, all that the "
        "machine trusts may.",
        examples=["clients-ca.crt"],
    )
    client_ca: Pem = Field(
        default="", description="The authorities' certificates themselves, instead of `client_ca_file`."
    )
    client_allowed_sans: tuple[Text, ...] | None = Field(
        default=None,
        description="Names of clients that are let in: one of them must stand, letter for letter, as a DNS name, "
        "e-mail address, IP address or URI among the subject alternative names of the client's certificate. Needs "
        "`client_auth_type: RequireAndVerifyClientCert`.",
        examples=["[prometheus.example]"],
    )
    min_version: TlsVersion = Field(default="TLS12", description="The oldest version that is spoken.")
    max_version: TlsVersion = Field(default="TLS13", description="The newest version that is spoken.")
    cipher_suites: tuple[CipherSuite, ...] = Field(
        default=(),
        description="Cipher suites of TLS 1.2, the best first. Those of TLS 1.3 may be named, but are always all "
        "offered. Without it, those that OpenSSL holds for good.",
        examples=["[TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]"],
    )
    prefer_server_cipher_suites: Switch = Field(
        default=True, description="Whether the server's order of cipher suites goes before the client's."
    )
    curve_preferences: tuple[Curve, ...] = Field(
        default=(),
        description="The curve of the key exchange. Python's TLS takes one at most. Without it, those that OpenSSL "
        "holds for good.",
        examples=["[X25519]"],
    )


class HttpServerConfig(Section):
    """What is said in HTTP."""

    http2: Switch = Field(
        default=True,
        description="Taken for the sake of files that several exporters share. HTTP/1.1 is spoken in any case: client "
        "and server settle that at the start of a connection.",
    )
    headers: Mapping[HeaderName, HeaderValue] = Field(
        default_factory=dict,
        description="Headers of every answer, in place of the exporter's own. An empty value leaves the exporter's "
        "own as it is.",
        examples=["{Strict-Transport-Security: max-age=31536000}"],
    )


class RateLimit(Section):
    """How many requests are answered, of all clients together. One too many is answered with status 429."""

    interval: Interval = Field(
        default=0.0, description="Time in which one more request is allowed; 0 for no limit.", examples=["100ms"]
    )
    burst: Burst = Field(
        default=0,
        description="How many requests may come at once after a time of silence. Needed with an interval.",
        examples=["20"],
    )


class WebConfig(Section):
    """The web configuration file."""

    tls_server_config: TlsServerConfig | None = Field(default=None, description="TLS.")
    http_server_config: HttpServerConfig = Field(default=HttpServerConfig(), description="What is said in HTTP.")
    basic_auth_users: Mapping[UserName, BcryptHash] = Field(
        default_factory=dict,
        description="Who is let in with a password, and its bcrypt hash. Without any, no password is asked for.",
        examples=["{prometheus: $2y$10$...}"],
    )
    rate_limit: RateLimit = Field(default=RateLimit(), description="How many requests are answered.")
