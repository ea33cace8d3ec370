"""Addresses that pages link to.

Links to pages of ours are relative, so that they hold under any prefix, also one that a proxy adds without our knowing.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

# What a real ID or code is made of, and the placeholders of articles. Whatever else a log holds is shown, not linked:
# there is nothing behind it, and it might be longer than a request may be.
_LINKABLE = re.compile(r"[\w<>][\w<> -]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Links:
    """Links of one page.

    Attributes:
        depth: how many folders below the overview the page is.
        telemetry_path: path of the metrics.
        elsewhere: configured links to other systems: a title, and an address with placeholders.
    """

    depth: int = 0
    telemetry_path: str = "/metrics"
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    def to(self, path: str) -> str:
        """Return the address of one of our own paths, given without its leading slash."""
        return "../" * self.depth + path or "./"

    @property
    def metrics(self) -> str:
        """The address of the metrics."""
        return self.to(self.telemetry_path.lstrip("/"))

    def site(self, code: str) -> str:
        """Return the address of a site's page, "" when there can be none."""
        return self._to_page("site", code)

    def package(self, package: str) -> str:
        """Return the address of a package's page, "" when there can be none."""
        return self._to_page("package", package)

    def task_sequence(self, site: str, task_sequence: str) -> str:
        """Return the address of a task sequence's page at a site, "" when there can be none."""
        return self._to_page("task-sequence", site, task_sequence)

    def _to_page(self, *parts: str) -> str:
        if not all(_LINKABLE.fullmatch(part) for part in parts):
            return ""
        return self.to("/".join(quote(part, safe="") for part in parts))

    def others(self, **subjects: str) -> Iterator[tuple[str, str]]:
        """Give title and address of the configured links whose placeholders this page can fill, all of them."""
        known = {name: quote(text, safe="") for name, text in subjects.items() if _LINKABLE.fullmatch(text)}
        for title, address in self.elsewhere.items():
            names = placeholders(address)
            if names <= known.keys() and bool(names) == bool(subjects):
                yield title, address.format_map(known)


def placeholders(address: str) -> set[str]:
    """Return the names in braces of an address.

    Raises:
        ValueError: a brace is not closed, or not opened.
    """
    return {name for _, name, _, _ in string.Formatter().parse(address) if name is not None}
