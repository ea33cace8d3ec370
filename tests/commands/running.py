"""`run` as a process of its own, as a service manager starts it."""

from __future__ import annotations

import re
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.waiting import until

_LISTENING = re.compile(r"Listening on (https?)://(127\.0\.0\.1:\d+)")


class Running:
    """A process that serves, until the end of the `with` block."""

    def __init__(self, log: Path, *arguments: object, trust: ssl.SSLContext | None = None) -> None:
        self._log = log
        self._trust = trust
        self._arguments = [str(argument) for argument in arguments]

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "exporter", "run", "--web.listen-address", "127.0.0.1:0", *self._arguments],
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        try:
            self.address = until(self._find_address, 60)
            until(lambda: self.get("/-/ready")[0] == 200, 60)
        except BaseException:  # no block will end it
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    @property
    def said(self) -> str:
        """What the process has written to its log."""
        return self._log.read_text(encoding="utf-8")

    def _find_address(self) -> str:
        assert self.process.poll() is None, self.said
        found = _LISTENING.search(self.said)
        return found[2] if found else ""

    def get(self, path: str, method: str = "GET") -> tuple[int, str]:
        """Ask the process for a page; return status and text."""
        scheme = "https" if self._trust else "http"
        request = urllib.request.Request(f"{scheme}://{self.address}{path}", method=method)  # noqa: S310 - our own server
        try:
            with urllib.request.urlopen(request, timeout=30, context=self._trust) as answer:  # noqa: S310 - our own server
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()

    def metric(self, name: str) -> dict[str, float]:
        """Return the samples of a metric by their labels."""
        lines = self.get("/metrics")[1].splitlines()
        found = [line.removeprefix(name).rpartition(" ") for line in lines if re.match(rf"{name}[ {{]", line)]
        return {labels: float(value) for labels, _, value in found}

    def send(self, number: signal.Signals) -> None:
        """Send the process a signal."""
        self.process.send_signal(number)

    def end(self, number: signal.Signals) -> int:
        """Send the process a signal that ends it; return its status."""
        self.send(number)
        return self.process.wait(30)
