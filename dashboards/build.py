"""Makes the dashboards: `python -m dashboards.build`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards import frame, health, hierarchy, package, site, transport
from dashboards.frame import Sheet

FOLDER: Final = Path(__file__).resolve().parent / "json"

SHEETS: Final[Mapping[str, Callable[[], Sheet]]] = {
    "hierarchy.json": hierarchy.sheet,
    "site.json": site.sheet,
    "package.json": package.sheet,
    "transport.json": transport.sheet,
    "exporter.json": health.sheet,
}
"""What makes each file."""


def text_of(name: str) -> str:
    """Return what a file holds.

    Args:
        name: one of `SHEETS`.
    """
    return JSONEncoder(sort_keys=True, indent=2).encode(frame.build(SHEETS[name]())) + "\n"


def main() -> None:
    """Write every dashboard."""
    FOLDER.mkdir(exist_ok=True)
    for name in SHEETS:
        (FOLDER / name).write_text(text_of(name), encoding="utf-8")


if __name__ == "__main__":
    main()
