"""The command line in this process, through the function that the console script calls."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest

from exporter.cli import main
from exporter.process import supervisor
from tests.lines import blocked

_NOBODY = 65534


class Result(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


Command = Callable[..., Result]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command to its end; its own log is left out, for logging is one for all tests."""
    monkeypatch.setattr(supervisor, "start_logging", lambda *_options: None)
    monkeypatch.setenv("COLUMNS", "100")

    def invoke(*arguments: object) -> Result:
        monkeypatch.setattr("sys.argv", ["configmgr-exporter", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Result(ended.value.code, out, err)

    return invoke


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may look into, which pytest's own are not."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Have no more rights than anybody; root may read everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """The logs of a site with a blocked task sequence."""
    folder = tmp_path / "SMS_CHI" / "Logs"
    folder.mkdir(parents=True)
    (folder / "distmgr.log").write_bytes(blocked("CEN00021", 5))
    return folder
