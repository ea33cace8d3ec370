"""From the values of `tls_server_config` to what Python's TLS needs, or to the key whose value it cannot use."""

from __future__ import annotations

import ipaddress
import re
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from exporter.web.access.schema import TlsServerConfig
from exporter.web.access.values import CIPHER_SUITES, CLIENT_AUTH_TYPES, CURVES, TLS_VERSIONS

_CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----", re.ASCII)


class TlsError(Exception):
    """A value cannot be used.

    Attributes:
        key: of `tls_server_config`.
        message: why not. It never holds what stands in a key.
    """

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key
        self.message = message


@dataclass(frozen=True, slots=True)
class Tls:
    """How connections are encrypted, and whose.

    Attributes:
        context: for a handshake.
        allowed_sans: of these names a client's certificate must hold one; None when any will do.
    """

    context: ssl.SSLContext
    allowed_sans: frozenset[str] | None

    def admits(self, connection: ssl.SSLObject) -> bool:
        """Return whether the client at the other end, whose certificate the handshake has verified, is let in."""
        if self.allowed_sans is None:
            return True
        return not self.allowed_sans.isdisjoint(names_of(connection.getpeercert() or {}))


def make_tls(config: TlsServerConfig) -> Tls:
    """Read the certificates and keys that are named, and make all ready for handshakes.

    Raises:
        TlsError: a value cannot be used, or a file cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = TLS_VERSIONS[config.min_version]
    context.maximum_version = TLS_VERSIONS[config.max_version]
    context.options |= ssl.OP_NO_RENEGOTIATION
    if not config.prefer_server_cipher_suites:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if suites := [CIPHER_SUITES[name] for name in config.cipher_suites if CIPHER_SUITES[name]]:
        context.set_ciphers(":".join(suites))
    if config.curve_preferences:
        context.set_ecdh_curve(CURVES[config.curve_preferences[0]])
    context.set_alpn_protocols(["http/1.1"])
    _load_certificate(context, config)
    context.verify_mode = CLIENT_AUTH_TYPES[config.client_auth_type]
    if context.verify_mode != ssl.CERT_NONE:
        _load_authorities(context, config)
    sans = config.client_allowed_sans
    return Tls(context, None if sans is None else frozenset(map(_canonical, sans)))


def names_of(certificate: dict[str, Any]) -> frozenset[str]:
    """Return the subject alternative names of a certificate, as `ssl.SSLSocket.getpeercert` tells it."""
    return frozenset(_canonical(name) for kind, name in certificate.get("subjectAltName", ()) if kind != "DirName")


def _canonical(name: str) -> str:
    """Return the one way to write an IP address; other names stay as they are."""
    with suppress(ValueError):
        return str(ipaddress.ip_address(name))
    return name


def _load_certificate(context: ssl.SSLContext, config: TlsServerConfig) -> None:
    inline_key = config.key.get_secret_value() if config.key else ""
    _certificates(*_text("cert", config.cert_file, config.cert))
    key_name, _ = _text("key", config.key_file, inline_key)
    with _as_file(config.cert_file, config.cert) as cert, _as_file(config.key_file, inline_key) as key:
        try:
            context.load_cert_chain(cert, key, _no_password)
        except ssl.SSLError as problem:
            # That the certificate can be read has been seen: only the key is left.
            mismatch = problem.reason in {"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"}
            words = "is not the key of the certificate" if mismatch else "is no key in PEM that OpenSSL can read"
            raise TlsError(key_name, words) from None
        except _PasswordError:
            raise TlsError(key_name, "the key needs a password, which nobody is there to type: remove it") from None


def _load_authorities(context: ssl.SSLContext, config: TlsServerConfig) -> None:
    if config.client_ca_file or config.client_ca:
        pem = _certificates(*_text("client_ca", config.client_ca_file, config.client_ca))
        context.load_verify_locations(cadata=pem)
    else:
        context.load_default_certs(ssl.Purpose.CLIENT_AUTH)


def _text(key: str, path: Path | None, inline: str) -> tuple[str, str]:
    """Return the key that a text stands under, itself or as a file, and the text."""
    if path is None:
        return key, inline
    key = f"{key}_file"
    try:
        return key, path.read_text(encoding="utf-8", errors="replace")
    except OSError as problem:
        raise TlsError(key, f"{path} cannot be read: {problem.strerror or problem}") from None


def _certificates(key: str, pem: str) -> str:
    """Return the certificates in a text, without what people write between them."""
    found = "\n".join(_CERTIFICATE.findall(pem))
    if not found:
        raise TlsError(key, "holds no certificate in PEM: -----BEGIN CERTIFICATE-----")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(cadata=found)
    except ssl.SSLError as problem:
        raise TlsError(key, f"holds a damaged certificate: {problem.reason or 'it is cut off'}") from None
    return found


class _PasswordError(Exception):
    """A key asks for a password."""


def _no_password() -> str:
    raise _PasswordError


@contextmanager
def _as_file(path: Path | None, text: str) -> Iterator[Path]:
    """Give the file that holds a text: Python's TLS reads certificates and keys from files only.

    A text that stands in the configuration file lies in a folder that only this account can open, for an instant.
    """
    if path is not None:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="configmgr-exporter-") as folder:
        file = Path(folder) / "pem"
        file.write_text(text, encoding="utf-8")
        yield file
