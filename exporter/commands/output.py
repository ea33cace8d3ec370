"""What commands print: JSON for programs that is safe on a screen too, and a console for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click
import regex

if TYPE_CHECKING:
    from rich.console import Console

# JSON escapes the control characters of ASCII. Log text may hold others that steer a terminal (U+009B begins a
# sequence as ESC [ does), turn the direction of what follows, or cannot be encoded.
_STEERING: Final = regex.compile(r"[\x7f\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}--\n]", regex.VERSION1)


def to_json(value: object, indent: int | None = None) -> str:
    """Return a value as JSON in which other letters than those of ASCII stay readable."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    if text.isascii() and "\x7f" not in text:
        return text
    escaped: str = _STEERING.sub(lambda found: json.dumps(found[0])[1:-1].replace("\x7f", "\\u007f"), text)
    return escaped


@contextmanager
def on_paper(console: Console) -> Iterator[None]:
    """Print without the blanks that fill the lines of tables, unless on a terminal: they are in the way in a mail."""
    if console.is_terminal:
        yield
        return
    with console.capture() as printed:
        yield
    click.echo("\n".join(line.rstrip() for line in printed.get().splitlines()))


def new_console() -> Console:
    """Return a console that shows text as it is: in a name, `[x86]` is no markup and `:cd:` no picture."""
    from rich.console import Console  # noqa: PLC0415  # JSON needs none

    return Console(highlight=False, markup=False, emoji=False)
