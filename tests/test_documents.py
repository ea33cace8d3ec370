"""What the documents say is so: their links lead somewhere, their examples work."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from click.testing import CliRunner

from exporter.cli import cli
from exporter.config.checking import Section
from exporter.config.load import load_config
from exporter.config.schema import Defaults, Limits, Web
from exporter.events.loader import load_folder
from exporter.metrics.contract import CHAPTERS

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"(?<!`)\[[^\]]*\]\(([^)\s]+)\)")
_METRIC = re.compile(r"(?<![\w:])configmgr_[a-z0-9_]*[a-z0-9](?![\w:*])")
_SECTIONS: dict[str, type[Section]] = {"defaults": Defaults, "limits": Limits, "web": Web}
_KEY = re.compile(rf"(?<![\w.-])(?:{'|'.join(_SECTIONS)})\.(?!(?:yml|md)\b)[a-z_]+\b(?!\.)")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def prose(page: Path) -> str:
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the usual renderers make them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def links(page: Path) -> Iterator[str]:
    return (link for link in _LINK.findall(prose(page)) if "://" not in link)


def fences(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return [body for name, body in _FENCE.findall(text) if name == language]


def test_there_are_pages_and_links() -> None:
    assert ROOT / "README.md" in PAGES
    assert list(links(ROOT / "README.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for link in links(page):
        name, _, anchor = unquote(link).partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached = {ROOT / "README.md"}
    waiting = list(reached)
    while waiting:
        page = waiting.pop()
        for link in links(page):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target not in reached:
                reached.add(target)
                waiting.append(target)
    assert set(PAGES) - reached == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_metric_that_a_page_names_is_served(page: Path) -> None:
    """Recorded series, which hold colons, are looked at beside the rules. The changelog may name what has gone."""
    served = {
        name for chapter in CHAPTERS for family in chapter.families for name in (family.name, *family.sample_names)
    }
    named = set(_METRIC.findall(page.read_text(encoding="utf-8")))
    assert page.name == "CHANGELOG.md" or named <= served


@pytest.mark.parametrize("page", [*PAGES, *(ROOT / "alerts").glob("*.rules.yml")], ids=lambda page: page.name)
def test_every_key_that_a_page_names_can_be_configured(page: Path) -> None:
    keys = {f"{section}.{key}" for section, model in _SECTIONS.items() for key in model.model_fields}
    named = set(_KEY.findall(page.read_text(encoding="utf-8")))
    assert page.name == "CHANGELOG.md" or named <= keys


def test_blocked_task_sequence_of_the_page_is_found(tmp_path: Path) -> None:
    unit = fences("docs/how-to-read-a-blocked-task-sequence.md", "text")[0]
    (tmp_path / "distmgr.log").write_text(unit.replace("\n", "\r\n"), encoding="utf-8")
    result = CliRunner().invoke(cli, ["explain", "--json", f"CHI={tmp_path}"])
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    (blocked,) = report["sites"]["CHI"]["blocked"]
    assert blocked["task_sequence"] == "CEN00042"
    assert blocked["version"] == 7
    assert blocked["since"] == "2010-03-04T16:15:32.264Z"
    (missing,) = blocked["missing"]
    assert (missing["package"], missing["program"], missing["source_site"]) == ("CEN0000E", "Install Office", "CEN")
    assert [line["line"] for line in blocked["evidence"]] == [1, 2, 3, 4, 5, 6, 7]


def test_catalogue_entry_of_the_page_can_be_loaded(tmp_path: Path) -> None:
    (entry,) = (text for text in fences("docs/adding-a-message.md", "yaml") if "messages:" in text)
    (tmp_path / "distmgr.yaml").write_text(entry, encoding="utf-8")
    (message,) = load_folder([tmp_path / "distmgr.yaml"]).messages
    assert message.name == "source_directory_inaccessible"


def test_template_of_the_page_can_be_configured(tmp_path: Path) -> None:
    (text,) = (text for text in fences("docs/adding-a-message.md", "yaml") if "templates:" in text)
    (tmp_path / "c.yaml").write_text(text, encoding="utf-8")
    assert [template.name for template in load_config(tmp_path / "c.yaml").templates] == ["backup_failed"]


def test_alert_on_an_old_textfile_is_a_rule(tmp_path: Path) -> None:
    (rules,) = fences("docs/textfile.md", "yaml")
    (tmp_path / "rules.yml").write_text(rules, encoding="utf-8")
    done = subprocess.run(
        ["promtool", "check", "rules", tmp_path / "rules.yml"], check=False, capture_output=True, text=True
    )
    assert "SUCCESS: 1 rules found" in done.stdout + done.stderr
