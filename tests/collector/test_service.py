from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from exporter.collector import lanes as lanes_module
from exporter.collector.checkpoint import DATABASE, Checkpoint, CheckpointBusyError, SavedSite
from exporter.collector.lanes import Watch
from exporter.collector.memory import Memory
from exporter.collector.service import RECALL_SECONDS, MakeWatches, Service
from exporter.collector.site import Site
from exporter.events.matcher import Matcher
from exporter.logs.clock import Clock
from exporter.logs.discovery import Folder
from exporter.logs.records import RecordReader
from exporter.metrics.views import ExporterFacts
from tests.lines import applied, blocked
from tests.live import CATALOGUE
from tests.logs.memory import MemoryVolume
from tests.waiting import until

_INTERVAL = 0.005


@pytest.fixture
def services() -> Iterator[Services]:
    """Make services that are stopped at the end of the test, as long as nothing hangs."""
    made: list[tuple[Service, Checkpoint | None]] = []

    def make(checkpoint: Checkpoint | None = None, patience: float = RECALL_SECONDS) -> Service:
        service = Service(checkpoint, wall=lambda: 1e9, patience=patience)
        made.append((service, checkpoint))
        return service

    yield make
    for service, checkpoint in made:
        service.stop()
        if checkpoint is not None:
            checkpoint.close()


Services = Callable[..., Service]


def _watching(volumes: Mapping[str, MemoryVolume]) -> MakeWatches:
    def make(memories: Mapping[str, Memory]) -> Sequence[Watch]:
        return [
            Watch(
                Site(
                    code,
                    [Folder(volume, f"/no/such/folder/{code}")],
                    Matcher(CATALOGUE, RecordReader(Clock())),
                    memories.get(code),
                ),
                _INTERVAL,
            )
            for code, volume in volumes.items()
        ]

    return make


def _volume(data: bytes) -> MemoryVolume:
    volume = MemoryVolume()
    volume.write("distmgr.log", data)
    return volume


def _ready(service: Service) -> None:
    until(lambda: not service.unready())


def _blocked(service: Service, code: str = "CHI") -> dict[str, int]:
    site = service.sites[code]
    with site.lock:
        return {block.task_sequence: block.attempts for block in site.ledger.state.blocked.values()}


def _facts(service: Service) -> ExporterFacts:
    return service.look().exporter


def _killed(service: Service, checkpoint: Checkpoint) -> None:
    """Leave a service as kill -9 does: nothing more is saved."""
    for site in service.sites.values():
        site.close()
    checkpoint.close()


def test_sites_are_read_and_shown(services: Services) -> None:
    service = services(None)
    assert service.unready() == "starting"
    chicago, london = _volume(blocked("CEN00021", 5)), _volume(applied("CEN00020"))

    service.watch(_watching({"CHI": chicago, "LON": london}))
    _ready(service)

    assert [view.state.site for view in service.look().sites] == ["CHI", "LON"]
    assert _blocked(service) == {"CEN00021": 1}
    chicago.write("distmgr.log", applied("CEN00021", 60))
    until(lambda: _blocked(service) == {})
    facts = _facts(service)
    assert facts.scans > 0
    assert facts.last_scan == 1e9
    assert facts.process.keys() >= {"process_cpu_seconds_total"}
    assert facts.checkpoint_ok is None


def test_not_ready_before_every_log_has_been_read(services: Services) -> None:
    service = services(None)
    hanging, released = _hanging()

    service.watch(_watching({"CHI": hanging, "LON": _volume(blocked("CEN00021"))}))

    until(lambda: service.unready() == "still reading the logs of CHI for the first time")
    assert _blocked(service, "LON") == {"CEN00021": 1}
    released.set()
    _ready(service)


def _hanging() -> tuple[MemoryVolume, threading.Event]:
    """Return a volume whose folder answers only when the event is set."""
    volume, released = _volume(blocked("CEN00021")), threading.Event()

    def hang(call: str, _name: str) -> None:
        if call == "list":
            released.wait(30)

    volume.hook = hang
    return volume, released


