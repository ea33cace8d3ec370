"""Shares of Windows servers, read over SMB 2 and 3 without mounting them: `smb://server/SMS_CHI/Logs`.

The protocol itself is in `exporter.logs.smb_share`, which needs the `smb` extra and is imported when the first share
is read.
"""

from __future__ import annotations

import logging
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import unquote

from exporter.logs.smb_access import TIMEOUT, Credentials, ShareUrl
from exporter.logs.volume import Listing, LocalVolume, OpenFile, Trouble, Volume, VolumeError

if TYPE_CHECKING:
    from exporter.logs.smb_share import Share

_Answer = TypeVar("_Answer")
_LOG: Final = logging.getLogger(__name__)

SCHEME: Final = "smb://"
PATIENCE: Final = 15
"""Seconds after which an answer of a server is no longer waited for."""


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
