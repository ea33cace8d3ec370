"""`healthcheck`: whether a running exporter answers, as a container's health check asks it."""

from __future__ import annotations

import base64
import ssl
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Final

import click

from exporter.commands.options import server_options
from exporter.report.words import printable

UNHEALTHY: Final = 1
_VARIABLE: Final = "CONFIGMGR_EXPORTER_URL"
_CREDENTIALS_WANTED: Final = 401
_SHOWN: Final = 200


@click.command()
@click.option(
    "--url",
    default="http://127.0.0.1:10048",
    show_default=True,
    envvar=_VARIABLE,
    show_envvar=True,
    metavar="URL",
    help="Address of the exporter, with its path prefix.",
)
@server_options
@click.option(
    "--password-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File that holds the password of the user.",
)
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), default=5.0, show_default=True, help="Seconds to wait."
)
@click.pass_context
def command(
    context: click.Context,
    url: str,
    user: str | None,
    password_file: Path | None,
    ca_file: Path | None,
    cert_file: Path | None,
    key_file: Path | None,
    insecure: bool,
    timeout: float,
) -> None:
    """Ask a running exporter whether it is healthy, for a container or a service manager.

    Asks /-/healthy, which every exporter that can answer at all answers; whether its logs can be read is told by its
    metrics and pages. An answer that asks for credentials does not count as healthy: give them. Exit status: 0 it is
    healthy, 1 it is not or does not answer, 2 the options are wrong.

    \b
    configmgr-exporter healthcheck
    configmgr-exporter healthcheck --url https://localhost:10048 --tls.ca-file ca.pem --user me --password-file secret
    """
    if not url.startswith(("http://", "https://")):
        raise click.UsageError(f"{url!r} is not the address of an exporter: give one such as http://127.0.0.1:10048.")
    request = urllib.request.Request(f"{url.rstrip('/')}/-/healthy")  # noqa: S310 - http or https, as checked above
    if user:
        password = password_file.read_text(encoding="utf-8").rstrip("\r\n") if password_file else ""
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
    try:
        trust = _trust(ca_file, cert_file, key_file, insecure=insecure)
    except (OSError, ssl.SSLError) as error:
        raise click.UsageError(f"the certificates cannot be used: {error}.") from None
    problem = _ask(request, trust, timeout)
    click.echo(printable(f"{url}: {problem}") if problem else "healthy", err=bool(problem))
    context.exit(UNHEALTHY if problem else 0)


def _trust(ca_file: Path | None, cert_file: Path | None, key_file: Path | None, *, insecure: bool) -> ssl.SSLContext:
    trust = ssl.create_default_context(cafile=ca_file)
    if insecure:
        trust.check_hostname = False
        trust.verify_mode = ssl.CERT_NONE
    if cert_file:
        trust.load_cert_chain(cert_file, key_file)
    return trust


def _ask(request: urllib.request.Request, trust: ssl.SSLContext, timeout: float) -> str:
    """Return what is wrong, or ""."""
    # No proxy of the environment: the exporter is on this machine, or in the same network.
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust), _NoRedirect()
    )
    try:
        with opener.open(request, timeout=timeout):
            return ""
    except urllib.error.HTTPError as answer:
        with answer:
            if answer.code == _CREDENTIALS_WANTED:
                return "it answers, and wants other credentials (401): --user, --password-file"
            return f"it answered {answer.code} {answer.reason}"
    except urllib.error.URLError as error:
        return f"no answer: {error.reason}"
    except (OSError, HTTPException) as error:  # a connection that breaks off, or what is no HTTP
        return f"no answer: {type(error).__name__} {error}"[:_SHOWN]


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nobody elsewhere: an exporter does not send us away, and credentials are for it alone."""

    def redirect_request(self, *_: object) -> None:
        return None
