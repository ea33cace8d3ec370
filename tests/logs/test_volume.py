from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from exporter.logs.volume import Entry, LocalVolume, Trouble, VolumeError, volume_error

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="pipes, links and /proc are POSIX; see tests/windows")


def listed(folder: Path) -> dict[str, Entry]:
    return dict(LocalVolume().list(str(folder), lambda _name: True).entries)


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_list_gives_wanted_files_with_size_and_time(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"12345")
    (tmp_path / "b.log").write_bytes(b"")
    (tmp_path / "folder.log").mkdir()
    os.utime(tmp_path / "a.log", ns=(0, 42))
    assert {name: entry.size for name, entry in listed(tmp_path).items()} == {"a.log": 5, "b.log": 0}
    assert listed(tmp_path)["a.log"].modified == 42
    assert set(LocalVolume().list(str(tmp_path), lambda name: name == "b.log").entries) == {"b.log"}


@posix_only
def test_list_follows_links_and_leaves_out_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"123")
    (tmp_path / "link.log").symlink_to(tmp_path / "real")
    (tmp_path / "broken.log").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.log")
    assert {name: entry.size for name, entry in listed(tmp_path).items()} == {"real": 3, "link.log": 3}


def test_list_of_a_missing_folder_and_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(VolumeError) as missing:
        listed(tmp_path / "nowhere")
    with pytest.raises(VolumeError) as file:
        listed(tmp_path / "file")
    assert (missing.value.trouble, missing.value.code) == (Trouble.MISSING, "ENOENT")
    assert file.value.trouble is Trouble.NOT_A_FOLDER
    assert str(missing.value).startswith(str(tmp_path / "nowhere"))


@posix_only
def test_list_is_exact_on_local_file_systems_only(tmp_path: Path) -> None:
    everything = LocalVolume().list(str(tmp_path), lambda _name: True)
    assert everything.exact
    assert not LocalVolume().list("/proc", lambda _name: False).exact


def test_read_gives_ranges_and_stops_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"0123456789")
    with LocalVolume().open(str(tmp_path), "a.log") as file:
        assert file.size == 10
        assert file.read(2, 3) == b"234"
        assert file.read(8, 100) == b"89"
        assert file.read(10, 1) == b""
        assert file.read(99, 1) == b""


def test_read_sees_what_was_written_after_opening(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"old")
    with LocalVolume().open(str(tmp_path), "a.log") as file:
        with (tmp_path / "a.log").open("ab") as writer:
            writer.write(b" new")
        assert file.size == 3
        assert file.read(0, 100) == b"old new"


@posix_only
def test_identity_names_the_file_and_not_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"a")
    before = listed(tmp_path)["a.log"].identity
    (tmp_path / "a.log").rename(tmp_path / "a.lo_")
    (tmp_path / "a.log").write_bytes(b"a")
    after = listed(tmp_path)
    assert before is not None
    assert (after["a.lo_"].identity == before, after["a.log"].identity == before) == (True, False)
    with LocalVolume().open(str(tmp_path), "a.lo_") as file:
        assert file.identity == before


@posix_only
def test_open_refuses_what_is_no_regular_file_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.log")
    (tmp_path / "folder.log").mkdir()
    for name in ("pipe.log", "folder.log"):
        with pytest.raises(VolumeError) as refused:
            LocalVolume().open(str(tmp_path), name)
        assert (refused.value.trouble, refused.value.code) == (Trouble.OTHER, "not_a_file")
    with pytest.raises(VolumeError) as missing:
        LocalVolume().open(str(tmp_path), "nowhere")
    assert missing.value.trouble is Trouble.MISSING


@posix_only
def test_no_descriptor_outlives_its_block(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"a")
    (tmp_path / "folder").mkdir()
    before = open_descriptors()
    with LocalVolume().open(str(tmp_path), "a.log"):
        assert open_descriptors() == before + 1
    with pytest.raises(ZeroDivisionError), LocalVolume().open(str(tmp_path), "a.log"):
        raise ZeroDivisionError
    with pytest.raises(VolumeError):
        LocalVolume().open(str(tmp_path), "folder")
    listed(tmp_path)
    assert open_descriptors() == before


@posix_only
def test_open_asks_for_reading_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.log").write_bytes(b"a")
    asked: list[int] = []
    real = os.open

    def noting(path: str, flags: int) -> int:
        asked.append(flags)
        return real(path, flags)

    monkeypatch.setattr(os, "open", noting)
    with LocalVolume().open(str(tmp_path), "a.log") as file:
        file.read(0, 1)
    assert len(asked) == 1
    assert asked[0] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND) == 0


@posix_only
def test_a_read_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: int) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    (tmp_path / "a.log").write_bytes(b"a")
    monkeypatch.setattr(os, "pread", fail)
    with LocalVolume().open(str(tmp_path), "a.log") as file, pytest.raises(VolumeError, match=r"a\.log: Input/output"):
        file.read(0, 1)


@pytest.mark.parametrize(
    ("number", "winerror", "trouble", "code"),
    [
        (errno.ENOENT, None, Trouble.MISSING, "ENOENT"),
        (errno.EACCES, None, Trouble.DENIED, "EACCES"),
        (errno.EPERM, None, Trouble.DENIED, "EPERM"),
        (errno.EIO, None, Trouble.OTHER, "EIO"),
        (errno.ESTALE, None, Trouble.OTHER, "ESTALE"),
        (errno.EACCES, 5, Trouble.DENIED, "EACCES"),
        (errno.EACCES, 32, Trouble.SHARING, "sharing_violation"),
        (errno.EACCES, 33, Trouble.SHARING, "sharing_violation"),
        (None, 59, Trouble.OTHER, "E59"),
    ],
)
def test_refusals_have_few_kinds_and_a_name_to_count_by(
    number: int | None, winerror: int | None, trouble: Trouble, code: str
) -> None:
    error = OSError(number, "no") if number else OSError("no")
    error.winerror = winerror  # type: ignore[attr-defined,unused-ignore]
    found = volume_error("path", error)
    assert (found.trouble, found.code, str(found)) == (trouble, code, "path: no")
