"""What a release promised still holds, or the changelog says that it does not. See docs/upgrading.md."""

import re
from pathlib import Path

import pytest

from tests.test_project import ROOT, read
from tests.upgrading.promises import promises

RELEASES = sorted((ROOT / "tests" / "fixtures" / "releases").iterdir())


@pytest.fixture(scope="module")
def now() -> list[str]:
    return promises()


def test_promises_are_of_every_kind(now: list[str]) -> None:
    assert {
        "metric configmgr_task_sequence_blocked gauge site task_sequence package program source_site",
        "command explain",
        "option run --config.file",
        "key sites.logs",
        "json explain .culprits[].cause.certainty",
        "json explain .sites.SITE.blocked[].missing[].package",
    } <= set(now)


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
def test_what_a_release_promised_is_there_or_said_to_have_gone(release: Path, now: list[str]) -> None:
    """A line that is gone or changed is a break: it needs a new major version, before 1.0 a new minor one."""
    promised = (release / "promises.txt").read_text(encoding="utf-8").splitlines()
    said = "\n".join(
        re.findall(r"^### (?:Changed|Removed)\n(.*?)(?=^##)", read("CHANGELOG.md"), re.MULTILINE | re.DOTALL)
    )
    unsaid = [promise for promise in promised if promise not in now and f"`{subject(promise)}`" not in said]
    assert unsaid == [], "say in CHANGELOG.md, under Changed or Removed, what became of it"


def subject(promise: str) -> str:
    words = promise.split()
    return words[1] if words[0] == "metric" else words[-1]
