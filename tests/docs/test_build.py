"""The site of the documentation is made without a warning, leads nowhere that is not there, and fetches nothing."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from docs.build import ROOT, BuildError, build, fit_links, navigation

PAGES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))
# MyST uses what Sphinx will take away two major versions from now; the lock keeps both where they are.
pytestmark = pytest.mark.filterwarnings("ignore::sphinx.deprecation.RemovedInSphinx11Warning")
# What makes a browser fetch; a link that one may follow is not among them.
_FETCHES = {("link", "href"), ("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "srcset")}


class Parts(HTMLParser):
    """What a page fetches, where it leads to, and the places in it that can be led to."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.places: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if (tag, name) in _FETCHES and value:
                self.fetched.append(value)
            if (tag, name) == ("a", "href") and value:
                self.links.append(value)
            if name == "id" and value:
                self.places.add(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("docs") / "site"
    build(out)
    return out


@pytest.fixture(scope="module")
def parts(site: Path) -> dict[Path, Parts]:
    read = {}
    for path in sorted(site.rglob("*.html")):
        read[path] = Parts()
        read[path].feed(path.read_text(encoding="utf-8"))
    return read


def test_every_page_stands_in_the_navigation_once() -> None:
    named = [name for entries in navigation().values() for entry in entries for name in (entry.page, *entry.below)]
    assert sorted(name for name in named if name.startswith("docs/")) == PAGES


def test_site_has_every_page(site: Path) -> None:
    for page in PAGES:
        assert (site / page.removeprefix("docs/")).with_suffix(".html").is_file(), page
    assert "Which task sequences and packages are stuck" in (site / "index.html").read_text(encoding="utf-8")
    assert (site / "contributing.html").is_file()
    assert (site / "changelog.html").is_file()


def test_site_fetches_nothing_from_other_hosts(site: Path, parts: dict[Path, Parts]) -> None:
    assert {url for page in parts.values() for url in page.fetched if re.match(r"(?:\w+:)?//", url)} == set()
    for path in site.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//", path.read_text(encoding="utf-8")), path


def test_links_and_anchors_of_the_site_lead_somewhere(parts: dict[Path, Parts]) -> None:
    dead = set()
    for page, read in parts.items():
        for link in read.links:
            name, _, anchor = link.partition("#")
            if re.match(r"\w+:", link):
                continue
            target = (page.parent / name).resolve() if name else page
            if not target.is_file() or (anchor and target in parts and anchor not in parts[target].places):
                dead.add((page.name, link))
    assert dead == set()


def test_links_to_other_hosts_are_well_formed(parts: dict[Path, Parts]) -> None:
    """There is no internet where the tests run: only the form can be looked at."""
    outer = {link for page in parts.values() for link in page.links if re.match(r"\w+:", link)}
    assert outer
    assert [link for link in outer if not re.fullmatch(r"https?://[\w.-]+(?::\d+)?(?:/[^\s<>]*)?", link)] == []


def test_links_are_made_to_fit_the_place_of_a_page_in_the_site() -> None:
    there = {"docs/alerts.md": "alerts.md", "docs/images/b.svg": "images/b.svg", "alerts/a.yml": "files/alerts/a.yml"}
    text = "[a](../alerts.md#x) [![b](../images/b.svg)](../../alerts/a.yml)\n\n```md\n[c](c.md)\n```\n`[d](d)`"
    fitted = fit_links(text, "docs/runbooks/R.md", there.get)
    assert (
        fitted
        == "[a](../alerts.md#x) [![b](../images/b.svg)](../files/alerts/a.yml)\n\n```md\n[c](c.md)\n```\n`[d](d)`"
    )
    assert fit_links("[e](docs/alerts.md)", "README.md", there.get) == "[e](alerts.md)"
    assert (
        fit_links("[f](https://example.org/f) [g](#g)", "README.md", there.get) == "[f](https://example.org/f) [g](#g)"
    )


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ("stray.md", "# Stray\n"),
        ("faq.md", "# Questions\n\n[dead](install.md#nowhere)\n"),
        ("faq.md", "# Questions\n\n```json\n{not json\n```\n"),
    ],
    ids=["page that is not in the navigation", "dead anchor", "code that is not in its language"],
)
def test_faults_are_refused(tmp_path: Path, page: str, fault: str) -> None:
    """Of a documentation with one page in it, so that it is quick."""
    root = tmp_path / "root"
    (root / "docs").mkdir(parents=True)
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        (root / name).write_text(f"# {name}\n", encoding="utf-8")
    (root / "docs" / "navigation.yaml").write_text(
        "Begin: [docs/install.md, docs/faq.md, CONTRIBUTING.md, CHANGELOG.md]\n", encoding="utf-8"
    )
    (root / "docs" / "install.md").write_text("# Install\n", encoding="utf-8")
    (root / "docs" / "faq.md").write_text("# Questions\n", encoding="utf-8")
    (root / "docs" / page).write_text(fault, encoding="utf-8")
    with pytest.raises(BuildError, match=f"^{page}:?.* WARNING: "):
        build(tmp_path / "site", root)


def test_navigation_that_names_no_page_is_refused(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "navigation.yaml").write_text("Begin: [docs/gone.md]\n", encoding="utf-8")
    with pytest.raises(BuildError, match=r"docs/gone\.md"):
        navigation(tmp_path)


def test_pictures_are_in_the_site(site: Path) -> None:
    pictures = {path.name for path in (site / "_images").iterdir()}
    assert {"explain.svg", "page-overview.png"} <= pictures
