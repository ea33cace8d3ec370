"""Nothing of a request reaches the file system, as the kernel sees it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.commands.running import Running
from tests.lines import blocked, line
from tests.waiting import until
from tests.web.serving import ask, raw, rest

_MARK = "zzqmarkqzz"
_PATHS = (
    f"/{_MARK}",
    f"/../../{_MARK}",
    f"/static/{_MARK}.css",
    f"/static/..%2f..%2f{_MARK}",
    f"/site/{_MARK}",
    f"/package/{_MARK}",
    f"/task-sequence/CHI/{_MARK}",
    f"/metrics?name[]={_MARK}",
    f"/api/v1/packages/{_MARK}",
    f"/api/v1/evidence?package={_MARK}",
    f"/-/reload?file={_MARK}",
)


@contextmanager
def traced(process: int, output: Path) -> Iterator[None]:
    """Write down each system call of a process that names a file."""
    command = ["strace", "-f", "-p", str(process), "-e", "trace=%file", "-s", "4096", "-o", str(output)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr
        assert "attached" in tracer.stderr.readline()
        yield
        tracer.terminate()
        tracer.communicate()


def test_no_path_query_or_header_names_a_file(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    log = logs / "distmgr.log"
    log.write_bytes(blocked("CEN00021"))
    calls = tmp_path / "calls"
    with Running(tmp_path / "said", f"CHI={logs}") as exporter:
        port = int(exporter.address.rpartition(":")[2])
        with traced(exporter.process.pid, calls):
            for path in _PATHS:
                for method in ("GET", "POST"):
                    ask(port, path, method, Referer=_MARK, X_Forwarded_For=_MARK, Authorization=_MARK, Cookie=_MARK)
            with raw(port) as connection:
                connection.sendall(
                    f"GET file:///{_MARK} HTTP/1.1\r\nHost: {_MARK}\r\nConnection: close\r\n\r\n".encode()
                )
                rest(connection)
            with log.open("ab") as written:
                written.write(line("Nothing to do."))
            until(lambda: "distmgr.log" in calls.read_text())  # what it does open is seen
    assert _MARK not in calls.read_text()
