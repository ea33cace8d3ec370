"""The frame of the project agrees with itself: locks, licence, changelog, documents."""

import re
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import exporter

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("dev", "run", "build")
LOCKED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;]+)", re.MULTILINE)


def tracked_files() -> list[Path]:
    """The files git knows or would add: what a clone holds."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def read_lock(name: str) -> str:
    return read(f"requirements/{name}.txt")


def pins(name: str) -> Mapping[str, Version]:
    return {canonicalize_name(hit["name"]): Version(hit["version"]) for hit in LOCKED.finditer(read_lock(name))}


def group(name: str) -> list[Requirement]:
    members: list[Requirement] = []
    for entry in PYPROJECT["dependency-groups"][name]:
        members += group(entry["include-group"]) if isinstance(entry, dict) else [Requirement(entry)]
    return members


def wanted(name: str) -> list[Requirement]:
    if name == "build":
        return group("build")
    project = PYPROJECT["project"]
    extras = [entry for extra in project["optional-dependencies"].values() for entry in extra]
    asked = [Requirement(entry) for entry in [*project["dependencies"], *extras]]
    return asked + group("dev") if name == "dev" else asked


@pytest.mark.parametrize("name", LOCKS)
def test_lock_pins_what_pyproject_asks_for(name: str) -> None:
    pinned = pins(name)
    for requirement in wanted(name):
        assert canonicalize_name(requirement.name) in pinned, f"{requirement}: run ./dev lock"
        assert pinned[canonicalize_name(requirement.name)] in requirement.specifier, f"{requirement}: run ./dev lock"


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_hashes(name: str) -> None:
    requirements = re.split(r"(?m)^(?=[A-Za-z0-9])", read_lock(name))[1:]
    assert requirements
    assert [entry.splitlines()[0] for entry in requirements if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("name", LOCKS)
def test_lock_names_no_place_to_download_from(name: str) -> None:
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", read_lock(name))


def test_image_and_build_run_the_versions_that_were_tested() -> None:
    tested = pins("dev")
    for name in ("run", "build"):
        assert {package: version for package, version in pins(name).items() if tested[package] != version} == {}


def test_locks_hold_the_time_zones_that_a_bare_system_lacks() -> None:
    for name in ("dev", "run"):
        assert re.search(r"^tzdata==[^ ;]+ \\$", read_lock(name), re.MULTILINE), "for every platform"


def test_changelog_describes_this_version() -> None:
    headings = re.findall(r"^## \[([^\]]+)\]", read("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert headings[1] == exporter.__version__


def test_licence_is_whole() -> None:
    text = read("LICENSE")
    assert text.split()[:3] == ["Apache", "License", "Version"]
    assert "END OF TERMS AND CONDITIONS" in text
    assert PYPROJECT["project"]["license"] == "Apache-2.0"


# Written so that this file does not hold them.
_FORBIDDEN = re.compile(
    r"py[p]i\.org|pythonhoste[d]|deb\.debia[n]\.org|np[m]js\.org|/work/(shared|mai[n])|simple/\b.*--hash"
)


def test_no_file_names_a_place_to_download_from_or_to_work_in() -> None:
    found = []
    for path in tracked_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}: {hit.group()}" for hit in _FORBIDDEN.finditer(text)]
    assert found == []


def test_every_dependency_has_its_reason_in_the_readme() -> None:
    table = re.findall(r"^\| ([\w-]+) \| \w", read("README.md"), re.MULTILINE)
    assert sorted(map(canonicalize_name, table)) == sorted(canonicalize_name(entry.name) for entry in wanted("run"))


def test_image_is_made_of_files_that_are_there_and_reach_the_builder() -> None:
    sources = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", read("Dockerfile"), re.MULTILINE)
        for source in line.split()[:-1]
    ]
    sent = re.findall(r"^!(\S+)$", read(".dockerignore"), re.MULTILINE)
    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert source.split("/")[0] in sent, source


def test_image_does_not_run_as_root() -> None:
    last_stage = read("Dockerfile").rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", last_stage, re.MULTILINE)


def test_debian_packages_are_listed_with_their_commands() -> None:
    lines = [line.split() for line in read("requirements/debian.txt").splitlines() if not line.startswith("#")]
    assert [len(words) for words in lines] == [2] * len(lines)
