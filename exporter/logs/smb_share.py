"""One share of one server over SMB 2 or 3, by smbprotocol's connection, session, tree and open objects.

Its `smbclient` layer is not used: that keeps connections, with their passwords, in one table for the whole process, and
waits for answers without end.

Everything is asked for reading only, with all share modes, and whatever goes wrong becomes a `VolumeError` whose words
hold neither account nor password.
"""

from __future__ import annotations

import logging
import struct
import threading
import time
import uuid
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from smbprotocol.connection import Connection
from smbprotocol.create_contexts import CreateContextName, SMB2CreateContextRequest, SMB2CreateQueryOnDiskIDResponse
from smbprotocol.exceptions import (
    EndOfFile,
    NoMoreFiles,
    NoSuchFile,
    SMBAuthenticationError,
    SMBException,
    SMBResponseException,
)
from smbprotocol.file_info import FileInformationClass
from smbprotocol.open import (
    CreateDisposition,
    CreateOptions,
    DirectoryAccessMask,
    FilePipePrinterAccessMask,
    ImpersonationLevel,
    Open,
    ShareAccess,
    SMB2QueryDirectoryResponse,
)
from smbprotocol.session import Session
from smbprotocol.tree import TreeConnect

from exporter.logs.smb_access import TIMEOUT, Credentials, ShareUrl
from exporter.logs.volume import Entry, Trouble, VolumeError

# The library logs account names, and a traceback for each connection that breaks. Both are told by our own errors.
logging.getLogger("smbprotocol").setLevel(logging.CRITICAL + 1)
logging.getLogger("spnego").setLevel(logging.CRITICAL + 1)

_PAYLOAD: Final = 64 << 10  # bytes that one credit pays for
_MOST_CREDITS: Final = 16
_ALL_SHARED: Final = ShareAccess.FILE_SHARE_READ | ShareAccess.FILE_SHARE_WRITE | ShareAccess.FILE_SHARE_DELETE

# [MS-FSCC] 2.4.17 FileIdBothDirectoryInformation: offset of the next entry, index, four times, end of file, allocation
# size, attributes, length of the name, of the extended attributes, of the short name, short name, file ID; then the
# name. Taken apart here because the library makes a dozen objects of each file, and a folder of logs has hundreds.
_ENTRY: Final = struct.Struct("<II4q2q3IBx24sHQ")
_DIRECTORY: Final = 0x10
_1970: Final = 116_444_736_000_000_000  # in Windows' time, which counts 100 ns since 1601

# NT status codes, [MS-ERREF] 2.3.1
_TROUBLE: Final = {
    0xC000000F: (Trouble.MISSING, "ENOENT", "no such file"),
    0xC0000034: (Trouble.MISSING, "ENOENT", "no such file or folder"),
    0xC000003A: (Trouble.MISSING, "ENOENT", "no such folder"),
    0xC0000056: (Trouble.MISSING, "ENOENT", "it is being deleted"),
    0xC00000CC: (Trouble.MISSING, "share_missing", "the server has no share of this name"),
    0xC0000103: (Trouble.NOT_A_FOLDER, "ENOTDIR", "not a folder"),
    0xC00000BA: (Trouble.OTHER, "not_a_file", "not a regular file"),
    0xC0000022: (Trouble.DENIED, "EACCES", "the server denies access"),
    0xC0000043: (Trouble.SHARING, Trouble.SHARING.value, "another program has it open without sharing it"),
    0xC0000054: (Trouble.SHARING, Trouble.SHARING.value, "another program has locked it"),
}
_LOGON: Final = {
    0xC0000022: "the server denies access to this account",
    0xC000006A: "the password is wrong",
    0xC000006D: "the user name or the password is wrong",
    0xC000006E: "the account may not log on over the network, or has no password",
    0xC000006F: "the account may not log on at this hour",
    0xC0000070: "the account may not log on from this computer",
    0xC0000071: "the password has expired",
    0xC0000072: "the account is disabled",
    0xC000015B: "the account may not log on to this server over the network",
    0xC0000193: "the account has expired",
    0xC0000224: "the password must be changed first",
    0xC0000234: "the account is locked",
}
# What ends a session or a connection to a share; a new one may do: network name deleted, session deleted, session
# expired, file handles of a session that is gone.
_ENDED: Final = {0xC00000C9, 0xC0000203, 0xC000035C, 0xC0000128}
_NO_LOGON_SERVERS: Final = 0xC000005E


