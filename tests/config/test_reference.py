import re
from pathlib import Path

from exporter.config.load import load_config
from exporter.config.reference import render
from exporter.config.schema import Config, Defaults, Limits, Site, Template, Web

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"


def test_page_is_up_to_date() -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert written == render(), "run: python -m exporter.config.reference > docs/configuration.md"


def test_every_key_is_described() -> None:
    page = render()
    for model in (Config, Defaults, Site, Template, Web, Limits):
        for key, field in model.model_fields.items():
            assert field.description, key
            assert f"| `{key}` |" in page


def test_every_row_says_type_and_meaning() -> None:
    rows = [line.strip("|").split(" | ") for line in render().splitlines() if line.startswith("| `")]
    assert rows
    for key, type_name, _default, *meaning in rows:
        assert type_name.strip(), key
        assert "".join(meaning).strip().endswith((".", "`")), key


def test_types_are_explained() -> None:
    page = render()
    for name in ("duration", "time zone", "site code", "location", "path"):
        assert f"- **{name}**: " in page


def test_keys_that_a_site_takes_from_the_defaults_are_listed_once() -> None:
    assert render().count("| `poll_interval` |") == 1


def test_example_can_be_used(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", render(), re.DOTALL)
    path = tmp_path / "c.yaml"
    path.write_text(example, encoding="utf-8")
    assert [site.site for site in load_config(path).sites] == ["CEN", "CHI"]
