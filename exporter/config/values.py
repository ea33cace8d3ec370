"""Types of the values that the configuration file holds: text in, value out, and why not in words for a person."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path, PureWindowsPath
from typing import Annotated, Final
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from annotated_types import Ge
from pydantic import AfterValidator, BeforeValidator, ValidationInfo
from tzlocal.windows_tz import win_tz

from exporter.config.duration import seconds_of
from exporter.config.inventory import read_inventory
from exporter.config.located_yaml import did_you_mean
from exporter.logs.encoding import check_code_page
from exporter.logs.zones import zone_named
from exporter.metrics.contract import FAMILIES

BUDGETED_FAMILIES: Final = tuple(family.name for family in FAMILIES if family.budgeted)
"""Metric families whose labels take values from the logs."""

LINK_PLACEHOLDERS: Final = frozenset({"site", "package", "task_sequence"})
"""What the address of a configured link may hold in braces."""

_SITE_CODE: Final = re.compile(r"[0-9A-Z]{3}", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_SHORTEST_POLL: Final = 0.05
_LONGEST_POLL: Final = 3600.0


def _duration(value: object) -> object:
    return seconds_of(value) if isinstance(value, str) else value


def _poll_interval(value: float) -> float:
    if not _SHORTEST_POLL <= value <= _LONGEST_POLL:
        raise ValueError("must lie between 50ms and 1h")
    return value


def _site_code(value: object) -> object:
    if not isinstance(value, str):
        return value
    code = value.upper()
    if not _SITE_CODE.fullmatch(code):
        raise ValueError(f"{value!r} is no site code: three letters or digits, such as CHI")
    return code


def _zone(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return zone_named(value)
    except ValueError as error:
        hint = did_you_mean(value, [*win_tz, *available_timezones()])
        raise ValueError(f"unknown time zone {value!r}{hint}" if hint else str(error)) from None


def _code_page(value: object) -> object:
    if isinstance(value, str):
        check_code_page(value)
    return value


def _base(info: ValidationInfo) -> Path:
    """The folder that relative paths start from: the configuration file's, else the current one."""
    return info.context["folder"] if info.context else Path.cwd()


def _file_path(value: str, info: ValidationInfo) -> Path:
    _refuse_escapes(value)
    return _base(info) / Path(value).expanduser()


def _optional_path(value: object, info: ValidationInfo) -> object:
    return _file_path(value, info) if isinstance(value, str) else value


def _inventory(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str):
        raise ValueError("must be the path of a file")  # noqa: TRY004 - pydantic makes an entry of a ValueError only
    return read_inventory(_file_path(value, info))


def _location(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str):
        return value
    if "://" in value:
        return _share_url(value)
    _refuse_escapes(value)
    # `D:\SMS\Logs` and `\\server\SMS_CHI\Logs` are whole on any machine, even where they cannot be opened.
    if PureWindowsPath(value).drive:
        return value
    return str(_file_path(value, info))


def _share_url(value: str) -> str:
    url = urlsplit(value)
    if url.scheme.lower() != "smb":
        raise ValueError(f"{value!r}: of URLs only smb://server/share/folder can be read")
    if not url.hostname or not url.path.strip("/"):
        raise ValueError(f"{value!r}: write the server and the share, as in smb://server/SMS_CHI/Logs")
    if url.password is not None:
        raise ValueError("a password must not stand in a URL, which is shown in logs and pages")
    return value


def _refuse_escapes(value: str) -> None:
    if _CONTROL.search(value):
        raise ValueError(
            f"{value!r} holds a control character: a backslash in double quotes is an escape, "
            r"so write a path like D:\temp\Logs in single quotes or without any"
        )


def _log_name(value: str) -> str:
    if not re.fullmatch(r"[\w -]+", value):
        raise ValueError(f"{value!r} is no log: write its name without folder and suffix, such as distmgr")
    return value.lower()


def _telemetry_path(value: str) -> str:
    if not re.fullmatch(r"/[A-Za-z0-9._~/-]+", value) or value.startswith(("/-/", "/api/")):
        raise ValueError(f"{value!r} cannot be used: write a path such as /metrics, not below /-/ or /api/")
    return value