class Logons:
    """Counts refused logons, so that a wrong password does not lock the account.

    Domains lock an account after some refusals within some minutes, on whatever servers they happen. So no more than
    three are risked in half an hour for one set of credentials in the whole process; other credentials are tried at
    once.

    Args:
        clock: seconds, from any start.
    """

    LIMIT: Final = 3
    WINDOW: Final = 1800.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._refused: defaultdict[Credentials, list[float]] = defaultdict(list)
        self._lock = threading.Lock()

    def wait(self, credentials: Credentials) -> float:
        """Return for how many seconds these credentials must not be tried; 0 if they may be."""
        with self._lock:
            last = self._refused[credentials][-self.LIMIT :]
            return max(0.0, last[0] + self.WINDOW - self._clock()) if len(last) == self.LIMIT else 0.0

    def note(self, credentials: Credentials, *, accepted: bool) -> None:
        """Note how a logon ended."""
        with self._lock:
            if accepted:
                self._refused.pop(credentials, None)
            else:
                self._refused[credentials] = [*self._refused[credentials], self._clock()][-self.LIMIT :]


LOGONS: Final = Logons()


class _NoAnswerError(Exception):
    """The server did not answer in time."""


class _PatientConnection(Connection):  # type: ignore[misc]  # the library has no types
    """A connection on which nobody waits without end."""

    def __init__(self, server: str, port: int, patience: int) -> None:
        super().__init__(uuid.uuid4(), server, port, require_signing=True)
        self._patience = patience

    def receive(
        self,
        request: Any,  # noqa: ANN401
        wait: bool = True,  # noqa: FBT001, FBT002  # the library's signature
        timeout: int | None = None,
        resolve_symlinks: bool = False,  # noqa: FBT001, FBT002, ARG002  # a link may lead anywhere: it is not followed
    ) -> Any:  # noqa: ANN401
        """Wait for an answer, each time for as long as our patience lasts."""
        try:
            return super().receive(request, wait, timeout or self._patience, resolve_symlinks=False)
        except SMBResponseException:
            raise
        except SMBException:
            if request.response_event.is_set():  # so it is when the connection has broken
                raise
            raise _NoAnswerError from None

    @property
    def usable(self) -> bool:
        """Whether it stands, as far as is known."""
        return self.transport is not None and self.transport.connected and self._t_exc is None

    def drop(self) -> None:
        """Cut the connection without asking the server."""
        if self.transport is not None:
            self.transport.close()


