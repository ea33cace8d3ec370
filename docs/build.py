"""Makes the site of the documentation: `./dev docs`, or `python -m docs.build [--out site]`.

The pages are written to be read as they lie in the checkout. Here they are copied beside each other, with the links
between them made to fit, and Sphinx makes the site, with no warning let pass: a link or an anchor that leads nowhere, a
page that is not in `navigation.yaml`, a code block that is not in its language. Nothing in the site comes from another
host.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import yaml
from pygments.lexer import inherit
from pygments.lexers.promql import PromQLLexer
from pygments.token import Name
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

import exporter

ROOT: Final = Path(__file__).resolve().parent.parent
NAVIGATION: Final = ROOT / "docs" / "navigation.yaml"
HOME: Final = "README.md"
_STYLE: Final = ROOT / "docs" / "style.css"
_FILES: Final = "files"
_FENCE: Final = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_COLOUR: Final = re.compile(r"\x1b\[[\d;]*m")
_LINK: Final = re.compile(r"(?<!`)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")

_SETTINGS: Final[Mapping[str, Any]] = {
    "project": "configmgr-exporter",
    "release": exporter.__version__,
    "extensions": ["myst_parser"],
    "html_theme": "furo",
    "html_title": f"configmgr-exporter {exporter.__version__}",
    "html_static_path": ["_static"],
    "html_css_files": [_STYLE.name],
    "html_show_sphinx": False,
    "html_show_copyright": False,
    "html_copy_source": False,
    "html_show_sourcelink": False,
    "language": "en_GB",
    "myst_heading_anchors": 6,
    "pygments_style": "tango",
}


class BuildError(Exception):
    """The pages do not make a site; the text says why."""


class PromQL(PromQLLexer):  # type: ignore[misc]  # Pygments has no types
    """PromQL with the names of recorded series, which hold colons; Pygments' own lexer stumbles over them."""

    tokens = {"root": [(r"[a-zA-Z_]\w*:[\w:]*", Name.Variable), inherit]}  # noqa: RUF012 - Pygments' way


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the navigation.

    Attributes:
        page: its path from the root of the checkout.
        below: the pages that stand below it.
    """

    page: str
    below: tuple[str, ...] = ()


def navigation(root: Path = ROOT) -> dict[str, list[Entry]]:
    """Read the navigation: for each caption its pages.

    Raises:
        BuildError: a page that is named is not there.
    """
    captions = yaml.safe_load((root / "docs" / NAVIGATION.name).read_text(encoding="utf-8"))
    read = {caption: [_entry(item, root) for item in items] for caption, items in captions.items()}
    named = [page for entries in read.values() for entry in entries for page in (entry.page, *entry.below)]
    lacking = [page for page in named if not (root / page).is_file()]
    if lacking:
        raise BuildError(f"{NAVIGATION.name} names pages that are not there: {', '.join(lacking)}")
    return read


def _entry(item: str | dict[str, str], root: Path) -> Entry:
    if isinstance(item, str):
        return Entry(item)
    ((page, pattern),) = item.items()
    below = sorted(str(path.relative_to(root)) for path in root.glob(pattern))
    return Entry(page, tuple(name for name in below if name != page))


def place(page: str) -> str:
    """Tell where a page of the checkout stands in the site's source: `README.md` is its `index.md`."""
    if page == HOME:
        return "index.md"
    return page.removeprefix("docs/") if page.startswith("docs/") else page.lower()


def fit_links(text: str, page: str, take: Callable[[str], str | None]) -> str:
    """Make the links of a page fit its place in the site.

    Args:
        text: the page, as Markdown.
        page: its path from the root of the checkout.
        take: told the path of what a link leads to, says where that stands in the site's source, or None if the site
            does not have it: then the words stay and the link goes.
    """

    def fit(match: re.Match[str]) -> str:
        words, target = match.groups()
        path, hash_sign, anchor = target.partition("#")
        words = _LINK.sub(fit, words)
        if "://" in target or not path:
            return f"[{words}]({target})"
        there = take(os.path.normpath(Path(page).parent / unquote(path)))
        if there is None:
            return words
        return f"[{words}]({os.path.relpath(there, Path(place(page)).parent)}{hash_sign}{anchor})"

    parts = _FENCE.split(text)
    return "".join(part if index % 2 else _LINK.sub(fit, part) for index, part in enumerate(parts))


def lay_out(target: Path, root: Path = ROOT) -> None:
    """Copy the pages, and what they link to, to a folder that Sphinx can read."""
    captions = navigation(root)
    pages = [HOME, "CONTRIBUTING.md", "CHANGELOG.md", *(str(p.relative_to(root)) for p in root.glob("docs/**/*.md"))]

    def take(path: str) -> str | None:
        if path in pages:
            return place(path)
        if not (root / path).is_file():
            return None
        there = path.removeprefix("docs/") if path.startswith("docs/images/") else f"{_FILES}/{path}"
        (target / there).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, target / there)
        return there

    below = {entry.page: entry.below for entries in captions.values() for entry in entries}
    for page in pages:
        text = fit_links((root / page).read_text(encoding="utf-8"), page, take)
        if page == HOME:
            text += "".join(_tree(page, [e.page for e in entries], name) for name, entries in captions.items())
        text += _tree(page, below.get(page, ()))
        (target / place(page)).parent.mkdir(parents=True, exist_ok=True)
        (target / place(page)).write_text(text, encoding="utf-8")
    (target / "_static").mkdir()
    shutil.copyfile(_STYLE, target / "_static" / _STYLE.name)


def _tree(page: str, below: list[str] | tuple[str, ...], caption: str | None = None) -> str:
    if not below:
        return ""
    names = "\n".join(os.path.relpath(place(name), Path(place(page)).parent) for name in below)
    option = f":caption: {caption}\n" if caption else ""
    return f"\n```{{toctree}}\n:hidden:\n{option}\n{names}\n```\n"


def build(out: Path, root: Path = ROOT) -> None:
    """Make the site of the documentation of a checkout.

    Raises:
        BuildError: Sphinx warned; the text holds every warning.
    """
    told = io.StringIO()
    with tempfile.TemporaryDirectory() as scratch, docutils_namespace():
        source = Path(scratch) / "source"
        source.mkdir()
        lay_out(source, root)
        shutil.rmtree(out, ignore_errors=True)
        site = Sphinx(
            srcdir=source,
            confdir=None,
            outdir=out,
            doctreedir=Path(scratch) / "read",
            buildername="html",
            confoverrides=dict(_SETTINGS),
            status=None,
            warning=told,
        )
        site.add_lexer("promql", PromQL)
        site.build()
        warnings = _COLOUR.sub("", told.getvalue()).replace(f"{source}/", "").strip()
    if warnings:
        raise BuildError(warnings)


def main() -> None:
    """Make the site where the command line says."""
    parser = argparse.ArgumentParser(description="Make the site of the documentation.")
    parser.add_argument("--out", type=Path, default=ROOT / "site")
    out = parser.parse_args().out.absolute()
    try:
        build(out)
    except BuildError as error:
        raise SystemExit(f"The documentation makes no site:\n{error}") from None
    print(out / "index.html")  # noqa: T201 - its only output


if __name__ == "__main__":
    main()
