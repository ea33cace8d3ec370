"""Certificates of an authority that nobody trusts but these tests."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

SERVER = "localhost"


@dataclass(frozen=True)
class Authority:
    """An authority, and a folder with what it has issued."""

    folder: Path
    ca: trustme.CA

    def issue(self, name: str, *identities: str, expired: bool = False) -> None:
        """Write `<name>.crt` and `<name>.key`."""
        until = datetime(2020, 1, 2, tzinfo=UTC) if expired else None
        since = datetime(2020, 1, 1, tzinfo=UTC) if expired else None
        issued = self.ca.issue_cert(*identities, not_before=since, not_after=until)
        (self.folder / f"{name}.key").write_bytes(issued.private_key_pem.bytes())
        (self.folder / f"{name}.crt").write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))

    def client(self, certificate: str = "", **settings: object) -> ssl.SSLContext:
        """Return what a client needs that trusts the authority, with one of its certificates or none."""
        context = ssl.create_default_context(cadata=self.ca.cert_pem.bytes().decode())
        if certificate:
            context.load_cert_chain(self.folder / f"{certificate}.crt", self.folder / f"{certificate}.key")
        for name, value in settings.items():
            setattr(context, name, value)
        return context

    def config(self, text: str, name: str = "web.yml") -> Path:
        """Write a web configuration file beside the certificates."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def text(self, name: str) -> str:
        """Return what stands in a file."""
        return (self.folder / name).read_text(encoding="ascii")


def authority_in(folder: Path) -> Authority:
    made = Authority(folder, trustme.CA())
    made.issue("server", SERVER, "127.0.0.1")
    made.issue("client", "prometheus.example", "team@example.com", "10.0.0.7", "fd00::7")
    (folder / "ca.crt").write_bytes(made.ca.cert_pem.bytes())
    return made


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """For tests that write no certificate anew."""
    made = authority_in(tmp_path_factory.mktemp("authority"))
    made.issue("expired", "prometheus.example", expired=True)
    stranger = Authority(made.folder, trustme.CA())
    stranger.issue("stranger", "prometheus.example")
    return made


TLS = "tls_server_config: {cert_file: server.crt, key_file: server.key}\n"


def with_clients(**keys: object) -> str:
    """Return a file that asks for certificates of clients."""
    settings: Mapping[str, object] = {
        "cert_file": "server.crt",
        "key_file": "server.key",
        "client_ca_file": "ca.crt",
        "client_auth_type": "RequireAndVerifyClientCert",
        **keys,
    }
    return "tls_server_config:\n" + "".join(f"  {key}: {value}\n" for key, value in settings.items())
