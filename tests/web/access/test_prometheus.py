"""Prometheus scrapes a running exporter with a client certificate and a password."""

from __future__ import annotations

from pathlib import Path

import bcrypt

from tests.web.access.clients import ask_securely, login
from tests.web.access.conftest import authority_in, with_clients
from tests.web.scraping import Target, active_targets, prometheus
from tests.web.test_run_options import running

SCRAPES = """
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: right
    scheme: https
    tls_config: {{ca_file: {folder}/ca.crt, cert_file: {folder}/client.crt, key_file: {folder}/client.key}}
    basic_auth: {{username: prometheus, password: secret}}
    static_configs: &exporter [{{targets: ["localhost:{port}"]}}]
  - job_name: wrong_password
    scheme: https
    tls_config: {{ca_file: {folder}/ca.crt, cert_file: {folder}/client.crt, key_file: {folder}/client.key}}
    basic_auth: {{username: prometheus, password: guess}}
    static_configs: *exporter
  - job_name: no_certificate
    scheme: https
    tls_config: {{ca_file: {folder}/ca.crt}}
    basic_auth: {{username: prometheus, password: secret}}
    static_configs: *exporter
  - job_name: other_name
    scheme: https
    tls_config: {{ca_file: {folder}/ca.crt, cert_file: {folder}/other.crt, key_file: {folder}/other.key}}
    basic_auth: {{username: prometheus, password: secret}}
    static_configs: *exporter
  - job_name: plain
    static_configs: *exporter
"""


def test_only_the_scrape_with_certificate_and_password_comes_in(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    authority = authority_in(keys)
    authority.issue("other", "other.example")
    hashed = bcrypt.hashpw(b"secret", bcrypt.gensalt(10)).decode()
    users = f"basic_auth_users: {{prometheus: {hashed}}}\n"
    config = authority.config(with_clients(client_allowed_sans="[prometheus.example]") + users)

    def scraped_again(targets: list[Target]) -> bool:
        return len(targets) == 5 and all(target["health"] != "unknown" for target in targets)

    with running(tmp_path, f"CHI={tmp_path}", "--web.config.file", str(config)) as port:
        scrapes = SCRAPES.format(folder=keys, port=port)
        with prometheus(tmp_path, scrapes) as address:
            targets = {target["scrapePool"]: target for target in active_targets(address, scraped_again)}
            assert {name: target["health"] for name, target in targets.items()} == {
                "right": "up",
                "wrong_password": "down",
                "no_certificate": "down",
                "other_name": "down",
                "plain": "down",
            }
            assert "401 Unauthorized" in targets["wrong_password"]["lastError"]
            # The certificate is replaced: scrapes go on.
            authority.issue("server", "localhost")
            header = login("prometheus", "secret")
            assert ask_securely(port, authority.client("client"), Authorization=header).status == 200
            before = targets["right"]["lastScrape"]

            def scraped_since(found: list[Target]) -> bool:
                return any(t["scrapePool"] == "right" and t["lastScrape"] > before for t in found)

            (right,) = [t for t in active_targets(address, scraped_since) if t["scrapePool"] == "right"]
            assert right["health"] == "up"
