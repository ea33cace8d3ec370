"""What users, dashboards and other programs may rely on, as a list of lines, one for each promise.

`python -m tests.upgrading.promises` prints the list of the code that runs it. A release keeps its own as
`tests/fixtures/releases/VERSION/promises.txt`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
from click.testing import CliRunner
from pydantic import BaseModel

from exporter.cli import cli
from exporter.config.schema import Config
from exporter.metrics.contract import CHAPTERS
from exporter.simulator import demo_plan, run_batch


def promises() -> list[str]:
    """List what is promised now, sorted."""
    return sorted({*_metrics(), *_commands(), *_keys(Config), *_json()})


def _metrics() -> Iterator[str]:
    for chapter in CHAPTERS:
        for family in chapter.families:
            yield f"metric {family.name} {family.kind} {' '.join(family.labels)}".strip()


def _commands() -> Iterator[str]:
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        yield f"command {name}"
        for parameter in command.params:
            for option in parameter.opts if isinstance(parameter, click.Option) else ():
                yield f"option {name} {option}"


def _keys(section: type[BaseModel], above: str = "") -> Iterator[str]:
    for name, field in section.model_fields.items():
        key = f"{above}{field.alias or name}"
        yield f"key {key}"
        for kind in _inside(field.annotation):
            yield from _keys(kind, f"{key}.")


def _inside(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _inside(argument)


def _json() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        run_batch(Path(folder), demo_plan(mended=False))
        answer = CliRunner().invoke(cli, ["explain", "--json", folder])
    yield from (f"json explain {path}" for path in _paths(json.loads(answer.stdout)))


def _paths(value: Any, above: str = "") -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _paths(item, f"{above}[]")
    elif isinstance(value, dict):
        for key, item in value.items():
            path = f"{above}.{'SITE' if above == '.sites' else key}"
            yield path
            yield from _paths(item, path)


if __name__ == "__main__":
    print("\n".join(promises()))  # noqa: T201 - its only output
