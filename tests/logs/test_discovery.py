from __future__ import annotations

import os
from pathlib import Path

import pytest

from exporter.logs.discovery import KNOWN_LOGS, Folder, Role, find_folder, read_name
from exporter.logs.volume import LocalVolume, Trouble, VolumeError


@pytest.mark.parametrize(
    ("name", "log", "role"),
    [
        ("distmgr.log", "distmgr", Role.CURRENT),
        ("DistMgr.LOG", "distmgr", Role.CURRENT),
        ("Distmgr.lo_", "distmgr", Role.ROLLED),
        ("DISTMGR.LO_", "distmgr", Role.ROLLED),
        ("distmgr-20201013-101112.log", "distmgr", Role.HISTORY),
        ("DistMgr-20201013-101112.LOG", "distmgr", Role.HISTORY),
        ("pull-dp.log", "pull-dp", Role.CURRENT),
        ("distmgr-2020-1013.log", "distmgr-2020-1013", Role.CURRENT),
    ],
)
def test_names_of_logs(name: str, log: str, role: Role) -> None:
    assert read_name(name) == (log, role)


@pytest.mark.parametrize("name", ["distmgr", "distmgr.log.bak", "distmgr.txt", ".log", "log", "", "distmgr.logx"])
def test_names_that_are_no_logs(name: str) -> None:
    assert read_name(name) is None


def make(folder: Path, *names: str) -> Path:
    """Make files, each written later than the one before it."""
    for tick, name in enumerate(names, 1):
        (folder / name).write_bytes(name.encode())
        os.utime(folder / name, ns=(0, tick))
    return folder


def chain(folder: Path, log: str = "distmgr") -> list[str]:
    files = find_folder(LocalVolume(), str(folder)).scan()[log]
    assert files.current is not None
    return [entry.name for entry in (*files.before_current, files.current)]


def test_files_of_a_log_oldest_first(tmp_path: Path) -> None:
    make(tmp_path, "distmgr-20251231-235959.log", "distmgr-20260101-000000.log", "distmgr.lo_", "Distmgr.log")
    assert chain(tmp_path) == [
        "distmgr-20251231-235959.log",
        "distmgr-20260101-000000.log",
        "distmgr.lo_",
        "Distmgr.log",
    ]


def test_rolled_file_left_over_from_before_the_history_is_older(tmp_path: Path) -> None:
    make(tmp_path, "distmgr.lo_", "distmgr-20260101-000000.log", "distmgr.log")
    assert chain(tmp_path)[0] == "distmgr.lo_"


def test_of_names_that_differ_in_case_the_one_written_last_counts(tmp_path: Path) -> None:
    make(tmp_path, "distmgr.log", "DISTMGR.LOG")
    if len(list(tmp_path.iterdir())) == 2:  # a file system that tells them apart
        assert chain(tmp_path) == ["DISTMGR.LOG"]


def test_unrelated_files_are_left_alone(tmp_path: Path) -> None:
    make(tmp_path, "distmgr.log", "smsexec.log", "sender.lo_", "distmgr.log.bak", "readme.txt", "colleval.log")
    assert sorted(find_folder(LocalVolume(), str(tmp_path)).scan()) == ["distmgr", "sender"]
    assert sorted(find_folder(LocalVolume(), str(tmp_path), ["SMSEXEC"]).scan()) == ["smsexec"]


def test_an_empty_folder_has_no_logs(tmp_path: Path) -> None:
    assert find_folder(LocalVolume(), str(tmp_path)).scan() == {}


def test_every_log_that_is_known_is_found(tmp_path: Path) -> None:
    make(tmp_path, *(f"{log}.log" for log in KNOWN_LOGS))
    assert sorted(find_folder(LocalVolume(), str(tmp_path)).scan()) == sorted(KNOWN_LOGS)


@pytest.mark.parametrize(
    ("name", "log"),
    [
        ("distmgr.log", "distmgr"),
        ("distmgr.lo_", "distmgr"),
        ("distmgr-20260101-000000.log", "distmgr"),
        ("a case.txt", "a case.txt"),
    ],
)
def test_a_file_that_a_person_names_is_read_alone(name: str, log: str, tmp_path: Path) -> None:
    make(tmp_path, "distmgr.lo_", "distmgr.log", "distmgr-20260101-000000.log", "a case.txt")
    found = find_folder(LocalVolume(), str(tmp_path / name)).scan()
    assert list(found) == [log]
    assert found[log].before_current == ()
    current = found[log].current
    assert current is not None
    assert current.name == name


def test_files_that_a_person_names_are_read_oldest_first(tmp_path: Path) -> None:
    make(tmp_path, "distmgr-20260101-000000.log", "distmgr.lo_", "distmgr.log")
    found = Folder(LocalVolume(), str(tmp_path), only=frozenset({"distmgr.lo_", "distmgr-20260101-000000.log"})).scan()
    assert [entry.name for entry in found["distmgr"].before_current] == ["distmgr-20260101-000000.log"]
    current = found["distmgr"].current
    assert current is not None
    assert current.name == "distmgr.lo_"


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(VolumeError) as missing:
        find_folder(LocalVolume(), str(tmp_path / "nowhere"))
    assert missing.value.trouble is Trouble.MISSING
