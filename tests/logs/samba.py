"""A Samba server on loopback, in a folder of its own, that a test may stop, kill, slow down and reconfigure."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from spnego._ntlm_raw.md4 import md4

PATIENCE: Final = 20.0
USER: Final = pwd.getpwuid(os.getuid()).pw_name
PASSWORD: Final = "Kennwort-1"  # noqa: S105

_CONFIG: Final = """
[global]
    interfaces = 127.0.0.1/8
    bind interfaces only = yes
    smb ports = {port}
    disable netbios = yes
    server min protocol = {protocol}
    server max protocol = {protocol}
    map to guest = never
    passdb backend = smbpasswd:{folder}/passwords
    pid directory = {folder}
    lock directory = {folder}/lock
    state directory = {folder}/state
    cache directory = {folder}/cache
    private dir = {folder}/private
    ncalrpc dir = {folder}/ncalrpc
    log file = {folder}/log.smbd
    load printers = no
    printcap name = /dev/null
    disable spoolss = yes
[{share}]
    path = {shared}
    read only = no
    {extra}
"""


class Samba:
    """The server. `start` before use.

    Args:
        folder: where everything of it is.

    Attributes:
        shared: the folder that is shared.
        share: the name it is shared as.
        port: where the server listens.
        protocol: the version it speaks.
        extra: a further line about the share.
    """

    def __init__(self, folder: Path) -> None:
        self.shared = folder / "shared"
        self.share = "SMS_CHI"
        self.port = free_port()
        self.protocol = "SMB3_11"
        self.extra = ""
        self._folder = folder / "samba"
        self._process: subprocess.Popen[bytes] | None = None
        self.shared.mkdir()
        for name in ("lock", "state", "cache", "private", "ncalrpc"):
            (self._folder / name).mkdir(parents=True)
        self.set_password(PASSWORD)

    @property
    def url(self) -> str:
        return f"smb://127.0.0.1:{self.port}/{self.share}/Logs"

    def set_password(self, password: str) -> None:
        digest = md4(password.encode("utf-16-le")).hex().upper()
        line = f"{USER}:{os.getuid()}:{'X' * 32}:{digest}:[U          ]:LCT-60000000:\n"
        (self._folder / "passwords").write_text(line, encoding="ascii")

    def start(self) -> None:
        config = self._folder / "smb.conf"
        config.write_text(
            _CONFIG.format(
                port=self.port,
                protocol=self.protocol,
                folder=self._folder,
                share=self.share,
                shared=self.shared,
                extra=self.extra,
            ),
            encoding="utf-8",
        )
        # A session of its own: the server ends its whole process group when it is told to stop.
        self._process = subprocess.Popen(
            ["smbd", "--foreground", "--no-process-group", "--configfile", config],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + PATIENCE
        while not accepts(self.port):
            assert self._process.poll() is None, (self._folder / "log.smbd").read_text()
            assert time.monotonic() < end
            time.sleep(0.02)

    def stop(self) -> None:
        """End the server and the process that it has for each client, without a word to them."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
            # Its helpers hold the port too and die a moment later: who connects till then is cut off.
            end = time.monotonic() + PATIENCE
            while accepts(self.port):
                assert time.monotonic() < end
                time.sleep(0.02)

    def restart(self) -> None:
        self.stop()
        self.start()


class Proxy:
    """Passes bytes to a server and back; can hold back what the server says, or cut everything."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._passing = threading.Event()
        self._passing.set()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.delay = 0.0
        self._acceptor = threading.Thread(target=self._accept)
        self._acceptor.start()

    @property
    def connections(self) -> int:
        """How many have been made so far."""
        return len(self._sockets)

    def hold(self) -> None:
        """Let nothing of what the server says through."""
        self._passing.clear()

    def release(self) -> None:
        self._passing.set()

    def cut(self) -> None:
        """Break the connections that stand."""
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self.release()
        self.cut()
        for thread in self._threads:
            thread.join()
        for each in (*self._sockets, self._listener):
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(near)
            try:
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                near.shutdown(socket.SHUT_RDWR)
                continue
            self._sockets.append(far)
            for source, target, answers in ((near, far, False), (far, near, True)):
                thread = threading.Thread(target=self._pass, args=(source, target, answers))
                self._threads.append(thread)
                thread.start()

    def _pass(self, source: socket.socket, target: socket.socket, answers: bool) -> None:  # noqa: FBT001
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if answers:
                    self._passing.wait()
                    time.sleep(self.delay)
                target.sendall(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Samba]:
    if shutil.which("smbd") is None:
        pytest.fail("smbd is lacking: apt-get install samba", pytrace=False)
    server = Samba(folder)
    (server.shared / "Logs").mkdir()
    server.start()
    try:
        yield server
    finally:
        server.stop()
