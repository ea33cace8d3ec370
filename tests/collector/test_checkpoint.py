from __future__ import annotations

import random
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.collector import checkpoint as module
from exporter.collector.checkpoint import (
    DATABASE,
    LOCK,
    Checkpoint,
    CheckpointBusyError,
    CheckpointDamagedError,
    CheckpointError,
    CheckpointLostError,
    Saved,
    SavedSite,
)

CHI = SavedSite({"distmgr": {"places": [1, 2]}}, {"blocked": {"CHI00001": 1.5}}, {"lines": 10})
NYC = SavedSite(
    {"distmgr": {"places": []}, "sender": {"places": [3]}}, {"name": "Paket \u00fcber \U0001f600 \ud800"}, None
)


def load(directory: Path) -> Saved:
    with Checkpoint(directory) as checkpoint:
        return checkpoint.load()


def save(directory: Path, *numbers: int, size: int = 0) -> None:
    """Save two sites that must always carry the same number."""
    with Checkpoint(directory) as checkpoint:
        checkpoint.load()
        for number in numbers:
            checkpoint.save(state(number, size), extra={"number": number})


def state(number: int, size: int = 0) -> dict[str, SavedSite]:
    padding = "x" * size
    return {site: SavedSite({"distmgr": number}, {"number": number, "padding": padding}) for site in ("CHI", "NYC")}


def number_in(saved: Saved) -> int:
    """Tell which save this is, and that it is whole."""
    numbers = {site.positions["distmgr"] for site in saved.sites.values()}
    numbers |= {site.ledger["number"] for site in saved.sites.values()} | {saved.extra["number"]}
    assert set(saved.sites) == {"CHI", "NYC"}
    assert len(numbers) == 1
    return int(numbers.pop())


# Saving and loading


def test_a_new_directory_is_made_and_holds_nothing(tmp_path: Path) -> None:
    assert load(tmp_path / "a" / "b") == Saved()


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    with Checkpoint(tmp_path) as checkpoint:
        checkpoint.load()
        checkpoint.save({"CHI": CHI, "NYC": NYC}, extra={"reloads": 3})
        assert checkpoint.load() == Saved({"CHI": CHI, "NYC": NYC}, {"reloads": 3})
    assert load(tmp_path) == Saved({"CHI": CHI, "NYC": NYC}, {"reloads": 3})


def test_a_save_changes_only_the_sites_it_names(tmp_path: Path) -> None:
    later = SavedSite({}, {"later": True})
    with Checkpoint(tmp_path) as checkpoint:
        checkpoint.load()
        checkpoint.save({"CHI": CHI, "NYC": NYC}, extra=1)
        checkpoint.save({"CHI": later})
    assert load(tmp_path) == Saved({"CHI": later, "NYC": NYC}, 1)


def test_removed_sites_are_forgotten(tmp_path: Path) -> None:
    with Checkpoint(tmp_path) as checkpoint:
        checkpoint.load()
        checkpoint.save({"CHI": CHI, "NYC": NYC})
        checkpoint.save({}, removed=["NYC", "LAX"])
    assert load(tmp_path) == Saved({"CHI": CHI})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@settings(max_examples=30, deadline=None)