class Share:
    """A share of a server, from the logon on.

    Args:
        at: the server and the share.
        credentials: who logs on.
        shown: what to name in errors.
        patience: seconds after which an answer is no longer waited for.

    Attributes:
        used: whether it has answered a question.

    Raises:
        VolumeError: the server cannot be reached, or refuses the logon.
    """

    def __init__(self, at: ShareUrl, credentials: Credentials, shown: str, patience: int) -> None:
        self.used = False
        self._at = at
        self._patience = patience
        self._tree: TreeConnect | None = None
        wait = LOGONS.wait(credentials)
        if wait:
            words = f"the logon was refused {Logons.LIMIT} times; lest the account be locked, it is not tried again"
            raise VolumeError(shown, Trouble.DENIED, "logon_refused", f"{words} for {wait / 60:.0f} minutes")
        self._connection = _PatientConnection(at.server, at.port, patience)
        weakref.finalize(self, self._connection.drop)  # else its thread keeps it alive
        with self._telling(shown):
            self._connection.connect(timeout=patience)
        self._session = Session(
            self._connection, credentials.account or None, credentials.password or None, require_encryption=False
        )
        self._log_on(shown, credentials)

    @property
    def alive(self) -> bool:
        """Whether the connection stands, as far as is known."""
        return bool(self._connection.usable)

    def list(self, shown: str, path: str, wanted: Callable[[str], bool]) -> list[Entry]:
        """List the files of a folder whose names are wanted.

        Args:
            shown: what to name in errors.
            path: the folder, from the share on.
            wanted: which names.

        Raises:
            VolumeError: it cannot be listed.
        """
        with self._telling(shown):
            folder = Open(self._connected_tree(), path)
            self._create(folder, DirectoryAccessMask.FILE_LIST_DIRECTORY, CreateOptions.FILE_DIRECTORY_FILE)
        try:
            with self._telling(shown):
                return [entry for page in self._pages(folder) for entry in _entries(page, wanted)]
        finally:
            self.end(folder)

    def open(self, shown: str, path: str) -> SmbFile:
        """Open a file for reading.

        Args:
            shown: what to name in errors.
            path: the file, from the share on.

        Raises:
            VolumeError: it cannot be opened.
        """
        with self._telling(shown):
            file = Open(self._connected_tree(), path)
            contexts = self._create(
                file, FilePipePrinterAccessMask.FILE_READ_DATA, CreateOptions.FILE_NON_DIRECTORY_FILE
            )
        return SmbFile(self, file, shown, _identity(contexts))

    def read(self, shown: str, file: Open, offset: int, size: int) -> bytes:
        """Read some bytes of an open file, fewer only at its end.

        Raises:
            VolumeError: reading failed.
        """
        parts = []
        with self._telling(shown):
            while size > 0:
                try:
                    part = file.read(offset, min(size, self._largest_read()))
                except EndOfFile:
                    break
                parts.append(part)
                offset += len(part)
                size -= len(part)
                if not part:
                    break
        return b"".join(parts)

    def end(self, opened: Open) -> None:
        """Close a file or folder. Where that fails, cut the connection, for then the server closes it."""
        try:
            opened.close()
        except Exception:  # noqa: BLE001  # the library raises whatever its thread met
            self._connection.drop()

    def _log_on(self, shown: str, credentials: Credentials) -> None:
        try:
            self._session.connect()
        except (SMBResponseException, SMBAuthenticationError) as error:
            self._connection.drop()
            if getattr(error, "status", None) == _NO_LOGON_SERVERS:
                raise VolumeError(shown, Trouble.OTHER, "no_logon_server", "the server finds no logon server") from None
            if isinstance(error, SMBResponseException):  # else no server was asked
                LOGONS.note(credentials, accepted=False)
            raise VolumeError(shown, Trouble.DENIED, "logon_refused", _why_refused(error, credentials)) from None
        except Exception as error:  # noqa: BLE001  # the library raises whatever its thread met
            self._connection.drop()
            raise self._broken(shown, error) from None
        LOGONS.note(credentials, accepted=True)

    def _connected_tree(self) -> TreeConnect:
        if self._tree is None:
            tree = TreeConnect(self._session, rf"\\{self._at.server}\{self._at.share}")
            tree.connect()
            self._tree = tree
        return self._tree

    def _create(self, opened: Open, access: int, options: int) -> Sequence[Any]:
        contexts = SMB2CreateContextRequest()
        contexts["buffer_name"] = CreateContextName.SMB2_CREATE_QUERY_ON_DISK_ID
        found: Sequence[Any] | None = opened.create(
            ImpersonationLevel.Impersonation,
            access | FilePipePrinterAccessMask.FILE_READ_ATTRIBUTES | FilePipePrinterAccessMask.SYNCHRONIZE,
            0,
            _ALL_SHARED,
            CreateDisposition.FILE_OPEN,
            options,
            create_contexts=[contexts],
        )
        return found or ()

    def _pages(self, folder: Open) -> Iterator[bytes]:
        """Give the listing of a folder as the server sends it, page by page."""
        while True:
            query, _ = folder.query_directory(
                "*", FileInformationClass.FILE_ID_BOTH_DIRECTORY_INFORMATION, max_output=_PAYLOAD, send=False
            )
            tree = folder.tree_connect
            request = self._connection.send(query, tree.session.session_id, tree.tree_connect_id)
            try:
                answer = self._connection.receive(request)
            except (NoMoreFiles, NoSuchFile):
                return
            page = SMB2QueryDirectoryResponse()
            page.unpack(answer["data"].get_value())
            yield page["buffer"].get_value()

    def _largest_read(self) -> int:
        """Return how many bytes the server lets us ask for now: each 64 KiB cost a credit that it has granted."""
        if not self._connection.supports_multi_credit:
            return _PAYLOAD
        window = self._connection.sequence_window
        credit: int = min(max(window["high"] - window["low"], 1), _MOST_CREDITS)
        most: int = self._connection.max_read_size
        return min(most, credit * _PAYLOAD)

    @contextmanager
    def _telling(self, shown: str) -> Iterator[None]:
        """Say in the words of a volume what goes wrong; cut a connection that is of no more use."""
        try:
            yield
        except SMBResponseException as error:
            if error.status in _ENDED:
                self._connection.drop()
            unknown = (Trouble.OTHER, f"status_{error.status:08x}", f"the server answers with status {error.status:#x}")
            raise VolumeError(shown, *_TROUBLE.get(error.status, unknown)) from None
        except Exception as error:  # noqa: BLE001  # the library raises whatever its thread met
            self._connection.drop()
            raise self._broken(shown, error) from None
        self.used = True

    def _broken(self, shown: str, error: Exception) -> VolumeError:
        cause = error.__cause__
        if isinstance(error, _NoAnswerError) or isinstance(cause, TimeoutError):
            words = f"the server {self._at.server} gave no answer within {self._patience} seconds"
            return VolumeError(shown, Trouble.OTHER, TIMEOUT, words)
        if isinstance(cause, OSError):
            words = f"the server {self._at.server} cannot be reached: {cause.strerror or cause}"
            return VolumeError(shown, Trouble.OTHER, "unreachable", words)
        if isinstance(error, SMBException) and "guest" in str(error):
            words = "the server would let us in as a guest only, which is not safe: it does not know the user"
            return VolumeError(shown, Trouble.DENIED, "logon_refused", words)
        words = f"the connection to the server {self._at.server} broke ({type(error).__name__})"
        return VolumeError(shown, Trouble.OTHER, "disconnected", words)


