from pathlib import Path

import pytest

from tests.simulator.golden import FOLDER, golden_plans, written


@pytest.mark.parametrize("era", ["2007", "2012"])
def test_logs_are_those_that_were_read_and_found_right(era: str, tmp_path: Path) -> None:
    expected = {path.name: path.read_text(encoding="utf-8") for path in (FOLDER / era).iterdir()}
    assert written(golden_plans()[era], tmp_path) == expected
