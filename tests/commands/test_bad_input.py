"""What people type and what logs hold when something is wrong: a message that helps, and no neighbour lost."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.commands.conftest import Command, as_nobody
from tests.lines import applied, blocked, line, status_message

_STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def _write(folder: Path, **logs: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in logs.items():
        (folder / f"{name}.log").write_bytes(data)
    return folder


def _records(out: str) -> list[dict[str, Any]]:
    return [json.loads(each) for each in out.splitlines()]


@pytest.mark.parametrize("name", ["explain", "records", "run", "check"])
def test_no_such_folder(command: Command, tmp_path: Path, name: str) -> None:
    result = command(name, tmp_path / "nowhere")

    assert result.status == 2
    assert f"{tmp_path}/nowhere: No such file or directory." in result.err
    assert "Name the Logs folder of a site server, or one of its logs." in result.err


@pytest.mark.parametrize("name", ["explain", "records", "run", "check"])
def test_folder_without_logs(command: Command, tmp_path: Path, name: str) -> None:
    (tmp_path / "unrelated.txt").write_text("nothing")

    result = command(name, tmp_path)

    assert result.status == 2
    assert f"{tmp_path}: no log of a site server here (looked for despool.log, distmgr.log," in result.err


@pytest.mark.parametrize("name", ["explain", "records", "run", "check"])
def test_folder_that_may_not_be_looked_into(command: Command, open_folder: Path, name: str) -> None:
    _write(open_folder / "Logs", distmgr=applied("CEN00020")).chmod(0)

    with as_nobody():
        result = command(name, open_folder / "Logs")

    assert result.status == 2
    assert f"{open_folder}/Logs: Permission denied" in result.err


def test_log_that_may_not_be_read_gives_no_all_clear_and_loses_no_other(command: Command, open_folder: Path) -> None:
    logs = _write(open_folder / "SMS_CHI" / "Logs", distmgr=blocked("CEN00021"), despool=line("Something known"))
    (logs / "distmgr.log").chmod(0)

    with as_nobody():
        told = command("explain", open_folder)
        as_json = command("explain", "--json", open_folder)
        listed = command("records", logs)
        checked = command("check", open_folder)

    assert told.status == as_json.status == listed.status == checked.status == 2
    assert "No answer" in told.out
    assert "Nothing is stuck" not in told.out
    assert any("distmgr.log: not read:" in doubt for doubt in json.loads(as_json.out)["doubts"])
    assert [record["message"] for record in _records(listed.out)] == ["Something known"]
    assert "Permission denied" in listed.err
    assert "Permission denied" in checked.out


def test_folder_of_another_site_that_may_not_be_looked_into_is_said(command: Command, open_folder: Path) -> None:
    _write(open_folder / "SMS_CHI" / "Logs", distmgr=blocked("CEN00021"))
    (open_folder / "SMS_LON").mkdir(mode=0)
    (open_folder / "lost+found").mkdir(mode=0)

    with as_nobody():
        result = command("explain", open_folder)

    assert result.status == 2
    assert "SMS_LON: Permission denied" in result.err

    (open_folder / "SMS_LON").rmdir()
    with as_nobody():
        assert command("explain", open_folder).status == 1


def test_binary_file_is_no_log(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "image.wim"
    file.write_bytes(bytes(range(256)) * 40)

    told = command("explain", file)
    listed = command("records", file)

    assert told.status == 2
    assert "Is it a log of ConfigMgr?" in " ".join(told.out.split())
    assert listed.status == 0
    assert all(record["form"] for record in _records(listed.out))


def test_empty_distmgr_gives_no_all_clear(command: Command, tmp_path: Path) -> None:
    result = command("explain", f"CHI={_write(tmp_path, distmgr=b'')}")

    assert result.status == 2
    assert "it is empty" in result.out


def test_truncated_character_costs_no_line(command: Command, tmp_path: Path) -> None:
    whole = "Büro".encode()
    lines = [line("first"), b"half a letter " + whole[:2] + line(""), line("last")]
    _write(tmp_path, distmgr=b"".join(lines) + b"at the end " + whole[:2])

    result = command("records", tmp_path)

    assert result.status == 0
    messages = [record["message"] for record in _records(result.out)]
    assert messages[0] == "first"
    assert messages[1].startswith("half a letter B")
    assert messages[2] == "last"
    assert messages[3].startswith("at the end B")


@pytest.mark.parametrize(
    "stamp",
    [
        "02-30-2010 14:00:00.000+00",
        "13-45-2010 14:00:00.000+00",
        "03-04-2010 25:61:00.000+00",
        "03-04-0000 14:00:00.000+00",
    ],
)
def test_impossible_date_costs_the_time_and_nothing_else(command: Command, tmp_path: Path, stamp: str) -> None:
    bad = blocked("CEN00021").replace(b"03-04-2010 14:00:00.000+00", stamp.encode())
    _write(tmp_path, distmgr=bad + applied("CEN00020", 5))

    listed = _records(command("records", tmp_path).out)
    told = command("explain", "--json", f"CHI={tmp_path}")

    assert [record["time"] for record in listed] == [None] * 7 + ["2010-03-04T14:00:05.000Z"] * 5
    assert listed[0]["local"] == stamp
    (block,) = json.loads(told.out)["sites"]["CHI"]["blocked"]
    assert (block["task_sequence"], block["since"]) == ("CEN00021", None)
    assert told.status == 1


@pytest.mark.parametrize("stamp", ["12-31-9999 23:59:59.999+840", "01-01-0001 00:00:00.000-840"])
def test_date_at_the_end_of_the_calendar_is_no_fault(command: Command, tmp_path: Path, stamp: str) -> None:
    bad = blocked("CEN00021").replace(b"03-04-2010 14:00:00.000+00", stamp.encode())
    _write(tmp_path, distmgr=bad)

    assert command("records", tmp_path).status == 0
    assert command("explain", "--json", f"CHI={tmp_path}").status == 1
    assert command("explain", f"CHI={tmp_path}").status == 1
    assert command("check", f"CHI={tmp_path}").status in {0, 2}


def test_unknown_zone_is_said_with_the_option_that_names_it(command: Command, tmp_path: Path) -> None:
    stamp = b"Thu Mar 04 14:00:00.000 2010 Nowhere Standard Time"
    _write(tmp_path, distmgr=blocked("CEN00021").replace(b"03-04-2010 14:00:00.000+00", stamp))

    without = command("explain", f"CHI={tmp_path}")
    named = command("explain", "--json", "--zone", "Eastern Standard Time", f"CHI={tmp_path}")

    assert without.status == 1
    assert "--zone names the zone" in " ".join(without.out.split())
    (block,) = json.loads(named.out)["sites"]["CHI"]["blocked"]
    assert block["since"] == "2010-03-04T19:00:00.000Z"


@pytest.mark.parametrize("name", ["explain", "records", "run", "check"])
def test_zone_and_code_page_that_do_not_exist(command: Command, tmp_path: Path, name: str) -> None:
    _write(tmp_path, distmgr=applied("CEN00020"))

    zone = command(name, "--zone", "Mars Standard Time", tmp_path)
    page = command(name, "--code-page", "cp99999", tmp_path)

    assert (zone.status, page.status) == (2, 2)
    assert "unknown time zone 'Mars Standard Time'" in zone.err
    assert "cp99999" in page.err


def test_site_code_that_cannot_be_found(command: Command, tmp_path: Path) -> None:
    _write(tmp_path, distmgr=blocked("CEN00021"))

    told = command("explain", tmp_path)
    assert told.status == 1
    assert "name it as SITE=FOLDER" in " ".join(told.out.split())
    assert "(site not named)" in told.out

    for name in ("run", "check"):
        refused = command(name, tmp_path)
        assert refused.status == 2
        assert f"{tmp_path}: neither the path nor the logs tell the site code. Name it: SITE=FOLDER." in refused.err


def test_site_code_is_found_in_a_status_message(command: Command, tmp_path: Path) -> None:
    _write(tmp_path, distmgr=blocked("CEN00021") + status_message(2301, "CEN00020", site="CHI"))

    result = command("explain", "--json", tmp_path)

    assert list(json.loads(result.out)["sites"]) == ["CHI"]


def test_two_folders_of_one_site(command: Command, tmp_path: Path) -> None:
    one = _write(tmp_path / "SMS_CHI" / "Logs", distmgr=applied("CEN00020"))
    other = _write(tmp_path / "copy", distmgr=applied("CEN00020") + status_message(2301, "CEN00020"))

    for arguments in ((one, other), (f"CHI={one}", f"chi={other}")):
        result = command("explain", *arguments)
        assert result.status == 2
        assert f"{one} and {other} are both of site CHI" in result.err


def test_same_folder_twice_is_read_once(command: Command, tmp_path: Path) -> None:
    folder = _write(tmp_path / "SMS_CHI" / "Logs", distmgr=blocked("CEN00021", 60))
    (folder / "distmgr.lo_").write_bytes(blocked("CEN00021"))

    for arguments in (
        (folder, folder),
        (folder, f"{folder}/"),
        (folder, folder / "distmgr.log"),
        (folder / "distmgr.log", folder / "distmgr.lo_", folder / "distmgr.log"),
    ):
        answer = json.loads(command("explain", "--json", *arguments).out)
        assert answer["sites"]["CHI"]["blocked"][0]["attempts"] == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sites:\n  - logs: LOGS\n    sit: CHI\n", [":3:", "unknown key", "did you mean"]),
        ("sites:\n  - logs: LOGS\n    zone: Mars\n", [":3:", "unknown time zone 'Mars'"]),
        ("sites: [\n", [":2:"]),
        ("templates:\n  - name: mine\n    pattern: '('\n", [":2:", "template 'mine'"]),
        ("templates:\n  - name: mine\n    text: 'Backup of {nothing:file} failed'\n", [":2:", "template 'mine'"]),
        ("sites:\n  - logs: LOGS/nowhere\n", ["No such file or directory"]),
        ("sites: []\n", ["no logs are named"]),
    ],
)
def test_broken_configuration(command: Command, tmp_path: Path, text: str, expected: Sequence[str]) -> None:
    logs = _write(tmp_path / "SMS_CHI" / "Logs", distmgr=applied("CEN00020"))
    file = tmp_path / "config.yml"
    file.write_text(text.replace("LOGS", str(logs)))

    for name in ("run", "check"):
        result = command(name, "--config.file", file)
        assert result.status == 2
        for words in expected:
            assert words in result.err


def test_configuration_that_is_not_there(command: Command, tmp_path: Path) -> None:
    result = command("run", "--config.file", tmp_path / "none.yml")

    assert result.status == 2
    assert "none.yml" in result.err


@pytest.mark.parametrize("address", ["10048", "127.0.0.1:99999", "no.such.host.invalid:0", "[::1:80"])
def test_listen_address_that_is_none(command: Command, tmp_path: Path, address: str) -> None:
    _write(tmp_path, distmgr=applied("CEN00020"))

    result = command("run", f"CHI={tmp_path}", "--web.listen-address", address)

    assert result.status == 2
    assert "listen" in result.err


def test_path_of_the_metrics_that_is_none(command: Command, tmp_path: Path) -> None:
    _write(tmp_path, distmgr=applied("CEN00020"))
    where = ("--web.listen-address", "127.0.0.1:0")

    result = command("run", f"CHI={tmp_path}", *where, "--web.telemetry-path", "metrics")

    assert result.status == 2
    assert "'metrics' is not a path" in result.err


def test_log_text_never_steers_the_terminal(command: Command, tmp_path: Path) -> None:
    evil = "\x1b[2J\x1b]0;owned\x07 \x9b31m \u202egnp.exe \u2066 \u200b \ufeff \u2028 \x7f"
    lines = (
        blocked("CEN00021", missing="CEN00012-NAME")
        + status_message(2300, "CEN00021", name="NAME")
        + line("Something failed: NAME")
        + line("The contents for the package CEN00012 hasn't arrived from site CEN yet, will retry later.")
    )
    folder = tmp_path / f"SMS_CHI{evil.replace('/', '')}"
    folder.mkdir()
    (folder / "distmgr.log").write_bytes(lines.replace(b"NAME", evil.encode()))

    results = [
        command("explain", f"CHI={folder}"),
        command("explain", "--json", f"CHI={folder}"),
        command("records", folder),
        command("check", f"CHI={folder}"),
        command("explain", folder / "nowhere"),
        command("run", folder / "nowhere"),
    ]

    assert [result.status for result in results] == [1, 1, 0, 0, 2, 2]
    for result in results:
        assert not _STEERING.search(result.out)
        assert not _STEERING.search(result.err)
    told = json.loads(results[1].out)
    assert told["sites"]["CHI"]["blocked"][0]["missing"][0]["program"] == evil.strip("\ufeff\u2028 ")


def test_file_name_that_cannot_be_encoded_is_no_fault(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "caf\udce9"
    folder.mkdir()
    (folder / "dist\udcff.log").write_bytes(line("text"))

    result = command("records", folder / "dist\udcff.log")

    assert result.status == 0
    assert _records(result.out)[0]["file"] == "dist\udcff.log"
    assert command("explain", folder / "dist\udcff.log").status == 0


@pytest.mark.parametrize("name", ["explain", "records"])
def test_reader_that_goes_away_early_is_not_told_that_something_is_stuck(tmp_path: Path, name: str) -> None:
    folder = _write(tmp_path / "SMS_CHI", distmgr=blocked("CEN00021") * 2000)
    arguments = [sys.executable, "-m", "exporter", name, str(folder)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()  # as `head` does when it has what it wants
        said = process.stderr.read()

    assert (process.returncode, said) == (2, b"")


@pytest.mark.parametrize("name", ["explain", "run", "check"])
def test_what_is_no_site_code_is_said_to_be_none(command: Command, tmp_path: Path, name: str) -> None:
    (tmp_path / "distmgr.log").write_bytes(applied("CEN00021"))
    result = command(name, f"CHICAGO={tmp_path}")
    assert result.status == 2
    assert "CHICAGO is no site code: that has three letters or digits, as in CHI=FOLDER." in result.err


def test_site_is_found_below_the_folder_that_is_named_for_it(command: Command, tmp_path: Path) -> None:
    for site in ("CEN", "CHI"):
        logs = tmp_path / f"SMS_{site}" / "Logs"
        logs.mkdir(parents=True)
        (logs / "distmgr.log").write_bytes(blocked(f"{site}00021"))
    answer = json.loads(command("explain", "--json", f"chi={tmp_path}").out)
    assert [block["task_sequence"] for block in answer["sites"].pop("CHI")["blocked"]] == ["CHI00021"]
    assert answer["sites"] == {}


@pytest.mark.parametrize("folder", ["SMS_CHI/Logs", "mine"])
def test_logs_that_are_named_as_those_of_another_site(command: Command, tmp_path: Path, folder: str) -> None:
    """The owner of a package is told by its site's code: mixed up, causes are looked for in the wrong logs."""
    logs = tmp_path / folder
    logs.mkdir(parents=True)
    (logs / "distmgr.log").write_bytes(line("STATMSG: ID=2300 SEV=I LEV=M SYS=CHISITE SITE=CHI PID=1 TID=2"))
    words = f"{logs} is read as the logs of CEN, but tells that it is of CHI. Is it?"
    assert words in json.loads(command("explain", "--json", f"CEN={logs}").out)["doubts"]
    checked = command("check", f"CEN={logs}")
    assert checked.status == 2
    assert words in " ".join(checked.out.split())
    assert json.loads(command("explain", "--json", f"CHI={logs}").out)["doubts"] == []
