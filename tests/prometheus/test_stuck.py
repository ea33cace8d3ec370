"""`stuck` against a real Prometheus that scrapes a real exporter."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from click.testing import CliRunner

from dashboards.servers import Prometheus, exporter, free_port, prometheus, serving, wait_until
from exporter.cli import cli
from exporter.simulator import demo_plan, run_batch
from tests.prometheus.answering import CERTIFICATE, KEY


def _ask(*arguments: str) -> tuple[int, Any]:
    answer = CliRunner().invoke(cli, [*arguments, "--json"])
    return answer.exit_code, json.loads(answer.stdout)


def _scraped(server: Prometheus) -> bool:
    return bool(server.query("configmgr_task_sequence_blocked")) and bool(server.query("configmgr_package_info"))


def test_stuck_names_the_culprit_that_explain_names(tmp_path: Path) -> None:
    logs = tmp_path / "hierarchy"
    run_batch(logs, demo_plan(mended=False))
    with (
        exporter([logs], tmp_path / "state", tmp_path / "exporter.log") as target,
        prometheus(tmp_path, [target]) as server,
    ):
        wait_until(lambda: _scraped(server), "the first scrape")
        status, from_prometheus = _ask("stuck", "--prometheus", server.url)
    _, from_logs = _ask("explain", str(logs))
    assert status == 1
    told, shown = from_prometheus["culprits"][0], from_logs["culprits"][0]
    for key in ("package", "program", "name", "source_site", "sites", "task_sequences", "since"):
        assert told[key] == shown[key], key
    assert told["cause"]["kind"] == shown["cause"]["kind"] == "source_path_inaccessible"
    assert {site: len(each["blocked"]) for site, each in from_prometheus["sites"].items()} == {
        site: len(each["blocked"]) for site, each in from_logs["sites"].items()
    }


def test_prometheus_that_scrapes_no_exporter_gives_no_all_clear(tmp_path: Path) -> None:
    with prometheus(tmp_path) as server:
        answer = CliRunner().invoke(cli, ["stuck", "--prometheus", server.url])
    assert answer.exit_code != 0
    assert "Nothing is stuck" not in answer.output


def test_no_server_is_told_as_refused() -> None:
    # CliRunner raises what main() would show and end with status 2.
    answer = CliRunner().invoke(cli, ["stuck", "--prometheus", "http://127.0.0.1:1"])
    assert answer.exit_code != 0
    assert "refused" in answer.output


# --- a server that wants to know who asks ---------------------------------------------------------

_SECRET = "s3cret"  # noqa: S105 - opens nothing
_HASH = "$2b$04$Ujd9Z48F9lnIB/T015wAEOAauKNit/5FjuBCJdLU475D3kG6BEE9O"
_ARRIVED = "has no metrics of configmgr-exporter"


def _answers(url: str) -> bool:
    try:
        return requests.get(url, verify=str(CERTIFICATE), auth=("me", _SECRET), timeout=5).ok
    except requests.RequestException:
        return False


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus that speaks TLS and wants a password, and scrapes nothing."""
    folder = tmp_path_factory.mktemp("guarded")
    web = {
        "tls_server_config": {"cert_file": str(CERTIFICATE), "key_file": str(KEY)},
        "basic_auth_users": {"me": _HASH},
    }
    (folder / "web.yml").write_text(yaml.safe_dump(web), encoding="utf-8")
    (folder / "prometheus.yml").write_text("global: {}\n", encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
        f"--web.config.file={folder / 'web.yml'}",
    ]
    with serving(command, f"https://{address}/-/ready", folder / "prometheus.log", _answers):
        yield f"https://{address}"


def _said(url: str, *arguments: str, password: str = _SECRET) -> str:
    environment = {"CONFIGMGR_EXPORTER_PROMETHEUS_PASSWORD": password}
    answer = CliRunner().invoke(cli, ["stuck", "--prometheus", url, *arguments], env=environment)
    assert answer.exit_code != 0
    assert "Traceback" not in answer.output
    return answer.output


def test_a_password_and_a_certificate_open_a_guarded_server(guarded: str, tmp_path: Path) -> None:
    trusted = ("--tls.ca-file", str(CERTIFICATE))
    secret = tmp_path / "secret"
    secret.write_text(f"{_SECRET}\n", encoding="utf-8")
    assert _ARRIVED in _said(guarded, *trusted, "--user", "me")
    assert _ARRIVED in _said(guarded, *trusted, "--user", "me", "--password-file", str(secret), password="wrong")  # noqa: S106
    assert _ARRIVED in _said(guarded, "--tls.insecure", "--user", "me")


def test_what_a_guarded_server_refuses_is_told_with_what_to_do(guarded: str, tmp_path: Path) -> None:
    trusted = ("--tls.ca-file", str(CERTIFICATE))
    token = tmp_path / "token"
    token.write_text("abc", encoding="utf-8")
    assert "its certificate is not trusted: name those that it comes from with --tls.ca-file" in _said(guarded)
    assert "it wants other credentials (401): --user, --bearer-token-file" in _said(guarded, *trusted)
    assert "it wants other credentials (401)" in _said(guarded, *trusted, "--user", "me", password="wrong")  # noqa: S106
    assert "it wants other credentials (401)" in _said(guarded, *trusted, "--bearer-token-file", str(token))
    # Its word on that gets lost when it breaks off the connection before all of the question has been read.
    assert "try https:// instead of http://" in _said(guarded.replace("https:", "http:"))


def test_an_address_of_something_else_is_told(tmp_path: Path) -> None:
    with prometheus(tmp_path) as server:
        for wrong in (f"{server.url}/graph", f"{server.url}/prometheus"):
            assert "this is no Prometheus, or it stands under a prefix" in _said(wrong)
    run_batch(tmp_path / "logs", demo_plan())
    with exporter([tmp_path / "logs"], tmp_path / "state", tmp_path / "exporter.log") as target:
        assert "this does not seem to be Prometheus: its answer is not one of the API" in _said(f"http://{target}")