def external_url(value: str) -> str:
    """Return the address of a page without a slash at its end.

    Raises:
        ValueError: it is none.
    """
    url = urlsplit(value)
    if url.scheme not in {"http", "https"} or not url.hostname or url.query or url.fragment:
        raise ValueError(f"{value!r} is no address of a page: write it as in https://monitoring.example/configmgr")
    return value.rstrip("/")


def _link(value: str) -> str:
    try:
        names = {name for _, name, _, _ in string.Formatter().parse(value) if name is not None}
        address = value.format(**dict.fromkeys(LINK_PLACEHOLDERS, "x"))
    except (KeyError, IndexError, ValueError, AttributeError):
        names, address = {""}, ""
    if not names <= LINK_PLACEHOLDERS:
        known = ", ".join(f"{{{name}}}" for name in sorted(LINK_PLACEHOLDERS))
        raise ValueError(f"{value!r}: the placeholders that a link may hold are {known}")
    url = urlsplit(address)
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise ValueError(f"{value!r} is no address of a page: it begins with http:// or https://")
    return value


def _budgeted_family(value: str) -> str:
    if value not in BUDGETED_FAMILIES:
        hint = did_you_mean(value, BUDGETED_FAMILIES) or ": see the families of docs/metrics.md that are limited"
        raise ValueError(f"{value!r} is no family whose size can be limited{hint}")
    return value


@dataclass(frozen=True, slots=True)
class TypeName:
    """What the documentation calls a type of values, and how such a value is written."""

    name: str
    writing: str


SiteCode = Annotated[
    str,
    TypeName("site code", "three letters or digits, such as `CHI`; small letters are taken as capitals"),
    BeforeValidator(_site_code),
]
Zone = Annotated[
    tzinfo,
    TypeName(
        "time zone",
        "the name that Windows has for it (`Eastern Standard Time`) or that of the IANA database (`America/New_York`)",
    ),
    BeforeValidator(_zone),
]
CodePage = Annotated[
    str,
    TypeName(
        "code page",
        "the number of a Windows code page, with or without `cp` (`cp1252`), or another name that Python knows for it",
    ),
    BeforeValidator(_code_page),
]
_DURATION_TYPE = TypeName("duration", "numbers, each with its unit: `500ms`, `15s`, `1m`, `1h30m`, `7d`")
PollInterval = Annotated[float, _DURATION_TYPE, BeforeValidator(_duration), AfterValidator(_poll_interval)]
_PATH_TYPE = TypeName(
    "path",
    "a file or folder; a relative one starts from the folder of the configuration file, and `~` is the home folder",
)
FilePath = Annotated[Path, _PATH_TYPE, BeforeValidator(_optional_path)]
Inventory = Annotated[Mapping[str, str], _PATH_TYPE, BeforeValidator(_inventory)]
Location = Annotated[
    str,
    TypeName(
        "location",
        r"a path, a Windows path such as `D:\SMS\Logs`, a share such as `\\server\SMS_CHI\Logs`, or a "
        "URL such as `smb://server/SMS_CHI/Logs`. Write backslashes in single quotes or without any quotes",
    ),
    BeforeValidator(_location),
]
LogName = Annotated[
    str,
    TypeName("log", "the name of a log file without folder and suffix, such as `distmgr`"),
    AfterValidator(_log_name),
]
TelemetryPath = Annotated[
    str, TypeName("URL path", "it begins with `/`; `/-/` and `/api/` are taken"), AfterValidator(_telemetry_path)
]
Link = Annotated[
    str,
    TypeName(
        "link", "a URL that may hold `{site}`, `{package}` and `{task_sequence}`; it stands where all of its are known"
    ),
    AfterValidator(_link),
]
ExternalUrl = Annotated[
    str, TypeName("URL", "an address that begins with `http://` or `https://`"), AfterValidator(external_url)
]
BudgetedFamily = Annotated[
    str,
    TypeName("metric family", "the name of a family that [metrics.md](metrics.md) calls limited"),
    AfterValidator(_budgeted_family),
]
Count = Annotated[int, TypeName("number", "a whole number from 1"), Ge(1)]
