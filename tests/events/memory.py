"""The compiled scanner on random, hostile blocks, built so that it stops at the first byte it takes beside an object.

python -m tests.events.memory FOLDER --blocks 1500 [--seed 1]
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

from exporter.events import matcher as matching
from exporter.events.loader import load_catalogue
from exporter.logs.block import Block
from exporter.logs.clock import Clock
from exporter.logs.records import RecordReader
from tests.events.lines import BLOCKED_UNIT, NOISE, STAMPED_FORMS, STATMSG

SOURCE: Final = Path(matching.__file__).with_name("scanner.pyx")
_MODULE: Final = "exporter.events.scanner"


def build(folder: Path) -> dict[str, str]:
    """Build the module in a folder with the address sanitizer; return the environment that it needs."""
    code, module = folder / "scanner.c", folder / "scanner.so"
    subprocess.run([sys.executable, "-m", "cython", "-3", "--module-name", _MODULE, SOURCE, "-o", code], check=True)
    subprocess.run(
        [
            *("gcc", "-shared", "-fPIC", "-O1", "-g", "-fwrapv", "-fsanitize=address,undefined"),
            *("-fno-sanitize-recover=undefined", "-fno-sanitize=alignment", f"-I{sysconfig.get_path('include')}"),
            *(code, "-o", module),
        ],
        check=True,
    )
    found = [
        subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()
        for name in ("libasan.so", "libubsan.so")
    ]
    # Python's own allocator would give out parts of one large piece, in which nothing is forbidden.
    options = {"LD_PRELOAD": " ".join(found), "PYTHONMALLOC": "malloc", "ASAN_OPTIONS": "detect_leaks=0"}
    return {**os.environ, **options}


def _line(chance: random.Random) -> bytes:
    line = chance.choice(STAMPED_FORMS)(chance.choice([*BLOCKED_UNIT, *NOISE, STATMSG])).encode()
    change = chance.randrange(8)
    at = chance.randrange(len(line))
    if change == 0:
        return line[at:]
    if change == 1:
        return line[:at]
    if change == 2:
        return line[:at] + bytes(chance.randrange(256) for _ in range(chance.randrange(5))) + line[at:]
    if change == 3:
        return chance.choice([b"", b">", b"<thread=>", b"><thread=1>", b"><thread=12345678901 (0x1)>", b"erro", b"\r"])
    if change == 4:
        return line.replace(b" ", b"\n", chance.randrange(3))
    return line


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--blocks", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    spec = importlib.util.spec_from_file_location(_MODULE, given.folder / "scanner.so")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    catalogue, reader, chance = load_catalogue(), RecordReader(Clock()), random.Random(given.seed)  # noqa: S311
    plain = matching.Matcher(catalogue, reader, compiled=False)
    matching.COMPILED = module.Scanner
    compiled = matching.Matcher(catalogue, reader)
    for _ in range(given.blocks):
        lines = [_line(chance) for _ in range(chance.randrange(12))]
        data = chance.choice([b"\n", b"\r\n"]).join([*lines, chance.choice([b"", b"x"])])
        block = Block(data, "x.log", final=chance.random() < 0.5)
        assert compiled.scan(block, "distmgr") == plain.scan(block, "distmgr"), data
    sys.stdout.write(f"{given.blocks} blocks, found the same\n")


if __name__ == "__main__":
    _main()
