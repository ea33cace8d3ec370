"""What the tests of this folder share: a Windows Python that stays up while they run.

Where it cannot be had, they fail and say what is lacking. To leave them out for once, say so:
`CONFIGMGR_EXPORTER_TESTS_LEAVE_OUT=windows ./dev test`.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from install.windows.errors import LackingError
from tests.windows.environment import WindowsPython, prepare

HERE = Path(__file__).resolve().parent
LEAVE_OUT = "CONFIGMGR_EXPORTER_TESTS_LEAVE_OUT"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "windows: runs the Windows Python under Wine")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    ours = [item for item in items if item.path.is_relative_to(HERE)]
    left_out = "windows" in os.environ.get(LEAVE_OUT, "").split(",")
    for item in ours:
        item.add_marker(pytest.mark.windows)
        if left_out:
            item.add_marker(pytest.mark.skip(reason=f"left out by {LEAVE_OUT}"))
    if ours and left_out and os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0":
        capture = config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled() if capture else nullcontext():
            sys.stderr.write(f"\n!! {len(ours)} tests of Windows are LEFT OUT, because {LEAVE_OUT} says so.\n")


@pytest.fixture(scope="session")
def windows() -> Iterator[WindowsPython]:
    try:
        python = prepare()
    except LackingError as lacking:
        pytest.fail(f"the Windows Python is lacking: {lacking}", pytrace=False)
    with python.kept_up():
        yield python


@pytest.fixture(scope="session")
def program(windows: WindowsPython) -> Path:
    """What an administrator has who unpacked the zip."""
    return windows.unpacked()


@pytest.fixture
def one_computer(windows: WindowsPython) -> Iterator[None]:
    """Be the only test that changes what all programs of this Windows share, its registry and its services."""
    with windows.alone():
        yield
