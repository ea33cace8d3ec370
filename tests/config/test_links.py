from __future__ import annotations

from pathlib import Path

import pytest

from exporter.config.load import ConfigError, load_config
from exporter.config.values import LINK_PLACEHOLDERS
from exporter.web.pages.links import Links, placeholders


def load(folder: Path, address: str) -> dict[str, str]:
    file = folder / "c.yaml"
    file.write_text(f"web:\n  links:\n    Grafana: '{address}'\n", encoding="utf-8")
    return dict(load_config(file).web.links)


@pytest.mark.parametrize(
    "address",
    ["https://g.example/", "https://g.example/d/x?var-site={site}&p={package}", "http://g:3000/{task_sequence}"],
)
def test_links_to_pages_elsewhere(tmp_path: Path, address: str) -> None:
    links = load(tmp_path, address)
    assert links == {"Grafana": address}
    subjects = dict.fromkeys(placeholders(address), "CHI")
    assert [title for title, _ in Links(elsewhere=links).others(**subjects)] == ["Grafana"]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("ftp://g.example/", "begins with http:// or https://"),
        ("javascript:alert(1)", "begins with http:// or https://"),
        ("/d/x", "begins with http:// or https://"),
        ("https://{site}.example/{program}", "{package}, {site}, {task_sequence}"),
        ("https://g.example/{", "placeholders"),
        ("https://g.example/{}", "placeholders"),
        ("https://g.example/{site.__class__}", "placeholders"),
        ("https://g.example/{0}", "placeholders"),
    ],
)
def test_what_is_no_link_is_refused_with_its_line(tmp_path: Path, address: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, address)
    assert "c.yaml:3:5: web.links.Grafana" in str(refused.value)
    assert words in str(refused.value)


def test_placeholders_are_those_that_pages_fill() -> None:
    assert frozenset({"site", "package", "task_sequence"}) == LINK_PLACEHOLDERS
