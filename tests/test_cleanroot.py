"""The clean root is clean, reaches what this machine reaches, and leaves nothing behind."""

import shutil
import socket
from pathlib import Path

import pytest

from tests.cleanroot import CleanRoot, FailedError, clean_root


def test_clean_root_is_debian_12_with_nothing_in_it_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "root"
    with clean_root(path) as root:
        assert "bookworm" in root.run("cat /etc/os-release; pwd").stdout
        assert root.run("command -v python3 pip git curl", statuses=(1, 127)).stdout == ""
        with pytest.raises(FailedError, match="nothing like it"):
            root.run("echo nothing like it >&2; false; echo not reached")
        with root.serving("sleep 500"):
            assert "sleep\x00500" in running(root)
        assert "sleep\x00500" not in running(root)
        left = root.start("sleep 600", network=False)
        with pytest.raises(FailedError):
            root.run("getent hosts debian.example || exit 2", network=False)
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            probe = f"exec 3<>/dev/tcp/127.0.0.1/{port}"
            root.run(f"bash -c '{probe}'")
            root.run(f"bash -c '{probe}'", network=False, statuses=(1,))
    left.communicate(timeout=30)
    assert left.returncode != 0
    assert not path.exists()
    assert str(path) not in Path("/proc/self/mountinfo").read_text(encoding="utf-8")


def running(root: CleanRoot) -> str:
    return root.run("cat /proc/[1-9]*/cmdline", statuses=(0, 1)).stdout


def test_packages_and_pip_reach_where_this_machine_gets_them(tmp_path: Path) -> None:
    with clean_root(tmp_path / "root", packages=("python3-venv",)) as root:
        root.run("python3 -m venv venv && venv/bin/pip download --quiet --no-deps click")
        assert list((root.path / "root").glob("click-*.whl"))
        shutil.copy(__file__, root.path / "root" / "copied.py")
        assert "copied.py" in root.run("ls").stdout
