"""Shares are read from a real server, whatever happens to it, and nothing tells who read them."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import smbclient
from hypothesis import given
from hypothesis import strategies as st

from exporter.collector.lanes import Watch
from exporter.collector.service import Service
from exporter.collector.site import Site
from exporter.events.loader import load_catalogue
from exporter.events.matcher import Matcher
from exporter.logs import smb_share
from exporter.logs.block import Block
from exporter.logs.clock import Clock
from exporter.logs.discovery import Folder, LogFiles, find_folder
from exporter.logs.follower import Follower
from exporter.logs.health import LogHealth
from exporter.logs.records import RecordReader
from exporter.logs.smb import SmbVolume, volume_of
from exporter.logs.smb_access import PASSWORD_VARIABLE, USERNAME_VARIABLE, Credentials, ShareUrl
from exporter.logs.smb_share import Logons
from exporter.logs.volume import Listing, LocalVolume, Trouble, VolumeError
from tests.logs import samba
from tests.logs.samba import PASSWORD, USER, Proxy, Samba

STAMP = b"  $$<SMS_DISTRIBUTION_MANAGER><06-14-2018 06:26:25.828-60><thread=9112 (0x2398)>\r\n"
PATIENCE = 20.0


def lines(first: int, last: int) -> bytes:
    return b"".join(b"#%d words%b" % (number, STAMP) for number in range(first, last + 1))


class Reader:
    """Follows the log `distmgr` of a share, and keeps the number of every line."""

    def __init__(self, volume: Any, url: str) -> None:
        self.health = LogHealth()
        self.numbers: list[int] = []
        self.folder = Folder(volume, url)
        self._follower = Follower(self.folder, "distmgr", None, self.health)

    def poll(self) -> None:
        try:
            files = self.folder.scan().get("distmgr") or LogFiles("distmgr")
        except VolumeError as error:
            self._follower.fail(error)
            return
        for item in self._follower.poll(files, time.time()):
            assert isinstance(item, Block)
            self.numbers += [int(line.split()[0][1:]) for line in item.data.splitlines()]
            self._follower.advance(len(item.data), item.data.count(b"\n"))

    def poll_until_read(self, last: int) -> None:
        end = time.monotonic() + PATIENCE
        self.poll()
        while not self.numbers or self.numbers[-1] < last:
            assert time.monotonic() < end, self.health
            self.poll()
        assert self.numbers == list(range(1, last + 1))
        assert self.health.up


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Samba]:
    with samba.running(tmp_path) as running:
        yield running


@pytest.fixture
def logs(server: Samba) -> Path:
    return server.shared / "Logs"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(USERNAME_VARIABLE, USER)
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    monkeypatch.setattr(smb_share, "LOGONS", Logons())


@pytest.fixture
def proxy(server: Samba) -> Iterator[Proxy]:
    between = Proxy(server.port)
    yield between
    between.close()


def through(proxy: Proxy) -> str:
    return f"smb://127.0.0.1:{proxy.port}/SMS_CHI/Logs"


def error_of(action: Callable[[], object]) -> VolumeError:
    with pytest.raises(VolumeError) as raised:
        action()
    return raised.value


def error_of_list(volume: SmbVolume, url: str) -> VolumeError:
    return error_of(lambda: volume.list(url, bool))


# Names


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("smb://chi01/SMS_CHI/Logs", ShareUrl("chi01", "SMS_CHI", "Logs")),
        ("SMB://chi01.example.com:1445/SMS_CHI", ShareUrl("chi01.example.com", "SMS_CHI", port=1445)),
        (
            "smb://EXAMPLE;reader@chi01/d%24/SMS/My%20Logs/",
            ShareUrl("chi01", "d$", "SMS\\My Logs", user="reader", domain="EXAMPLE"),
        ),
        ("smb://reader@[fe80::1]/logs/a/b.log", ShareUrl("fe80::1", "logs", "a\\b.log", user="reader")),
    ],
)
def test_url_names_server_share_and_folder(url: str, named: ShareUrl) -> None:
    assert ShareUrl.parse(url) == named


@pytest.mark.parametrize(
    "url", ["smb://chi01", "smb:///share/x", "\\\\chi01\\x", "smb://a:b:c/d", "smb://u:secret@s/x"]
)
def test_url_that_is_none_is_not_repeated(url: str) -> None:
    with pytest.raises(ValueError, match=r"share|password") as raised:
        ShareUrl.parse(url)
    assert "secret" not in str(raised.value)


@given(st.text(max_size=40))
def test_url_of_any_text_is_read_or_refused(text: str) -> None:
    for url in (text, f"smb://{text}", f"smb://server/{text}"):
        try:
            named = ShareUrl.parse(url)
        except ValueError:
            continue
        assert named.server
        assert named.share


def test_path_of_a_file_is_split_as_a_url() -> None:
    volume = volume_of("smb://chi01/SMS_CHI/Logs")
    assert volume.split("smb://chi01/SMS_CHI/Logs/my%20log.log") == ("smb://chi01/SMS_CHI/Logs", "my log.log")
    assert isinstance(volume, SmbVolume)
    assert isinstance(volume_of("/var/log"), LocalVolume)
    assert isinstance(volume_of("\\\\chi01\\SMS_CHI\\Logs"), LocalVolume)


# Credentials


def test_credentials_file_is_that_of_mount_cifs(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    file.write_text("# for the exporter\nusername = reader\n password= p=a ss \n\ndomain=EXAMPLE\n", encoding="utf-8")
    read = Credentials.load(file)
    assert read == Credentials("reader", " p=a ss ", "EXAMPLE")
    assert read.account == "EXAMPLE\\reader"


@pytest.mark.parametrize("text", ["usernme=reader", "secret"])
def test_credentials_file_that_is_none_shows_nothing_of_it(tmp_path: Path, text: str) -> None:
    file = tmp_path / "credentials"
    file.write_text(f"username=reader\n{text}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"credentials:2: neither username=") as raised:
        Credentials.load(file)
    assert text not in str(raised.value)


def test_credentials_file_that_is_missing_is_an_error_of_the_share(tmp_path: Path) -> None:
    url = "smb://127.0.0.1:1/SMS_CHI/Logs"
    error = error_of_list(SmbVolume(url, tmp_path / "none"), url)
    assert (error.trouble, error.code) == (Trouble.DENIED, "no_credentials")
    assert str(tmp_path / "none") in str(error)


def test_nothing_shows_the_credentials(
    server: Samba, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = Credentials("somebody-else", "geheim", "EXAMPLE")
    file = tmp_path / "credentials"
    file.write_text("username=somebody-else\npassword=geheim\ndomain=EXAMPLE\n", encoding="utf-8")
    file.chmod(0o600)
    volume = SmbVolume(server.url, file)
    error = error_of_list(volume, server.url)
    assert error.code == "logon_refused"
    server.stop()
    monkeypatch.setattr(smb_share, "LOGONS", Logons())
    shown = [repr(secret), str(secret), repr(volume), str(error), repr(error), str(error_of_list(volume, server.url))]
    chain = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    assert chain is None
    for text in (*shown, caplog.text):
        for part in ("somebody-else", "geheim"):
            assert part not in text


def test_credentials_file_that_everybody_may_read_is_told_once(
    server: Samba, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "credentials"
    file.write_text(f"username={USER}\npassword={PASSWORD}\n", encoding="utf-8")
    file.chmod(0o644)
    volume = SmbVolume(server.url, file)
    volume.list(server.url, bool)
    server.restart()
    volume.list(server.url, bool)
    assert [record.getMessage() for record in caplog.records] == [
        f"{file} holds a password and everybody may read it: chmod 600"
    ]


# Following


@pytest.mark.parametrize("protocol", ["SMB2_02", "SMB2_10", "SMB3_00", "SMB3_11"])
def test_growth_and_rollover_are_followed(server: Samba, logs: Path, protocol: str) -> None:
    server.protocol = protocol
    server.restart()
    reader = Reader(SmbVolume(server.url), server.url)
    log = logs / "distmgr.log"
    for turn in range(10):
        first = 100 * turn + 1
        log.write_bytes(lines(first, first + 49))
        if turn % 2:
            reader.poll()
        with log.open("ab") as file:
            file.write(lines(first + 50, first + 99))
        reader.poll_until_read(first + 99)
        log.replace(log.with_suffix(".lo_"))
    assert reader.health.rollovers == 9
    assert not reader.health.gaps
    assert not reader.health.read_errors


def test_file_larger_than_one_answer_is_read_whole(server: Samba, logs: Path) -> None:
    data = bytes(range(256)) * 20_000
    (logs / "distmgr.log").write_bytes(data)
    with SmbVolume(server.url).open(server.url, "distmgr.log") as file:
        assert file.size == len(data)
        assert file.read(0, len(data) + 1000) == data
        assert file.read(len(data) - 5, 100) == data[-5:]
        assert file.read(len(data) + 7, 100) == b""


def test_folder_of_hundreds_of_files_is_listed_whole(server: Samba, logs: Path) -> None:
    names = {f"smsprov-{number:05}-ä.log" for number in range(700)}
    for name in names:
        (logs / name).write_bytes(name.encode())
    (logs / "folder.log").mkdir()
    listing = SmbVolume(server.url).list(server.url, lambda name: name.endswith(".log"))
    assert set(listing.entries) == names
    assert not listing.exact
    entry = listing.entries["smsprov-00042-ä.log"]
    found = (logs / entry.name).stat()
    assert entry.size == found.st_size
    assert abs(entry.modified - found.st_mtime_ns) < 1000


def test_identity_stays_with_the_file(server: Samba, logs: Path) -> None:
    volume = SmbVolume(server.url)
    (logs / "distmgr.log").write_bytes(b"x")
    with volume.open(server.url, "distmgr.log") as file:
        before = file.identity
    (logs / "distmgr.log").rename(logs / "distmgr.lo_")
    (logs / "distmgr.log").write_bytes(b"y")
    with volume.open(server.url, "distmgr.lo_") as old, volume.open(server.url, "distmgr.log") as new:
        assert before is not None
        assert old.identity == before != new.identity


class StaleVolume(SmbVolume):
    """Lists a folder as it was at first, as Windows does while the writer keeps its files open."""

    first: Listing | None = None

    def list(self, folder: str, wanted: Callable[[str], bool]) -> Listing:
        self.first = self.first or super().list(folder, wanted)
        return self.first


def test_stale_sizes_hide_no_lines(server: Samba, logs: Path) -> None:
    (logs / "distmgr.log").write_bytes(lines(1, 1))
    reader = Reader(StaleVolume(server.url), server.url)
    for last in (1, 5, 9):
        if last > 1:
            with (logs / "distmgr.log").open("ab") as file:
                file.write(lines(last - 3, last))
        reader.poll_until_read(last)


def test_one_file_of_a_share_may_be_named(server: Samba, logs: Path) -> None:
    (logs / "distmgr.log").write_bytes(lines(1, 3))
    folder = find_folder(SmbVolume(server.url), f"{server.url}/distmgr.log")
    assert folder.path == server.url
    assert list(folder.scan()) == ["distmgr"]


# In nobody's way


def as_other_program(server: Samba) -> dict[str, Any]:
    """Arguments with which another client of the same server keeps to the share modes of SMB."""
    return {"username": USER, "password": PASSWORD, "port": server.port, "connection_cache": {}}


def test_writer_renames_and_deletes_what_is_open(server: Samba, logs: Path) -> None:
    (logs / "distmgr.log").write_bytes(lines(1, 3))
    unc = r"\\127.0.0.1\SMS_CHI\Logs"
    other = as_other_program(server)
    volume = SmbVolume(server.url)
    with volume.open(server.url, "distmgr.log") as file:
        with smbclient.open_file(rf"{unc}\distmgr.log", "ab", share_access="rwd", **other) as writer:
            writer.write(lines(4, 4))
        smbclient.rename(rf"{unc}\distmgr.log", rf"{unc}\distmgr.lo_", **other)
        smbclient.remove(rf"{unc}\distmgr.lo_", **other)
        assert file.read(0, 10_000) == lines(1, 4)
    # The same with a reader that shares reading and writing only, as Python's own `open` does: refusals can be seen.
    (logs / "distmgr.log").write_bytes(lines(1, 3))
    with (
        smbclient.open_file(rf"{unc}\distmgr.log", "rb", share_access="rw", **other),
        pytest.raises(OSError, match="being used by another process"),
    ):
        smbclient.rename(rf"{unc}\distmgr.log", rf"{unc}\distmgr.lo_", **other)
    smbclient.reset_connection_cache(connection_cache=other["connection_cache"])


def test_log_that_is_not_shared_is_tried_again(server: Samba, logs: Path) -> None:
    other = as_other_program(server)
    (logs / "distmgr.log").write_bytes(lines(1, 3))
    reader = Reader(SmbVolume(server.url), server.url)
    path = r"\\127.0.0.1\SMS_CHI\Logs\distmgr.log"
    with smbclient.open_file(path, "ab", share_access="", **other):
        reader.poll()
        reader.poll()
    assert reader.health.sharing_violations == 2
    assert not reader.health.up
    reader.poll_until_read(3)
    smbclient.reset_connection_cache(connection_cache=other["connection_cache"])


def test_volume_that_is_dropped_leaves_nothing_behind(server: Samba) -> None:
    before = threading.active_count()
    for _ in range(5):
        SmbVolume(server.url).list(server.url, bool)
    wait_until(lambda: threading.active_count() == before)


# When things go wrong


def test_server_killed_and_started_again(server: Samba, logs: Path) -> None:
    reader = Reader(SmbVolume(server.url, patience=2), server.url)
    (logs / "distmgr.log").write_bytes(lines(1, 5))
    reader.poll_until_read(5)
    server.stop()
    (logs / "distmgr.log").rename(logs / "distmgr.lo_")
    (logs / "distmgr.log").write_bytes(lines(6, 9))
    reader.poll()
    assert not reader.health.up
    assert "cannot be reached: Connection refused" in reader.health.error
    assert set(reader.health.read_errors) == {"unreachable"}
    server.start()
    reader.poll_until_read(9)


def test_server_restarted_between_polls_is_no_error(server: Samba, logs: Path) -> None:
    reader = Reader(SmbVolume(server.url), server.url)
    (logs / "distmgr.log").write_bytes(lines(1, 5))
    reader.poll_until_read(5)
    server.restart()
    with (logs / "distmgr.log").open("ab") as file:
        file.write(lines(6, 6))
    reader.poll()
    assert reader.numbers == [1, 2, 3, 4, 5, 6]
    assert not reader.health.read_errors


def test_cut_connection_is_made_again(proxy: Proxy, logs: Path) -> None:
    url = through(proxy)
    reader = Reader(SmbVolume(url), url)
    for last in (3, 6, 9):
        with (logs / "distmgr.log").open("ab") as file:
            file.write(lines(last - 2, last))
        reader.poll_until_read(last)
        proxy.cut()
    assert not reader.health.read_errors


def test_connection_cut_while_a_file_is_open(proxy: Proxy, logs: Path) -> None:
    url = through(proxy)
    (logs / "distmgr.log").write_bytes(lines(1, 3))
    volume = SmbVolume(url)
    with volume.open(url, "distmgr.log") as file:
        proxy.cut()
        error = error_of(lambda: file.read(0, 100))
    assert (error.trouble, error.code) == (Trouble.OTHER, "disconnected")
    assert volume.list(url, bool).entries


def test_slow_server_is_waited_for(proxy: Proxy, logs: Path) -> None:
    proxy.delay = 0.1
    url = through(proxy)
    (logs / "distmgr.log").write_bytes(lines(1, 3))
    Reader(SmbVolume(url), url).poll_until_read(3)


def test_server_that_does_not_answer_is_given_up(proxy: Proxy, logs: Path) -> None:
    url = through(proxy)
    (logs / "distmgr.log").write_bytes(lines(1, 3))
    reader = Reader(SmbVolume(url, patience=1), url)
    reader.poll_until_read(3)
    proxy.hold()
    before = proxy.connections
    reader.poll()
    assert proxy.connections == before  # who did not answer once is not waited for again in the same poll
    assert "gave no answer within 1 seconds" in reader.health.error
    assert set(reader.health.read_errors) == {"timeout"}
    proxy.release()
    with (logs / "distmgr.log").open("ab") as file:
        file.write(lines(4, 4))
    reader.poll_until_read(4)


def test_server_that_never_answered_is_given_up(proxy: Proxy) -> None:
    proxy.hold()
    error = error_of_list(SmbVolume(through(proxy), patience=1), through(proxy))
    assert error.code == "timeout"


def test_other_sites_go_on_while_a_share_hangs(proxy: Proxy, logs: Path, tmp_path: Path) -> None:
    local = tmp_path / "local"
    local.mkdir()
    url = through(proxy)
    for folder in (logs, local):
        (folder / "distmgr.log").write_bytes(lines(1, 3))
    matcher = Matcher(load_catalogue(), RecordReader(Clock()))
    far = Site("CHI", [Folder(SmbVolume(url, patience=2), url)], matcher)
    near = Site("CEN", [Folder(LocalVolume(), str(local))], matcher)
    service = Service()
    proxy.hold()
    try:
        service.watch(lambda _memories: [Watch(far, 0.05), Watch(near, 0.05)])
        for last in range(4, 10):
            with (local / "distmgr.log").open("ab") as file:
                file.write(lines(last, last))
            wait_until(lambda last=last: near.logs["distmgr"].lines == last)  # type: ignore[misc]
        assert not far.logs["distmgr"].up
        proxy.release()
        wait_until(lambda: far.logs["distmgr"].up and far.logs["distmgr"].lines == 3)
    finally:
        proxy.release()
        service.stop()


def wait_until(met: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < end
        threading.Event().wait(0.01)


def test_access_denied_then_granted(server: Samba, logs: Path) -> None:
    (logs / "distmgr.log").write_bytes(lines(1, 3))
    server.extra = "valid users = nobody-at-all"
    server.restart()
    reader = Reader(SmbVolume(server.url), server.url)
    reader.poll()
    assert reader.health.error.endswith("the server denies access")
    assert set(reader.health.read_errors) == {"EACCES"}
    server.extra = ""
    server.restart()
    reader.poll_until_read(3)


def test_share_renamed_and_back(server: Samba, logs: Path) -> None:
    (logs / "distmgr.log").write_bytes(lines(1, 3))
    url = server.url
    reader = Reader(SmbVolume(url), url)
    reader.poll_until_read(3)
    server.share = "SMS_NEW"
    server.restart()
    with (logs / "distmgr.log").open("ab") as file:
        file.write(lines(4, 5))
    reader.poll()
    reader.poll()
    assert reader.health.error.endswith("the server has no share of this name")
    assert reader.health.read_errors["share_missing"] == 2
    server.share = "SMS_CHI"
    server.restart()
    reader.poll_until_read(5)


def test_what_is_missing_is_called_so(server: Samba, logs: Path) -> None:
    volume = SmbVolume(server.url)
    (logs / "distmgr.log").write_bytes(b"")
    assert error_of_list(volume, f"{server.url}/none").trouble is Trouble.MISSING
    assert error_of_list(volume, f"{server.url}/distmgr.log").trouble is Trouble.NOT_A_FOLDER
    error = error_of(lambda: volume.open(server.url, "none.log").__enter__())
    assert (error.trouble, error.path) == (Trouble.MISSING, f"{server.url}/none.log")


# Logons


def test_wrong_password_then_right(server: Samba, logs: Path, tmp_path: Path) -> None:
    (logs / "distmgr.log").write_bytes(lines(1, 3))
    file = tmp_path / "credentials"
    file.write_text(f"username={USER}\npassword=wrong\n", encoding="utf-8")
    file.chmod(0o600)
    reader = Reader(SmbVolume(server.url, file), server.url)
    reader.poll()
    assert "the logon was refused: the user name or the password is wrong" in reader.health.error
    file.write_text(f"username={USER}\npassword={PASSWORD}\n", encoding="utf-8")
    reader.poll_until_read(3)


def test_password_changed_on_the_server(server: Samba, logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (logs / "distmgr.log").write_bytes(lines(1, 3))
    reader = Reader(SmbVolume(server.url), server.url)
    reader.poll_until_read(3)
    server.set_password("Kennwort-2")
    server.restart()
    reader.poll()
    assert set(reader.health.read_errors) == {"logon_refused"}
    monkeypatch.setenv(PASSWORD_VARIABLE, "Kennwort-2")
    reader.poll_until_read(3)


def test_wrong_password_locks_no_account(server: Samba, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(smb_share, "LOGONS", Logons(lambda: now[0]))
    monkeypatch.setenv(PASSWORD_VARIABLE, "wrong")
    volumes = [SmbVolume(url) for url in (server.url, through(proxy))]
    errors = [error_of_list(volume, server.url) for volume in volumes * 5]
    refused = [error for error in errors if "the logon was refused: " in str(error)]
    assert len(refused) == Logons.LIMIT
    assert all("not tried again for 30 minutes" in str(error) for error in errors[Logons.LIMIT :])
    assert {error.code for error in errors} == {"logon_refused"}
    now[0] = Logons.WINDOW
    assert "the logon was refused: " in str(error_of_list(volumes[0], server.url))
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    assert volumes[0].list(server.url, bool).entries == {}


def test_logons_that_are_accepted_forget_refusals() -> None:
    now = [0.0]
    logons = Logons(lambda: now[0])
    one, other = Credentials("a", "b"), Credentials("a", "c")
    for _ in range(2):
        logons.note(one, accepted=False)
    logons.note(one, accepted=True)
    for _ in range(3):
        assert logons.wait(one) == 0
        logons.note(one, accepted=False)
        now[0] += 10
    assert logons.wait(one) == Logons.WINDOW - 30
    assert logons.wait(other) == 0


def test_extra_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "exporter.logs.smb_share", None)
    url = "smb://chi01/SMS_CHI/Logs"
    error = error_of_list(SmbVolume(url), url)
    assert error.code == "not_installed"
    assert "pip install 'configmgr-exporter[smb]'" in str(error)
