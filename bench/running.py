"""A running exporter: started, asked, measured through /proc, and ended."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.measure import INSTALLED

_PATIENCE: Final = 120.0


@dataclass(frozen=True, slots=True)
class Running:
    """An exporter that answers at a port of this machine.

    Attributes:
        started: when it was begun, by `time.perf_counter`.
        trust: what its certificate is checked by; None when it speaks plain HTTP.
        headers: sent with each request.
    """

    pid: int
    port: int
    started: float
    trust: ssl.SSLContext | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def get(self, path: str) -> tuple[int, bytes]:
        """Return the status and body of an answer; status 0 while nothing answers."""
        if self.trust is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)
        else:
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=_PATIENCE, context=self.trust)
        try:
            connection.request("GET", path, headers=dict(self.headers))
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError:
            return 0, b""
        finally:
            connection.close()

    def wait(self, path: str) -> float:
        """Wait for an answer without error; return the seconds since the start."""
        while self.get(path)[0] != 200:
            if time.perf_counter() - self.started > _PATIENCE:
                raise TimeoutError(path)
            time.sleep(0.01)
        return time.perf_counter() - self.started

    def cpu(self) -> float:
        """Return the CPU seconds taken so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """End it at once, as a crash does."""
        os.kill(self.pid, signal.SIGKILL)

    def memory(self) -> float:
        """Return the megabytes of memory in use."""
        return status_megabytes(self.pid, "VmRSS")


def status_megabytes(pid: int | str, name: str) -> float:
    """Return a size of a process from /proc."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) / 1000 if found else 0.0


@contextlib.contextmanager
def running(
    *arguments: str | Path,
    trust: ssl.SSLContext | None = None,
    headers: Mapping[str, str] | None = None,
    program: Sequence[str] = ("-m", "exporter"),
) -> Iterator[Running]:
    """Run the exporter on logs, at a free port; `program` is what Python runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, *program, "run", "--web.listen-address", f"127.0.0.1:{port}", *arguments]
    started = time.perf_counter()
    process = subprocess.Popen(
        [str(word) for word in command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **INSTALLED},
    )
    try:
        yield Running(process.pid, port, started, trust, headers or {})
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
