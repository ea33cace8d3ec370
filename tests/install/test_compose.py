"""compose.yaml: read by the rules of the Compose specification, its files by the programs that they are for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose, PyOptions

from exporter.cli import cli

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")
SERVICES: dict[str, Any] = yaml.safe_load(TEXT)["services"]
OURS = ("hierarchy", "exporter")


def _parse(text: str) -> PyCompose:
    return PyOptions(apply_merge=True).from_yaml(text)


def _mounts(service: str) -> dict[str, Path]:
    """Return the files and folders of the checkout that a service sees, by their path in it."""
    volumes = [volume.split(":") for volume in SERVICES[service]["volumes"]]
    return {inside: ROOT / outside for outside, inside, *_ in volumes if outside.startswith("./")}


@pytest.fixture
def rooted(tmp_path: Path) -> Path:
    """A folder that holds what the services see, at the paths at which they see it."""
    for service in SERVICES:
        for inside, outside in _mounts(service).items():
            place = tmp_path / inside.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if outside.is_dir() else shutil.copyfile)(outside, place)
    return tmp_path


def test_it_is_as_the_specification_says() -> None:
    compose = _parse(TEXT)

    compose.validate()
    assert set(compose.service_names()) == {"hierarchy", "exporter", "prometheus", "alertmanager", "grafana"}


def test_fault_in_it_is_found() -> None:
    with pytest.raises(ValueError, match="read_onyl"):
        _parse(TEXT.replace("read_only: true", "read_onyl: true"))


def test_every_named_volume_is_declared() -> None:
    named = {volume.partition(":")[0] for each in SERVICES.values() for volume in each["volumes"]}
    assert {name for name in named if not name.startswith("./")} == yaml.safe_load(TEXT)["volumes"].keys()


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_mounted_is_there_and_cannot_be_written(service: str) -> None:
    for volume in SERVICES[service]["volumes"]:
        outside, _, *mode = volume.split(":")
        if outside.startswith("./"):
            assert (ROOT / outside).exists(), outside
            assert mode == ["ro"]


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_is_open_to_the_network(service: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[service].get("ports", ()))
    assert SERVICES[service]["read_only"] is True
    assert SERVICES[service]["cap_drop"] == ["ALL"]


def test_hierarchy_begins_with_the_image_that_is_built() -> None:
    assert {SERVICES[service]["image"] for service in OURS} == {"configmgr-exporter"}
    assert SERVICES["hierarchy"]["build"] == "."


@pytest.mark.parametrize("service", OURS)
def test_commands_are_those_of_the_program(service: str, tmp_path: Path) -> None:
    name, *arguments = [word.replace("/logs", str(tmp_path)) for word in SERVICES[service]["command"]]
    with cli.make_context("configmgr-exporter", [name, *arguments]) as context:
        command = cli.get_command(context, name)
        assert command is not None
        command.make_context(name, arguments, parent=context).close()


def test_prometheus_takes_its_configuration_and_rules(rooted: Path) -> None:
    file = rooted / "etc/prometheus/prometheus.yml"
    file.write_text(file.read_text().replace("/etc/", f"{rooted}/etc/"))
    done = subprocess.run(["promtool", "check", "config", file], check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 rule files" in done.stdout


def test_alertmanager_takes_its_configuration(rooted: Path) -> None:
    file = rooted / "etc/alertmanager/alertmanager.yml"
    done = subprocess.run(["amtool", "check-config", file], check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 templates" in done.stdout


def test_addresses_are_those_of_the_services(rooted: Path) -> None:
    config = yaml.safe_load((rooted / "etc/prometheus/prometheus.yml").read_text())
    source = yaml.safe_load((rooted / "etc/grafana/provisioning/datasources/prometheus.yml").read_text())
    targets = [
        *config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"],
        *config["scrape_configs"][0]["static_configs"][0]["targets"],
        source["datasources"][0]["url"].removeprefix("http://"),
    ]
    for service, _, port in (target.partition(":") for target in targets):
        assert any(mapping.endswith(f":{port}") for mapping in SERVICES[service]["ports"]), service


def test_grafana_finds_the_dashboards(rooted: Path) -> None:
    provider = yaml.safe_load((rooted / "etc/grafana/provisioning/dashboards/configmgr.yml").read_text())["providers"][
        0
    ]
    assert list((rooted / provider["options"]["path"].lstrip("/")).glob("*.json"))


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), ROOT / "Dockerfile"], check=False, capture_output=True, text=True
    )

    assert (done.stdout, done.returncode) == ("", 0)
