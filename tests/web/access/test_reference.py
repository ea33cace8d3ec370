"""The page about the web configuration is made from the schema, and its examples can be used."""

from __future__ import annotations

import re
from pathlib import Path

from exporter.web.access.load import load_access
from exporter.web.access.reference import render
from exporter.web.access.schema import HttpServerConfig, RateLimit, TlsServerConfig, WebConfig
from tests.web.access.conftest import Authority

PAGE = Path(__file__).resolve().parents[3] / "docs" / "web-configuration.md"


def test_page_is_up_to_date() -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert written == render(), "run: python -m exporter.web.access.reference > docs/web-configuration.md"


def test_every_key_is_described() -> None:
    page = render()
    for model in (WebConfig, TlsServerConfig, HttpServerConfig, RateLimit):
        for key, field in model.model_fields.items():
            assert field.description, key
            assert f"| `{key}` |" in page


def test_example_can_be_used(authority: Authority) -> None:
    example, _prometheus = re.findall(r"```yaml\n(.*?)```", render(), re.DOTALL)
    (authority.folder / "clients-ca.crt").write_text(authority.text("ca.crt"))
    access = load_access(authority.config(example, "example.yml"))
    assert access.tls is not None
    assert access.warnings == ()
