"""Debian's next Prometheus and Alertmanager, unpacked beside the installed ones: for tests of both generations.

They come from Debian's unstable suite by way of the machine's own package source, and touch nothing of the machine's:
lists, archives and programs are kept in one folder in the checkout, and used again for a month. By itself,
`python -m tests.alerts.prometheus3` fetches them and says where they are.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parents[2] / ".tools" / "prometheus3"
PROGRAMS: Final = ("prometheus", "promtool", "prometheus-alertmanager", "amtool")
_PACKAGES: Final = ("prometheus", "promtool", "prometheus-alertmanager")
_SUITE: Final = "sid"
_KEPT_SECONDS: Final = 30 * 86_400
_PATIENCE: Final = 300  # seconds for one step, on a slow line
_SOURCES: Final = ("sources.list", "sources.list.d/*.list", "sources.list.d/*.sources")
_KEYS: Final = "/usr/share/keyrings/debian-archive-keyring.gpg"
# Of one-line and of deb822 sources: the address that offers a suite of Debian itself, not of its security archive.
_ONE_LINE: Final = re.compile(r"^deb\s+(?:\[[^\]]*\]\s+)?(\S+/debian)/?\s", re.MULTILINE)
_DEB822: Final = re.compile(r"^URIs:\s*(\S+/debian)/?\s*$", re.MULTILINE)


class LackingError(Exception):
    """The programs cannot be had on this machine, and why."""


def prepare() -> Path:
    """Fetch the programs, if that was not done lately, and return the folder that holds them.

    Raises:
        LackingError: they cannot be had.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the workers of one test run must not fetch twice
        programs, stamp = FOLDER / "root" / "usr" / "bin", FOLDER / "fetched"
        fresh = stamp.exists() and time.time() - stamp.stat().st_mtime < _KEPT_SECONDS
        if not fresh or not all((programs / name).exists() for name in PROGRAMS):
            _fetch(programs, stamp)
    return programs


def _fetch(programs: Path, stamp: Path) -> None:
    """Fetch anew; when that fails, what was fetched before is good enough."""
    try:
        _download()
    except LackingError:
        if not all((programs / name).exists() for name in PROGRAMS):
            raise
    stamp.touch()


def _download() -> None:
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise LackingError(f"{program} is not here: this works on Debian and its relatives")
    source = FOLDER / "source.list"
    source.write_text(f"deb [signed-by={_KEYS}] {archive()} {_SUITE} main\n", encoding="utf-8")
    archives = FOLDER / "archives"
    shutil.rmtree(archives, ignore_errors=True)
    for folder in (FOLDER / "lists" / "partial", FOLDER / "cache" / "archives" / "partial", archives):
        folder.mkdir(parents=True, exist_ok=True)
    own = {
        "Dir::Etc::sourcelist": source,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": FOLDER / "lists",
        "Dir::Cache": FOLDER / "cache",
        "APT::Sandbox::User": "",  # the account that apt takes for downloads may not write in a checkout
    }
    options = [word for name, value in own.items() for word in ("-o", f"{name}={value}")]
    _run(["apt-get", *options, "-qq", "update"], FOLDER)
    _run(["apt-get", *options, "-qq", "download", *_PACKAGES], archives)
    fresh = FOLDER / "root.new"
    shutil.rmtree(fresh, ignore_errors=True)
    for package in sorted(archives.glob("*.deb")):
        _run(["dpkg-deb", "--extract", str(package), str(fresh)], FOLDER)
    shutil.rmtree(FOLDER / "root", ignore_errors=True)
    fresh.rename(FOLDER / "root")
    shutil.rmtree(archives)


def archive() -> str:
    """Return the address from which this machine gets Debian.

    Raises:
        LackingError: none is configured.
    """
    for path in (path for pattern in _SOURCES for path in sorted(Path("/etc/apt").glob(pattern))):
        text = path.read_text(encoding="utf-8")
        found = _ONE_LINE.search(text) or _DEB822.search(text)
        if found:
            return found.group(1)
    raise LackingError("no package source of Debian itself is configured in /etc/apt")


def _run(command: list[str], folder: Path) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(
            command,
            cwd=folder,
            env=environment,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_PATIENCE,
        )
    except subprocess.CalledProcessError as error:
        raise LackingError(f"{' '.join(command[:1] + command[-4:])} failed:\n{error.stdout}") from None
    except subprocess.TimeoutExpired:
        raise LackingError(f"{command[0]} did not end within {_PATIENCE} seconds") from None


if __name__ == "__main__":
    print(prepare())  # noqa: T201 - its only output
