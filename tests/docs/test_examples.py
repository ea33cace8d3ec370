"""Each example of a file in the documents is taken by the program that reads such a file."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.config.load import load_config
from tests.docs.fences import PAGES, Fence, fences

EXAMPLES = [fence for page in PAGES for fence in fences(page) if fence.language == "yaml"]
PROMETHEUS = {"scrape_configs", "rule_files", "remote_write", "alerting"}
OURS = {"defaults", "sites", "web", "limits", "templates"}
ELSEWHERE = {
    "log": "tests/test_documents.py",
    "receivers": "tests/alerts/test_alertmanager.py",
    "tls_server_config": "tests/web/access/test_reference.py",
}
"""What is nothing by itself or needs files beside it, by its first key, and the test that tries it."""


def place(fence: Fence) -> str:
    return f"{fence.page}:{fence.line}"


@pytest.mark.parametrize("example", EXAMPLES, ids=place)
def test_example_is_taken_by_what_reads_it(example: Fence, tmp_path: Path) -> None:
    keys: dict[str, Any] = yaml.safe_load(example.text)
    file = tmp_path / "example.yml"
    file.write_text(example.text, encoding="utf-8")
    if PROMETHEUS & set(keys):
        promtool("config", "--syntax-only", file)
    elif "groups" in keys:
        promtool("rules", file)
    elif OURS & set(keys):
        load_config(file)
    else:
        assert set(ELSEWHERE) & set(keys)


def promtool(what: str, *arguments: object) -> None:
    done = subprocess.run(
        ["promtool", "check", what, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
