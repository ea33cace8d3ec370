"""Where pages and mails end up: a web server and a mail server that keep what they are given, and when."""

from __future__ import annotations

import email
import email.policy
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from dashboards.servers import free_port


@dataclass(frozen=True)
class Page:
    """What Alertmanager posted to the webhook, and when (POSIX seconds)."""

    time: float
    message: dict[str, Any]

    @property
    def status(self) -> str:
        """`firing` or `resolved`."""
        return str(self.message["status"])


@dataclass(frozen=True)
class Mail:
    """What Alertmanager mailed, to whom and when (POSIX seconds)."""

    time: float
    to: str
    message: EmailMessage

    def body(self, kind: str) -> str:
        """Return the body of a kind, `plain` or `html`."""
        part = self.message.get_body((kind,))
        return "" if part is None else str(part.get_content())


@dataclass
class Inbox:
    """All that came, in its order."""

    url: str
    smarthost: str
    pages: list[Page] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)

    def mails_to(self, name: str) -> list[Mail]:
        """Return the mails to an address that begins so."""
        return [mail for mail in self.mails if mail.to.startswith(name)]

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        """Keep a mail."""
        message = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
        self.mails += [Mail(time.time(), to, message) for to in envelope.rcpt_tos]
        return "250 kept"


@contextmanager
def inbox() -> Iterator[Inbox]:
    """Receive, on loopback, for as long as the block takes."""
    received = Inbox("", "")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.pages.append(Page(time.time(), json.loads(body)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    mail = Controller(received, hostname="127.0.0.1", port=free_port())
    received.url = f"http://127.0.0.1:{web.server_address[1]}/configmgr"
    received.smarthost = f"127.0.0.1:{mail.port}"
    thread = threading.Thread(target=web.serve_forever, args=(0.05,), name="webhook")
    thread.start()
    mail.start()
    try:
        yield received
    finally:
        mail.stop()
        web.shutdown()
        thread.join()
        web.server_close()
