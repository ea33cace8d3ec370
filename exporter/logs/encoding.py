"""Bytes of a log to text, without losing any of them."""

from __future__ import annotations

import codecs

_PRINTABLE_ASCII = bytes(range(0x20, 0x7F))


def check_code_page(name: str) -> None:
    """Refuse a code page that records cannot be read in.

    Args:
        name: a code page by its Python name (`cp1252`, `cp932`).

    Raises:
        ValueError: the name is unknown, is no character encoding, or does not hold ASCII as itself, so that the
            marks around a stamp could not be found in the bytes.
    """
    try:
        codecs.lookup(name)
        ascii_as_itself = _PRINTABLE_ASCII.decode(name) == _PRINTABLE_ASCII.decode("ascii")
    except (LookupError, ValueError):
        raise ValueError(f"unknown code page: {name!r}") from None
    if not ascii_as_itself:
        raise ValueError(f"code page {name!r} does not hold ASCII as itself")


def decode(raw: bytes, code_page: str) -> tuple[str, bool]:
    r"""Decode one record; never raises for any bytes.

    No source states the encoding of these logs. Text that is valid UTF-8 and not ASCII is hardly ever anything else,
    so UTF-8 is tried first and the server's ANSI code page second.

    Args:
        raw: the bytes of a record.
        code_page: the server's ANSI code page, as accepted by `check_code_page`.

    Returns:
        The text, and whether some bytes are valid in neither encoding. Such bytes are written out as `\x81`, so that
        a person can still tell what they were.
    """
    try:
        return raw.decode(), False
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode(code_page), False
    except UnicodeDecodeError:
        return raw.decode(code_page, "backslashreplace"), True
