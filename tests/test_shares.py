"""The commands on a share that is read without a mount, from a real Samba server."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from exporter.cli import cli
from exporter.logs.smb_access import PASSWORD_VARIABLE, USERNAME_VARIABLE
from exporter.places import PlaceError
from exporter.process.assembly import Request, set_up
from exporter.simulator import demo_plan, run_batch
from tests.logs import samba
from tests.logs.samba import PASSWORD, USER


def test_explain_reads_a_share_as_it_reads_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_batch(tmp_path / "hierarchy", demo_plan(mended=False))
    local = tmp_path / "hierarchy" / "SMS_CHI" / "Logs"
    monkeypatch.setenv(USERNAME_VARIABLE, USER)
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    with samba.running(tmp_path) as server:
        shutil.copytree(local, server.shared / "Logs", dirs_exist_ok=True)
        url = f"smb://127.0.0.1:{server.port}/SMS_CHI/Logs"
        over_smb = CliRunner().invoke(cli, ["explain", "--json", url])
    from_disk = CliRunner().invoke(cli, ["explain", "--json", str(local)])
    assert over_smb.exit_code == 1
    assert json.loads(over_smb.stdout) == json.loads(from_disk.stdout)


def test_configured_share_takes_its_account_from_the_file_and_may_be_away_at_the_start(tmp_path: Path) -> None:
    account = tmp_path / "account"
    account.write_text(f"username={USER}\npassword={PASSWORD}\n", encoding="utf-8")
    account.chmod(0o600)
    config = tmp_path / "exporter.yml"
    with samba.running(tmp_path) as server:
        config.write_text(
            f"defaults: {{credentials: account}}\nsites:\n"
            f"  - {{site: CHI, logs: 'smb://127.0.0.1:{server.port}/SMS_CHI/Logs'}}\n",
            encoding="utf-8",
        )
        (server.shared / "Logs" / "distmgr.log").write_bytes(b"")
        assert set_up(Request(config_file=config)).sources[0].folders[0].scan().keys() == {"distmgr"}
        server.stop()
        assert [source.site for source in set_up(Request(config_file=config)).sources] == ["CHI"]


def test_url_with_a_password_in_it_is_refused_without_showing_it() -> None:
    with pytest.raises(PlaceError) as refused:
        set_up(Request(["CHI=smb://reader:secret@chi01/SMS_CHI/Logs"]))
    assert "secret" not in str(refused.value)
