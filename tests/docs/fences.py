"""The fenced blocks of the documents: what a reader copies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_FENCE: Final = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Fence:
    """One block.

    Attributes:
        page: where it stands, from the root of the checkout.
        line: the number of its first line there.
        language: as the block says.
        text: what stands in it.
    """

    page: str
    line: int
    language: str
    text: str


def fences(page: Path) -> Iterator[Fence]:
    """Find the blocks of a page that say their language."""
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        indent, language, body = match.groups()
        lines = [line.removeprefix(indent) for line in body.splitlines(keepends=True)]
        line = text.count("\n", 0, match.start()) + 2
        yield Fence(str(page.relative_to(ROOT)), line, language, "".join(lines))
