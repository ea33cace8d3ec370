"""The container image, built from the Dockerfile by podman without an engine or a registry.

The Dockerfile begins with `python:<version>-slim-bookworm`, which only a registry has. In its place stands a clean
Debian of the same release with Debian's own Python, under that name; all else is as the Dockerfile says.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.cleanroot import clean_root

ROOT: Final = Path(__file__).resolve().parents[2]
TAG: Final = "configmgr-exporter"
_PACKAGES: Final = ("python3-venv", "python3-dev")
_CERTIFICATES: Final = "/etc/machine-certificates.crt"
# Where the official image has Python and pip, and under which names.
_AS_THE_OFFICIAL_ONE: Final = "python3 -m venv /usr/local"
# In mount and cgroup namespaces of its own: crun refuses the mixed cgroups of some machines, and needs none here.
_ENTER: Final = ("unshare", "--mount", "sh", "-e", "-c")
_PREPARE: Final = "umount --recursive /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup"


class Images:
    """A store of images that is used by nobody else.

    Args:
        folder: where it is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._options = ("--root", f"{folder}/store", "--runroot", f"{folder}/run", "--storage-driver", "overlay")

    @property
    def podman(self) -> str:
        """The beginning of a podman command, as a shell takes it."""
        return f"podman {' '.join(self._options)}"

    def call(self, *arguments: object, stdin: int | None = None) -> str:
        """Run a podman command and return what it printed.

        Raises:
            AssertionError: it failed; the message holds what it said.
        """
        done = subprocess.run(
            ["podman", *self._options, *map(str, arguments)],
            check=False,
            stdin=stdin,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, f"podman {arguments[0]}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def script(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a shell script in which containers can be run."""
        return subprocess.run(
            [*_ENTER, f"{_PREPARE}\n{script}"], check=False, capture_output=True, text=True, timeout=300
        )


@contextmanager
def built() -> Iterator[Images]:
    """Build the image in a folder of its own, which is taken away in the end.

    Raises:
        AssertionError: it cannot be built.
        tests.cleanroot.LackingError: a clean Debian cannot be had here.
    """
    # Not one of pytest's: podman refuses a path of more than 50 characters.
    with TemporaryDirectory(prefix="image-", dir="/var/tmp") as name:
        folder = Path(name)
        images = Images(folder)
        _import_base(images, folder)
        images.call("build", "--format=docker", "--pull=never", "--isolation=chroot", "--network=host", "-t", TAG, ROOT)
        yield images


def _import_base(images: Images, folder: Path) -> None:
    with clean_root(folder / "root", packages=_PACKAGES) as root:
        root.run(_AS_THE_OFFICIAL_ONE)
        with subprocess.Popen(["tar", "-C", root.path, "--one-file-system", "-c", "."], stdout=subprocess.PIPE) as tar:
            assert tar.stdout is not None
            environment = f"ENV PIP_CERT={_CERTIFICATES}"
            images.call("import", "--change", environment, "-", _base(), stdin=tar.stdout.fileno())


def _base() -> str:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    version = re.findall(r"^ARG PYTHON=(.+)$", text, re.MULTILINE)[0]
    (name,) = {name.replace("${PYTHON}", version) for name in re.findall(r"^FROM (\S+)", text, re.MULTILINE)}
    return f"docker.io/library/{name}"
