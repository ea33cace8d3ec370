"""The unit at work, under a systemd of its own in a clean Debian, installed as the documents say."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.cleanroot import clean_root
from tests.install.booted import said_by
from tests.lines import blocked

ROOT = Path(__file__).resolve().parents[2]
_SOURCES = ("exporter", "install", "requirements", "pyproject.toml", "hatch_build.py", "README.md", "LICENSE")
_INSTALL = """
python3 -m venv /opt/configmgr-exporter
/opt/configmgr-exporter/bin/pip install --quiet --no-compile --require-hashes \
    -r requirements/run.txt -r requirements/build.txt
/opt/configmgr-exporter/bin/pip install --quiet --no-deps --no-build-isolation .
install -D -m 0644 install/systemd/configmgr-exporter.service /etc/systemd/system/configmgr-exporter.service
"""
_LIFE = """
unit=configmgr-exporter
healthy() { /opt/configmgr-exporter/bin/configmgr-exporter healthcheck; }
pid() { systemctl show --property MainPID --value $unit; }

systemctl start $unit
healthy
grep -E '^(Uid|NoNewPrivs|Seccomp|CapEff|CapBnd):' /proc/$(pid)/status
python3 -c '
import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:10048/metrics").read().decode())'
systemctl reload $unit

: One that hangs is killed and started again
mkdir -p /run/systemd/system/$unit.service.d
printf '[Service]\\nWatchdogSec=3s\\nRestartSec=1s\\n' >/run/systemd/system/$unit.service.d/fast.conf
systemctl daemon-reload
systemctl restart $unit
first=$(pid)
kill -STOP $first
until [ "$(systemctl show --property NRestarts --value $unit)" -gt 0 ] && systemctl is-active $unit; do sleep 0.5; done
test $(pid) -ne $first
healthy

systemctl stop $unit
systemctl show --property Result $unit
ls /var/lib/private/configmgr-exporter
journalctl --sync
journalctl --no-pager --output cat --unit $unit
"""


def test_service_starts_hardened_reloads_is_watched_and_stops(tmp_path: Path) -> None:
    with clean_root(tmp_path / "root", packages=("dbus", "python3-venv", "systemd")) as root:
        for name in _SOURCES:
            place = root.path / "root" / name
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copyfile(ROOT / name, place)
        root.run(_INSTALL)
        logs = root.path / "srv" / "SMS_CHI" / "Logs"
        logs.mkdir(parents=True)
        (logs / "distmgr.log").write_bytes(blocked("CEN00021"))
        config = root.path / "etc" / "configmgr-exporter" / "config.yml"
        config.parent.mkdir()
        config.write_text("sites: [{site: CHI, logs: /srv/SMS_CHI/Logs}]\n")

        status, said = said_by(root.path, _LIFE, 240)

    assert status == 0, said
    assert said.count("\nhealthy\n") == 2, said
    assert "\nUid:\t0\t" not in said
    for line in ("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"):
        assert f"\n{line}\n" in said
    assert '\nconfigmgr_site_blocked_task_sequences{site="CHI"} 1.0\n' in said
    assert "The configuration was reloaded: 1 sites" in said
    assert "Result=success" in said
    assert "\nconfigmgr-exporter.db\n" in said
    assert "Watchdog timeout" in said
    assert said.rstrip().count("Stopped; the state is saved") == 2
