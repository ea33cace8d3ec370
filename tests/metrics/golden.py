"""Golden scrapes. `python -m tests.metrics.golden` writes them anew; read the difference before committing it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from exporter.metrics.exposition import Exposition, Form
from exporter.metrics.views import Snapshot
from tests.metrics.states import FACTS, full, quiet

FOLDER = Path(__file__).parents[1] / "golden" / "metrics"

_STATES: dict[str, Callable[[], Snapshot]] = {
    "full": full,
    "quiet": lambda: Snapshot([quiet("CHI")], FACTS),
    "no_sites": lambda: Snapshot([], FACTS),
}
FILES = {f"{name}.{form.value}.txt": (state, form) for name, state in _STATES.items() for form in Form}


def render(file: str) -> bytes:
    state, form = FILES[file]
    snapshot = state()
    return Exposition(lambda: snapshot).page(form)


if __name__ == "__main__":
    for each in FILES:
        (FOLDER / each).write_bytes(render(each))
