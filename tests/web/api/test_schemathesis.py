"""The API as a stranger meets it who has only its description, and means it well or not."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import bcrypt

from docs.screens import Stage
from exporter.web.access.guard import Guard
from exporter.web.api.endpoints import ENDPOINTS
from exporter.web.app import make_app
from exporter.web.server import Server


def schemathesis(folder: Path, port: int, *options: str) -> None:
    """Run it, and see that it has tried every endpoint in many ways."""
    address = f"http://127.0.0.1:{port}/api/v1/openapi.json"
    command = Path(sys.executable).parent / "schemathesis"
    result = subprocess.run(
        [command, "run", address, "--checks", "all", "--seed", "1", "--no-color", *options],
        cwd=folder,
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


def test_the_api_keeps_what_its_description_promises(incident_port: int, tmp_path: Path) -> None:
    """Right and wrong parameters, headers and methods: statuses, types and shapes are as they are described."""
    schemathesis(tmp_path, incident_port, "--max-examples", "12")


def test_the_same_where_a_password_is_asked_for(incident: Stage, tmp_path: Path) -> None:
    hashed = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
    config = tmp_path / "web.yml"
    config.write_text(f"basic_auth_users: {{prometheus: {hashed}}}", encoding="utf-8")
    guard = Guard(config)
    app = make_app(incident.backend(), middlewares=(guard.middleware,))
    guard.attach(app)
    server = Server(app, ["127.0.0.1:0"], tls=guard.tls)
    server.start()
    try:
        schemathesis(tmp_path, server.addresses[0].port, "--max-examples", "4", "--auth", "prometheus:secret")
    finally:
        server.stop()
