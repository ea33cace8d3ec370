"""Basic authentication: who a request says it is from, and whether that is so."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import secrets
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import bcrypt

_LONGEST: Final = 72  # bcrypt sees no more of a password
_RIGHT_KEPT: Final = 100
_WRONG_KEPT: Final = 1000
_WAITING: Final = 32
_WAITING_OF_ONE: Final = 4


class BusyError(Exception):
    """Too many passwords wait to be checked."""


@dataclass(frozen=True, slots=True)
class Login:
    """What a request says about who sent it."""

    user: bytes
    password: bytes


def read_login(header: str) -> Login | None:
    """Return the login of an `Authorization` header, None when it holds none that can be read."""
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(coded.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return Login(user, password) if colon else None


class Passwords:
    """Checks passwords against bcrypt hashes, one at a time and beside the event loop.

    What a check has said is kept, under a digest that only this process can make, so that a password is not. Right ones
    and wrong ones are kept apart: a flood of wrong ones does not make those forgotten that are right. A user that is
    not known costs as much as one that is: the hash of another, always the same for the same name, is checked instead.

    Args:
        check: whether a password has a hash, as `bcrypt.checkpw`; runs in another thread.
    """

    def __init__(self, check: Callable[[bytes, bytes], bool] = bcrypt.checkpw) -> None:
        self._check = check
        self._key = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, None] = OrderedDict()
        self._wrong: OrderedDict[bytes, None] = OrderedDict()
        self._running: dict[bytes, asyncio.Future[bool]] = {}
        self._waiting: Counter[str] = Counter()
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="password")

    async def are_right(self, users: Mapping[bytes, bytes], login: Login, client: str) -> bool:
        """Return whether a login is that of a user.

        Args:
            users: hashes by user; there is at least one.
            login: user and password.
            client: where the request comes from. One client cannot make all others wait.

        Raises:
            BusyError: too many passwords wait to be checked.
        """
        known = login.user in users
        hashed = users[login.user] if known else self._another(users, login.user)
        digest = self._digest(login.user, hashed, login.password)
        return await self._fits(digest, login.password[:_LONGEST], hashed, client) and known

    def close(self) -> None:
        """End the thread when its work is done."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _fits(self, digest: bytes, password: bytes, hashed: bytes, client: str) -> bool:
        for kept, answer in ((self._right, True), (self._wrong, False)):
            if digest in kept:
                kept.move_to_end(digest)
                return answer
        if digest not in self._running:
            if len(self._running) >= _WAITING or self._waiting[client] >= _WAITING_OF_ONE:
                raise BusyError
            self._waiting[client] += 1
            self._running[digest] = asyncio.ensure_future(self._find_out(digest, password, hashed, client))
        return await asyncio.shield(self._running[digest])  # a client that goes away takes nothing from the others

    async def _find_out(self, digest: bytes, password: bytes, hashed: bytes, client: str) -> bool:
        try:
            fits = await asyncio.get_running_loop().run_in_executor(self._executor, self._check, password, hashed)
        finally:
            del self._running[digest]
            self._waiting[client] -= 1
            self._waiting += Counter()  # forgets clients for whom nothing waits
        _keep(self._right if fits else self._wrong, digest, _RIGHT_KEPT if fits else _WRONG_KEPT)
        return fits

    def _another(self, users: Mapping[bytes, bytes], user: bytes) -> bytes:
        number = int.from_bytes(self._digest(user), "big")
        return list(users.values())[number % len(users)]

    def _digest(self, *parts: bytes) -> bytes:
        made = hashlib.blake2b(key=self._key, digest_size=32)
        for part in parts:
            made.update(len(part).to_bytes(8, "big") + part)
        return made.digest()


def _keep(kept: OrderedDict[bytes, None], digest: bytes, most: int) -> None:
    kept[digest] = None
    if len(kept) > most:
        kept.popitem(last=False)
