"""The same files make the same zip, to the byte, whenever and wherever it is made."""

import io
import os
import zipfile
from pathlib import Path

from install.windows.archive import zip_folder, zipped


def write(folder: Path, names: list[str], time: float, mode: int) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode() * 100)
        path.chmod(mode)
        os.utime(path, (time, time))
    return folder


def test_same_files_same_bytes(tmp_path: Path) -> None:
    names = ["a.txt", "python/python.exe", "python/Lib/os.py", "Büro.txt"]
    one = write(tmp_path / "one" / "program", names, 1e9, 0o600)
    other = write(tmp_path / "other" / "program", names[::-1], 1.7e9, 0o755)
    zip_folder(one, tmp_path / "one.zip")
    zip_folder(other, tmp_path / "other.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "other.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == sorted(f"program/{name}" for name in names)


def test_few_files_in_memory() -> None:
    packed = zipped({"b.py": b"2", "a.py": b"1"})
    assert packed == zipped({"a.py": b"1", "b.py": b"2"})
    with zipfile.ZipFile(io.BytesIO(b"launcher" + packed)) as archive:  # as Python reads what stands behind a launcher
        assert archive.read("a.py") == b"1"
