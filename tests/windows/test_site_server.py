"""On a site server nobody has to say where its logs are: the registry tells, in either of its halves."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.windows.environment import WindowsPython

INSIDE = Path(__file__).resolve().parent / "inside"
STAMP = "  $$<SMS_DISTRIBUTION_MANAGER><Thu Mar 04 10:15:32.123 2010 Eastern Standard Time><thread=3148 (0xC4C)>\r\n"
MISSING = "referenced program CEN00012-Install is not present in the PkgPrograms table. Will try later."
BLOCKED = (
    "Processing incoming file D:\\SMS\\inboxes\\distmgr.box\\INCOMING\\RD5L85BW.PKG.",
    "Adding package CEN00021 to the active package array.",
    f"Failed to insert SMS Program ID * because the {MISSING}",
    "Cannot update the package program for package CEN00021 in the package source, error = 40",
    "Removing package CEN00021 from the active package array.",
)


pytestmark = pytest.mark.usefixtures("one_computer")


@pytest.fixture
def installed(windows: WindowsPython, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Give what makes this Windows the site server of CHI, in one half of the registry."""

    def install(view: str) -> None:
        windows.run(INSIDE / "registry.py", "write", view, folder, "CHI")

    folder = tmp_path / "Büro SMS"
    (folder / "Logs").mkdir(parents=True)
    (folder / "Logs" / "distmgr.log").write_text("".join(f"{text}{STAMP}" for text in BLOCKED), newline="")
    yield install
    windows.run(INSIDE / "registry.py", "erase")


def test_logs_of_this_computer_need_no_name(windows: WindowsPython, installed: Callable[[str], None]) -> None:
    installed("64")
    asked = windows.run("-m", "exporter", "explain", "--json")
    assert asked.err == ""
    assert [each["task_sequence"] for each in json.loads(asked.out)["sites"]["CHI"]["blocked"]] == ["CEN00021"]
    assert asked.status == 1


def test_check_says_that_the_level_hides_what_is_needed(
    windows: WindowsPython, installed: Callable[[str], None]
) -> None:
    installed("32")  # as a site server of 2007 has it
    asked = windows.run("-m", "exporter", "check", variables={"COLUMNS": "400"})
    assert "SMS_DISTRIBUTION_MANAGER writes only warnings and errors" in asked.out
    assert asked.status == 2


def test_computer_that_is_no_site_server(windows: WindowsPython) -> None:
    asked = windows.run("-m", "exporter", "explain")
    assert asked.status == 2
    assert "this computer is no site server" in asked.err
