"""The arguments of `run` as they are kept with the Windows service."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from exporter.commands.options import local_logs
from exporter.commands.run import command as run
from exporter.config.load import load_config
from exporter.config.located_yaml import FileError
from exporter.places import from_root
from exporter.windows.definition import NAME


def lasting(typed: Sequence[str]) -> tuple[Path | None, list[str]]:
    """Check the arguments of `run`, and make them mean the same to a service, which is in another folder.

    Args:
        typed: what stands on the command line. Without a state folder, there or in the configuration, it gets one.

    Returns:
        The state folder, unless it stands in the configuration file; and the arguments.

    Raises:
        click.ClickException: `run` would not take them, or has nothing to read.
    """
    context = run.make_context("service install", list(typed))
    config_file, state = context.params["config_file"], context.params["state_dir"]
    try:
        config = load_config(config_file) if config_file else None
    except FileError as error:
        raise click.ClickException(str(error)) from None
    if not (context.params["logs"] or (config and config.sites) or local_logs()):
        raise click.UsageError("no logs are named, and this computer is no site server: name [SITE=]FOLDER.")
    given, _, _ = run.make_parser(context).parse_args(list(typed))
    given["logs"] = context.params["logs"]  # as typed, too; without any, the parser gives a mark of click's own
    if state is None and not (config and config.state_dir):
        state = Path(os.environ["PROGRAMDATA"], NAME, "state")
        given["state_dir"] = str(state)
    words = [word for parameter in run.params if parameter.name in given for word in _words(parameter, given)]
    return state.absolute() if state else None, words


def _words(parameter: click.Parameter, given: dict[str, Any]) -> Iterator[str]:
    """Give what was typed for one parameter of `run`, with files and folders named from their root."""
    typed = given[parameter.name or ""]
    for value in typed if isinstance(typed, list | tuple) else [typed]:
        if isinstance(parameter, click.Argument):
            yield from_root(value)
        elif value is True:
            yield parameter.opts[0]
        else:
            yield from (
                parameter.opts[0],
                str(Path(value).absolute() if isinstance(parameter.type, click.Path) else value),
            )