class SmbFile:
    """A file that is open on a server.

    Attributes:
        identity: the server's name for the file itself, or None where it gives none.
        size: bytes it held when it was opened.
    """

    def __init__(self, share: Share, opened: Open, shown: str, identity: str | None) -> None:
        self.identity = identity
        self.size = int(opened.end_of_file)
        self._share = share
        self._opened = opened
        self._shown = shown

    def read(self, offset: int, size: int) -> bytes:
        """Read up to `size` bytes from `offset`; see `OpenFile.read`."""
        return self._share.read(self._shown, self._opened, offset, size)

    def close(self) -> None:
        """Let go of the file."""
        self._share.end(self._opened)


def _why_refused(error: SMBException, credentials: Credentials) -> str:
    if isinstance(error, SMBResponseException):
        return f"the logon was refused: {_LOGON.get(error.status, f'status {error.status:#x}')}"
    if not credentials.username:
        return "no user name is given, and the account of the exporter has no Kerberos ticket for this server"
    return "no way to log on was found that both this machine and the server take"


def _identity(contexts: Sequence[Any]) -> str | None:
    for context in contexts:
        if isinstance(context, SMB2CreateQueryOnDiskIDResponse):
            return f"{context['volume_id'].get_value():x}:{context['disk_file_id'].get_value():x}"
    return None


def _entries(page: bytes, wanted: Callable[[str], bool]) -> Iterator[Entry]:
    at = 0
    while True:
        step, _, _, _, written, _, size, _, attributes, length, _, _, _, _, number = _ENTRY.unpack_from(page, at)
        start = at + _ENTRY.size
        name = page[start : start + length].decode("utf-16-le", errors="replace")
        if not attributes & _DIRECTORY and wanted(name):
            yield Entry(name, size, f"{number:x}" if number else None, (written - _1970) * 100)
        if step == 0:
            return
        at += step
