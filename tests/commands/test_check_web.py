"""`check` of a web configuration file, where there are no logs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.conftest import Command

_HASH = "$2y$10$qRTBuFoULoYNA7AQ/F3ck.trZBPyjV64.oA4ZsSBCIWvXuvQlQTuu"


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("rate_limit: {interval: 100ms, burst: 20}", 0, "All is well."),
        (f"basic_auth_users: {{prometheus: {_HASH}}}", 2, "without TLS, passwords cross the network"),
        ("basic_auth_users: {prometheus: hunter2}", 2, "web.yml:1:20: basic_auth_users.prometheus: is no bcrypt hash"),
        ("tls_server_config: {cert_file: nowhere.crt, key_file: x}", 2, "tls_server_config.cert_file: "),
    ],
)
def test_a_web_configuration_is_checked_alone(
    command: Command, tmp_path: Path, text: str, status: int, words: str
) -> None:
    file = tmp_path / "web.yml"
    file.write_text(text, encoding="utf-8")

    result = command("check", "--web.config.file", file)

    assert result.status == status
    assert words in " ".join((result.out + result.err).split())
    assert "hunter2" not in result.out + result.err
