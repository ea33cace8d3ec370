"""The registry of this computer, read only."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final, Protocol

VIEWS: Final = (64, 32)
"""The two halves of a 64-bit Windows' registry: a 32-bit product, such as ConfigMgr 2007, writes to the second one."""


class Registry(Protocol):
    """Keys below HKEY_LOCAL_MACHINE. What is not there, or may not be read, is as if it were empty."""

    def value(self, key: str, name: str, view: int) -> str | int | None:
        """Return one value of a key as text or number, None when there is no such value."""

    def subkeys(self, key: str, view: int) -> Sequence[str]:
        """Return the names of the keys in a key."""


if sys.platform == "win32":
    import winreg
    from contextlib import suppress

    _ACCESS: Final = {64: winreg.KEY_READ | winreg.KEY_WOW64_64KEY, 32: winreg.KEY_READ | winreg.KEY_WOW64_32KEY}

    class _WindowsRegistry:
        def value(self, key: str, name: str, view: int) -> str | int | None:
            with suppress(OSError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key, 0, _ACCESS[view]) as opened:
                data, kind = winreg.QueryValueEx(opened, name)
                if kind == winreg.REG_EXPAND_SZ:
                    return winreg.ExpandEnvironmentStrings(data)
                if isinstance(data, str | int):
                    return data
            return None

        def subkeys(self, key: str, view: int) -> Sequence[str]:
            with suppress(OSError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key, 0, _ACCESS[view]) as opened:
                return [winreg.EnumKey(opened, index) for index in range(winreg.QueryInfoKey(opened)[0])]
            return []

    def this_computer() -> Registry | None:
        """Return the registry of this computer."""
        return _WindowsRegistry()

else:

    def this_computer() -> Registry | None:
        """Return the registry of this computer: there is none."""
        return None
