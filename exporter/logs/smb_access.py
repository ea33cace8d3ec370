"""Where a share is and who logs on to it: the URL that a person writes, the credentials that nobody is shown."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import unquote

USERNAME_VARIABLE: Final = "CONFIGMGR_EXPORTER_SMB_USERNAME"
PASSWORD_VARIABLE: Final = "CONFIGMGR_EXPORTER_SMB_PASSWORD"  # noqa: S105  # the name of the variable
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
