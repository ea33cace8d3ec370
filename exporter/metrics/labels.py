"""Label values: text from logs is not trusted."""

from __future__ import annotations

import hashlib
import unicodedata

MAX_LENGTH = 256
_REPLACEMENT = "\ufffd"


def label_value(text: str) -> str:
    """Return a text that is safe as a label value wherever labels are shown.

    Characters that steer a terminal or a page (controls, direction marks, line separators) and those that cannot be
    encoded (lone surrogates) are replaced, and what is longer than `MAX_LENGTH` is cut. A changed value ends in `#` and
    a digest of the original, so that two different texts never become the same series.
    """
    if len(text) <= MAX_LENGTH and text.isprintable():
        return text
    cleaned = "".join(c if _is_shown(c) else _REPLACEMENT for c in text[:MAX_LENGTH])
    if cleaned == text:
        return text
    digest = hashlib.blake2s(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{cleaned[: MAX_LENGTH - len(digest) - 1]}#{digest}"


def _is_shown(character: str) -> bool:
    # A blank other than the plain one, such as a no-break space, counts as not printable though it does no harm.
    return character.isprintable() or unicodedata.category(character) == "Zs"
