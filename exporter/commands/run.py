"""`run`: follow logs and serve what they tell to Prometheus."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import tzinfo
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import click
from aiohttp.web import Application

from exporter import __version__
from exporter.collector.checkpoint import Checkpoint, CheckpointBusyError
from exporter.collector.service import Service
from exporter.commands.options import DurationType, code_page_option, local_logs, web_config_option, zone_option
from exporter.config.located_yaml import FileError
from exporter.config.values import external_url as checked_url
from exporter.events.entries import CatalogueError
from exporter.metrics.exposition import Exposition, Form
from exporter.places import PlaceError
from exporter.process.assembly import Request, Setup, set_up
from exporter.process.own_log import FORMATS, LEVELS
from exporter.process.runner import Chore, Runner
from exporter.process.supervisor import Foreground, Supervisor
from exporter.process.textfile import SAMPLES, Textfile
from exporter.report.words import count
from exporter.web.access.guard import Guard
from exporter.web.addresses import ListenError
from exporter.web.app import Backend, make_app
from exporter.web.server import Server

_LOG = logging.getLogger(__name__)
_SITES_NAMED = 12


@click.command()
@click.argument("logs", nargs=-1, metavar="[SITE=]FOLDER...")
@click.option(
    "--config.file", "config_file", type=click.Path(path_type=Path), help="YAML file; see docs/configuration.md."
)
@click.option("--config.watch", "config_watch", is_flag=True, help="Read the file again by itself when it changes.")
@click.option(
    "--web.listen-address",
    "listen",
    multiple=True,
    default=[":10048"],
    show_default=True,
    metavar="[HOST]:PORT",
    help="Where to answer; repeatable.",
)
@web_config_option
@click.option(
    "--web.telemetry-path", "telemetry_path", metavar="PATH", help="Path of the metrics.  [default: /metrics]"
)
@click.option(
    "--web.external-url",
    "external_url",
    metavar="URL",
    callback=lambda _context, _option, value: None if value is None else _external_url(value),
    help="Address under which people reach the pages, such as that of a reverse proxy.",
)
@click.option(
    "--web.route-prefix",
    "route_prefix",
    metavar="PATH",
    help="Path below which everything is served.  [default: path of the external URL]",
)
@click.option(
    "--state.dir",
    "state_dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep state over restarts here. Without it, each start reads all logs that are there anew.",
)
@click.option(
    "--textfile.directory",
    "textfile_dir",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Write the metrics into this folder too, for the textfile collector of node_exporter or windows_exporter.",
)
@click.option(
    "--textfile.interval",
    "textfile_interval",
    type=DurationType(),
    default="15s",
    show_default=True,
    metavar="DURATION",
    help="How often to write them.",
)
@zone_option
@code_page_option
@click.option("--log.level", "log_level", type=click.Choice(LEVELS), default="info", show_default=True)
@click.option("--log.format", "log_format", type=click.Choice(FORMATS), default="logfmt", show_default=True)
@click.pass_context
def command(
    context: click.Context,
    logs: Sequence[str],
    config_file: Path | None,
    config_watch: bool,
    listen: Sequence[str],
    web_config_file: Path | None,
    telemetry_path: str | None,
    external_url: str | None,
    route_prefix: str | None,
    state_dir: Path | None,
    textfile_dir: Path | None,
    textfile_interval: float,
    zone: tzinfo | None,
    code_page: str,
    log_level: str,
    log_format: str,
) -> None:
    """Follow the logs of site servers and serve what they tell to Prometheus.

    Reads only: no log is ever written to, locked or renamed. SIGHUP, or a POST to /-/reload, reads the configuration
    file again without losing state; SIGTERM and Ctrl-C save it and end. Exit status: 0 it was told to end, 2 it could
    not begin.

    \b
    configmgr-exporter run CHI=D:\\SMS\\Logs --state.dir C:\\ProgramData\\configmgr-exporter
    configmgr-exporter run --config.file config.yml --textfile.directory /var/lib/prometheus/node-exporter
    """
    supervisor: Supervisor = context.obj or Foreground()
    supervisor.start_logging(log_level, log_format)
    request = Request(logs, config_file, zone, code_page, local_logs())
    setup = _set_up(request)
    _say_what_is_read(setup)
    checkpoint = _checkpoint(state_dir or setup.config.state_dir)
    service = Service(checkpoint)
    guard = _guard(web_config_file, service.facts.note_web_config)
    exposition = Exposition(service.look, setup.config.limits.budgets)
    textfile = _textfile(service, exposition, textfile_dir)
    runner = Runner(request, service, setup.given)
    if textfile is not None:
        runner.chores.append(Chore(textfile_interval, textfile.write))
    supervisor.take(runner)  # before anybody can know that we are here
    web = setup.config.web
    outside = external_url or web.external_url or ""
    make = partial(
        make_app,
        telemetry_path=telemetry_path or web.telemetry_path,
        route_prefix=route_prefix or urlsplit(outside).path or "/",
        external_url=outside,
        middlewares=() if guard is None else (guard.middleware,),
    )
    server = _server(service, runner, exposition, make, listen, guard)
    try:
        supervisor.ready()
        service.watch(setup.watches)
        runner.run(watch_file=config_watch)
    finally:
        server.stop()
        service.stop()
        if textfile is not None:
            textfile.write()
        if checkpoint is not None:
            checkpoint.close()
    kept = service.look().exporter.checkpoint_ok
    _LOG.info("Stopped%s", {None: "", True: "; the state is saved", False: "; the state could not be saved"}[kept])


def _set_up(request: Request) -> Setup:
    try:
        return set_up(request)
    except (FileError, PlaceError, CatalogueError) as error:
        raise click.ClickException(str(error)) from None


def _say_what_is_read(setup: Setup) -> None:
    sites = [source.site or "one that its logs do not name" for source in setup.sources]
    more = f" and {len(sites) - _SITES_NAMED} more" if len(sites) > _SITES_NAMED else ""
    named = ", ".join(sites[:_SITES_NAMED]) + more
    _LOG.info("configmgr-exporter %s follows the logs of %s: %s", __version__, count(len(sites), "site"), named)


def _guard(file: Path | None, note: Callable[[bool], None]) -> Guard | None:
    if file is None:
        return None
    try:
        guard = Guard(file, note)
    except FileError as error:
        raise click.ClickException(str(error)) from None
    for warning in guard.warnings:
        _LOG.warning("%s", warning)
    return guard


def _external_url(value: str) -> str:
    try:
        return checked_url(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _checkpoint(directory: Path | None) -> Checkpoint | None:
    if directory is None:
        _LOG.warning("No --state.dir: counters and states are made anew from the logs that are there at each start")
        return None
    return Checkpoint(directory)


def _textfile(service: Service, exposition: Exposition, directory: Path | None) -> Textfile | None:
    if directory is None:
        return None
    render = partial(exposition.page, Form.TEXT, names=SAMPLES)
    return Textfile(directory, render, service.unready, service.facts.note_textfile)


def _server(
    service: Service,
    runner: Runner,
    exposition: Exposition,
    make: Callable[[Backend], Application],
    listen: Sequence[str],
    guard: Guard | None,
) -> Server:
    """Find again what was saved, and begin to answer: both end the command at once if they cannot be done."""
    backend = Backend(service.look, exposition, service.unready, runner.reload, lambda: runner.given)
    try:
        service.recall()
        app = make(backend)
        if guard is None:
            server = Server(app, listen)
        else:
            guard.attach(app)
            server = Server(app, listen, tls=guard.tls)
        server.start()
    except (CheckpointBusyError, ListenError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    scheme = "http" if guard is None or guard.tls() is None else "https"
    for address in server.addresses:
        _LOG.info("Listening on %s://%s", scheme, address)
    return server
