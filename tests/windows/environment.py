"""Windows without Windows: its CPython under Wine, with the project and its locked packages, made on demand.

Everything is kept in one folder and made again only when what it was made from has changed. By itself,
`python -m tests.windows.environment [ARGUMENT...]` makes it and runs the Windows Python in it.

Wine is a good judge of who may open, rename and delete what; it is not Windows. It lets a name be taken again while the
deleted file of that name is still open, which Windows may refuse.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from install.windows.archive import zip_folder
from install.windows.errors import LackingError
from install.windows.folder import PROGRAM, complete
from install.windows.programs import make_prefix, output_of, windows_path, wine_variables
from install.windows.python import LOCKS, ROOT, compile_modules, install_project, make_python

FOLDER: Final = "CONFIGMGR_EXPORTER_WINE"
"""Environment variable that names another folder than `.tools/wine` in the checkout; one checkout at a time uses it."""

_PATIENCE: Final = 60  # seconds for the end of a process that has been told
_PROGRAMS: Final = {"wine": "wine", "ld": "binutils"}

# Wine 8 lacks this library, out of which programs written in Rust take their random numbers (pydantic-core is one).
# It does have the same function under an older name: a library that only points there needs no compiler.
_RANDOM_LIBRARY: Final = "bcryptprimitives.dll"
_RANDOM_EXPORTS: Final = f"LIBRARY {_RANDOM_LIBRARY}\nEXPORTS\n  ProcessPrng = ADVAPI32.SystemFunction036\n"


@dataclass(frozen=True)
class Finished:
    """A Windows process that has ended: its exit status, and what it wrote, with line feeds alone."""

    status: int
    out: str
    err: str


class WindowsPython:
    """A CPython for Windows that runs under Wine.

    Args:
        folder: where it and its Wine prefix are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def program_folder(self) -> Path:
        """The folder that the zip is made of: the program, and its Python."""
        return self._folder / "program"

    def unpacked(self) -> Path:
        """The program out of its zip, in a folder whose name Windows' programs like to stumble over."""
        target = self._folder / "unpacked"
        made_from = (self._folder / "project.stamp").read_text(encoding="utf-8")
        with self.alone():
            _make_once(target, made_from, lambda target: _unpack(self.program_folder, target / "Büro & Co (x86)"))
        return target / "Büro & Co (x86)" / "program" / PROGRAM

    @property
    def events(self) -> Path:
        """What services report to the event log: Wine keeps none, but writes it where the first process' errors go."""
        return self._folder / "events.txt"

    def start(
        self,
        *arguments: str | Path,
        program: Path | None = None,
        variables: Mapping[str, str] | None = None,
        stderr: int = subprocess.PIPE,
    ) -> subprocess.Popen[bytes]:
        """Start Python, or another program. Paths among the arguments become Windows paths."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
        return subprocess.Popen(
            [
                "wine",
                str(program or self.program_folder / "python" / "python.exe"),
                *(windows_path(argument) if isinstance(argument, Path) else argument for argument in arguments),
            ],
            env={**inherited, **wine_variables(self._folder / "prefix"), **(variables or {})},
            cwd=self._folder,  # not the checkout: what is tried is what was installed
            # Pipes, never files: on a plain file, the Python of Windows cannot open its standard streams under Wine.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )

    def run(
        self,
        *arguments: str | Path,
        program: Path | None = None,
        variables: Mapping[str, str] | None = None,
        seconds: float = 120,
    ) -> Finished:
        """Run Python, or another program, to its end.

        Raises:
            subprocess.TimeoutExpired: it did not end in time; it has been killed.
        """
        process = self.start(*arguments, program=program, variables=variables)
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            sys.stderr.write(f"{_text(out)}\n{_text(err)}\n")
            raise
        return Finished(process.returncode, _text(out), _text(err))

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until no other process of the test run does the same, and keep them out until the end of the block."""
        with (self._folder / "alone").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextlib.contextmanager
    def kept_up(self) -> Iterator[None]:
        """Keep Windows up between processes, so that each starts in a fraction of a second.

        The first process starts the services of Windows, which hold its output open for as long as they live, as will
        those that a test starts: they are up when it has said so, and nobody waits for the end of its output.
        """
        script = "import sys; print('up', flush=True); sys.stdin.read()"
        with self._writing_events() as events, self.start("-c", script, stderr=events) as anchor:
            if anchor.stdin is None or anchor.stdout is None:
                raise AssertionError("started with pipes")
            if anchor.stdout.readline().strip() != b"up":
                raise LackingError("Windows did not come up")
            try:
                yield
            finally:
                anchor.stdin.close()
                anchor.wait(timeout=_PATIENCE)

    @contextlib.contextmanager
    def _writing_events(self) -> Iterator[int]:
        """Give a pipe whose far end writes to `events` for as long as anything of Windows holds it."""
        reading, writing = os.pipe()
        try:
            far_end = 'exec 3<&0; cat <&3 >>"$1" &'  # a command in the background has no input of its own
            subprocess.run(["sh", "-c", far_end, "sh", self.events], stdin=reading, check=True)
            yield writing
        finally:
            os.close(reading)
            os.close(writing)


