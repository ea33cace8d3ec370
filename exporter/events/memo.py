"""What records were found to say, remembered: logs repeat themselves, and the logs of several sites one another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MOST: Final = 4 << 20
"""Bytes of all words that are remembered. With what they come to they take seven times as much; six thousand packages
that are stuck have some 40,000 of a hundred bytes each."""
LONGEST: Final = 1024
"""Bytes of the longest words that are."""


Told = tuple[str, Mapping[str, str | int], str, str]
"""What words come to, all of an event but where, when and by which thread they were written: name, fields, component
and text. A plain tuple, which takes a third of a named one's time to take apart."""
UNHEARD: Final[Told] = ("", {}, "", "")
"""Stands for words that nothing is remembered of."""


Words = bytes | tuple[bytes, bytes]
"""The bytes before a stamp; of a status message, what stands in them before and behind its own time."""


class Memo(dict[Words, Told | None]):
    """What words come to; None for those that mean nothing. The text of a status message is the first one's.

    Lanes may use it at once: what one of them forgets or adds costs the others at most a second reading.

    Attributes:
        size: bytes of all words.
    """

    def __init__(self) -> None:
        super().__init__()
        self.size = 0

    def learn(self, words: Words, told: Told | None) -> None:
        """Remember what words come to."""
        size = len(words) if isinstance(words, bytes) else sum(map(len, words))
        if self.size + size > MOST:
            self.clear()
            self.size = 0
        self[words] = told
        self.size += size
