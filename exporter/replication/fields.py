"""Fields of events, read as what they are to be used as."""

from __future__ import annotations

import ntpath
from functools import lru_cache

from exporter.events.event import Event


def key_of(event: Event) -> tuple[str, int | None]:
    """Return what joins the lines of one thread."""
    _, _, log, _, _, _, thread, _, _ = event
    return log, thread


@lru_cache(maxsize=1024)
def base_name(path: str) -> str:
    """Return the last part of a path as Windows writes it, without the full stop that ends the sentence around it."""
    return ntpath.basename(path.strip()).rstrip(".")


def server_of(nal_path: str) -> str:
    r"""Return the server that a NAL path names last, as in `["Display=\\DP1\\"]MSWNET:["SMS_SITE=PS1"]\\\\DP1\\`."""
    return nal_path.rpartition("]")[2].strip("\\ .…").partition("\\")[0]


def text(event: Event, name: str) -> str:
    """Return a field as text, "" when the line lacks it."""
    value = event.fields.get(name, "")
    return value if isinstance(value, str) else str(value)


def integer(event: Event, name: str) -> int | None:
    """Return a field as a number, None when the line lacks it or has a word there (`version <x>` in an article)."""
    value = event.fields.get(name)
    if isinstance(value, int):
        return value
    try:
        return None if value is None else int(value)
    except ValueError:
        return None