def prepare() -> WindowsPython:
    """Make or bring up to date what is needed, and return it.

    Raises:
        LackingError: a part cannot be had; the message says which.
    """
    packages = [package for program, package in _PROGRAMS.items() if shutil.which(program) is None]
    if packages:
        raise LackingError(f"not installed: {', '.join(packages)} (apt-get install {' '.join(packages)})")
    folder = Path(os.environ.get(FOLDER) or ROOT / ".tools" / "wine").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the workers of one test run must not make it twice
        wine = output_of(["wine", "--version"], variables=wine_variables(folder / "prefix"))
        _make_once(folder / "prefix", wine, _make_prefix)
        base = _digest([*LOCKS, *(ROOT / "install" / "windows").glob("*.py")]) + wine
        _make_once(folder / "program", base, _make_program)
        _make_once(folder / "project", base + _digest(_project_files()), _install_project)
    return WindowsPython(folder)


def _make_once(target: Path, made_from: str, make: Callable[[Path], None]) -> None:
    """Call `make` unless it has come to its end before for the same `made_from`."""
    stamp = target.with_suffix(".stamp")
    if target.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == made_from:
        return
    stamp.unlink(missing_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    make(target)
    stamp.write_text(made_from, encoding="utf-8")


def _make_prefix(target: Path) -> None:
    make_prefix(target)
    with tempfile.TemporaryDirectory() as scratch:
        exports = Path(scratch) / "random.def"
        exports.write_text(_RANDOM_EXPORTS, encoding="utf-8")
        library = target / "drive_c" / "windows" / "system32" / _RANDOM_LIBRARY
        output_of(["ld", "-m", "i386pep", "--shared", "-e", "0", "-o", library, exports])


def _make_program(target: Path) -> None:
    target.mkdir()
    make_python(target / "python")
    compile_modules(target / "python", target.parent / "prefix")


def _project_files() -> list[Path]:
    files = [path for path in (ROOT / "exporter").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    beside = [path for path in (ROOT / "install" / "windows").iterdir() if path.suffix in {".ps1", ".txt"}]
    return [*sorted(files), *sorted(beside), ROOT / "pyproject.toml", ROOT / "README.md", ROOT / "LICENSE"]


def _install_project(target: Path) -> None:
    target.mkdir()
    program = target.parent / "program"
    install_project(program / "python")
    compile_modules(program / "python", target.parent / "prefix", "Lib/site-packages/exporter")
    complete(program)


def _unpack(folder: Path, into: Path) -> None:
    into.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        packed = Path(scratch) / "program.zip"
        zip_folder(folder, packed)
        with zipfile.ZipFile(packed) as files:
            files.extractall(into)  # made two lines above


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _text(output: bytes) -> str:
    return output.decode("utf-8", errors="replace").replace("\r\n", "\n")


if __name__ == "__main__":
    answer = prepare().run(*sys.argv[1:])
    sys.stdout.write(answer.out)
    sys.stderr.write(answer.err)
    sys.exit(answer.status)
