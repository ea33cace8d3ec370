"""Reads pages as strictly as no browser does."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_VOID = frozenset({"meta", "link", "br", "hr", "img", "input"})
_BLOCKS = frozenset({"td", "th", "li", "p", "dt", "dd", "h1", "h2", "h3", "h4", "summary", "title"})
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""What could steer a screen or a terminal."""


class Reader(HTMLParser):
    """Elements, ids and links of a page.

    Attributes:
        open: elements that are not closed; empty at the end of a well formed page.
        text: what is shown.
        links: addresses of `a`, `link` and `script`.
        ids: of all elements.
        tags: names of all elements.
        inline: attributes that would run or style something.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.inline: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.inline += [name for name in given if name.startswith("on") or name == "style"]
        self.ids += [str(given["id"])] if "id" in given else []
        self.links += [str(given[name]) for name in ("href", "src") if name in given]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self.open, f"</{tag}> closes nothing"
            assert self.open[-1] == tag, f"</{tag}> does not close <{self.open[-1]}>"
            self.open.pop()
            if tag in _BLOCKS:
                self.text += " "

    def handle_data(self, data: str) -> None:
        self.text += data


def read_page(page: str) -> Reader:
    """Check that a page is well formed and harmless, and return what stands in it."""
    reader = Reader(page)
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids)), "an id stands twice"
    assert reader.inline == []
    assert not STEERING.search(page)
    assert "style" not in reader.tags
    assert reader.tags.count("script") == 1
    return reader


def words(text: str) -> str:
    """Return a text with its blanks folded, as a browser shows it."""
    return " ".join(text.split())
