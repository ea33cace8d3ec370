"""Progress of long work, on a terminal only; the bars vanish when the work is done."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def reading_bar(total_bytes: int) -> Iterator[Callable[[int], None]]:
    """Show how many bytes of all have been read; the function given takes that number."""
    with _bar("Reading", "DownloadColumn") as show:
        yield lambda done: show(done, total_bytes)


@contextmanager
def counting_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show how much is done; the function given takes how many of how many."""
    with _bar(what, "MofNCompleteColumn") as show:
        yield show


@contextmanager
def _bar(what: str, amount: str) -> Iterator[Callable[[int, int], None]]:
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich import progress as bars  # noqa: PLC0415  # a tenth of the start, for nothing where nobody looks
    from rich.console import Console  # noqa: PLC0415

    column: bars.ProgressColumn = getattr(bars, amount)()
    columns = (bars.TextColumn(what), bars.BarColumn(), column, bars.TimeRemainingColumn())
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
