"""The script that installs the zip can be read by PowerShell, which is not to be had here: nothing runs it."""

import re
from collections.abc import Iterator

import pytest
from tree_sitter import Node
from tree_sitter_language_pack import get_parser

from install.windows.folder import HERE

SCRIPT = (HERE / "install.ps1").read_bytes()
# Of Windows PowerShell 5.1 on every Windows Server since 2016.
KNOWN = {
    *("Copy-Item", "Get-NetFirewallRule", "Get-Service", "Join-Path", "New-Item", "New-NetFirewallRule", "Out-Null"),
    *("Remove-Item", "Remove-NetFirewallRule", "Set-StrictMode", "Stop-Service", "Test-Path", "Write-Warning"),
}


def nodes(script: bytes) -> Iterator[Node]:
    waiting = [get_parser("powershell").parse(script).root_node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += node.children


def faults(script: bytes) -> list[int]:
    """Lines that cannot be read."""
    return [node.start_point[0] + 1 for node in nodes(script) if node.type == "ERROR" or node.is_missing]


def text(node: Node) -> str:
    return SCRIPT[node.start_byte : node.end_byte].decode()


def test_script_can_be_read() -> None:
    assert faults(SCRIPT) == []


@pytest.mark.parametrize("old", [b"if ($Uninstall) {", b"$ErrorActionPreference = 'Stop'", b"param("])
def test_slip_would_be_seen(old: bytes) -> None:
    assert faults(SCRIPT.replace(old, old[:-1], 1))


def test_every_command_is_one_that_windows_has() -> None:
    functions = set(re.findall(r"^function ([\w-]+)", SCRIPT.decode(), re.MULTILINE))
    called = {text(node) for node in nodes(SCRIPT) if node.type == "command_name"}
    assert called - functions == KNOWN


def test_every_parameter_is_explained() -> None:
    explained = re.findall(r"^\.PARAMETER (\w+)", SCRIPT.decode(), re.MULTILINE)
    parameters = re.search(r"^param\((.*?)^\)", SCRIPT.decode(), re.MULTILINE | re.DOTALL)
    assert parameters
    assert re.findall(r"\] \$(\w+)", parameters[1]) == explained


def test_it_changes_nothing_when_asked_what_it_would_do() -> None:
    # The cmdlets know -WhatIf by themselves; our own program does not, and is called in one place that asks.
    calls = [line.strip() for line in SCRIPT.decode().splitlines() if line.strip().startswith("& ")]
    assert calls == ["& $program $Arguments"]
    assert "if ($PSCmdlet.ShouldProcess($name, $Arguments -join ' ')) {\n        & $program" in SCRIPT.decode()
