"""From what a person names on the command line to the folders that hold logs, and the site of each."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

from exporter.logs.block import Block
from exporter.logs.discovery import Folder, find_folder
from exporter.logs.follower import Follower
from exporter.logs.health import LogHealth
from exporter.logs.smb import volume_of
from exporter.logs.volume import Volume, VolumeError, volume_error

_NAMED: Final = re.compile(r"(?P<site>[0-9A-Za-z]{3})=(?P<path>.+)", re.DOTALL)
# The share of a site server's installation folder is called SMS_<site code>; the logs are in its folder Logs.
_SITE_FOLDER: Final = re.compile(r"SMS_(?P<site>[0-9A-Z]{3})", re.IGNORECASE)
_SEPARATORS: Final = re.compile(r"[/\\]")
_CODE: Final = re.compile(r"[0-9A-Za-z]{3}")
_SITE_OF_STATUS_MESSAGE: Final = re.compile(rb"STATMSG: ID=\d[^\n]{0,400}? SITE=([0-9A-Za-z]{3}) ")
_NO_CODE: Final = re.compile(r"(?P<code>\w{1,20})=.*", re.DOTALL)
_SEARCHED: Final = 16 << 20
"""Bytes of one log that are searched for its site: a distmgr.log has a status message every few kilobytes."""
_GLANCED_AT: Final = 1 << 20
"""Bytes of one log that are searched for its site when a person has named it."""


class PlaceError(Exception):
    """What was named cannot be read as logs of a site; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of logs, or one log file, and the site that wrote them.

    Attributes:
        site: the site code, or "" when neither the person, nor the path, nor the logs tell it.
        folder: where to read.
    """

    site: str
    folder: Folder

    def size(self) -> int:
        """Bytes of its files, as listed; 0 when they cannot be."""
        try:
            found = self.folder.scan().values()
        except VolumeError:
            return 0
        return sum(entry.size for files in found for entry in (*files.before_current, files.current) if entry)


def find_places(arguments: Sequence[str], logs: Iterable[str], credentials: Path | None = None) -> list[Place]:
    """Find the logs that `[SITE=]FOLDER` arguments name, and the sites that wrote them.

    A folder without logs of its own that holds folders of site servers (`SMS_CHI/Logs`, `CHI/Logs` or `CHI`) stands
    for all of them.

    Args:
        arguments: what was typed.
        logs: names of the logs that are wanted (`distmgr`), for folders; a file that is named is read whatever it is.
        credentials: file with the account for `smb://` URLs; without it the account is taken from the environment.

    Raises:
        PlaceError: a folder or file cannot be read, holds no log, or two folders are of one site.
    """
    wanted = frozenset(logs)
    named = [place for argument in arguments for place in _find(argument, wanted, credentials)]
    places = [Place(place.site or _site_of(place.folder) or place.hint, place.folder) for place in named]
    refuse_two_folders_of_one_site(places)
    return places


def find_folders(arguments: Sequence[str], logs: Iterable[str]) -> list[Folder]:
    """Find the logs that `[SITE=]FOLDER` arguments name, whatever site they are of; see `find_places`.

    Raises:
        PlaceError: a folder or file cannot be read, or holds no log.
    """
    wanted = frozenset(logs)
    return [each.folder for argument in arguments for each in _find(argument, wanted, None)]


def sites_of(places: Iterable[Place]) -> dict[str, list[Folder]]:
    """Give the folders of each site, nothing in two of them: files that were named one by one are put together."""
    by_site: dict[str, list[Folder]] = {}
    for place in places:
        by_site.setdefault(place.site, []).append(place.folder)
    return {site: _without_repetition(folders) for site, folders in by_site.items()}


def _without_repetition(folders: Sequence[Folder]) -> list[Folder]:
    whole = {_same(folder): folder for folder in folders if folder.only is None}
    files: dict[str, Folder] = {}
    for folder in folders:
        key = _same(folder)
        names = frozenset(name for name in folder.only or () if key not in whole or not whole[key].wants(name))
        if names:
            known = files.get(key)
            files[key] = replace(folder, only=names | (known.only or frozenset() if known else frozenset()))
    return [*whole.values(), *files.values()]


def is_same_place(one: Folder, other: Folder) -> bool:
    """Tell whether two folders are the same, whichever of its files each stands for."""
    return _same(one) == _same(other)


def _same(folder: Folder) -> str:
    """Return what two ways to write the same folder have in common."""
    return folder.path.rstrip("/") if "://" in folder.path else os.path.normpath(folder.path)


def misnamed(named: Iterable[tuple[str, Sequence[Folder]]]) -> Iterator[str]:
    """Say of which folders a person may have mixed up the sites: causes are looked for by these codes."""
    for site, folders in named:
        for folder in folders:
            told = _site_of(folder, _GLANCED_AT)
            if site and told and told != site:
                yield f"{folder.path} is read as the logs of {site}, but tells that it is of {told}. Is it?"


def from_root(argument: str) -> str:
    """Name the same place for a process that is in another folder: a relative path becomes an absolute one."""
    named = _NAMED.fullmatch(argument)
    path = named["path"] if named else argument
    whole = path if "://" in path else str(Path(path).absolute())
    return f"{named['site']}={whole}" if named else whole


class _Named(NamedTuple):
    """A folder that an argument names; its site as typed, or "", and what its name suggests."""

    site: str
    folder: Folder
    hint: str = ""


def _find(argument: str, logs: frozenset[str], credentials: Path | None) -> Iterator[_Named]:
    named = _NAMED.fullmatch(argument)
    site, path = (named["site"].upper(), named["path"]) if named else ("", argument)
    try:
        volume = volume_of(path, credentials)
        folder = find_folder(volume, path, logs)
        found = [_Named(site, folder)] if folder.only is not None or folder.scan() else []
        found = found or list(_below(path, site, logs, volume))
    except (VolumeError, ValueError) as error:
        raise PlaceError(f"{error}. {_what_to_name(argument, site)}") from None
    if not found:
        raise PlaceError(
            f"{path}: no log of a site server here (looked for {', '.join(f'{log}.log' for log in sorted(logs))}, also "
            f"in folders such as SMS_{site or 'CHI'}/Logs). Name the Logs folder of a site server, or one of its logs."
        )
    yield from found


def _what_to_name(argument: str, site: str) -> str:
    """Say what to write instead of an argument that cannot be read."""
    other = None if site else _NO_CODE.fullmatch(argument)
    if other:
        return f"{other['code']} is no site code: that has three letters or digits, as in CHI=FOLDER."
    return "Name the Logs folder of a site server, or one of its logs."


def _below(path: str, site: str, logs: frozenset[str], volume: Volume) -> Iterator[_Named]:
    """Look for logs in the folders below one that holds none itself.

    Raises:
        VolumeError: a folder whose name tells a site cannot be read. Others that cannot be are nobody's loss.
    """
    for hint, child in _inner_folders(path, site):
        try:
            folder = find_folder(volume, child, logs)
            if folder.scan():
                yield _Named(site, folder, hint)
        except VolumeError:
            if hint:
                raise


def _inner_folders(path: str, site: str) -> Iterator[tuple[str, str]]:
    """Give the folders below that may hold logs, each with the site code that its name tells or "".

    Of a site that was named these are `Logs`, and those that its code names.
    """
    for child in _folders(path):
        name = child.name
        code = _SITE_FOLDER.fullmatch(name)
        hint = code["site"].upper() if code else name.upper() if _CODE.fullmatch(name) else ""
        if not site or hint == site or name.lower() == "logs":
            yield hint, child.path
            if not site or hint == site:
                with suppress(VolumeError):  # said when it is looked into
                    yield from ((hint, inner.path) for inner in _folders(child.path) if inner.name.lower() == "logs")


def _folders(path: str) -> list[os.DirEntry[str]]:
    if "://" in path:
        return []  # on a share, name the folder itself
    try:
        with os.scandir(path) as found:
            return sorted((item for item in found if item.is_dir()), key=lambda item: item.name)
    except OSError as error:
        raise volume_error(path, error) from None


def _site_of(folder: Folder, most: int = _SEARCHED) -> str:
    """Tell a site by the path (a folder `SMS_CHI` in it), else by the status messages in the logs, else as ""."""
    for part in reversed(_SEPARATORS.split(folder.path)):
        code = _SITE_FOLDER.fullmatch(part)
        if code:
            return code["site"].upper()
    # A status message names the site that wrote it; a log of one site holds none of another's.
    for block in _blocks(folder, most):
        codes: Counter[bytes] = Counter(_SITE_OF_STATUS_MESSAGE.findall(block.data))
        if codes:
            return codes.most_common(1)[0][0].decode("ascii").upper()
    return ""


def _blocks(folder: Folder, most: int) -> Iterator[Block]:
    try:
        found = folder.scan()
    except VolumeError:
        return  # said when it is read
    for log, files in found.items():
        follower = Follower(folder, log, None, LogHealth(), once=True)
        searched = 0
        for item in follower.poll(files, 0.0):
            if isinstance(item, Block):
                yield item
                follower.advance(len(item.data), item.data.count(b"\n"))
                searched += len(item.data)
            if searched >= most:
                break


def refuse_two_folders_of_one_site(places: Sequence[Place]) -> None:
    """Check that no two folders are of one site.

    Raises:
        PlaceError: two are; which of them is right, only a person knows.
    """
    by_site: dict[str, Folder] = {}
    for place in places:
        other = by_site.setdefault(place.site, place.folder)
        if not is_same_place(other, place.folder):
            site = f"site {place.site}" if place.site else "a site that its logs do not name"
            raise PlaceError(
                f"{other.path} and {place.folder.path} are both of {site}, and one site has one Logs folder. "
                "Say which is which as SITE=FOLDER, or leave one out."
            )
