"""The arguments of `run` are kept with the service so that they mean the same there."""

from pathlib import Path

import click
import pytest

from exporter.commands.service_arguments import lasting
from tests.commands.conftest import Command


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PROGRAMDATA", str(tmp_path / "ProgramData"))


def test_relative_paths_are_named_from_the_root(tmp_path: Path) -> None:
    state, arguments = lasting(["--state.dir", "state", "CHI=chi logs/Logs", "smb://cen01/SMS_CEN/Logs"])
    assert state == tmp_path / "state"
    assert arguments == [
        *(f"CHI={tmp_path}/chi logs/Logs", "smb://cen01/SMS_CEN/Logs"),
        *("--state.dir", str(tmp_path / "state")),
    ]


def test_options_are_kept_as_typed() -> None:
    typed = ["--web.listen-address", ":1", "--web.listen-address", "[::1]:2", "--config.watch", "--zone", "UTC"]
    _, arguments = lasting(["CHI=/x", "--state.dir", "/s", *typed])
    given = " ".join(arguments)
    assert "--web.listen-address :1 --web.listen-address [::1]:2" in given
    assert "--zone UTC" in given
    assert arguments.count("--config.watch") == 1


def test_state_has_a_folder_of_its_own_unless_one_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "ProgramData" / "configmgr-exporter" / "state"
    state, arguments = lasting(["CHI=/x"])
    assert state == folder
    assert arguments == ["CHI=/x", "--state.dir", str(folder)]


def test_state_folder_of_the_configuration_file(tmp_path: Path) -> None:
    config = tmp_path / "config.yml"
    config.write_text("state_dir: /var/state\nsites: [{site: CHI, logs: /x}]\n")
    state, arguments = lasting(["--config.file", "config.yml"])
    assert state is None
    assert arguments == ["--config.file", str(config)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no logs are named"),
        (["--no.such", "x"], "No such option"),
        (["CHI=/x", "--zone", "Mars"], "Mars"),
        (["--config.file", "absent.yml"], "absent.yml"),
    ],
)
def test_arguments_that_run_would_refuse(arguments: list[str], words: str) -> None:
    with pytest.raises(click.ClickException) as raised:
        lasting(arguments)
    assert words in raised.value.format_message()


@pytest.mark.parametrize("name", ["install", "start", "stop", "remove", "status"])
def test_on_linux_it_says_what_runs_it_there(command: Command, name: str) -> None:
    done = command("service", name)
    assert done.status == 2
    assert "this command is for Windows" in done.err
