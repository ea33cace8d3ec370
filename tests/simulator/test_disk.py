from pathlib import Path

from exporter.simulator.disk import Disk
from exporter.simulator.engine import Record
from exporter.simulator.hierarchy import Site


def _record(second: int, message: str = "Sleep 3600 seconds...") -> Record:
    return Record(second * 1000, "CEN", "distmgr", "SMS_DISTRIBUTION_MANAGER", 4724, message)


def _line_length() -> int:
    return len("Sleep 3600 seconds...  $$<SMS_DISTRIBUTION_MANAGER>") + len(
        "<Thu Jan 01 00:00:00.000 1970 Eastern Standard Time><thread=4724 (0x1274)>\r\n"
    )


def test_logs_lie_in_a_folder_that_is_named_like_the_site_s_share(tmp_path: Path) -> None:
    with Disk(tmp_path, [Site("CEN", None)], 10_000) as disk:
        disk.write(_record(1))
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.log")] == ["SMS_CEN/Logs/distmgr.log"]


def test_log_rolls_before_the_record_that_does_not_fit(tmp_path: Path) -> None:
    with Disk(tmp_path, [Site("CEN", None)], 3 * _line_length()) as disk:
        for second in range(3):
            disk.write(_record(second))
        folder = tmp_path / "SMS_CEN" / "Logs"
        assert not (folder / "distmgr.lo_").exists()
        disk.write(_record(3))
        log = disk.logs["CEN", "distmgr"]
        assert (log.rolls, log.lost, log.records) == (1, 0, 4)
    assert (folder / "distmgr.lo_").read_bytes().count(b"\r\n") == 3
    assert (folder / "distmgr.log").read_bytes().count(b"\r\n") == 1


def test_second_roll_overwrites_the_first_and_says_what_is_lost(tmp_path: Path) -> None:
    with Disk(tmp_path, [Site("CEN", None)], 3 * _line_length()) as disk:
        for second in range(7):
            disk.write(_record(second))
        log = disk.logs["CEN", "distmgr"]
        assert (log.rolls, log.lost, log.oldest, log.newest) == (2, 3, 3000, 6000)
    folder = tmp_path / "SMS_CEN" / "Logs"
    assert sorted(path.name for path in folder.iterdir()) == ["distmgr.lo_", "distmgr.log"]
    assert b"19:00:03.000" in (folder / "distmgr.lo_").read_bytes().splitlines()[0]


def test_line_longer_than_the_limit_has_a_log_of_its_own(tmp_path: Path) -> None:
    with Disk(tmp_path, [Site("CEN", None)], 200) as disk:
        disk.write(_record(1, "x" * 1000))
        disk.write(_record(2))
    assert (tmp_path / "SMS_CEN" / "Logs" / "distmgr.lo_").stat().st_size > 1000
