"""Compiles the scanner when the package is built or installed, where a C compiler and Python's headers are.

Without them the package is built all the same: what the scanner does is then done in Python. The environment variable
CONFIGMGR_EXPORTER_COMPILED says `always`, so that the build fails instead, or `never`.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from sysconfig import get_config_var
from tempfile import TemporaryDirectory
from typing import Any, Final
from zlib import crc32

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE: Final = Path("exporter/events/scanner.pyx")
WHETHER: Final = "CONFIGMGR_EXPORTER_COMPILED"
HOW: Final = "It takes a C compiler and Python's headers (Debian: gcc and python3-dev)."


class CompilingHook(BuildHookInterface):  # type: ignore[type-arg]
    """Puts the compiled scanner into the wheel, or beside its source where the checkout is installed to be edited."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, before the files of the wheel are gathered."""
        self._scratch = TemporaryDirectory()
        root, editable = Path(self.root), version == "editable"
        place = SOURCE.with_suffix(str(get_config_var("EXT_SUFFIX")))
        if editable:
            (root / place).unlink(missing_ok=True)  # whoever runs it keeps it
        whether = os.environ.get(WHETHER)
        if whether not in {None, "", "always", "never"}:
            raise ValueError(f"{WHETHER} is {whether!r}, neither always nor never")
        if whether == "never":
            return
        try:
            module = compile_scanner(root, Path(self._scratch.name), tied=editable)
        except Exception as error:
            if whether == "always":
                raise
            self.app.display_warning(f"The scanner was not compiled: {error}")
            self.app.display_warning(
                f"The exporter works without it, and reads a backlog at less than half the speed. {HOW}"
            )
            return
        if editable:
            shutil.copyfile(module, root / place)
        else:
            build_data["force_include"][str(module)] = place.as_posix()
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Clean up."""
        self._scratch.cleanup()


def compile_scanner(root: Path, scratch: Path, *, tied: bool) -> Path:
    """Compile the scanner of a checkout in a folder, and return the path of the module.

    Args:
        root: the checkout.
        scratch: where to compile.
        tied: whether the module refuses to be imported when its source has changed, as a checkout's may.

    Raises:
        Exception: any that the compilers raise when they cannot.
    """
    from Cython.Build import cythonize  # noqa: PLC0415  # what is lacking must not keep the rest from being built
    from setuptools import Distribution, Extension  # noqa: PLC0415
    from setuptools.command.build_ext import build_ext  # noqa: PLC0415

    name = ".".join(SOURCE.with_suffix("").parts)
    options = [] if sys.platform == "win32" else ["-O3", "-g0"]
    macros = [("SOURCE_SUM", f"{crc32((root / SOURCE).read_bytes())}u")] if tied else []
    extension = Extension(name, [str(root / SOURCE)], define_macros=macros, extra_compile_args=options)
    modules = cythonize([extension], build_dir=str(scratch), quiet=True)  # type: ignore[no-untyped-call]
    command = build_ext(Distribution({"ext_modules": modules}))
    command.build_lib = command.build_temp = str(scratch)
    command.ensure_finalized()
    command.run()
    (built,) = command.get_outputs()
    return Path(built)
