"""`run` with the options and keys that say where it is reached."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.web.serving import ask

LINE = (
    "STATMSG: nothing  $$<SMS_DISTRIBUTION_MANAGER><Thu Mar 04 10:15:32.123 2010 Eastern Standard Time>"
    "<thread=2760 (0xAC8)>\r\n"
)


@contextmanager
def running(folder: Path, *options: str) -> Iterator[int]:
    """Run the exporter on a log and give its port."""
    (folder / "distmgr.log").write_text(LINE, encoding="utf-8", newline="")
    command = [sys.executable, "-m", "exporter", "run", "--web.listen-address", "127.0.0.1:0", *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    try:
        for line in process.stderr:
            if found := re.search(r"Listening on https?://127\.0\.0\.1:(\d+)", line):
                yield int(found[1])
                break
        else:
            pytest.fail("it did not start")
    finally:
        process.terminate()
        process.stderr.close()
        assert process.wait(30) == 0


def test_the_external_url_gives_the_prefix(tmp_path: Path) -> None:
    with running(tmp_path, f"CHI={tmp_path}", "--web.external-url", "https://m.example/configmgr/") as port:
        assert ask(port, "/configmgr/").status == 200
        assert ask(port, "/configmgr/metrics").status == 200
        assert ask(port, "/metrics").status == 404
        assert "https://m.example/configmgr/api/v1" in ask(port, "/configmgr/api/v1/openapi.json").text


def test_the_route_prefix_goes_before_it_for_proxies_that_take_the_prefix_away(tmp_path: Path) -> None:
    url = "https://m.example/configmgr"
    with running(tmp_path, f"CHI={tmp_path}", "--web.external-url", url, "--web.route-prefix", "/") as port:
        assert ask(port, "/metrics").status == 200


def test_the_configuration_gives_names_links_and_the_tree(tmp_path: Path) -> None:
    (tmp_path / "names.yaml").write_text("CEN0000E: Office 2007\n", encoding="utf-8")
    config = tmp_path / "config.yaml"
    config.write_text(
        f"inventory: names.yaml\nsites: [{{site: CHI, logs: {tmp_path}, parent: CEN}}]\n"
        "web: {external_url: 'https://m.example/p', links: {Grafana: 'https://g.example/'}}\n",
        encoding="utf-8",
    )
    with running(tmp_path, "--config.file", str(config)) as port:
        page = ask(port, "/p/").text
        assert '<a href="https://g.example/">Grafana</a>' in page
        assert "not read here" in page
        assert "Office 2007" in ask(port, "/p/package/CEN0000E").text


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--web.external-url=nowhere", "is no address of a page"),
        ("--web.route-prefix=x", "is not a path"),
        ("--web.config.file=nothing.yml", "nothing.yml: cannot be read"),
    ],
)
def test_what_cannot_be_is_refused_at_the_start(tmp_path: Path, option: str, words: str) -> None:
    (tmp_path / "distmgr.log").write_text(LINE, encoding="utf-8", newline="")
    command = [sys.executable, "-m", "exporter", "run", "--web.listen-address", "127.0.0.1:0"]
    result = subprocess.run([*command, option, f"CHI={tmp_path}"], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr
