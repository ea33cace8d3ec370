"""From what a person configured to sites that are ready to be watched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from urllib.parse import urlsplit

from exporter.collector.lanes import Watch
from exporter.collector.memory import Memory
from exporter.collector.site import Site
from exporter.config.load import load_config
from exporter.config.schema import Config
from exporter.config.schema import Site as SiteConfig
from exporter.events.dispatch import Tables
from exporter.events.loader import Catalogue, load_catalogue
from exporter.events.matcher import Matcher
from exporter.logs.clock import Clock
from exporter.logs.discovery import KNOWN_LOGS, Folder
from exporter.logs.records import RecordReader
from exporter.logs.smb import volume_of
from exporter.places import (
    Place,
    PlaceError,
    find_places,
    is_same_place,
    refuse_two_folders_of_one_site,
    sites_of,
)
from exporter.report.picture import Given


@dataclass(frozen=True, slots=True)
class Request:
    """What was typed on the command line.

    Attributes:
        logs: `[SITE=]FOLDER` arguments, beside the sites of the configuration file.
        config_file: the configuration file, if any.
        zone, code_page: for the logs named in `logs`.
        local: the same for the site server of this computer, read when no logs are named here nor there.
    """

    logs: Sequence[str] = ()
    config_file: Path | None = None
    zone: tzinfo | None = None
    code_page: str = "cp1252"
    local: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """One site: where its logs are, and how they are to be read."""

    site: str
    folders: Sequence[Folder]
    zone: tzinfo | None
    code_page: str
    interval: float
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Setup:
    """All that a run needs to know.

    Attributes:
        sources: the sites.
        config: the configuration file's values, or the defaults.
        catalogue: the messages, those of the configuration file among them.
        tree: the parent of each site, as far as it is configured.
    """

    sources: Sequence[Source]
    config: Config = field(default_factory=Config)
    catalogue: Catalogue = field(default_factory=load_catalogue)

    @property
    def tree(self) -> Mapping[str, str]:
        """The parent of each site, as far as it is configured."""
        return {source.site: source.parent for source in self.sources if source.parent}

    @property
    def given(self) -> Given:
        """What is configured for what pages and API show."""
        servers = {source.site: _server(source.folders[0].path) for source in self.sources}
        return Given(self.tree, self.config.inventory, self.config.web.links, servers)

    def watches(self, memories: Mapping[str, Memory]) -> list[Watch]:
        """Make what watches each site; a site that has a memory goes on with it."""
        tables = Tables(self.catalogue)  # half a megabyte, which every site would have for itself
        return [
            Watch(
                Site(source.site, source.folders, self.matcher(source, tables), memories.get(source.site)),
                source.interval,
            )
            for source in self.sources
        ]

    def matcher(self, source: Source, tables: Tables | None = None) -> Matcher:
        """Make what turns one site's logs into events; `tables` are the catalogue's, if other sites use them too."""
        return Matcher(self.catalogue, RecordReader(Clock(source.zone), source.code_page), tables)


def set_up(request: Request) -> Setup:
    """Read the configuration and find the logs.

    A folder of the configuration file whose site code stands there too need not be there yet: it is watched until it
    comes. What is named on the command line must be there, for a slip of the finger is more likely.

    Raises:
        exporter.config.load.ConfigError: the configuration file cannot be used.
        PlaceError: no logs are named, or they cannot be read or told apart.
    """
    config = load_config(request.config_file) if request.config_file else Config()
    given = [_source(place, site) for site in config.sites for place in _places(site)]
    typed = [
        Source(code, folders, request.zone, request.code_page, config.defaults.poll_interval)
        for code, folders in sites_of(
            find_places(request.logs or (() if config.sites else request.local), KNOWN_LOGS)
        ).items()
    ]
    known = {source.site: source for source in given}
    sources = given + [source for source in typed if not _is_same(source, known.get(source.site))]
    if not sources:
        raise PlaceError(
            "no logs are named, and this computer is no site server. Name the Logs folder of one, or a configuration "
            "file with sites."
        )
    _check(sources)
    extra = [template.source for template in config.templates]
    return Setup(sources, config, load_catalogue(extra))


def _check(sources: Sequence[Source]) -> None:
    for source in sources:
        if not source.site:
            raise PlaceError(
                f"{source.folders[0].path}: neither the path nor the logs tell the site code. Name it: SITE=FOLDER."
            )
    refuse_two_folders_of_one_site([Place(source.site, folder) for source in sources for folder in source.folders])
    seen: set[str] = set()
    for source in sources:
        if source.site in seen:
            raise PlaceError(f"{source.folders[0].path}: site {source.site} is named twice. Leave one out.")
        seen.add(source.site)


def _is_same(typed: Source, given: Source | None) -> bool:
    """Tell whether what was typed stands in the configuration file too, which knows more of it."""
    return given is not None and all(is_same_place(folder, given.folders[0]) for folder in typed.folders)


def _server(path: str) -> str:
    """Return the computer that a share is on, "" for a folder of this one."""
    if "://" in path:
        return urlsplit(path).hostname or ""
    return path[2:].split("\\", 1)[0].lower() if path.startswith("\\\\") else ""


def _places(site: SiteConfig) -> list[Place]:
    try:
        argument = f"{site.site}={site.logs}" if site.site else site.logs
        return find_places([argument], KNOWN_LOGS, credentials=site.credentials)
    except PlaceError:
        if site.site is None:
            raise
        return [Place(site.site, Folder(volume_of(site.logs, site.credentials), site.logs))]


def _source(place: Place, site: SiteConfig) -> Source:
    return Source(place.site, [place.folder], site.zone, site.code_page, site.poll_interval, site.parent or "")
