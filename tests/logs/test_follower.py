from __future__ import annotations

import codecs
import random
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import combinations_with_replacement
from pathlib import Path

import pytest

from exporter.logs.block import Block
from exporter.logs.discovery import Folder, LogFiles
from exporter.logs.follower import PATIENCE, TRUST, Follower
from exporter.logs.health import Gap, GapReason, LogHealth
from exporter.logs.position import HEAD, Position
from exporter.logs.segments import MAX_BLOCK, segment
from exporter.logs.volume import LocalVolume, Trouble, VolumeError
from tests.logs.follower_model import Family, World
from tests.logs.memory import MemoryFile, MemoryVolume

STAMP = b"  $$<SMS_DISTRIBUTION_MANAGER><06-14-2018 06:26:25.828-60><thread=9112 (0x2398)>"
LOG = "distmgr.log"
ROLLED = "distmgr.lo_"


def lines(*names: str) -> bytes:
    return b"".join(name.encode() + STAMP + b"\r\n" for name in names)


class Bench:
    """A follower of a log in memory, and what it gave."""

    def __init__(self, *, exact: bool = True, once: bool = False, identities: bool = True) -> None:
        self.volume = MemoryVolume(exact=exact, identities=identities)
        self.folder = Folder(self.volume, "Logs")
        self.health = LogHealth()
        self.now = 0.0
        self.follower = Follower(self.folder, "distmgr", None, self.health, once=once)
        self.blocks: list[Block] = []
        self.gaps: list[Gap] = []

    def read(self) -> list[str]:
        """Poll; give the messages."""
        names = []
        self.now += 1
        for item in self.follower.poll(self.folder.scan().get("distmgr", LogFiles("distmgr")), self.now):
            if isinstance(item, Gap):
                self.gaps.append(item)
                continue
            self.blocks.append(item)
            segments = segment(item)
            self.follower.advance(segments.consumed, segments.line_count)
            names += [raw.split(b"  $$<")[0].decode() for raw in segments.raws]
        return names

    def calls(self) -> list[str]:
        """Poll; give the calls of the volume."""
        self.volume.calls.clear()
        self.read()
        return self.volume.calls

    def refuse(self, trouble: Trouble, code: str, *names: str) -> None:
        def hook(kind: str, name: str) -> None:
            if kind == "open" and name in names:
                raise VolumeError(f"Logs/{name}", trouble, code, "refused")

        self.volume.hook = hook

    def allow(self) -> None:
        self.volume.hook = lambda _kind, _name: None


# What is told of the lines


def test_blocks_name_file_and_line_through_rollover_and_restart() -> None:
    bench = Bench()
    bench.volume.write(LOG, lines("a", "b"))
    bench.read()
    bench.volume.write(LOG, lines("c"))
    bench.volume.rename(LOG, ROLLED)
    bench.volume.write(LOG, lines("d", "e"))
    position = bench.follower.position
    bench.follower = Follower(bench.folder, "distmgr", position, bench.health)
    bench.read()
    bench.volume.write(LOG, lines("f"))
    bench.read()
    assert [(block.file, block.line) for block in bench.blocks] == [(LOG, 1), (ROLLED, 3), (LOG, 1), (LOG, 3)]


def test_stampless_text_is_presented_as_such() -> None:
    bench = Bench(once=True)
    bench.volume.write(LOG, b"pasted text\nwithout stamps\n")
    assert bench.read() == ["pasted text", "without stamps"]
    assert [block.stamped for block in bench.blocks] == [False]


def test_stamps_that_come_late_are_noticed() -> None:
    bench = Bench()
    bench.volume.write(LOG, b"no stamp ye")
    bench.read()
    bench.volume.write(LOG, b"t" + lines("", "b"))
    assert bench.read() == ["no stamp yet", "b"]
    assert bench.blocks[-1].stamped


