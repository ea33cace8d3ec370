"""Which site is whose parent: as configured, or as the lines of the transport suggest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporter.replication.state import LinkBasis, SiteState


@dataclass(frozen=True, slots=True)
class Tree:
    """Parents of sites.

    Attributes:
        parents: the parent by site; a site without one is not in it.
        inferred: the sites whose parent was not configured, but read out of the logs.
    """

    parents: Mapping[str, str] = field(default_factory=dict)
    inferred: frozenset[str] = frozenset()

    def route(self, source: str, destination: str) -> tuple[str, ...]:
        """Return the sites that a file passes from source to destination, both included.

        Definitions and content go down the tree. Where it is not known how, the two sites alone are returned, for
        sites may have an address of each other.
        """
        way = [destination]
        while way[-1] != source and way[-1] in self.parents and self.parents[way[-1]] not in way:
            way.append(self.parents[way[-1]])
        return tuple(reversed(way)) if way[-1] == source else (source, destination)


def tree_of(states: Mapping[str, SiteState], configured: Mapping[str, str] | None = None) -> Tree:
    """Return the tree: configured parents, and for the other sites what their and their parents' logs show.

    Of parents that the logs show for one site, a stated one goes before an inferred one; then one that stands below
    another of them, for a site may send to its grandchildren too; then the first by its code. A parent that would
    close a ring is left out.
    """
    parents = dict(configured or {})
    inferred: set[str] = set()
    links: dict[tuple[str, str], LinkBasis] = {}
    for state in states.values():
        for pair, basis in state.transport.links.items():
            links[pair] = LinkBasis.STATED if LinkBasis.STATED in {basis, links.get(pair)} else basis

    candidates: dict[str, list[str]] = {}
    for parent, child in links:
        candidates.setdefault(child, []).append(parent)

    def order(pair: tuple[str, str]) -> tuple[bool, int, str, str]:
        parent, child = pair
        above = sum((other, parent) in links for other in candidates[child])
        return links[pair] is not LinkBasis.STATED, -above, child, parent

    for parent, child in sorted(links, key=order):
        if child not in parents and not _descends(parents, parent, child):
            parents[child] = parent
            inferred.add(child)
    return Tree(parents, frozenset(inferred))


def _descends(parents: Mapping[str, str], site: str, ancestor: str) -> bool:
    """Whether `site` is `ancestor` or stands below it."""
    seen = {site}
    while site != ancestor and site in parents and parents[site] not in seen:
        site = parents[site]
        seen.add(site)
    return site == ancestor
