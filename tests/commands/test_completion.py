"""Completion, by the shells themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from exporter.cli import _COMMANDS
from tests.commands.conftest import Command

_BIN = Path(sys.executable).parent


def _bash(script: str, folder: Path) -> str:
    return subprocess.run(
        ["bash", "--norc", "-e", "-c", script],
        check=True,
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | {"PATH": f"{_BIN}:{os.environ['PATH']}"},
        timeout=60,
    ).stdout


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("configmgr-exporter ex", ["explain"]),
        ("configmgr-exporter run --textfile.", ["--textfile.directory", "--textfile.interval"]),
        ("configmgr-exporter run --log.format ", ["logfmt", "json"]),
        ("configmgr-exporter completion po", ["powershell"]),
    ],
)
def test_bash_completes_commands_options_and_values(tmp_path: Path, typed: str, offered: list[str]) -> None:
    words = typed.split(" ")
    script = f"""
        eval "$(configmgr-exporter completion bash)"
        COMP_WORDS=({" ".join(word or '""' for word in words)}) COMP_CWORD={len(words) - 1}
        _configmgr_exporter_completion configmgr-exporter
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    assert _bash(script, tmp_path).split() == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_script_of_each_shell_asks_this_program(command: Command, shell: str) -> None:
    result = command("completion", shell)

    assert result.status == 0
    assert "_CONFIGMGR_EXPORTER_COMPLETE" in result.out
    assert f"{shell}_complete" in result.out


def test_shell_that_is_not_known(command: Command) -> None:
    result = command("completion", "tcsh")

    assert result.status == 2
    assert "'tcsh' is not one of" in result.err


@pytest.mark.parametrize("name", _COMMANDS)
def test_help_of_every_command_says_what_is_typed_and_how_it_ends(command: Command, name: str) -> None:
    result = command(name, "--help")

    assert result.status == 0
    assert f"  configmgr-exporter {name}" in result.out, "an example"
    assert "Exit status" in " ".join(result.out.split()), "how it ends"
