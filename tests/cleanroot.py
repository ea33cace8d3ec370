"""A fresh Debian 12 with nothing in it, to try in what a stranger is told to type.

    with clean_root(tmp_path / "root") as root:
        root.run("apt-get update && apt-get install --yes python3-venv git")  # as root, in /root; fails loudly
        with root.serving("configmgr-exporter run ..."):  # until here
            root.run("curl --silent localhost:10048/metrics", network=False)

A clean root is a copy of a minimal system, kept in `.tools/cleanroot` and made again each month (30 s, then a second
for each copy). Commands run under chroot, with a process table of their own: whatever they start ends with it. Before
the outer world they are this machine: package sources, pip's configuration, certificates and names are its own. With
`network=False` they have a network of their own instead, with a loopback and nothing else: fixed ports are free there,
and nothing can be fetched. `clean_root(folder, packages=("python3-venv",))` begins with packages installed, from a
copy that is kept too. `root.path` is where it lies: copy files in and out of it.

By itself, `python -m tests.cleanroot` opens a shell in one.
"""

from __future__ import annotations

import ast
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from tests.alerts.prometheus3 import LackingError, archive

FOLDER: Final = "CONFIGMGR_EXPORTER_CLEANROOT"
"""Environment variable that names another folder than `.tools/cleanroot` in the checkout."""

_SUITE: Final = "bookworm"
_KEPT_SECONDS: Final = 30 * 86_400
_PATIENCE: Final = 600  # seconds for one step, on a slow line
_PROGRAMS: Final = {"mmdebstrap": "mmdebstrap", "unshare": "util-linux", "nsenter": "util-linux", "ip": "iproute2"}
_HOME: Final = "/root"
_CERTIFICATES: Final = "/etc/machine-certificates.crt"
_DEVICES: Final = ("full", "null", "random", "tty", "urandom", "zero")
_INHERITED: Final = re.compile(r"(?i)PIP_.*|.*_PROXY")
_APT: Final = re.compile(r'^(Acquire::(?:Check-|https?::|Retries).*) "(.*)";$', re.MULTILINE)


class FailedError(Exception):
    """A command in the clean root failed; the message holds what it wrote."""


