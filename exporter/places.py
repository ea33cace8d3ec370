"""From what a person names on the command line to the folders that hold logs, and the site of each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from exporter.logs.block import Block
from exporter.logs.discovery import Folder, find_folder
from exporter.logs.follower import Follower
from exporter.logs.health import LogHealth
from exporter.logs.volume import LocalVolume, Volume, VolumeError

_NAMED = re.compile(r"(?P<site>[0-9A-Za-z]{3})=(?P<path>.+)", re.DOTALL)
# The share of a site server's installation folder is called SMS_<site code>; the logs are in its folder Logs.
_SITE_FOLDER = re.compile(r"SMS_(?P<site>[0-9A-Z]{3})", re.IGNORECASE)
_SEPARATORS = re.compile(r"[/\\]")
_SITE_OF_STATUS_MESSAGE = re.compile(rb"STATMSG: ID=\d[^\n]{0,400}? SITE=([0-9A-Za-z]{3}) ")


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


def find_places(arguments: Sequence[str], logs: Iterable[str], volume: Volume | None = None) -> list[Place]:
    """Find the logs that `[SITE=]FOLDER` arguments name.

    A folder without logs of its own that holds folders of site servers (`SMS_CHI/Logs`, `CHI/Logs` or `CHI`) stands
    for all of them.

    Args:
        arguments: what was typed.
        logs: names of the logs that are wanted (`distmgr`), for folders; a file that is named is read whatever it is.
        volume: what reads them; the machine's own file systems if left out.

    Raises:
        PlaceError: a folder or file cannot be read, holds no log, or two folders are of one site.
    """
    volume = volume or LocalVolume()
    wanted = frozenset(logs)
    places = [place for argument in arguments for place in _find(argument, wanted, volume)]
    refuse_two_folders_of_one_site(places)
    return places


def sites_of(places: Iterable[Place]) -> dict[str, list[Folder]]:
    """Give the folders of each site: one, or one for each file that was named."""
    sites: dict[str, list[Folder]] = {}
    for place in places:
        sites.setdefault(place.site, []).append(place.folder)
    return sites


def _find(argument: str, logs: frozenset[str], volume: Volume) -> Iterator[Place]:
    named = _NAMED.fullmatch(argument)
    site, path = (named["site"].upper(), named["path"]) if named else ("", argument)
    try:
        folder = find_folder(volume, path, logs)
        if folder.only is not None or folder.scan():
            yield Place(site or _site_of(folder), folder)
            return
        inner = [] if site else list(_inner_folders(Path(path)))
        found = [(name, find_folder(volume, str(child), logs)) for name, child in inner]
        found = [(name, child) for name, child in found if child.scan()]
    except VolumeError as error:
        raise PlaceError(f"{error}. Name the Logs folder of a site server, or one of its logs.") from None
    if not found:
        raise PlaceError(
            f"{path}: no log of a site server here (looked for {', '.join(f'{log}.log' for log in sorted(logs))}, also "
            "in folders such as SMS_CHI/Logs). Name the Logs folder of a site server, or one of its logs."
        )
    for name, child in found:
        yield Place(_site_of(child) or name, child)


def _inner_folders(path: Path) -> Iterator[tuple[str, Path]]:
    """Give the folders below that may hold one site's logs, with the site code that the name tells or ""."""
    for child in sorted(path.iterdir()):
        if not child.is_dir():
            continue
        code = _SITE_FOLDER.fullmatch(child.name)
        name = code["site"].upper() if code else child.name.upper() if len(child.name) == 3 else ""  # noqa: PLR2004
        yield name, child
        yield from ((name, inner) for inner in sorted(child.iterdir()) if inner.name.lower() == "logs")


def _site_of(folder: Folder) -> str:
    """Tell a site by the path (a folder `SMS_CHI` in it), else by the status messages in the logs, else as ""."""
    for part in reversed(_SEPARATORS.split(folder.path)):
        code = _SITE_FOLDER.fullmatch(part)
        if code:
            return code["site"].upper()
    # A status message names the site that wrote it; a log of one site holds none of another's.
    codes: Counter[str] = Counter()
    for block in _blocks(folder):
        codes.update(code.decode("ascii").upper() for code in _SITE_OF_STATUS_MESSAGE.findall(block.data))
        if codes:
            break
    return codes.most_common(1)[0][0] if codes else ""


def _blocks(folder: Folder) -> Iterator[Block]:
    for log, files in folder.scan().items():
        follower = Follower(folder, log, None, LogHealth(), once=True)
        for item in follower.poll(files, 0.0):
            if isinstance(item, Block):
                yield item
                follower.advance(len(item.data), item.data.count(b"\n"))


def refuse_two_folders_of_one_site(places: Sequence[Place]) -> None:
    """Check that no two folders are of one site.

    Raises:
        PlaceError: two are; which of them is right, only a person knows.
    """
    by_site: dict[str, str] = {}
    for place in places:
        other = by_site.setdefault(place.site, place.folder.path)
        if other != place.folder.path:
            site = f"site {place.site}" if place.site else "a site that its logs do not name"
            raise PlaceError(
                f"{other} and {place.folder.path} are both of {site}, and one site has one Logs folder. "
                "Say which is which as SITE=FOLDER, or leave one out."
            )
