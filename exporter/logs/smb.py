"""Shares of Windows servers, read over SMB 2 and 3 without mounting them: `smb://server/SMS_CHI/Logs`.

The protocol itself is in `exporter.logs.smb_share`, which needs the `smb` extra and is imported when the first share
is read.
"""

from __future__ import annotations

import logging
import os
import re
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, TypeVar
from urllib.parse import unquote

from exporter.logs.volume import Listing, LocalVolume, OpenFile, Trouble, Volume, VolumeError

if TYPE_CHECKING:
    from exporter.logs.smb_share import Share

_Answer = TypeVar("_Answer")
_LOG: Final = logging.getLogger(__name__)

SCHEME: Final = "smb://"
USERNAME_VARIABLE: Final = "CONFIGMGR_EXPORTER_SMB_USERNAME"
PASSWORD_VARIABLE: Final = "CONFIGMGR_EXPORTER_SMB_PASSWORD"  # noqa: S105  # the name of the variable
PATIENCE: Final = 15
"""Seconds after which an answer of a server is no longer waited for."""
TIMEOUT: Final = "timeout"
"""Code of the error that a server gave no answer in time."""
_DEFAULT_PORT: Final = 445
_URL: Final = re.compile(
    r"smb://(?:(?:(?P<domain>[^;@/]*);)?(?P<user>[^;@/]*)@)?(?P<server>\[[^\]/]+\]|[^:@/\[\]]+)(?::(?P<port>\d{1,5}))?"
    r"/+(?P<share>[^/]+)(?P<path>(?:/.*)?)",
    re.IGNORECASE | re.DOTALL,
)
# As mount.cifs reads them (its manual page); the second names are the short forms that it takes too.
_KEYS: Final = {
    "username": "username",
    "user": "username",
    "password": "password",
    "pass": "password",
    "domain": "domain",
    "dom": "domain",
    "workgroup": "domain",
}


