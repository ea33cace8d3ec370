"""Debian's promtool (package prometheus), the judge of names, types and queries. Tests that need it fail without it."""

from __future__ import annotations

import subprocess


def complaints(*arguments: str, stdin: bytes = b"") -> str:
    """Run promtool and return what it says when it is not content, else ""."""
    done = subprocess.run(["promtool", *arguments], input=stdin, capture_output=True, check=False, timeout=60)
    said = (done.stdout + done.stderr).decode()
    return said or f"exit status {done.returncode}" if done.returncode else ""
