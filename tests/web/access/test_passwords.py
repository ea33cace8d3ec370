"""Passwords: who is let in, what it costs, and what many wrong ones can do."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.web.access.passwords import BusyError, Login, Passwords, read_login
from tests.web.serving import PATIENCE

_T = TypeVar("_T")
USERS = {name: bcrypt.hashpw(password, bcrypt.gensalt(4)) for name, password in ((b"alice", b"a"), (b"bob", b"b"))}


class Counting:
    """Checks passwords, counts how often, and waits to be allowed to when it is told to."""

    def __init__(self) -> None:
        self.checked: list[bytes] = []
        self.allowed = threading.Event()
        self.allowed.set()

    def __call__(self, password: bytes, hashed: bytes) -> bool:
        assert self.allowed.wait(PATIENCE)
        self.checked.append(hashed)
        return bcrypt.checkpw(password, hashed)


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
def passwords(counting: Counting) -> Iterator[Passwords]:
    made = Passwords(counting)
    yield made
    counting.allowed.set()
    made.close()


def run(scenario: Callable[[], Awaitable[_T]]) -> _T:
    async def limited() -> _T:
        return await asyncio.wait_for(scenario(), PATIENCE)

    return asyncio.run(limited())


def ask(passwords: Passwords, user: bytes, password: bytes, client: str = "x") -> Awaitable[bool]:
    return passwords.are_right(USERS, Login(user, password), client)


def test_only_the_right_password_of_a_user_is_right(passwords: Passwords) -> None:
    async def scenario() -> list[bool]:
        pairs = [(b"alice", b"a"), (b"alice", b"b"), (b"bob", b"b"), (b"carol", b"a"), (b"carol", b"b"), (b"", b"")]
        return [await ask(passwords, *pair) for pair in pairs]

    assert run(scenario) == [True, False, True, False, False, False]


def test_what_was_checked_once_is_known(passwords: Passwords, counting: Counting) -> None:
    async def scenario() -> None:
        for _ in range(3):
            assert await ask(passwords, b"alice", b"a")
            assert not await ask(passwords, b"alice", b"wrong")

    run(scenario)
    assert len(counting.checked) == 2


def test_no_password_is_kept(passwords: Passwords) -> None:
    run(lambda: ask(passwords, b"alice", b"a" * 30))
    run(lambda: ask(passwords, b"bob", b"b"))
    kept = b"".join([*passwords._right, *passwords._wrong])
    assert len(kept) == 64
    assert b"aaa" not in kept


def test_an_unknown_user_costs_what_a_known_one_costs(passwords: Passwords, counting: Counting) -> None:
    async def scenario() -> None:
        for number in range(40):
            assert not await ask(passwords, b"nobody%d" % number, b"x")
            assert not await ask(passwords, b"nobody%d" % number, b"y")

    run(scenario)
    assert len(counting.checked) == 80
    assert set(counting.checked) == set(USERS.values())
    # The same one for the same name, or asking twice would tell the names that are known.
    assert counting.checked[::2] == counting.checked[1::2]


def test_a_new_hash_ends_the_old_password(passwords: Passwords) -> None:
    async def scenario() -> None:
        assert await ask(passwords, b"alice", b"a")
        changed = {**USERS, b"alice": bcrypt.hashpw(b"new", bcrypt.gensalt(4))}
        assert not await passwords.are_right(changed, Login(b"alice", b"a"), "x")
        assert await passwords.are_right(changed, Login(b"alice", b"new"), "x")
        assert not await passwords.are_right({b"bob": USERS[b"bob"]}, Login(b"alice", b"a"), "x")

    run(scenario)


def test_a_flood_of_wrong_passwords_neither_grows_nor_makes_right_ones_forgotten() -> None:
    checked: list[bytes] = []

    def check(password: bytes, _hashed: bytes) -> bool:
        checked.append(password)
        return password == b"a"

    passwords = Passwords(check)

    async def scenario() -> None:
        assert await ask(passwords, b"alice", b"a")
        for number in range(1100):
            assert not await ask(passwords, b"bob", b"%d" % number)
        assert await ask(passwords, b"alice", b"a")

    run(scenario)
    passwords.close()
    assert len(checked) == 1101
    assert len(passwords._wrong) == 1000
    assert passwords._running == {}
    assert not passwords._waiting


def test_those_who_ask_the_same_at_once_wait_for_one_check(passwords: Passwords, counting: Counting) -> None:
    async def scenario() -> list[bool]:
        counting.allowed.clear()
        asked = [asyncio.ensure_future(ask(passwords, b"alice", b"a")) for _ in range(50)]
        await asyncio.sleep(0)
        counting.allowed.set()
        return await asyncio.gather(*asked)

    assert run(scenario) == [True] * 50
    assert len(counting.checked) == 1


def test_a_storm_of_one_client_keeps_no_other_out(passwords: Passwords, counting: Counting) -> None:
    async def scenario() -> None:
        counting.allowed.clear()
        storm = [asyncio.ensure_future(ask(passwords, b"bob", b"%d" % number, "storm")) for number in range(500)]
        await asyncio.sleep(0)
        other = asyncio.ensure_future(ask(passwords, b"alice", b"a", "prometheus"))
        await asyncio.sleep(0)
        counting.allowed.set()
        assert await other
        ends = await asyncio.gather(*storm, return_exceptions=True)
        assert ends.count(False) == 4
        assert sum(isinstance(end, BusyError) for end in ends) == 496

    run(scenario)
    assert len(counting.checked) == 5


def test_a_storm_of_many_clients_is_bounded(passwords: Passwords, counting: Counting) -> None:
    async def scenario() -> None:
        counting.allowed.clear()
        storm = [asyncio.ensure_future(ask(passwords, b"bob", b"%d" % n, str(n))) for n in range(100)]
        await asyncio.sleep(0)
        counting.allowed.set()
        ends = await asyncio.gather(*storm, return_exceptions=True)
        assert ends.count(False) == 32

    run(scenario)


def test_a_client_that_goes_away_takes_nothing_from_the_others(passwords: Passwords, counting: Counting) -> None:
    async def scenario() -> None:
        counting.allowed.clear()
        gone = asyncio.ensure_future(ask(passwords, b"alice", b"a"))
        stays = asyncio.ensure_future(ask(passwords, b"alice", b"a"))
        await asyncio.sleep(0)
        gone.cancel()
        counting.allowed.set()
        assert await stays

    run(scenario)


def test_of_a_long_password_bcrypt_sees_the_beginning(passwords: Passwords) -> None:
    users = {b"a": bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4))}

    async def scenario() -> list[bool]:
        return [await passwords.are_right(users, Login(b"a", b"x" * length), "x") for length in (71, 72, 100_000)]

    assert run(scenario) == [False, True, True]


def coded(text: bytes) -> str:
    return base64.b64encode(text).decode()


@pytest.mark.parametrize(
    ("header", "login"),
    [
        (f"Basic {coded(b'a:b')}", Login(b"a", b"b")),
        (f"basic   {coded(b'a:b:c')}", Login(b"a", b"b:c")),
        (f"BASIC {coded(b':')}", Login(b"", b"")),
        (f"Basic {coded('ü:ß'.encode())}", Login("ü".encode(), "ß".encode())),
        (f"Basic {coded(b'ab')}", None),
        ("Basic", None),
        ("Basic !!!!", None),
        ("Basic YTp", None),
        (f"Bearer {coded(b'a:b')}", None),
        ("Basic ü", None),
        ("", None),
    ],
)
def test_logins_of_requests(header: str, login: Login | None) -> None:
    assert read_login(header) == login


@given(st.text())
def test_any_header_is_a_login_or_none(header: str) -> None:
    assert isinstance(read_login(f"Basic {header}"), Login | None)
