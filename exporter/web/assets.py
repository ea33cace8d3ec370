"""Files that pages need, kept in memory: each has a digest in its name, so that a browser may keep it for good."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

_TYPES: Final = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file.

    Attributes:
        name: its name with the digest of its content.
        body: its content.
        content_type: what it is.
    """

    name: str
    body: bytes
    content_type: str


def _load() -> Mapping[str, Asset]:
    found: dict[str, Asset] = {}
    for file in files("exporter.web").joinpath("static").iterdir():
        stem, _, suffix = file.name.rpartition(".")
        if suffix in _TYPES:
            body = file.read_bytes()
            digest = hashlib.blake2s(body, digest_size=8).hexdigest()
            found[file.name] = Asset(f"{stem}.{digest}.{suffix}", body, _TYPES[suffix])
    return found


ASSETS: Final = _load()
"""By the name that they have in the package."""

BY_ADDRESS: Final = {asset.name: asset for asset in ASSETS.values()}
"""By the name in their address."""
