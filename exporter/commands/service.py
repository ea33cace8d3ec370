"""`service`: the exporter as a Windows service."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType

import click

from exporter.cli import NOT_DONE
from exporter.windows.definition import NAME, VIRTUAL_ACCOUNT, Definition, needs_password
from exporter.windows.manager import ServiceError, Status

_RUN_OPTIONS = {"ignore_unknown_options": True}  # they are those of `run`, which reads them


@click.group(name="service")
def command() -> None:
    """Install, start and stop the exporter as a Windows service.

    It starts with Windows, as an account of its own that may do nothing but read what it is given to read, and writes
    warnings and errors to the event log, source configmgr-exporter. Needs an administrator. Exit status: 0
    it was done, 2 it was not.

    \b
    configmgr-exporter service install
    configmgr-exporter service install --config.file C:\\ProgramData\\configmgr-exporter\\config.yml
    configmgr-exporter service start
    """


@command.command(context_settings=_RUN_OPTIONS)
@click.option(
    "--account",
    default=VIRTUAL_ACCOUNT,
    show_default=True,
    help="Account to run as. A password, if it has one, is asked for, or taken from CONFIGMGR_EXPORTER_PASSWORD.",
)
@click.argument("run_arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS OF run]...")
def install(account: str, run_arguments: Sequence[str]) -> None:
    """Install the service, with the arguments that `run` is to have.

    Without any, it serves the logs of the site server on this computer, and keeps its state in
    %ProgramData%\\configmgr-exporter\\state. It is not started.
    """
    manager = _manager()
    state, arguments = importlib.import_module("exporter.commands.service_arguments").lasting(run_arguments)
    definition = Definition([*_program(), *arguments], account, _password(account))
    with _told():
        unknown = manager.install(definition)
        try:
            made = state is not None and manager.make_state_folder(state, account)
        except ServiceError:
            manager.remove()  # all or nothing: the next try begins where this one did
            raise
    click.echo(f"Installed: the service {NAME} runs as {account}.")
    if state and not made:
        click.echo(f"{state} was there already: see that this account may write in it.")
    for setting in unknown:
        click.echo(f"This Windows cannot do: {setting}.", err=True)
    click.echo(f"The account must be able to read the logs: docs/install-windows.md. Then: {NAME} service start")


@command.command()
def start() -> None:
    """Start the service, and wait until it answers."""
    manager = _manager()
    with _told():
        _say(manager.start(), wanted="running")


@command.command()
def stop() -> None:
    """Stop the service, and wait until its state is saved."""
    manager = _manager()
    with _told():
        _say(manager.stop(), wanted="stopped")


@command.command()
def remove() -> None:
    """Stop the service and remove it. The state and the configuration stay."""
    manager = _manager()
    with _told():
        manager.remove()
    click.echo(f"Removed: the service {NAME}.")


@command.command()
def status() -> None:
    """Say how the service is. Exit status: 0 it runs, 2 it does not."""
    manager = _manager()
    with _told():
        now: Status = manager.status()
    click.echo(f"start:   {'automatic' if now.automatic else 'by hand'}")
    click.echo(f"account: {now.account}")
    click.echo(f"command: {now.command_line}")
    _say(now, wanted="running")


def _manager() -> ModuleType:
    """Return what knows the service manager, which only Windows has."""
    if os.name != "nt":
        raise click.ClickException("this command is for Windows. On Linux systemd runs the exporter: docs/install.md.")
    return importlib.import_module("exporter.windows.manager")


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except ServiceError as error:
        raise click.ClickException(str(error)) from None


def _say(now: Status, *, wanted: str) -> None:
    """Say how the service is, and end with an error if that is not as it should be."""
    click.echo(f"{NAME} is {now.state}{f' (process {now.process})' if now.process else ''}.")
    if now.failed:
        click.echo(f"It ended with error {now.error}. Its reason stands in the event log:", err=True)
        query = f"*[System[Provider[@Name='{NAME}']]]"
        click.echo(f'    wevtutil qe Application /c:3 /rd:true /f:text "/q:{query}"', err=True)
    if now.state != wanted:
        click.get_current_context().exit(NOT_DONE)


def _program() -> list[str]:
    """Return the program that the service manager starts, up to the arguments of `run`.

    It is Python itself: the manager talks only to the process that it started, and the programs in `Scripts` folders
    and in virtual environments start another one.
    """
    if sys.prefix != sys.base_prefix:
        raise click.ClickException(
            "this Python is in a virtual environment, where it cannot be a service. Take the zip for Windows, or "
            "install into a Python of its own."
        )
    return [sys.executable, "-I", "-m", "exporter.commands.service_host"]


def _password(account: str) -> str | None:
    if not needs_password(account):
        return None
    given = os.environ.get("CONFIGMGR_EXPORTER_PASSWORD")
    return given if given is not None else str(click.prompt(f"Password of {account}", hide_input=True))
