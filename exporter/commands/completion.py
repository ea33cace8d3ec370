"""`completion`: what a shell needs to complete commands, options and values."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from exporter.cli import PROGRAM, cli

_VARIABLE = f"_{PROGRAM}_COMPLETE".replace("-", "_").upper()  # as click makes it of the program's name
_SHELLS = ("bash", "zsh", "fish", "powershell")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
def command(shell: str) -> None:
    """Print what a shell needs to complete commands, options and their values.

    Bash from version 4.4, zsh, fish and PowerShell. Exit status: 0 it was printed, 2 the shell is not known.

    \b
    configmgr-exporter completion bash > /etc/bash_completion.d/configmgr-exporter
    configmgr-exporter completion zsh > "${fpath[1]}/_configmgr-exporter"
    configmgr-exporter completion fish > ~/.config/fish/completions/configmgr-exporter.fish
    configmgr-exporter completion powershell | Out-String | Invoke-Expression
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.ClickException(f"this version of click knows no completion for {shell}.")
    click.echo(kind(cli, {}, PROGRAM, _VARIABLE).source())