def test_health_tells_size_position_and_lines() -> None:
    bench = Bench()
    assert bench.read() == []
    assert (bench.health.up, bench.health.error) == (False, "distmgr.log does not exist")
    bench.volume.write(LOG, lines("a", "b") + b"torn")
    bench.read()
    health = bench.health
    size = len(lines("a", "b"))
    assert (health.up, health.error, health.size, health.position, health.lines) == (True, "", size + 4, size, 2)
    bench.volume.rename(LOG, ROLLED)
    bench.volume.write(LOG, lines("c"))
    bench.read()
    bench.read()
    assert (health.size, health.position, health.lines, health.rollovers) == (len(lines("c")),) * 2 + (4, 1)


def test_a_gap_is_dated_and_counted_and_tells_what_was_seen_and_not_read() -> None:
    bench = Bench()
    bench.volume.write(LOG, lines("a") + b"torn")
    bench.read()
    bench.health.last_record = 123.5
    bench.volume.truncate(LOG)
    bench.volume.write(LOG, lines("b"))
    assert bench.read() == []
    assert bench.read() == ["b"]
    assert bench.gaps == [Gap("distmgr", GapReason.TRUNCATED, 3.0, after=123.5, before=None, unread_bytes=4)]
    assert bench.health.gaps == {"truncated": 1}


# One look at everything there is


def test_once_takes_every_end_as_final() -> None:
    bench = Bench(once=True)
    bench.volume.write(ROLLED, lines("a") + b"torn")
    bench.volume.write(LOG, lines("b") + b"torn too")
    assert bench.read() == ["a", "torn", "b", "torn too"]
    assert [block.final for block in bench.blocks] == [True, True]
    assert not bench.follower.behind


def test_files_that_rolled_before_the_first_start_are_final_at_once() -> None:
    bench = Bench()
    bench.volume.write(ROLLED, lines("a") + b"torn")
    bench.volume.write(LOG, lines("b") + b"torn too")
    assert bench.read() == ["a", "torn", "b"]


# What it costs


def test_a_log_at_rest_costs_nothing_but_the_listing() -> None:
    bench = Bench()
    bench.volume.write(ROLLED, lines("a"))
    bench.volume.write(LOG, lines("b") + b"torn")
    bench.read()
    bench.read()
    assert bench.calls() == ["list"]
    bench.volume.write(LOG, b" end\n")
    bench.read()
    bench.read()
    assert bench.calls() == ["list"]


def test_a_log_at_rest_is_opened_once_where_listings_prove_nothing() -> None:
    bench = Bench(exact=False)
    bench.volume.write(ROLLED, lines("a"))
    bench.volume.write(LOG, lines("b"))
    bench.read()
    assert bench.calls() == ["list", "open"]
    bench.volume.write(LOG, lines("c"))
    assert bench.read() == ["c"]


def test_a_log_at_rest_is_read_now_and_then_where_listings_prove_nothing() -> None:
    bench = Bench(exact=False)
    bench.volume.write(LOG, lines("a"))
    bench.read()
    looks = [bench.calls().count("read") for _ in range(2 * TRUST + 3)]
    assert looks == [*[0] * TRUST, 2, *[0] * TRUST, 2, 0]


def test_a_log_written_anew_as_long_as_before_is_noticed_where_listings_prove_nothing() -> None:
    bench = Bench(exact=False)
    bench.volume.write(LOG, lines("a", "b"))
    bench.read()
    bench.volume.truncate(LOG)
    bench.volume.write(LOG, lines("c", "d"))
    polls = [bench.read() for _ in range(TRUST + 2)]
    assert [each for each in polls if each] == [["c", "d"]]


def test_a_log_written_anew_as_long_as_before_is_whole_once_it_grows() -> None:
    bench = Bench(exact=False)
    bench.volume.write(LOG, lines("a", "b"))
    bench.read()
    bench.read()
    bench.volume.truncate(LOG)
    bench.volume.write(LOG, lines("c", "d"))
    bench.read()
    bench.volume.write(LOG, lines("e"))
    assert bench.read() + bench.read() == ["c", "d", "e"]  # that it was begun anew is believed at the second sight


def test_a_log_whose_identity_is_not_known_is_read_at_each_look() -> None:
    bench = Bench(exact=False, identities=False)
    bench.volume.write(LOG, lines("a"))
    bench.read()
    assert bench.calls() == ["list", "open", "read", "read"]


