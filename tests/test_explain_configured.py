"""What `explain` takes from the configuration file of `run`: sites, who is whose parent, names, messages, zones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from exporter.cli import cli
from exporter.simulator import run_batch, scenario_plan

PARENTS = {"CEN": "", "CHI": "CEN", "LON": "CEN", "DEN": "CHI"}


@pytest.fixture(scope="module")
def distmgr_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an administrator gathers: distmgr.log of each site, and none of the logs that tell who sends to whom."""
    folder = tmp_path_factory.mktemp("hierarchy")
    run_batch(folder, scenario_plan("refused_on_the_way"))
    for log in folder.rglob("*.log"):
        if log.stem != "distmgr":
            log.unlink()
    return folder


def configured(file: Path, folder: Path, parents: Mapping[str, str] = PARENTS, more: str = "") -> Path:
    """Write a configuration file for the simulated sites."""
    sites = "".join(
        f"  - {{site: {site}, logs: {folder}/SMS_{site}/Logs{f', parent: {parent}' if parent else ''}}}\n"
        for site, parent in parents.items()
    )
    file.write_text(f"sites:\n{sites}{more}", encoding="utf-8")
    return file


def told(*arguments: str | Path) -> tuple[int, Any]:
    result = CliRunner().invoke(cli, ["explain", "--json", *map(str, arguments)])
    return result.exit_code, json.loads(result.stdout)


def cause(answer: Any) -> tuple[str, str]:
    (culprit,) = answer["culprits"]
    return culprit["cause"]["kind"], culprit["cause"]["site"]


def test_a_fault_at_a_site_between_is_found_when_the_tree_is_told(distmgr_alone: Path, tmp_path: Path) -> None:
    assert cause(told(distmgr_alone)[1]) == ("unknown", "CEN")
    status, answer = told("--config.file", configured(tmp_path / "c.yml", distmgr_alone))
    assert (status, cause(answer)) == (1, ("definition_old", "CHI"))
    told_parents = {code: (site["parent"], site["parent_inferred"]) for code, site in answer["sites"].items()}
    assert told_parents == {code: (parent or None, False) for code, parent in PARENTS.items()}


def test_names_of_the_option_go_before_those_of_the_file(distmgr_alone: Path, tmp_path: Path) -> None:
    (tmp_path / "file.yml").write_text("CEN0000A: From the file\nCEN00021: Laptops\n", encoding="utf-8")
    (tmp_path / "option.yml").write_text("CEN0000A: From the option\n", encoding="utf-8")
    file = configured(tmp_path / "c.yml", distmgr_alone, more="inventory: file.yml\n")
    _, answer = told("--config.file", file, "--inventory", tmp_path / "option.yml")
    assert answer["culprits"][0]["name"] == "From the option"
    assert answer["sites"]["DEN"]["blocked"][0]["name"] == "Laptops"


def test_a_site_whose_folder_is_not_there_is_a_doubt(distmgr_alone: Path, tmp_path: Path) -> None:
    file = configured(tmp_path / "c.yml", distmgr_alone, {**PARENTS, "NYC": "CEN"})
    status, answer = told("--config.file", file, "--site", "NYC")
    assert status == 2
    assert any(doubt.startswith("NYC distmgr.log: not read:") for doubt in answer["doubts"])


def test_a_site_that_is_typed_is_read_beside_those_of_the_file(distmgr_alone: Path, tmp_path: Path) -> None:
    file = configured(tmp_path / "c.yml", distmgr_alone, {"CEN": "", "CHI": "CEN"})
    _, answer = told("--config.file", file, f"DEN={distmgr_alone}/SMS_DEN/Logs")
    assert answer["sites"].keys() == {"CEN", "CHI", "DEN"}


def test_zone_of_the_file_gives_stamps_without_one_a_time(tmp_path: Path) -> None:
    logs = tmp_path / "Logs"
    logs.mkdir()
    text = "~Successfully deleted the package CEN00012  $$<SMS_DISTRIBUTION_MANAGER><Thu Mar 04 14:00:00.000 2010 {}>"
    (logs / "distmgr.log").write_text(f"{text.format('Normalzeit')}<thread=4724 (0x1274)>\r\n", "utf-8")
    (tmp_path / "c.yml").write_text(f"sites:\n  - {{site: CEN, logs: {logs}, zone: GMT Standard Time}}\n", "utf-8")
    result = CliRunner().invoke(cli, ["explain", "--config.file", str(tmp_path / "c.yml")])
    assert "up to 2010-03-04 14:00:00 UTC" in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("sites: 3\n", "c.yml:1:1: sites: must be a list"),
        ("sites:\n  - {site: CEN, logs: /x, parent: CHI}\n  - {site: CHI, logs: /y, parent: CEN}\n", "form a circle"),
    ],
)
def test_a_file_that_is_wrong_is_an_error(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "c.yml").write_text(text, encoding="utf-8")
    with pytest.raises(click.ClickException) as raised:
        cli.main(["explain", "--config.file", str(tmp_path / "c.yml")], standalone_mode=False)
    assert reason in raised.value.format_message()
