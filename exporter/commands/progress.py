"""Progress of long work, on a terminal only; the bars vanish when the work is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)


@contextmanager
def reading_bar(total_bytes: int) -> Iterator[Callable[[int], None]]:
    """Show how many bytes of all have been read; the function given takes that number."""
    with _bar("Reading", DownloadColumn()) as show:
        yield lambda done: show(done, total_bytes)


@contextmanager
def counting_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show how much is done; the function given takes how many of how many."""
    with _bar(what, MofNCompleteColumn()) as show:
        yield show


@contextmanager
def _bar(what: str, amount: ProgressColumn) -> Iterator[Callable[[int, int], None]]:
    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), amount, TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("")
        yield lambda done, total: progress.update(task, completed=done, total=total)