@pytest.mark.parametrize("exact", [True, False])
def test_a_growing_log_is_opened_once(exact: bool) -> None:  # noqa: FBT001
    bench = Bench(exact=exact)
    bench.volume.write(ROLLED, lines("a"))
    bench.volume.write(LOG, lines("b"))
    bench.read()
    bench.volume.write(LOG, lines("c"))
    assert bench.calls() == ["list", "open", "read", "read"]


def test_an_unfinished_record_is_not_read_again_while_nothing_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    real = MemoryFile.read

    def read(file: MemoryFile, offset: int, size: int) -> bytes:
        data = real(file, offset, size)
        sizes.append(len(data))
        return data

    monkeypatch.setattr(MemoryFile, "read", read)
    bench = Bench(exact=False)
    bench.volume.write(LOG, lines("a") + b"x" * 1_000_000)
    bench.read()
    sizes.clear()
    bench.read()
    assert sum(sizes) < 10_000
    bench.volume.write(LOG, lines("b"))
    assert bench.read() == ["x" * 1_000_000 + "b"]


def test_no_file_is_open_while_a_block_is_acted_on(monkeypatch: pytest.MonkeyPatch) -> None:
    handles = 0
    real = MemoryVolume.open

    @contextmanager
    def counted(volume: MemoryVolume, folder: str, name: str) -> Iterator[MemoryFile]:
        nonlocal handles
        with real(volume, folder, name) as file:
            handles += 1
            try:
                yield file
            finally:
                handles -= 1

    monkeypatch.setattr(MemoryVolume, "open", counted)
    bench = Bench()
    bench.volume.write(ROLLED, lines("a"))
    bench.volume.write(LOG, lines(*"bcdefgh"))
    follower = Follower(bench.folder, "distmgr", None, bench.health, max_read=100)
    items = 0
    for item in follower.poll(bench.folder.scan()["distmgr"], 0.0):
        assert handles == 0
        assert isinstance(item, Block)
        follower.advance(item.data.rfind(b"\n") + 1, item.data.count(b"\n"))
        items += 1
    assert items > 7
    assert handles == 0


def test_a_line_of_fifty_megabytes_is_read_in_bounded_memory(tmp_path: Path) -> None:
    with (tmp_path / LOG).open("wb") as file:
        file.write(lines("before"))
        for _ in range(50):
            file.write(b"x" * 1_000_000)
        file.write(lines("", "after"))
    folder = Folder(LocalVolume(), str(tmp_path))
    follower = Follower(folder, "distmgr", None, LogHealth())
    largest, names, overlong = 0, [], 0
    tracemalloc.start()
    try:
        for item in follower.poll(folder.scan()["distmgr"], 0.0):
            assert isinstance(item, Block)
            segments = segment(item)
            follower.advance(segments.consumed, segments.line_count)
            largest = max(largest, len(item.data))
            names += [raw[:6] for raw in segments.raws]
            overlong += segments.overlong
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (names[0], names[-1]) == (b"before", b"after ")
    assert overlong > 10
    assert largest <= 2 * MAX_BLOCK
    assert peak < 48_000_000
    assert follower.position.places[0].offset == (tmp_path / LOG).stat().st_size


# Encodings and holes


