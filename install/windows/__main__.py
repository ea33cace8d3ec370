"""`python -m install.windows`: build the zip, and say where it is, how large, and its digest."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click

from install.windows.build import build
from install.windows.errors import LackingError
from install.windows.licences import LicenceError
from install.windows.python import ROOT


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=ROOT / "dist")
def command(directory: Path) -> None:
    """Build the zip for Windows in DIRECTORY (dist)."""
    try:
        made = build(directory, lambda step: click.echo(f"== {step}", err=True))
    except (LackingError, LicenceError) as error:
        raise click.ClickException(str(error)) from None
    content = made.read_bytes()
    click.echo(f"{made}  {len(content) / 1e6:.1f} MB  sha256:{hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    command()