class CleanRoot:
    """A Debian of its own. Made by `clean_root`.

    Attributes:
        path: its root directory, as this machine sees it.
    """

    def __init__(self, path: Path, anchor: int, variables: Mapping[str, str]) -> None:
        self.path = path
        self._anchor = anchor
        self._variables = variables

    def run(
        self, script: str, *, folder: str = _HOME, network: bool = True, statuses: Sequence[int] = (0,)
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell script to its end, as root; `sh -e`, so that the first command that fails ends it.

        Args:
            script: what is typed.
            folder: where one stands, as the clean root names it.
            network: whether the network of this machine is there, or only a loopback of its own.
            statuses: the exit statuses that are as they should be.

        Raises:
            FailedError: it ended with another status, or not in ten minutes.
        """
        with self.start(script, folder=folder, network=network) as process:
            try:
                out, err = process.communicate(timeout=_PATIENCE)
            except subprocess.TimeoutExpired:
                _kill(process)
                out, err = process.communicate()
        if process.returncode not in statuses:
            raise FailedError(f"status {process.returncode}\n{script}\n--- output\n{out}\n--- errors\n{err}")
        return subprocess.CompletedProcess(script, process.returncode, out, err)

    def start(
        self, script: str, *, folder: str = _HOME, network: bool = True, stderr: int | IO[str] = subprocess.PIPE
    ) -> subprocess.Popen[str]:
        """Start a shell script, as `run` does, and return at once."""
        return subprocess.Popen(
            [*self._enter(folder, network=network), "/bin/sh", "-e", "-c", script],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    @contextlib.contextmanager
    def serving(self, script: str, *, folder: str = _HOME) -> Iterator[subprocess.Popen[str]]:
        """Keep a server running, without the network of this machine, for as long as the context lasts."""
        with self.start(f"exec {script}", folder=folder, network=False, stderr=subprocess.STDOUT) as process:
            try:
                yield process
            finally:
                _kill(process)

    def shell(self) -> int:
        """Give the terminal to a shell in it, and return its exit status."""
        return subprocess.run([*self._enter(_HOME, network=True), "/bin/bash"], check=False).returncode

    def _enter(self, folder: str, *, network: bool) -> list[str]:
        return [
            *("nsenter", f"--target={self._anchor}", "--mount", "--pid", *([] if network else ["--net"])),
            # Not nsenter's own --root, which it opens before it enters: what is mounted there is seen only inside.
            *(
                "chroot",
                str(self.path),
                "/usr/bin/env",
                "-i",
                "-C",
                folder,
                *(f"{name}={value}" for name, value in self._variables.items()),
            ),
        ]


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill what was started: not only nsenter, which waits for it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


@contextlib.contextmanager
def clean_root(path: Path, *, packages: Sequence[str] = ()) -> Iterator[CleanRoot]:
    """Make a clean root in a folder that does not exist yet, and take it away in the end.

    Args:
        path: where it is to lie.
        packages: what is installed in it from the start.

    Raises:
        LackingError: it cannot be had on this machine, and why.
    """
    base = prepare(packages)
    _call("cp", "--archive", str(base), str(path))
    try:
        with _entered(path) as root:
            yield root
    finally:
        shutil.rmtree(path)


def prepare(packages: Sequence[str] = ()) -> Path:
    """Return the kept system that clean roots with these packages are copies of, made when there is none.

    Raises:
        LackingError: it cannot be had on this machine, and why.
    """
    lacking = sorted({package for program, package in _PROGRAMS.items() if shutil.which(program) is None})
    if lacking:
        raise LackingError(f"not installed: {', '.join(lacking)} (apt-get install {' '.join(lacking)})")
    if os.geteuid() != 0:
        raise LackingError("only root can make a clean root")
    folder = Path(os.environ.get(FOLDER) or Path(__file__).resolve().parents[1] / ".tools" / "cleanroot").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    made_from = Path(__file__).read_bytes() + " ".join(sorted(packages)).encode()
    target = folder / ("base" if not packages else hashlib.sha256(made_from).hexdigest()[:16])
    stamp = target.with_suffix(".stamp")
    base = prepare() if packages else None
    with target.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the workers of one test run must not make it twice
        if not _fresh(stamp, made_from):
            stamp.unlink(missing_ok=True)
            shutil.rmtree(target, ignore_errors=True)
            _make(target, base, packages)
            stamp.write_bytes(made_from)
    return target


def _fresh(stamp: Path, made_from: bytes) -> bool:
    return stamp.exists() and stamp.read_bytes() == made_from and time.time() - stamp.stat().st_mtime < _KEPT_SECONDS


def _make(target: Path, base: Path | None, packages: Sequence[str]) -> None:
    if base is None:
        options = [f'--aptopt={name} "{value}"' for name, value in _APT.findall(_call("apt-config", "dump", "Acquire"))]
        _call("mmdebstrap", "--variant=minbase", *options, _SUITE, str(target), archive())
        guard = target / "usr/sbin/policy-rc.d"
        guard.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")  # no package starts a service as it is installed
        guard.chmod(0o755)
        return
    _call("cp", "--archive", str(base), str(target))
    with _entered(target) as root:
        try:
            root.run(f"apt-get update && apt-get install --yes --no-install-recommends {' '.join(packages)}")
        except FailedError as error:
            raise LackingError(str(error)) from None


@contextlib.contextmanager
def _entered(path: Path) -> Iterator[CleanRoot]:
    """Give a system its processes, devices and network for as long as the context lasts.

    A shell holds them: as the first process of its process table it takes all others with it when it ends, and mounts
    that were made in its mount namespace are never seen outside.
    """
    seen = _adopt_machine(path)
    mounts = [
        f"mount -t proc proc {path}/proc",
        *(f"touch {path}/dev/{name} && mount --bind /dev/{name} {path}/dev/{name}" for name in _DEVICES),
        *(f"mount --bind -o ro {place} {path}{place}" for place in seen),
        "ip link set lo up",
        "echo up",
        "read -r end",
    ]
    command = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "sh", "-e", "-c", "\n".join(mounts)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        if holder.stdin is None or holder.stdout is None:
            raise AssertionError("started with pipes")
        if holder.stdout.readline() != "up\n":
            raise LackingError("the namespaces of a clean root cannot be made on this machine")
        children = Path(f"/proc/{holder.pid}/task/{holder.pid}/children").read_text(encoding="ascii")
        try:
            yield CleanRoot(path, int(children), _variables())
        finally:
            holder.stdin.close()  # the shell reads its end, and is not gone before all others are
            holder.wait(timeout=_PATIENCE)


def _adopt_machine(path: Path) -> list[Path]:
    """Give a system what this machine has to reach package sources; return the paths to be seen in it as they are here.

    Raises:
        LackingError: pip's configuration cannot be read.
    """
    shutil.copyfile("/etc/resolv.conf", path / "etc/resolv.conf")
    shutil.copyfile("/etc/hosts", path / "etc/hosts")
    bundle = Path(os.environ.get("PIP_CERT", "/etc/ssl/certs/ca-certificates.crt"))
    if bundle.exists():
        shutil.copyfile(bundle, path / _CERTIFICATES.lstrip("/"))
    lines, seen = ["[global]"], []
    for entry in _call(sys.executable, "-m", "pip", "config", "list").splitlines():
        key, _, quoted = entry.partition("=")
        value = str(ast.literal_eval(quoted))
        if key.startswith("global."):
            lines.append(f"{key.removeprefix('global.')} = {' '.join(value.split())}")
        seen += [Path(word.removeprefix("file://")) for word in value.split() if word.startswith(("/", "file:///"))]
    (path / "etc/pip.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
    # The pages of an index in a folder `simple` lead to the packages beside that folder.
    seen = [place.parent if place.name == "simple" else place for place in seen]
    return [_mount_point(path, place) for place in dict.fromkeys(seen) if place.exists() and place != bundle]


def _mount_point(path: Path, place: Path) -> Path:
    inside = path / place.relative_to("/")
    if place.is_dir():
        inside.mkdir(parents=True, exist_ok=True)
    else:
        inside.parent.mkdir(parents=True, exist_ok=True)
        inside.touch()
    return place


def _variables() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if _INHERITED.fullmatch(name)}
    return inherited | {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": _HOME,
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "COLUMNS": "120",
        "DEBIAN_FRONTEND": "noninteractive",
        "PIP_CERT": _CERTIFICATES,
        "PIP_ROOT_USER_ACTION": "ignore",
    }


def _call(*command: str) -> str:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise LackingError(f"{error}\n{getattr(error, 'output', '') or ''}") from None
    return done.stdout


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch, clean_root(Path(scratch) / "root", packages=sys.argv[1:]) as opened:
        sys.exit(opened.shell())
