"""The hierarchy as a drawing: where each site stands, and what leads to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

NODE_WIDTH: Final = 168
NODE_HEIGHT: Final = 46
_GAP_ACROSS: Final = 40
_GAP_DOWN: Final = 12
_MARGIN: Final = 4


@dataclass(frozen=True, slots=True)
class Node:
    """A site in the drawing; its place is its upper left corner."""

    code: str
    depth: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Edge:
    """A line from a parent to a child, as the `d` of an SVG path. `code` is the child's."""

    code: str
    path: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Nodes in the order in which a person reads a tree: each site, then all below it."""

    nodes: Sequence[Node]
    edges: Sequence[Edge]
    width: int
    height: int


def order(codes: Iterator[str] | Sequence[str], parents: Mapping[str, str]) -> list[tuple[str, int]]:
    """Return each site with its depth: roots by their codes, below each its children by theirs.

    Sites whose parents form a ring are roots: nothing is left out.
    """
    every = sorted(set(codes))
    children: dict[str, list[str]] = {}
    for code in every:
        children.setdefault(parents.get(code, ""), []).append(code)
    ordered: list[tuple[str, int]] = []
    seen: set[str] = set()

    def visit(root: str) -> None:
        stack = [(root, 0)]
        while stack:
            code, depth = stack.pop()
            if code not in seen:
                seen.add(code)
                ordered.append((code, depth))
                stack += [(child, depth + 1) for child in reversed(children.get(code, ()))]

    for code in every:
        if parents.get(code) not in every:
            visit(code)
    for code in every:
        visit(code)
    return ordered


def draw(codes: Sequence[str], parents: Mapping[str, str]) -> Drawing:
    """Return the drawing of a tree: a column for each depth, a row for each site without children."""
    ordered = order(codes, parents)
    rows = _rows(ordered)
    nodes = [
        Node(
            code,
            depth,
            _MARGIN + depth * (NODE_WIDTH + _GAP_ACROSS),
            _MARGIN + round(row * (NODE_HEIGHT + _GAP_DOWN)),
        )
        for (code, depth), row in zip(ordered, rows, strict=True)
    ]
    width = max((node.x for node in nodes), default=0) + NODE_WIDTH + _MARGIN
    height = max((node.y for node in nodes), default=0) + NODE_HEIGHT + _MARGIN
    return Drawing(nodes, list(_edges(nodes)), width, height)


def _rows(ordered: Sequence[tuple[str, int]]) -> list[float]:
    """Give each site without children a row of its own, and each parent the middle of its children's."""
    rows = [0.0] * len(ordered)
    below: dict[int, list[float]] = {}
    next_row = sum(1 for place in range(len(ordered)) if _is_leaf(ordered, place))
    for place in reversed(range(len(ordered))):
        depth = ordered[place][1]
        mine = below.pop(depth + 1, [])
        if mine:
            rows[place] = (mine[0] + mine[-1]) / 2
        else:
            next_row -= 1
            rows[place] = next_row
        below.setdefault(depth, []).append(rows[place])
    return rows


def _is_leaf(ordered: Sequence[tuple[str, int]], place: int) -> bool:
    return place + 1 == len(ordered) or ordered[place + 1][1] <= ordered[place][1]


def _edges(nodes: Sequence[Node]) -> Iterator[Edge]:
    above: list[Node] = []
    for node in nodes:
        del above[node.depth :]
        if above:
            start_x, start_y = above[-1].x + NODE_WIDTH, above[-1].y + NODE_HEIGHT // 2
            middle, end_y = start_x + _GAP_ACROSS // 2, node.y + NODE_HEIGHT // 2
            yield Edge(node.code, f"M{start_x} {start_y}H{middle}V{end_y}H{node.x}")
        above.append(node)
