"""A systemd of its own, as the first process of a Debian in a folder.

It has its own processes, mounts, cgroups and network (a loopback and nothing else), and ends with all of them. Nothing
of it is seen by the systemd of this machine, if there is one.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Final

_NAMESPACES: Final = ("--mount", "--pid", "--fork", "--cgroup", "--net", "--uts", "--ipc", "--kill-child")
# A unit that asks for devices of its own needs what a booted system has in /dev; the pivot, because a mount namespace
# within a chroot is refused.
_BOOT: Final = """
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
for name in null zero full random urandom tty; do cp --archive /dev/$name dev/$name; done
mkdir dev/pts dev/shm dev/mqueue dev/hugepages
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount -t tmpfs tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
touch dev/console
ip link set lo up
mount --make-rprivate /
mkdir -p oldroot
pivot_root . oldroot
cd /
umount --lazy /oldroot
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --unit=multi-user.target
"""
_UNIT: Final = """
[Unit]
After=basic.target

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'sh -ex /root/script >/root/said 2>&1; echo $? >/root/status'
"""


def said_by(root: Path, script: str, seconds: float) -> tuple[int, str]:
    """Boot a Debian that has systemd, run a script in it, shut it down, and return the script's status and its words.

    Args:
        root: the folder that the Debian lies in.
        script: for `sh -ex`, as root.
        seconds: how long it may take.

    Raises:
        AssertionError: it did not end in time; the message holds what it had said.
    """
    said, status = root / "root" / "said", root / "root" / "status"
    (root / "root" / "script").write_text(script)
    units = root / "etc" / "systemd" / "system"
    (units / "script.service").write_text(_UNIT)
    (units / "multi-user.target.wants").mkdir(parents=True, exist_ok=True)
    (units / "multi-user.target.wants" / "script.service").symlink_to("../script.service")
    command = ["unshare", *_NAMESPACES, "sh", "-e", "-c", _BOOT, "boot", str(root)]
    deadline = time.monotonic() + seconds
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            while not (status.exists() and status.read_text().strip()):
                assert process.poll() is None, "it did not boot"
                assert time.monotonic() < deadline, said.read_text() if said.exists() else "it did not boot in time"
                time.sleep(0.2)
        finally:
            process.kill()
    return int(status.read_text()), said.read_text()
