from __future__ import annotations

import codecs

import pytest

from exporter.logs.position import Place
from exporter.logs.reading import LogFile, MovedError, Sight, present
from exporter.logs.volume import Trouble, VolumeError
from tests.logs.memory import MemoryVolume

STAMP = b"  $$<SMS_DISTRIBUTION_MANAGER><06-14-2018 06:26:25.828-60><thread=9112 (0x2398)>\r\n"
LINES = b"".join(b"%04d%b" % (number, STAMP) for number in range(100))
WIDTH = len(LINES) // 100


def make(data: bytes) -> tuple[MemoryVolume, LogFile]:
    volume = MemoryVolume()
    volume.write("distmgr.log", data)
    return volume, LogFile(volume, "Logs", "distmgr.log")


def place_at(file: LogFile, offset: int) -> Place:
    shown = present("distmgr.log", None, file.look(None, offset), at_end=False, final=False)
    return shown.place_after(len(shown.block.data), shown.block.data.count(b"\n"))


def test_look_gives_what_lies_behind_the_place() -> None:
    volume, file = make(LINES)
    place = place_at(file, 50 * WIDTH)
    sight = file.look(place, 10)
    assert (sight.data, sight.before) == (LINES[50 * WIDTH :][:10], LINES[: 50 * WIDTH][-256:])
    assert (place.line, place.stamped) == (51, True)
    volume.truncate("distmgr.log", 40 * WIDTH)
    with pytest.raises(MovedError):
        file.look(place, 10)


def test_look_refuses_what_was_read_of_a_file_that_is_cut_off_meanwhile() -> None:
    volume, file = make(LINES)
    place = place_at(file, 50 * WIDTH)
    calls = 0

    def cut(kind: str, _name: str) -> None:
        nonlocal calls
        calls += kind == "read"
        if calls == 2:
            volume.truncate("distmgr.log")

    volume.hook = cut
    with pytest.raises(MovedError):
        file.look(place, 10)


def test_find_refuses_a_file_that_is_written_anew_while_it_is_looked_at() -> None:
    volume, file = make(LINES)
    place = place_at(file, 50 * WIDTH)
    calls = 0

    def overwrite(kind: str, _name: str) -> None:
        nonlocal calls
        calls += kind == "read"
        if calls == 2 and kind == "read":
            volume.files["distmgr.log"].data[:] = LINES[WIDTH : 3 * WIDTH]

    volume.hook = overwrite
    with pytest.raises(MovedError):
        file.find([place])


def test_a_file_that_is_not_there_has_moved_and_other_trouble_is_told() -> None:
    volume, file = make(LINES)
    volume.rename("distmgr.log", "distmgr.lo_")
    with pytest.raises(MovedError):
        file.look(None, 10)

    def refuse(_kind: str, name: str) -> None:
        raise VolumeError(name, Trouble.SHARING, "sharing_violation", "in use")

    volume.hook = refuse
    with pytest.raises(VolumeError):
        file.look(None, 10)


def test_an_unfinished_end_that_was_written_anew_is_read_again() -> None:
    volume, file = make(b"torn")
    torn = file.look(None, 100).torn_at(0)
    assert file.look(None, 100, torn) == Sight("m:0", 0, 4, b"torn", b"", b"", known=True)
    volume.files["distmgr.log"].data[:] = b"new\n"
    assert file.look(None, 100, torn) == Sight("m:0", 0, 4, b"new\n", b"", b"new\n")


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE])
@pytest.mark.parametrize("growing", [True, False])
def test_settle_finds_the_end_of_the_line_that_reaches_so_far(mark: bytes, growing: bool) -> None:  # noqa: FBT001
    wide = 2 if mark == codecs.BOM_UTF16_LE else 1
    text = LINES.decode().encode("utf-16-le") if wide == 2 else LINES
    _, file = make(mark + text + b"to" * wide)
    sight = file.look(None, 0)
    for least, line in (
        (1, 2),
        (len(mark) + wide * WIDTH, 2),
        (len(mark) + wide * WIDTH + 1, 3),
        (50 * wide * WIDTH, 51),
    ):
        place = file.settle(sight, least, growing=growing)
        assert place is not None
        assert (place.offset, place.line) == (len(mark) + (line - 1) * wide * WIDTH, line)
    place = file.settle(sight, 10**9, growing=growing)
    assert place is not None
    assert place.offset == len(mark) + len(text) + (0 if growing else 2 * wide)
    assert place.line == 101


def test_settle_finds_nothing_in_a_file_without_a_whole_line_that_may_grow() -> None:
    _, file = make(b"torn")
    assert file.settle(file.look(None, 0), 3, growing=True) is None


def test_settle_refuses_a_file_that_is_being_copied_or_is_another() -> None:
    volume, file = make(LINES)
    sight = file.look(None, 0)
    volume.write("distmgr.log", b"more")
    with pytest.raises(MovedError):
        file.settle(sight, 10**9, growing=False)
    assert file.settle(sight, 10**9, growing=True) is not None
    volume.truncate("distmgr.log")
    volume.write("distmgr.log", LINES[WIDTH:] + STAMP * 2)
    with pytest.raises(MovedError):
        file.settle(sight, 10, growing=True)
