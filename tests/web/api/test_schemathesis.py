"""The API as a stranger meets it who has only its description, and means it well or not."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from exporter.web.api.endpoints import ENDPOINTS

_EXAMPLES = "12"


def test_the_api_keeps_what_its_description_promises(incident_port: int, tmp_path: Path) -> None:
    """Right and wrong parameters, headers and methods: statuses, types and shapes are as they are described."""
    address = f"http://127.0.0.1:{incident_port}/api/v1/openapi.json"
    command = Path(sys.executable).parent / "schemathesis"
    result = subprocess.run(
        [command, "run", address, "--checks", "all", "--max-examples", _EXAMPLES, "--seed", "1", "--no-color"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"Tested: {len(ENDPOINTS)}" in result.stdout
    cases = re.search(r"(\d+) generated, (\d+) passed", result.stdout)
    assert cases
    assert int(cases[1]) > 200
