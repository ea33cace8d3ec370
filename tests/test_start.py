"""What a command imports: nobody waits for what is not needed."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import click
import pytest

from exporter.cli import cli


def _modules(*arguments: str) -> set[str]:
    code = (
        "import sys\nfrom exporter import cli\n"
        f"try:\n    cli.cli.main({list(arguments)!r}, standalone_mode=False)\n"
        "finally:\n    print('modules:', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "modules:" in done.stdout, done.stderr
    return set(done.stdout.rpartition("modules:")[2].split())


def test_help_imports_no_command() -> None:
    modules = _modules("--help")
    assert not {name for name in modules if name.startswith(("exporter.commands", "rich", "pydantic", "aiohttp"))}


@pytest.mark.parametrize("command", ["explain", "records"])
def test_commands_that_do_not_serve_import_no_server_and_no_configuration(command: str) -> None:
    assert not _modules(command, "--help") & {"aiohttp", "pydantic", "requests"}


def test_json_needs_nothing_of_what_draws(tmp_path: Path) -> None:
    (tmp_path / "distmgr.log").touch()
    assert not {name for name in _modules("explain", "--json", str(tmp_path)) if name.startswith("rich")}


def test_list_of_commands_says_what_each_says_itself() -> None:
    context = click.Context(cli)
    shown = " ".join(cli.get_help(context).split())
    for name in cli.list_commands(context):
        command = importlib.import_module(f"exporter.commands.{name}").command
        assert f"{name} {command.get_short_help_str(limit=500)}" in shown
