"""`init`: from logs that are somewhere to a configuration that works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from exporter.commands import init
from exporter.config.load import load_config
from tests.commands.conftest import Command
from tests.lines import applied, blocked, line, status_message


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(init, "_SEARCHED", (".", str(tmp_path / "mnt")))


def _site(folder: Path, data: bytes = b"") -> Path:
    folder.mkdir(parents=True)
    (folder / "distmgr.log").write_bytes(data or applied("CEN00020"))
    return folder


def test_from_named_folders_to_a_check_that_goes_well(command: Command, tmp_path: Path) -> None:
    chicago = _site(tmp_path / "copies" / "it's here", blocked("CEN00021"))
    _site(tmp_path / "copies" / "SMS_LON" / "Logs")

    result = command("init", f"007={chicago}", "copies/SMS_LON")

    assert result.status == 0, result.err
    assert f"007  {chicago}" in result.out
    assert "configmgr-exporter check --config.file configmgr-exporter.yml" in result.out
    assert 'targets: ["localhost:10048"]' in result.out
    config = load_config(tmp_path / "configmgr-exporter.yml")
    assert [(site.site, site.logs) for site in config.sites] == [
        ("007", str(chicago)),
        ("LON", str(tmp_path / "copies" / "SMS_LON" / "Logs")),
    ]
    checked = command("check", "--config.file", "configmgr-exporter.yml")
    assert (checked.status, "All is well." in checked.out) == (0, True), checked.out
    assert command("explain", "copies").status == 1


def test_logs_are_found_here_and_below_mounts_and_the_nearer_copy_is_taken(command: Command, tmp_path: Path) -> None:
    _site(tmp_path / "SMS_CHI" / "Logs")
    _site(tmp_path / "mnt" / "SMS_CHI" / "Logs")
    _site(tmp_path / "mnt" / "SMS_LON" / "Logs")

    assert command("init").status == 0

    found = [site.logs for site in load_config(tmp_path / "configmgr-exporter.yml").sites]
    assert found == [str(tmp_path / "SMS_CHI" / "Logs"), str(tmp_path / "mnt" / "SMS_LON" / "Logs")]


def test_site_server_that_this_is_goes_before_a_search(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = _site(tmp_path / "ConfigMgr" / "Logs")
    _site(tmp_path / "SMS_CHI" / "Logs")
    monkeypatch.setattr(init, "local_logs", lambda: [f"CEN={logs}"])

    assert command("init").status == 0

    assert [site.site for site in load_config(tmp_path / "configmgr-exporter.yml").sites] == ["CEN"]


def test_site_code_is_learnt_from_the_logs(command: Command, tmp_path: Path) -> None:
    _site(tmp_path / "somewhere", status_message(2301, "CEN00021", site="NYC"))

    assert command("init", "somewhere").status == 0

    assert [site.site for site in load_config(tmp_path / "configmgr-exporter.yml").sites] == ["NYC"]


def test_site_code_that_nothing_tells_is_asked_for(command: Command, tmp_path: Path) -> None:
    _site(tmp_path / "somewhere", line("nothing"))

    result = command("init", "somewhere")

    assert result.status == 2
    assert "somewhere: neither the path nor the logs tell the site code. Name it: SITE=FOLDER." in result.err
    assert not (tmp_path / "configmgr-exporter.yml").exists()


def test_file_that_is_there_is_kept_unless_forced(command: Command, tmp_path: Path) -> None:
    _site(tmp_path / "SMS_CHI" / "Logs")
    file = tmp_path / "mine.yml"
    file.write_text("precious")

    kept = command("init", "--output", file)
    assert kept.status == 2
    assert f"{file} is there already" in kept.err
    assert file.read_text() == "precious"

    assert command("init", "--output", file, "--force").status == 0
    assert [site.site for site in load_config(file).sites] == ["CHI"]


def test_nothing_is_found(command: Command) -> None:
    result = command("init")

    assert result.status == 2
    assert "no logs of a site server here, nor below" in result.err
    assert "Name the Logs folder: SITE=FOLDER." in result.err


def test_folder_to_write_to_is_not_there(command: Command, tmp_path: Path) -> None:
    _site(tmp_path / "SMS_CHI" / "Logs")

    result = command("init", "--output", tmp_path / "nowhere" / "c.yml")

    assert result.status == 2
    assert "nowhere/c.yml: No such file or directory" in result.err


def test_what_stands_in_comments_can_be_used(command: Command, tmp_path: Path) -> None:
    _site(tmp_path / "SMS_CHI" / "Logs")
    command("init")
    file = tmp_path / "configmgr-exporter.yml"
    (tmp_path / "packages.csv").write_text("Package ID,Name\nCEN00021,Deploy\n")
    head, tail = file.read_text().split("sites:\n", 1)

    keys = re.findall(r"^#   (\w+): (\S+(?: \S+)*?)  ", head, re.MULTILINE)
    of_a_site = "".join(f"    {key}: {value}\n" for key, value in keys)
    entry, _, others = tail.partition("\n\n")
    used = re.sub(r"^# (?=(?: |[a-z_]+:))", "", others, flags=re.MULTILINE)
    file.write_text(f"sites:\n{entry}\n{of_a_site}\n{used}")
    config = load_config(file)

    assert [key for key, _ in keys] == ["parent", "zone", "code_page", "poll_interval"]
    assert config.sites[0].parent == "CEN"
    assert config.defaults.zone is not None
    assert config.state_dir == Path("/var/lib/configmgr-exporter")
    assert config.inventory == {"CEN00021": "Deploy"}
    assert list(config.web.links) == ["Grafana"]
