"""The exporter in a process of its own that is forked from this one, so that a thousand starts take minutes.

It is the program as it is run, from its command line to its answer: only the loading of its modules is not done anew,
and it saves many times a second, so that many a kill falls into a save.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

import requests

from exporter.commands.run import command
from exporter.events.loader import load_catalogue
from exporter.process import assembly, runner

SAVE_SECONDS: Final = 0.05
_TIMEOUT: Final = 10.0  # as Prometheus has it
_PR_SET_PTRACER: Final = 0x59616D61
_PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that happens at a system call of the thread that saves.

    Attributes:
        call: name of the call (`pwrite64`, `fdatasync`, `unlink`).
        at: at which of its calls, from 1.
        what: what strace is told to inject: `signal=KILL`, or `error=ENOSPC`.
        lasting: whether it comes at every call from then on.
    """

    call: str
    at: int
    what: str
    lasting: bool = False

    @property
    def kills(self) -> bool:
        """Whether the process does not survive it."""
        return self.what == "signal=KILL"

    def __str__(self) -> str:
        return f"{self.call}: {self.what.partition('=')[2]}{', and from then on' * self.lasting}"

    def inject(self) -> None:
        """Let it happen to the calling thread, which must be its process's only one."""
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1 & 0xFFFFFFFFFFFFFFFF))
        where = f"inject={self.call}:{self.what}:when={self.at}{'+' * self.lasting}"
        strace = subprocess.Popen(
            ["strace", "-p", str(os.getpid()), "-o", "/dev/null", "-e", where],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - there is one thread
        )
        assert strace.stderr is not None
        told = strace.stderr.readline()
        if b"attached" not in told:
            raise RuntimeError(f"strace does not trace: {told.decode(errors='replace')}")


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Forked:
    """An exporter that runs until it is killed or stopped.

    Args:
        config: its configuration file.
        state: its state directory.
        fault: what happens to it, if anything.
    """

    def __init__(self, config: Path, state: Path, fault: Fault | None = None) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        self.status: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            _leave(lambda: self._serve(config, state, fault))

    def _serve(self, config: Path, state: Path, fault: Fault | None) -> None:
        _end_with_parent()
        for stream in (1, 2):
            os.dup2(self._said.fileno(), stream)
        if fault:
            fault.inject()
        words = ["--config.file", config, "--state.dir", state, "--web.listen-address", "127.0.0.1:0"]
        command.main([str(word) for word in words], standalone_mode=True)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        if self.status is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = status if ended else None
        return self.status is None

    def check_killed(self) -> None:
        """Make sure that it ended because it was killed, and not by itself.

        Raises:
            RuntimeError: it ended by itself; the text holds what it said.
        """
        if self.status is None or not os.WIFSIGNALED(self.status) or os.WTERMSIG(self.status) != signal.SIGKILL:
            raise RuntimeError(f"the exporter ended by itself (status {self.status}):\n{self.said()}")

    def kill(self) -> None:
        """End it at once, as a crash does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as a service manager does."""
        self._end(signal.SIGTERM)

    def get(self, path: str) -> str:
        """Return what it answers, or "" when it does not answer yet or any more."""
        where = re.search(r"Listening on (http://[^\s\"]+)", self.said())
        try:
            return requests.get(where[1] + path, timeout=_TIMEOUT).text if where else ""
        except requests.RequestException:
            return ""

    def said(self) -> str:
        """Return what it has written to its own log."""
        self._said.seek(0)
        return self._said.read().decode(errors="replace")

    def _end(self, number: int) -> None:
        if self.alive:
            os.kill(self.pid, number)
            _, self.status = os.waitpid(self.pid, 0)


def prepare() -> None:
    """Load once what each exporter would load anew, and let them save often."""
    catalogue = load_catalogue()
    vars(assembly)["load_catalogue"] = lambda _extra: catalogue
    often = {"SAVE_SECONDS": SAVE_SECONDS, "_TICK_SECONDS": SAVE_SECONDS / 5}
    assert often.keys() <= vars(runner).keys()
    vars(runner).update(often)


def _leave(run: Callable[[], None]) -> NoReturn:
    """Run in a forked process, and end it without what its parent would do at its end."""
    status = 1
    try:
        run()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - nobody above may go on in this process
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