@pytest.mark.parametrize(
    ("mark", "codec"),
    [(codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"), (codecs.BOM_UTF8, "utf-8")],
)
def test_text_with_a_byte_order_mark_arrives_as_utf_8_at_any_cut(mark: bytes, codec: str) -> None:
    text = lines("Paket \u00fcber \U0001f600 \u4e2d", "zwei", "\u0a0a\u0d0a", "vier").decode()
    raw = mark + text.encode(codec)
    random.seed(0)
    for _ in range(30):
        bench = Bench()
        cuts = sorted(random.sample(range(1, len(raw)), 3))
        names: list[str] = []
        for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True):
            bench.volume.write(LOG, raw[start:end])
            names += bench.read()
            bench.follower = Follower(bench.folder, "distmgr", bench.follower.position, bench.health)
        assert names == ["Paket \u00fcber \U0001f600 \u4e2d", "zwei", "\u0a0a\u0d0a", "vier"]
        assert bench.follower.position.places[-1].offset == len(raw)
        assert bench.follower.position.places[-1].line == 5


def test_utf_16_that_ends_in_the_middle_of_a_character_is_final_when_rolled() -> None:
    bench = Bench(once=True)
    bench.volume.write(ROLLED, codecs.BOM_UTF16_LE + lines("a").decode().encode("utf-16-le") + b"b\0\x3d\xd8\x00")
    bench.volume.write(LOG, lines("c"))
    assert bench.read() == ["a", "b\ufffd", "c"]
    rolled, _ = bench.follower.position.places
    assert rolled.offset == bench.volume.files[ROLLED].size


def test_broken_utf_16_is_counted_in_its_own_bytes() -> None:
    bench = Bench()
    raw = codecs.BOM_UTF16_LE + b"\x00\xd8a\0\x00\xdc" + lines("", "b").decode().encode("utf-16-le")
    bench.volume.write(LOG, raw)
    assert bench.read() == ["\ufffda\ufffd", "b"]
    assert bench.follower.position.places[-1].offset == len(raw)


def test_a_hole_at_the_start_is_skipped() -> None:
    bench = Bench()
    bench.volume.write(LOG, b"\0" * 3_000_000 + lines("a"))
    assert bench.read() == ["a"]
    assert bench.blocks[0].line == 1


def test_a_hole_at_the_end_of_a_rolled_file_is_no_text() -> None:
    bench = Bench()
    bench.volume.write(ROLLED, lines("a") + b"torn\0\0\0")
    bench.volume.write(LOG, lines("b"))
    assert bench.read() == ["a", "torn", "b"]


def test_a_hole_at_the_end_waits_for_its_text() -> None:
    bench = Bench(exact=False)
    before = lines(*"a" * 20)
    bench.volume.write(LOG, before + b"b\0\0\0" + b"\0" * len(STAMP) + b"\0\0")
    assert bench.read() == ["a"] * 20
    data = bench.volume.files[LOG].data
    data[len(before) :] = lines("bbbb")
    assert bench.read() == ["bbbb"]


# What others do at the wrong moment

ACTS = ["roll", "cut_after_copy", "truncate", "delete", "replace", "hide_and_show", "write", "tear"]


def _do(world: World, act: str) -> None:
    steps: dict[str, Callable[[], None]] = {
        "roll": world.roll,
        "truncate": world.truncate,
        "delete": world.delete,
        "replace": world.replace,
        "write": lambda: world.write(2),
        "tear": lambda: world.tear(30),
    }
    if act == "cut_after_copy":
        world.copy(10)
        world.cut()
    elif act == "hide_and_show":
        world.hide()
        world.unhide()
    else:
        steps[act]()
    if act in {"roll", "truncate", "delete", "cut_after_copy"}:
        world.write(1)


class Interrupted(World):
    """A world in which the acts above can fall between any two calls of a poll."""

    acts: tuple[str, str] = ("", "")

    def first(self) -> None:
        _do(self, self.acts[0])

    def second(self) -> None:
        _do(self, self.acts[1])


@pytest.mark.parametrize("family", Family)
@pytest.mark.parametrize("exact", [True, False])
def test_no_moment_is_the_wrong_one(family: Family, exact: bool) -> None:  # noqa: FBT001
    for acts in combinations_with_replacement(ACTS, 2):
        for first in range(0, 22, 3):
            for second in range(first, 22, 3):
                world = Interrupted(family, exact=exact)
                world.acts = acts
                world.write(3)
                world.roll()
                world.write(2)
                world.poll()
                world.write(2)
                world.poll([(first, ("first", None)), (second, ("second", None))])
                world.settle()


def test_a_file_that_goes_between_listing_and_opening_is_no_error() -> None:
    bench = Bench()
    bench.volume.write(LOG, lines("a"))
    bench.read()
    bench.volume.write(LOG, lines("b"))

    def roll(kind: str, _name: str) -> None:
        if kind == "open" and LOG in bench.volume.files:
            bench.volume.rename(LOG, ROLLED)

    bench.volume.hook = roll
    assert bench.read() == []
    assert bench.follower.behind
    assert (bench.health.read_errors, bench.health.gaps) == ({}, {})
    bench.allow()
    assert bench.read() == ["b"]


def test_a_file_that_is_listed_and_never_there_does_not_keep_the_follower_busy() -> None:
    bench = Bench()
    bench.volume.write(LOG, lines("a"))
    bench.refuse(Trouble.MISSING, "ENOENT", LOG)
    behind = []
    for _ in range(6):
        bench.read()
        behind.append(bench.follower.behind)
    assert behind == [True, True, True, False, False, False]
    bench.allow()
    assert bench.read() == ["a"]


def at(bench: Bench, kind: str, name: str, count: int, act: Callable[[], None]) -> None:
    """Let something happen once, before the call of that kind with that number."""
    left = count

    def hook(called: str, called_name: str) -> None:
        nonlocal left
        if called == kind and name in {called_name, ""}:
            left -= 1
            if left == 0:
                act()

    bench.volume.hook = hook


def test_a_roll_after_the_older_file_was_recognised_does_not_hide_the_file_between() -> None:
    bench = Bench()
    bench.volume.write(LOG, lines("a"))
    bench.volume.rename(LOG, ROLLED)
    assert bench.read() == ["a"]
    bench.volume.write(LOG, lines("b"))

    def roll() -> None:
        bench.volume.rename(LOG, ROLLED)
        bench.volume.write(LOG, lines("c"))

    at(bench, "open", LOG, 1, roll)
    assert bench.read() == []
    assert bench.read() == ["b", "c"]  # that nothing was lost is not known, for the first file is gone
    assert bench.gaps == [Gap("distmgr", GapReason.ROLLED_TWICE, 3.0, after=None, before=None, unread_bytes=None)]


def test_a_roll_between_two_reads_of_a_long_first_line() -> None:
    bench = Bench()
    bench.follower = Follower(bench.folder, "distmgr", None, bench.health, max_read=500)
    bench.volume.write(ROLLED, lines("a" * 2000))
    bench.volume.write(LOG, lines("b"))

    def roll() -> None:
        bench.volume.rename(LOG, ROLLED)
        bench.volume.write(LOG, lines("c"))

    at(bench, "open", ROLLED, 3, roll)  # after it was recognised and read once
    assert bench.read() == []
    assert bench.read() == ["b", "c"]


def test_a_change_that_shows_in_no_entry_because_it_came_at_once_is_noticed() -> None:
    bench = Bench()
    bench.volume.write(LOG, lines("a"))
    assert bench.read() == ["a"]
    file = bench.volume.files[LOG]
    file.data[:] = lines("b")
    entry = bench.folder.scan()["distmgr"]
    assert bench.read() == []
    assert bench.folder.scan()["distmgr"] == entry
    assert bench.read() == ["b"]
    assert [gap.reason for gap in bench.gaps] == [GapReason.TRUNCATED]


# Files that cannot be read


def test_a_sharing_violation_is_counted_and_tried_again() -> None:
    bench = Bench()
    bench.volume.write(LOG, lines("a"))
    bench.refuse(Trouble.SHARING, "sharing_violation", LOG)
    assert bench.read() == []
    assert bench.read() == []
    assert (bench.health.up, bench.health.error) == (False, "Logs/distmgr.log: refused")
    assert (bench.health.sharing_violations, bench.health.read_errors) == (2, {})
    assert not bench.follower.behind
    bench.allow()
    assert bench.read() == ["a"]
    assert (bench.health.up, bench.health.error) == (True, "")


def test_other_refusals_are_counted_by_their_code() -> None:
    bench = Bench()
    bench.volume.write(LOG, lines("a"))
    bench.refuse(Trouble.DENIED, "EACCES", LOG)
    bench.read()
    bench.refuse(Trouble.OTHER, "EIO", LOG)
    bench.read()
    assert bench.health.read_errors == {"EACCES": 1, "EIO": 1}


def test_a_folder_that_cannot_be_read_is_the_logs_trouble() -> None:
    bench = Bench()
    bench.follower.fail(VolumeError("Logs", Trouble.DENIED, "EACCES", "Permission denied"))
    assert (bench.health.up, bench.health.error) == (False, "Logs: Permission denied")


def test_an_error_while_reading_keeps_what_was_acted_on() -> None:
    bench = Bench()
    bench.follower = Follower(bench.folder, "distmgr", None, bench.health, max_read=len(lines("a")))
    bench.volume.write(LOG, lines(*"abcdef"))
    reads = 0

    def fail(kind: str, _name: str) -> None:
        nonlocal reads
        reads += kind == "read"
        if reads == 12:
            raise VolumeError("Logs/distmgr.log", Trouble.OTHER, "EIO", "Input/output error")

    bench.volume.hook = fail
    first = bench.read()
    assert 0 < len(first) < 6
    bench.allow()
    assert first + bench.read() == list("abcdef")


def test_a_rolled_file_that_cannot_be_read_is_waited_for() -> None:
    bench = Bench()
    bench.volume.write(LOG, lines("a"))
    bench.read()
    bench.volume.write(LOG, lines("b"))
    bench.volume.rename(LOG, ROLLED)
    bench.volume.write(LOG, lines("c"))
    bench.refuse(Trouble.SHARING, "sharing_violation", ROLLED)
    for _ in range(5):
        assert bench.read() == []
    bench.allow()
    assert bench.read() == ["b", "c"]
    assert bench.gaps == []


def test_a_rolled_file_that_cannot_be_read_for_long_is_a_gap_and_only_one() -> None:
    bench = Bench()
    bench.volume.write(LOG, lines("a"))
    bench.read()
    bench.volume.write(LOG, lines("b"))
    bench.volume.rename(LOG, ROLLED)
    bench.volume.write(LOG, lines("c"))
    bench.refuse(Trouble.DENIED, "EACCES", ROLLED)
    assert bench.read() == []
    bench.now += PATIENCE
    assert bench.read() == ["c"]
    bench.volume.write(LOG, lines("d"))
    bench.now += 10 * PATIENCE
    assert bench.read() == ["d"]
    assert [gap.reason for gap in bench.gaps] == [GapReason.UNREADABLE]
    assert bench.health.up
    bench.allow()
    bench.volume.write(LOG, lines("e"))
    assert bench.read() == ["e"]  # b is older than what has been acted on: it stays lost


def test_what_is_lost_while_a_file_cannot_be_read_may_be_in_it() -> None:
    bench = Bench()
    bench.volume.write(LOG, lines("a"))
    bench.read()
    bench.volume.rename(LOG, ROLLED)
    bench.volume.write("distmgr-20260101-000000.log", lines("b"))
    bench.volume.touch(bench.volume.files[ROLLED])
    bench.volume.write(LOG, lines("c"))
    bench.refuse(Trouble.DENIED, "EACCES", ROLLED)
    assert bench.read() == []
    bench.now += PATIENCE
    assert bench.read() == ["b", "c"]
    assert [gap.reason for gap in bench.gaps] == [GapReason.UNREADABLE] * 2


def test_a_rolled_file_that_was_read_may_become_unreadable() -> None:
    bench = Bench()
    bench.volume.write(ROLLED, lines("a"))
    bench.volume.write(LOG, lines("b"))
    bench.read()
    bench.refuse(Trouble.DENIED, "EACCES", ROLLED)
    bench.volume.write(LOG, lines("c"))
    bench.volume.write(ROLLED, b"")
    assert bench.read() == ["c"]
    assert bench.health.up


def test_an_unreadable_rolled_file_at_the_first_start_is_a_gap_before_the_log() -> None:
    bench = Bench()
    bench.volume.write(ROLLED, lines("a"))
    bench.volume.write(LOG, lines("b"))
    bench.refuse(Trouble.DENIED, "EACCES", ROLLED)
    assert bench.read() == []
    bench.now += PATIENCE
    assert bench.read() == ["b"]
    assert [gap.reason for gap in bench.gaps] == [GapReason.UNREADABLE]


# What the caller must do


def test_advancing_more_than_was_presented_is_refused() -> None:
    bench = Bench()
    with pytest.raises(ValueError, match="not presented"):
        bench.follower.advance(0, 0)
    bench.volume.write(LOG, lines("a"))
    item = next(iter(bench.follower.poll(bench.folder.scan()["distmgr"], 0.0)))
    assert isinstance(item, Block)
    with pytest.raises(ValueError, match="not presented"):
        bench.follower.advance(len(item.data) + 1, 1)


def test_leaving_a_part_of_a_final_block_is_refused() -> None:
    bench = Bench(once=True)
    bench.volume.write(LOG, lines("a"))
    item = next(iter(bench.follower.poll(bench.folder.scan()["distmgr"], 0.0)))
    assert isinstance(item, Block)
    assert item.final
    with pytest.raises(ValueError, match="final"):
        bench.follower.advance(len(item.data) - 1, 0)


def test_a_block_that_was_not_acted_on_comes_again() -> None:
    bench = Bench()
    bench.volume.write(LOG, lines("a"))
    for _ in range(2):
        assert len(list(bench.follower.poll(bench.folder.scan()["distmgr"], 0.0))) == 1
    assert bench.follower.position == Position()
    assert bench.read() == ["a"]


def test_a_reader_that_never_consumes_is_told_so() -> None:
    bench = Bench()
    bench.volume.write(LOG, b"x" * (2 * MAX_BLOCK))

    def read() -> None:
        for _ in bench.follower.poll(bench.folder.scan()["distmgr"], 0.0):
            bench.follower.advance(0, 0)

    with pytest.raises(RuntimeError, match="nothing consumed"):
        read()


def test_inode_reuse_is_not_taken_for_the_old_file() -> None:
    bench = Bench()
    bench.volume.write(ROLLED, lines("a"))
    bench.volume.write(LOG, lines("b"))
    bench.read()
    old = bench.volume.files[ROLLED].number
    bench.volume.rename(LOG, ROLLED)
    bench.volume.write(LOG, lines("c"))
    assert bench.volume.files[LOG].number == old
    assert bench.read() == ["c"]


def late(name: str, size: int) -> bytes:
    """Make a record that tells its name only after so many bytes that are the same in every other."""
    stamp = b']LOG]!><time="06:26:25.828-60" date="06-14-2018" thread="1" file="%b">\r\n' % name.encode()
    return b"<![LOG[" + b"x" * size + stamp


ALIKE = HEAD + 100


def test_a_rolled_file_whose_torn_end_comes_again_in_the_log_is_not_taken_for_its_copy() -> None:
    bench = Bench()
    bench.volume.write(LOG, late("a", 10))
    assert bench.read() == [late("a", 10)[:-1].decode()]
    bench.volume.rename(LOG, "distmgr-20260101-000001.log")
    bench.volume.write(ROLLED, late("b", ALIKE) + late("b", 1000)[:500])
    bench.volume.write(LOG, late("c", ALIKE) + late("c", 1000))
    read = [*bench.read(), *bench.read()]
    assert [late(name, ALIKE)[:-1].decode() in read for name in "bc"] == [True, True]
    assert bench.gaps == []


def test_a_log_that_begins_alike_and_has_the_torn_end_of_the_one_before_is_told_from_it() -> None:
    bench = Bench()
    bench.volume.write(ROLLED, late("a", ALIKE) + late("a", 1000)[:500])
    bench.volume.write(LOG, late("b", 10))
    assert len(bench.read()) == 3
    bench.volume.delete(ROLLED)
    bench.volume.delete(LOG)
    bench.volume.write(LOG, late("c", ALIKE) + late("c", 1000))
    read = [*bench.read(), *bench.read()]
    assert read == [late("c", ALIKE)[:-1].decode(), late("c", 1000)[:-1].decode()]
    assert len(bench.gaps) == 1


def test_the_start_of_a_log_that_is_copied_is_not_read_again_however_late_its_first_stamp() -> None:
    bench = Bench()
    log = late("a", ALIKE) + late("b", 10) + late("c", 10)
    bench.volume.write(LOG, log)
    assert len(bench.read()) == 3
    bench.volume.write(ROLLED, log[: ALIKE + 200])
    bench.volume.truncate(LOG)
    bench.volume.write(LOG, late("d", 10))
    read = [*bench.read(), *bench.read()]
    assert late("a", ALIKE)[:-1].decode() not in read
    assert read[-1] == late("d", 10)[:-1].decode()
