"""What values stand for in tables: shorter than on the pages, for a table has more columns than room."""

from __future__ import annotations

from typing import Final

from exporter.replication.state import SourceReason, WaitReason
from exporter.replication.win32 import in_words

SOURCES: Final = {
    SourceReason.INACCESSIBLE: "source unreadable",
    SourceReason.SNAPSHOT: "snapshot failed",
}
WAITS: Final = {
    WaitReason.CONTENTS: "content not arrived",
    WaitReason.COMPRESSED: "files not arrived",
    WaitReason.NEWER_VERSION: "newer content needed",
}

SOURCE_ERRORS: Final = {code: in_words(code) for code in (2, 3, 5, 32, 53, 64, 67, 112, 1326)}
"""Windows errors that keep an owner from reading a source; others stand as numbers."""
