"""The package on Windows: it is whole, and its commands give the answers that they give on Linux."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from install.windows.python import ROOT
from tests.windows.environment import WindowsPython

INSIDE = Path(__file__).resolve().parent / "inside"
STAMP = "  $$<SMS_DISTRIBUTION_MANAGER><Thu Mar 04 10:15:32.123 2010 Eastern Standard Time><thread=3148 (0xC4C)>\r\n"


def on_linux(*arguments: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "exporter", *arguments], cwd=ROOT, capture_output=True, check=False, timeout=120
    )
    assert done.stderr == b""
    return done.returncode, done.stdout.decode()


@pytest.fixture(scope="module")
def hierarchy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hierarchy")
    status, _ = on_linux("simulate", folder)
    assert status == 0
    return folder


def write_log(folder: Path, messages: Sequence[str], encoding: str = "cp1252") -> Path:
    log = folder / "distmgr.log"
    log.write_bytes("".join(f"{message}{STAMP}" for message in messages).encode(encoding))
    return log


def test_every_module_can_be_imported(windows: WindowsPython) -> None:
    answer = json.loads(windows.run(INSIDE / "modules.py").out)
    files = [*(ROOT / "exporter").rglob("*.py"), *(ROOT / "exporter").rglob("*.pyx")]
    sources = {path.relative_to(ROOT).with_suffix("") for path in files}
    names = {".".join(path.parts).removesuffix(".__init__") for path in sources} - {"exporter.__main__"}
    assert answer["failures"] == {}
    assert set(answer["names"]) == names


def test_entry_point_and_help(windows: WindowsPython) -> None:
    script = "from importlib.metadata import entry_points; entry_points(name={0!r})[{0!r}].load()()"
    asked = windows.run("-c", script.format("configmgr-exporter"), "--help")
    assert asked.status == 0, asked.err
    status, help_on_linux = on_linux("--help")
    assert asked.out == help_on_linux
    assert status == 0


def test_explain_gives_the_answer_of_linux(windows: WindowsPython, hierarchy: Path) -> None:
    asked = windows.run("-m", "exporter", "explain", "--json", hierarchy)
    status, out = on_linux("explain", "--json", hierarchy)
    assert asked.err == ""
    assert json.loads(asked.out) == json.loads(out)
    assert asked.status == status == 1
    truth = json.loads((hierarchy / "truth.json").read_text(encoding="utf-8"))
    assert truth
    assert json.loads(asked.out)["sites"]["CHI"]["blocked"]


def test_explain_says_what_is_stuck_in_words(windows: WindowsPython, hierarchy: Path) -> None:
    asked = windows.run("-m", "exporter", "explain", f"{hierarchy}/SMS_CHI/Logs")
    assert asked.err == ""
    assert "CEN00012" in asked.out
    assert asked.status == 1


def test_records_gives_the_answer_of_linux(windows: WindowsPython, hierarchy: Path) -> None:
    log = hierarchy / "SMS_CHI" / "Logs" / "distmgr.log"
    asked = windows.run("-m", "exporter", "records", log)
    status, out = on_linux("records", log)
    assert asked.err == ""
    assert asked.out == out
    assert asked.status == status == 0
    assert len(out.splitlines()) > 100


def test_what_programs_read_is_utf_8_whatever_the_code_page(windows: WindowsPython, tmp_path: Path) -> None:
    # Beyond the code page of this Windows (1252), in which Python writes to a pipe unless it is told otherwise.
    log = write_log(tmp_path, ["Taking package snapshot for package CEN00012 from source \\\\büro\\Оснастка"], "utf-8")
    asked = windows.run("-m", "exporter", "records", log)
    assert asked.err == ""
    assert json.loads(asked.out)["message"].endswith("\\\\büro\\Оснастка")


def test_what_people_read_may_be_redirected(windows: WindowsPython, tmp_path: Path) -> None:
    missing = "referenced program CEN00012-Установить is not present in the PkgPrograms table. Will try later."
    write_log(
        tmp_path,
        [
            "Processing incoming file D:\\SMS\\inboxes\\distmgr.box\\INCOMING\\RD5L85BW.PKG.",
            "Adding package CEN00021 to the active package array.",
            f"Failed to insert SMS Program ID * because the {missing}",
            "Cannot update the package program for package CEN00021 in the package source, error = 40",
            "Removing package CEN00021 from the active package array.",
        ],
        "utf-8",
    )
    asked = windows.run("-m", "exporter", "explain", f"CHI={tmp_path}")
    assert asked.err == ""
    assert asked.status == 1
    assert "CEN00021" in asked.out


def test_share_that_is_not_there_is_named_as_it_was_typed(windows: WindowsPython) -> None:
    asked = windows.run("-m", "exporter", "explain", r"CHI=\\nowhere\SMS_CHI\Logs")
    assert asked.status == 2
    assert asked.err.startswith(r"Error: \\nowhere\SMS_CHI\Logs: ")
    assert "Traceback" not in asked.err