@given(
    sites=st.dictionaries(
        st.text(min_size=1, max_size=3), st.builds(SavedSite, st.dictionaries(st.text(), JSON), JSON, JSON)
    )
)
def test_anything_json_can_hold_comes_back(
    sites: dict[str, SavedSite], tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("state")
    with Checkpoint(directory) as checkpoint:
        checkpoint.load()
        checkpoint.save(sites)
    assert load(directory).sites == sites


def test_state_that_json_cannot_hold_changes_nothing(tmp_path: Path) -> None:
    save(tmp_path, 1)
    with Checkpoint(tmp_path) as checkpoint:
        checkpoint.load()
        with pytest.raises(TypeError):
            checkpoint.save({"CHI": SavedSite({}, {"a set": {1}})})
    assert number_in(load(tmp_path)) == 1


def test_saving_before_loading_is_refused(tmp_path: Path) -> None:
    with Checkpoint(tmp_path) as checkpoint, pytest.raises(ValueError, match="load"):
        checkpoint.save({"CHI": CHI})


# One process


def test_a_second_process_is_refused_and_told_which_is_the_first(tmp_path: Path) -> None:
    with Checkpoint(tmp_path) as checkpoint:
        checkpoint.load()
        code = (
            "import sys; from pathlib import Path; from exporter.collector.checkpoint import Checkpoint\n"
            "Checkpoint(Path(sys.argv[1])).load()"
        )
        done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "CheckpointBusyError" in done.stderr
        assert f"{tmp_path}: the state directory is in use by process " in done.stderr
    load(tmp_path)


def test_the_directory_stays_locked_after_an_error(tmp_path: Path) -> None:
    with Checkpoint(tmp_path) as checkpoint:
        checkpoint.load()
        damage(tmp_path / DATABASE, "no database")
        with pytest.raises(CheckpointError):
            checkpoint.load()
        with pytest.raises(CheckpointBusyError):
            load(tmp_path)


# What goes wrong


def damage(path: Path, kind: str) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        match kind:
            case "no database":
                file.write(b"this is no database " * 100)
            case "cut off":
                file.truncate(size // 2)
            case "zeros":
                file.seek(4096)
                file.write(bytes(size - 4096))
            case "one digit":
                data = path.read_bytes()
                file.seek(data.index(b'"number":7') + 9)
                file.write(b"8")


@pytest.mark.parametrize("kind", ["no database", "cut off", "zeros", "one digit"])
def test_damage_is_noticed_and_nothing_is_touched(kind: str, tmp_path: Path) -> None:
    save(tmp_path, 7, size=20_000)
    damage(tmp_path / DATABASE, kind)
    before = (tmp_path / DATABASE).read_bytes()
    with Checkpoint(tmp_path) as checkpoint:
        for _ in range(2):
            with pytest.raises(CheckpointDamagedError, match=r"configmgr-exporter\.db: the checkpoint is damaged"):
                checkpoint.load()
        with pytest.raises(ValueError, match="load"):
            checkpoint.save({"CHI": CHI})
    assert (tmp_path / DATABASE).read_bytes() == before


def test_a_schema_that_is_no_text_is_damaged(tmp_path: Path) -> None:
    save(tmp_path, 7)
    whole = (tmp_path / DATABASE).read_bytes()
    assert b"CREATE TABLE saved" in whole
    (tmp_path / DATABASE).write_bytes(whole.replace(b"CREATE TABLE saved", b"CREATE TABLE\xc5saved"))
    with Checkpoint(tmp_path) as checkpoint, pytest.raises(CheckpointDamagedError, match="bytes that are no text"):
        checkpoint.load()


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_flipped_bit_goes_unnoticed(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("state")
    save(directory, 7)
    whole = bytearray((directory / DATABASE).read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    (directory / DATABASE).write_bytes(whole)
    try:
        found = load(directory)
    except CheckpointError:
        return
    assert number_in(found) == 7


def test_a_damaged_database_is_set_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    save(tmp_path, 7)
    damage(tmp_path / DATABASE, "no database")
    damaged = (tmp_path / DATABASE).read_bytes()
    with Checkpoint(tmp_path) as checkpoint:
        with pytest.raises(CheckpointDamagedError):
            checkpoint.load()
        aside = checkpoint.set_aside(now=1_700_000_000.0)
        assert aside == tmp_path / f"{DATABASE}.damaged-20231114T221320Z"
        assert checkpoint.load() == Saved()
        checkpoint.save(state(8), extra={"number": 8})
    assert aside.read_bytes() == damaged
    assert number_in(load(tmp_path)) == 8


def test_a_journal_goes_with_its_database(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"no database")
    (tmp_path / f"{DATABASE}-journal").write_bytes(b"its journal")
    with Checkpoint(tmp_path) as checkpoint:
        aside = checkpoint.set_aside(now=0.0)
    assert aside.with_name(f"{aside.name}-journal").read_bytes() == b"its journal"
    assert not (tmp_path / f"{DATABASE}-journal").exists()


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    save(tmp_path, 1)
    with sqlite3.connect(tmp_path / DATABASE) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'format'")
    connection.close()
    with pytest.raises(CheckpointError, match="format 99, and this version knows up to 1") as refused:
        load(tmp_path)
    assert not isinstance(refused.value, CheckpointDamagedError)


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / DATABASE) as connection:
        connection.execute("CREATE TABLE invoices (number)")
    connection.close()
    with pytest.raises(CheckpointError, match="not a checkpoint of configmgr-exporter"):
        load(tmp_path)


def test_older_formats_are_brought_up_step_by_step_in_one_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, 1)

    def add(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE saved ADD COLUMN more TEXT")

    def fail(_connection: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(module, "_STEPS", (*module._STEPS, add, fail))
    with pytest.raises(CheckpointError, match="disk I/O error"):
        load(tmp_path)
    monkeypatch.setattr(module, "_STEPS", (*module._STEPS[:1], add))
    for _ in range(2):
        assert number_in(load(tmp_path)) == 1
    with sqlite3.connect(tmp_path / DATABASE) as connection:
        assert connection.execute("SELECT value FROM meta").fetchone() == ("2",)
        assert [row[1] for row in connection.execute("PRAGMA table_info(saved)")][-1] == "more"
    connection.close()


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with Checkpoint(tmp_path / "file" / "state") as checkpoint:
        with pytest.raises(CheckpointError, match=f"{tmp_path}/file/state/{DATABASE}: "):
            checkpoint.load()
        (tmp_path / "file").unlink()
        assert checkpoint.load() == Saved()


def test_a_database_that_is_deleted_is_noticed_and_written_anew(tmp_path: Path) -> None:
    save(tmp_path, 1)
    with Checkpoint(tmp_path) as checkpoint:
        checkpoint.load()
        (tmp_path / DATABASE).unlink()
        with pytest.raises(CheckpointLostError, match="not there any more"):
            checkpoint.save({"CHI": CHI})
        checkpoint.save(state(2), extra={"number": 2})
    assert number_in(load(tmp_path)) == 2


def test_a_directory_that_is_moved_away_is_noticed_and_made_anew(tmp_path: Path) -> None:
    save(tmp_path / "state", 1)
    with Checkpoint(tmp_path / "state") as checkpoint:
        checkpoint.load()
        (tmp_path / "state").rename(tmp_path / "moved")
        with pytest.raises(CheckpointLostError):
            checkpoint.save({"CHI": CHI})
        checkpoint.save(state(2), extra={"number": 2})
        with pytest.raises(CheckpointBusyError):
            load(tmp_path / "state")
    assert number_in(load(tmp_path / "moved")) == 1
    assert number_in(load(tmp_path / "state")) == 2


class Faulty:
    """A connection whose `execute` fails once, at the given call."""

    def __init__(self, connection: sqlite3.Connection, calls: list[int]) -> None:
        self._connection = connection
        self._calls = calls

    def _count(self) -> None:
        self._calls[0] -= 1
        if self._calls[0] == 0:
            raise sqlite3.OperationalError("database or disk is full")

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        self._count()
        return self._connection.execute(*arguments)

    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        self._count()
        return self._connection.executemany(*arguments)

    def close(self) -> None:
        self._connection.close()


def test_an_error_at_any_statement_leaves_the_last_save_and_can_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, 0)
    real = sqlite3.connect
    calls = [0]
    monkeypatch.setattr(sqlite3, "connect", lambda *words, **named: Faulty(real(*words, **named), calls))
    with Checkpoint(tmp_path) as checkpoint:
        checkpoint.load()
        failures = 0
        for number in range(1, 30):
            calls[0] = number
            try:
                checkpoint.save(state(number), extra={"number": number})
            except CheckpointError as error:
                assert "disk is full" in str(error)  # noqa: PT017 - the last ones do not fail any more
                failures += 1
                calls[0] = 0
                assert number_in(checkpoint.load()) == number - 1
                checkpoint.save(state(number), extra={"number": number})
            calls[0] = 0
            assert number_in(checkpoint.load()) == number
    assert 4 <= failures < 29


# A disk that is full


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """Let no file grow beyond a size, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_is_full_at_any_size_leaves_the_last_save(tmp_path: Path) -> None:
    save(tmp_path, 0)
    refused = 0
    with Checkpoint(tmp_path) as checkpoint:
        checkpoint.load()
        for number, size in enumerate(range(0, 120_000, 2500), 1):
            with at_most(size):
                try:
                    checkpoint.save(state(number, 40_000), extra={"number": number})
                except CheckpointError:
                    refused += 1
            if not refused:
                assert number_in(checkpoint.load()) == number
            else:
                assert number_in(checkpoint.load()) in {number - 1, number}
                checkpoint.save(state(number), extra={"number": number})
    assert 10 < refused < 48


def test_state_is_found_again_on_a_disk_that_is_full(tmp_path: Path) -> None:
    save(tmp_path, 1)
    with at_most(0), Checkpoint(tmp_path) as checkpoint:
        assert number_in(checkpoint.load()) == 1
        with pytest.raises(CheckpointError):
            checkpoint.save(state(2), extra={"number": 2})
        assert number_in(checkpoint.load()) == 1


def test_state_is_found_again_on_a_disk_that_is_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path, 1)
    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, **named: real(f"file:{path}?mode=ro", uri=True, **named))
    with Checkpoint(tmp_path) as checkpoint:
        assert number_in(checkpoint.load()) == 1
        with pytest.raises(CheckpointError, match="readonly"):
            checkpoint.save(state(2), extra={"number": 2})
        monkeypatch.undo()
        checkpoint.save(state(2), extra={"number": 2})
    assert number_in(load(tmp_path)) == 2


# A process that is killed

SAVES = """
import sys
from pathlib import Path
from tests.collector.test_checkpoint import state
from exporter.collector.checkpoint import Checkpoint

with Checkpoint(Path(sys.argv[1])) as checkpoint:
    number = checkpoint.load().extra["number"]
    print("ready", flush=True)
    while True:
        number += 1
        checkpoint.save(state(number, 30_000 * (number % 3)), extra={"number": number})
        print(number, flush=True)
"""


def saving(directory: Path, *prefix: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*prefix, sys.executable, "-c", SAVES, str(directory)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent,
    )


def test_a_kill_at_a_random_moment_leaves_a_whole_save_and_none_that_was_told_is_lost(tmp_path: Path) -> None:
    save(tmp_path, 0)
    rng = random.Random(1)  # noqa: S311 - no secret
    for _ in range(5):
        with saving(tmp_path) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(rng.uniform(0.0, 0.15))  # the moment is the test's subject
            process.send_signal(signal.SIGKILL)
            told = [int(line) for line in process.stdout if line.endswith("\n")]
        found = number_in(load(tmp_path))
        assert found in {told[-1], told[-1] + 1} if told else True


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync", "unlink"])
def test_a_kill_at_each_write_leaves_a_whole_save(call: str, tmp_path: Path) -> None:
    save(tmp_path, 0)
    for at in (1, 2, 3, 5, 8):
        before = number_in(load(tmp_path))
        prefix = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject={call}:signal=KILL:when={at}")
        with saving(tmp_path, *prefix) as process:
            out, _ = process.communicate()
        told = [int(word) for word in out.split()[1:]]
        found = number_in(load(tmp_path))
        last = told[-1] if told else before
        assert found in {last, last + 1}
    save(tmp_path, 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [DATABASE, LOCK]
