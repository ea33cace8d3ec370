"""The command line: a group whose commands are loaded when they are asked for, so that no command pays for another."""

from __future__ import annotations

import gc
import importlib
import io
import sys
import traceback
from io import TextIOWrapper
from typing import NoReturn

import click

from exporter import __version__

# With the first sentence of their help, so that the list of them needs none of them.
_COMMANDS = {
    "init": "Find logs, write a configuration file for them, and say what to do next.",
    "explain": "Say which task sequences and packages are stuck, why, since when, and what to do.",
    "run": "Follow the logs of site servers and serve what they tell to Prometheus.",
    "stuck": "Say what is stuck in the whole hierarchy, from what Prometheus scraped of all exporters.",
    "records": "Print each record of logs as one JSON line.",
    "backfill": "Write what old logs tell as samples with timestamps, to be loaded into Prometheus.",
    "check": "Check the configuration and the access to every log, and say what to mend.",
    "healthcheck": "Ask a running exporter whether it is healthy, for a container or a service manager.",
    "service": "Install, start and stop the exporter as a Windows service.",
    "simulate": "Write the logs of a simulated hierarchy with an incident into FOLDER.",
    "demo": "Show the whole story of an incident: it begins, is explained, pages somebody, is mended and clears.",
    "completion": "Print what a shell needs to complete commands, options and their values.",
}
PROGRAM = "configmgr-exporter"
NOT_DONE = 2  # exit status of what could not be done; explain keeps 0 and 1 for its answer


class LazyGroup(click.Group):
    """A group that imports `exporter.commands.<name>` only for the command that runs, is completed or shows help."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the commands in the order in which a newcomer meets them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import and return one command, or None when there is no such command."""
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"exporter.commands.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the list of commands without importing any: they take a second together."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


def _show_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:  # noqa: FBT001  # click's signature
    if asked:
        compiled = importlib.import_module("exporter.events.matcher").COMPILED is not None
        click.echo(f"{PROGRAM}, version {__version__}, scanner {'' if compiled else 'not '}compiled")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version, and whether what reads logs was compiled, and exit.",
)
def cli() -> None:
    """Say which task sequences and packages are stuck, at which sites, because of what, and what to do.

    Logs are named as [SITE=]FOLDER: the Logs folder of a site server, a copy of one, a share such as
    \\\\server\\SMS_CHI\\Logs, one log file, or a folder that holds several sites' logs.

    \b
    configmgr-exporter explain CHI=D:\\SMS\\Logs     what is stuck, from these logs, now
    configmgr-exporter run CHI=D:\\SMS\\Logs         serve the same to Prometheus on :10048
    """


def main() -> NoReturn:
    """Run the command line; what could not be done ends with a message and status 2, never with a traceback."""
    _write_utf_8()
    # Events are made by the million and hold no cycles: looking for garbage among them took a tenth of a scan.
    gc.set_threshold(50_000, 20, 100)
    try:
        status = cli.main(prog_name=PROGRAM, standalone_mode=False)
    except click.exceptions.Exit as done:
        status = done.exit_code
    except SystemExit as left:  # click leaves so, with 1 when nobody reads our output: 1 says that something is stuck
        sys.exit(NOT_DONE if left.code else 0)
    except click.ClickException as problem:
        words = importlib.import_module("exporter.report.words")  # only here: it would slow down what goes well
        text = io.StringIO()
        problem.show(text)
        click.echo(words.printable(text.getvalue()), nl=False, err=True)  # it may hold what a file is called
        sys.exit(NOT_DONE)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output is gone: nothing is left to say, and to no one
        sys.exit(NOT_DONE)
    except Exception:  # noqa: BLE001 - a fault of ours must not end with 1, which says that something is stuck
        traceback.print_exc()
        sys.exit(NOT_DONE)
    sys.exit(status or 0)


def _write_utf_8() -> None:
    """Write UTF-8 to files and pipes: JSON is that, and Windows' code page lacks most letters that names may hold."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
