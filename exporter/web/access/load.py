"""From a web configuration file to what it asks for, or to a list of all that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from exporter.config.checking import check, without_nulls
from exporter.config.located_yaml import Document, FileError, Problem, parse_yaml, read_text
from exporter.web.access.schema import TlsServerConfig, WebConfig
from exporter.web.access.tls import Tls, TlsError, make_tls
from exporter.web.access.values import CIPHER_SUITES, HEADERS, TLS_VERSIONS

_INSTEAD = (("cert", "cert_file"), ("key", "key_file"), ("client_ca", "client_ca_file"))


@dataclass(frozen=True, slots=True)
class Access:
    """What a web configuration file asks for.

    Attributes:
        config: its values.
        tls: what they mean for connections, None for plain HTTP.
        warnings: what is allowed, but hardly meant.
    """

    config: WebConfig
    tls: Tls | None
    warnings: tuple[str, ...]


def files_named(config: WebConfig) -> list[Path]:
    """Return the files whose content counts as well."""
    tls = config.tls_server_config
    named = () if tls is None else (tls.cert_file, tls.key_file, tls.client_ca_file)
    return [path for path in named if path is not None]


def load_access(path: Path) -> Access:
    """Read and check a web configuration file, and the certificates that it names.

    Relative paths start from its folder.

    Raises:
        FileError: it cannot be used; nothing of it is.
    """
    document = parse_yaml(read_text(path), str(path))
    data = {} if document.data is None else without_nulls(document.data)
    context = {"folder": path.absolute().parent}
    # What is wrong is told without the value: it may be a password.
    config, problems = check(document, data, WebConfig, context, quoting=False)
    problems += document.problems
    if config is not None:
        problems += _contradictions(document, config)
    if config is None or problems:
        raise FileError(problems)
    try:
        tls = make_tls(config.tls_server_config) if _wants_tls(config) and config.tls_server_config else None
    except TlsError as error:
        raise FileError([document.problem(("tls_server_config", error.key), error.message)]) from None
    return Access(config, tls, tuple(map(str, _warnings(document, config))))


def _wants_tls(config: WebConfig) -> bool:
    return config.tls_server_config is not None and bool(config.tls_server_config.model_fields_set)


def _contradictions(document: Document, config: WebConfig) -> Iterator[Problem]:
    """Tell of values that are well written, but not together."""
    tls = config.tls_server_config
    if tls is not None and _wants_tls(config):
        for key, message in (*_missing(tls), *_about_clients(tls), *_about_versions(tls)):
            yield document.problem(("tls_server_config", key), message)
    for name, value in config.http_server_config.headers.items():
        if HEADERS[name] and value not in HEADERS[name]:
            known = " or ".join(sorted(HEADERS[name]))
            yield document.problem(("http_server_config", "headers", name), f"{value!r} is not allowed: write {known}")
    limit = config.rate_limit
    if limit.interval and not limit.burst:
        yield document.problem(
            ("rate_limit", "burst"), "with a burst of 0 no request would ever be answered: write a number from 1"
        )


def _missing(tls: TlsServerConfig) -> Iterator[tuple[str, str]]:
    for inline, file in _INSTEAD:
        if getattr(tls, inline) and getattr(tls, file):
            yield inline, f"write either this or {file}"
    if not tls.cert and not tls.cert_file:
        yield "cert_file", "TLS needs a certificate: write cert_file or cert"
    if not (tls.key and tls.key.get_secret_value()) and not tls.key_file:
        yield "key_file", "TLS needs the key of the certificate: write key_file or key"


def _about_clients(tls: TlsServerConfig) -> Iterator[tuple[str, str]]:
    if tls.client_auth_type == "NoClientCert":
        for key in ("client_ca", "client_ca_file"):
            if getattr(tls, key):
                yield key, "no certificate is asked for: write client_auth_type: RequireAndVerifyClientCert"
    if tls.client_allowed_sans is not None:
        if tls.client_auth_type != "RequireAndVerifyClientCert":
            message = (
                "a client without a certificate would be let in all the same: "
                "write client_auth_type: RequireAndVerifyClientCert"
            )
            yield "client_allowed_sans", message
        if not tls.client_allowed_sans:
            yield "client_allowed_sans", "names nobody: no client would be let in"


def _about_versions(tls: TlsServerConfig) -> Iterator[tuple[str, str]]:
    if TLS_VERSIONS[tls.min_version] > TLS_VERSIONS[tls.max_version]:
        yield "max_version", f"is older than min_version, {tls.min_version}: no version is left"
    elif tls.min_version == "TLS12" and tls.cipher_suites and not any(map(CIPHER_SUITES.get, tls.cipher_suites)):
        yield "cipher_suites", "holds none of TLS 1.2, which is allowed: write one, or min_version: TLS13"
    if len(tls.curve_preferences) > 1:
        message = f"Python's TLS takes one curve, not {len(tls.curve_preferences)}: write the best, or leave it out"
        yield "curve_preferences", message


def _warnings(document: Document, config: WebConfig) -> Iterator[Problem]:
    tls = config.tls_server_config
    if tls is not None and tls.client_auth_type != "NoClientCert" and not (tls.client_ca_file or tls.client_ca):
        yield document.problem(
            ("tls_server_config", "client_auth_type"),
            "every authority that this machine trusts may vouch for clients: name your own as client_ca_file",
        )
    if config.basic_auth_users and tls is None:
        yield document.problem(("basic_auth_users",), "without TLS, passwords cross the network for all to read")