@dataclass(frozen=True, slots=True)
class ShareUrl:
    """What `smb://[DOMAIN;user@]server[:port]/share/path` names.

    Attributes:
        server: name or address of the server.
        share: name of the share.
        path: folder or file in it, parts separated by backslashes; "" for the share itself.
        port: TCP port.
        user: who to log on as, or "" for who the credentials name.
        domain: domain of the user, or "".
    """

    server: str
    share: str
    path: str = ""
    port: int = _DEFAULT_PORT
    user: str = ""
    domain: str = ""

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read a URL; `%20` and the like stand for other characters.

        Raises:
            ValueError: it is not the URL of a share. The message repeats nothing of it, for it may hold a password.
        """
        found = _URL.fullmatch(url)
        if found is None:
            raise ValueError("not the URL of a share: write it as smb://server/SMS_CHI/Logs")
        if ":" in (found["user"] or ""):
            raise ValueError(
                "a password must not stand in a URL, which is shown in logs and pages: "
                f"put it into {PASSWORD_VARIABLE} or a credentials file"
            )
        return cls(
            server=found["server"].strip("[]"),
            share=unquote(found["share"]),
            path="\\".join(unquote(part) for part in found["path"].split("/") if part),
            port=int(found["port"] or _DEFAULT_PORT),
            user=unquote(found["user"] or ""),
            domain=unquote(found["domain"] or ""),
        )


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """Who logs on. Nothing of it is ever shown.

    Attributes:
        username: the account, or "" for the account that the exporter runs as (Kerberos, or Windows itself).
        password: its password.
        domain: its domain, or "".
    """

    username: str = ""
    password: str = ""
    domain: str = ""

    def __repr__(self) -> str:
        return "Credentials(...)"

    @property
    def account(self) -> str:
        """The account with its domain, as a logon takes it."""
        return f"{self.domain}\\{self.username}" if self.domain and self.username else self.username

    @classmethod
    def load(cls, file: Path | None) -> Self:
        """Read them from a file as mount.cifs takes it (`username=`, `password=`, `domain=`), or the environment.

        Raises:
            ValueError: the file cannot be read, or is no such file; the message shows nothing of it.
        """
        if file is None:
            return cls(os.environ.get(USERNAME_VARIABLE, ""), os.environ.get(PASSWORD_VARIABLE, ""))
        try:
            text = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise ValueError(f"the credentials file {file} cannot be read: {why}") from None
        values: dict[str, str] = {}
        for number, line in enumerate(text.splitlines(), 1):
            key, equals, value = line.lstrip().partition("=")
            if not key or key.startswith("#"):
                continue
            name = _KEYS.get(key.strip().lower())
            if name is None or not equals:
                raise ValueError(f"{file}:{number}: neither username=, password= nor domain=")
            values[name] = value if name == "password" else value.strip()
        return cls(**values)


class SmbVolume:
    """Folders of one share, named by URLs (see `ShareUrl`).

    A connection is kept between polls, no file is. The credentials are read again for each new connection, so that a
    changed password needs no restart.

    Args:
        url: any folder of the share.
        credentials_file: where the credentials are; without it, in the environment.
        patience: seconds after which an answer is no longer waited for.
    """

    def __init__(self, url: str, credentials_file: Path | None = None, *, patience: int = PATIENCE) -> None:
        self._at = ShareUrl.parse(url)
        self._credentials_file = credentials_file
        self._patience = patience
        self._share: Share | None = None
        self._connecting = threading.Lock()
        self._warned = False

    def list(self, folder: str, wanted: Callable[[str], bool]) -> Listing:
        """List the regular files of a folder whose names are wanted; see `Volume.list`."""
        path = ShareUrl.parse(folder).path
        entries = self._ask(folder, lambda share: share.list(folder, path, wanted))
        # Windows brings an entry up to date when the writer closes the file: a log shows its old size for hours.
        return Listing({entry.name: entry for entry in entries}, exact=False)

    @contextmanager
    def open(self, folder: str, name: str) -> Iterator[OpenFile]:
        """Open a file for reading, sharing it in every way; see `Volume.open`."""
        shown = f"{folder.rstrip('/')}/{name}"
        path = "\\".join(part for part in (ShareUrl.parse(folder).path, name) if part)
        file = self._ask(shown, lambda share: share.open(shown, path))
        try:
            yield file
        finally:
            file.close()

    def split(self, path: str) -> tuple[str, str]:
        """Split the URL of a file into that of its folder and its name."""
        folder, _, name = path.rstrip("/").rpartition("/")
        return folder, unquote(name)

    def _ask(self, shown: str, question: Callable[[Share], _Answer]) -> _Answer:
        """Ask the share; once more over a new connection if the old one turns out to be dead."""
        share = self._connected(shown)
        if share.used:
            try:
                return question(share)
            except VolumeError as error:
                if share.alive or error.code == TIMEOUT:  # who kept us waiting once is not waited for again at once
                    raise
            share = self._connected(shown)
        return question(share)

    def _connected(self, shown: str) -> Share:
        with self._connecting:
            if self._share is None or not self._share.alive:
                self._share = None
                self._share = self._connect(shown)
            return self._share

    def _connect(self, shown: str) -> Share:
        try:
            from exporter.logs.smb_share import Share  # noqa: PLC0415  # only who reads a share needs the extra
        except ImportError:
            words = "reading shares needs another package: pip install 'configmgr-exporter[smb]'"
            raise VolumeError(shown, Trouble.OTHER, "not_installed", words) from None
        try:
            credentials = Credentials.load(self._credentials_file)
        except ValueError as error:
            raise VolumeError(shown, Trouble.DENIED, "no_credentials", str(error)) from None
        self._warn_of_open_file()
        named = Credentials(
            self._at.user or credentials.username, credentials.password, self._at.domain or credentials.domain
        )
        return Share(self._at, named, shown, self._patience)

    def _warn_of_open_file(self) -> None:
        file = self._credentials_file
        if file is None or self._warned or os.name == "nt":
            return
        with suppress(OSError):  # it has been read, so that all is well
            if file.stat().st_mode & stat.S_IROTH:
                self._warned = True
                _LOG.warning("%s holds a password and everybody may read it: chmod 600", file)


def volume_of(path: str, credentials_file: Path | None = None) -> Volume:
    """Give what reads a folder: a share for an `smb://` URL, else this machine.

    Args:
        path: a folder or a log file, as a person named it.
        credentials_file: where the credentials for a share are; without it, in the environment.

    Raises:
        ValueError: the URL is not one of a share.
    """
    return SmbVolume(path, credentials_file) if path.lower().startswith(SCHEME) else LocalVolume()