def test_share_that_hangs_holds_up_no_other_and_not_the_end(
    services: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(lanes_module, "_STOP_SECONDS", 0.1)
    service = services(Checkpoint(tmp_path))
    service.recall()
    hanging, released = _hanging()
    service.watch(_watching({"CHI": hanging, "LON": _volume(blocked("CEN00021"))}))
    until(lambda: _blocked(service, "LON"))
    left = service.sites["CHI"]
    thread = next(each for each in threading.enumerate() if each.name == "lane /no/such/folder/CHI")

    service.stop()
    released.set()
    thread.join(10)

    assert not thread.is_alive()
    assert left.ledger.state.blocked == {}, "what comes back after the end changes nothing any more"


def test_kill_loses_nothing_that_was_saved(services: Services, tmp_path: Path) -> None:
    volume = _volume(blocked("CEN00021", 5))
    checkpoint = Checkpoint(tmp_path)
    service = services(checkpoint)
    service.recall()
    service.watch(_watching({"CHI": volume}))
    _ready(service)
    service.save()
    assert (_facts(service).checkpoint_ok, _facts(service).checkpoint_time) == (True, 1e9)
    _killed(service, checkpoint)

    # The failing unit has rolled away for good when the next process starts.
    volume.rename("distmgr.log", "distmgr.lo_")
    volume.write("distmgr.log", blocked("CEN00021", 70))
    again = services(Checkpoint(tmp_path))
    again.recall()
    again.watch(_watching({"CHI": volume}))
    _ready(again)

    assert _blocked(again) == {"CEN00021": 2}


def test_only_what_changed_is_saved(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[list[str]] = []
    save = Checkpoint.save

    def noted(self: Checkpoint, sites: Mapping[str, SavedSite]) -> None:
        saved.append(sorted(sites))
        save(self, sites)

    monkeypatch.setattr(Checkpoint, "save", noted)
    volumes = {"CHI": _volume(blocked("CEN00021")), "LON": _volume(applied("CEN00020"))}
    service = services(Checkpoint(tmp_path))
    service.recall()
    service.watch(_watching(volumes))
    _ready(service)

    service.save()
    service.save()
    volumes["LON"].write("distmgr.log", applied("CEN00020", 60))
    until(lambda: service.sites["LON"].logs["distmgr"].lines == 10)
    service.save()

    assert saved == [["CHI", "LON"], ["LON"]]
    assert _facts(service).checkpoint_time == 1e9


def test_second_process_on_the_same_directory_is_refused(services: Services, tmp_path: Path) -> None:
    first = services(Checkpoint(tmp_path))
    first.recall()

    with pytest.raises(CheckpointBusyError, match="in use by process"):
        services(Checkpoint(tmp_path)).recall()


def test_directory_that_cannot_be_used_is_told_and_tried_again(
    services: Services, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = tmp_path / "mount"
    place.write_text("not a folder")
    service = services(Checkpoint(place / "state"), patience=0.0)

    service.recall()
    service.watch(_watching({"CHI": _volume(blocked("CEN00021"))}))
    _ready(service)
    service.save()
    service.save()

    assert _blocked(service) == {"CEN00021": 1}
    assert (_facts(service).checkpoint_ok, _facts(service).checkpoint_failures) == (False, 3)
    assert caplog.text.count("cannot be kept") == 1

    place.unlink()
    service.save()

    assert _facts(service).checkpoint_ok is True
    assert caplog.text.count("is kept again") == 1
    assert (place / "state" / DATABASE).exists()


def _saved_and_moved_away(services: Services, place: Path) -> MemoryVolume:
    """Let a log be read and saved, roll and be written on; move the folder of the state to `away` beside it."""
    volume = _volume(blocked("CEN00021", 5))
    checkpoint = Checkpoint(place / "state")
    earlier = services(checkpoint)
    earlier.recall()
    earlier.watch(_watching({"CHI": volume}))
    _ready(earlier)
    earlier.save()
    _killed(earlier, checkpoint)
    place.rename(place.with_name("away"))
    volume.rename("distmgr.log", "distmgr.lo_")
    volume.write("distmgr.log", blocked("CEN00021", 70))
    volume.delete("distmgr.lo_")
    return volume


def _goes_on_from_what_was_saved(service: Service) -> None:
    until(lambda: service.sites and _blocked(service) == {"CEN00021": 2})
    assert service.sites["CHI"].ledger.state.blocked["CEN00021"].since == pytest.approx(1267711205)


def test_state_that_cannot_be_loaded_at_the_start_is_waited_for(services: Services, tmp_path: Path) -> None:
    place = tmp_path / "share"
    volume = _saved_and_moved_away(services, place)
    place.write_text("the mount is not there")

    service = services(Checkpoint(place / "state"))
    service.recall()
    service.watch(_watching({"CHI": volume}))
    service.save()
    assert service.sites == {}
    assert service.unready() == "the saved state cannot be read yet"
    assert _facts(service).checkpoint_ok is False

    place.unlink()
    (tmp_path / "away").rename(place)
    service.save()
    _goes_on_from_what_was_saved(service)


def test_state_that_comes_later_than_can_be_waited_for_is_gone_on_from(
    services: Services, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = tmp_path / "share"
    volume = _saved_and_moved_away(services, place)
    place.write_text("the mount is not there")

    service = services(Checkpoint(place / "state"), patience=0.05)

    def begun() -> bool:
        service.save()
        return bool(service.sites)

    service.recall()
    service.watch(_watching({"CHI": volume}))
    until(begun)
    _ready(service)
    assert _blocked(service) == {"CEN00021": 1}, "it does not know better yet"
    assert "beginning without it" in caplog.text

    place.unlink()
    (tmp_path / "away").rename(place)
    service.save()
    _goes_on_from_what_was_saved(service)


def test_state_that_is_mounted_over_the_empty_directory_of_the_start_is_gone_on_from(
    services: Services, tmp_path: Path
) -> None:
    place = tmp_path / "share"
    volume = _saved_and_moved_away(services, place)

    service = services(Checkpoint(place / "state"))
    service.recall()
    service.watch(_watching({"CHI": volume}))
    _ready(service)
    service.save()
    assert _blocked(service) == {"CEN00021": 1}, "it does not know better yet"

    place.rename(tmp_path / "hidden by the mount")
    (tmp_path / "away").rename(place)
    volume.write("distmgr.log", blocked("CEN00022", 80))
    until(lambda: "CEN00022" in _blocked(service))
    service.save()
    until(lambda: _blocked(service) == {"CEN00021": 2, "CEN00022": 1})
    service.save()
    assert _facts(service).checkpoint_ok is True


def test_stop_begins_nothing_and_overwrites_nothing_that_could_not_be_loaded(
    services: Services, tmp_path: Path
) -> None:
    place = tmp_path / "share"
    volume = _saved_and_moved_away(services, place)
    place.write_text("the mount is not there")
    service = services(Checkpoint(place / "state"))
    service.recall()
    service.watch(_watching({"CHI": volume}))

    place.unlink()
    (tmp_path / "away").rename(place)
    service.stop()

    assert service.sites == {}
    again = services(Checkpoint(place / "state"))
    again.recall()
    again.watch(_watching({"CHI": volume}))
    _goes_on_from_what_was_saved(again)


def test_damaged_database_is_put_aside_and_told(
    services: Services, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / DATABASE).write_bytes(b"this is no database" * 1000)
    service = services(Checkpoint(tmp_path))

    service.recall()
    service.watch(_watching({"CHI": _volume(blocked("CEN00021"))}))
    _ready(service)
    service.save()

    (kept,) = tmp_path.glob("*.damaged-*")
    assert kept.read_bytes().startswith(b"this is no database")
    assert f"It was kept as {kept}" in caplog.text
    assert _facts(service).checkpoint_ok is True


def test_one_site_that_cannot_be_read_from_the_database_costs_no_other_its_state(
    services: Services, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    volumes = {"CHI": _volume(blocked("CEN00021")), "LON": _volume(blocked("CEN00022"))}
    checkpoint = Checkpoint(tmp_path)
    service = services(checkpoint)
    service.recall()
    service.watch(_watching(volumes))
    _ready(service)
    service.save()
    _killed(service, checkpoint)
    _write_as_another_version(tmp_path / DATABASE, "CHI")
    for volume in volumes.values():
        volume.truncate("distmgr.log")

    again = services(Checkpoint(tmp_path))
    again.recall()
    again.watch(_watching(volumes))
    _ready(again)
    again.save()

    assert _blocked(again, "CHI") == {}
    assert _blocked(again, "LON") == {"CEN00022": 1}
    assert "the saved state of CHI cannot be used" in caplog.text
    assert len(list(tmp_path.glob("*.damaged-*"))) == 1


def _write_as_another_version(database: Path, code: str) -> None:
    from exporter.collector.checkpoint import _encode  # noqa: PLC0415 - how another version would have written it

    with sqlite3.connect(database) as connection:
        text, digest = _encode(code, {"positions": {}, "ledger": {"format": 999}, "extra": None})
        connection.execute("UPDATE saved SET state = ?, digest = ? WHERE name = ?", (text, digest, code))
    connection.close()


@pytest.mark.parametrize("harm", ["deleted", "damaged"])
def test_database_that_is_lost_while_running_is_written_anew(services: Services, tmp_path: Path, harm: str) -> None:
    volumes = {"CHI": _volume(blocked("CEN00021")), "LON": _volume(blocked("CEN00022"))}
    service = services(Checkpoint(tmp_path))
    service.recall()
    service.watch(_watching(volumes))
    _ready(service)
    service.save()

    if harm == "deleted":
        (tmp_path / DATABASE).unlink()
    else:
        (tmp_path / DATABASE).write_bytes(b"this is no database" * 1000)
    volumes["LON"].write("distmgr.log", blocked("CEN00022", 60))
    until(lambda: _blocked(service, "LON") == {"CEN00022": 2})
    service.save()
    service.save()

    assert _facts(service).checkpoint_ok is True
    assert _facts(service).checkpoint_failures == 1
    with sqlite3.connect(tmp_path / DATABASE) as connection:
        assert connection.execute("SELECT name FROM saved ORDER BY name").fetchall() == [("CHI",), ("LON",)]
    connection.close()


def test_reload_keeps_state_and_brings_sites_back_where_they_were(services: Services, tmp_path: Path) -> None:
    volumes = {"CHI": _volume(blocked("CEN00021", 5)), "LON": _volume(blocked("CEN00022", 5))}
    checkpoint = Checkpoint(tmp_path)
    service = services(checkpoint)
    service.recall()
    service.watch(_watching(volumes))
    _ready(service)

    service.watch(_watching({"CHI": volumes["CHI"]}))
    _ready(service)
    assert set(service.sites) == {"CHI"}
    assert _blocked(service) == {"CEN00021": 1}
    volumes["LON"].write("distmgr.log", blocked("CEN00022", 60))
    service.watch(_watching(volumes))
    _ready(service)
    assert _blocked(service, "LON") == {"CEN00022": 2}
    assert service.sites["LON"].logs["distmgr"].lines == 14
    service.watch(_watching({"CHI": volumes["CHI"]}))
    service.save()
    _killed(service, checkpoint)

    # The same after a restart: a site that is not watched then is not forgotten either.
    volumes["LON"].truncate("distmgr.log")
    again = services(Checkpoint(tmp_path))
    again.recall()
    again.watch(_watching({"CHI": volumes["CHI"]}))
    again.watch(_watching(volumes))
    _ready(again)
    assert _blocked(again, "LON") == {"CEN00022": 2}


def test_reloads_and_saves_from_two_threads_wait_for_each_other(services: Services, tmp_path: Path) -> None:
    volumes = {"CHI": _volume(blocked("CEN00021")), "LON": _volume(blocked("CEN00022"))}
    service = services(Checkpoint(tmp_path))
    service.recall()
    service.watch(_watching(volumes))
    faults: list[BaseException] = []

    def reload() -> None:
        try:
            for _ in range(15):
                service.watch(_watching({"CHI": volumes["CHI"]}))
                service.watch(_watching(volumes))
        except BaseException as fault:  # noqa: BLE001 - handed to the test
            faults.append(fault)

    thread = threading.Thread(target=reload)
    thread.start()
    while thread.is_alive():
        service.save()
    thread.join()

    assert faults == []
    _ready(service)
    assert (_blocked(service), _blocked(service, "LON")) == ({"CEN00021": 1}, {"CEN00022": 1})


def test_stopped_service_is_not_started_again_by_a_reload_that_comes_late(services: Services) -> None:
    service = services(None)
    service.watch(_watching({"CHI": _volume(blocked("CEN00021"))}))
    _ready(service)
    service.stop()

    service.watch(_watching({"LON": _volume(blocked("CEN00022"))}))

    assert set(service.sites) == {"CHI"}
    assert not any(thread.name.startswith("lane") for thread in threading.enumerate())
