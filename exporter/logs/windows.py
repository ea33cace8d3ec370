"""Opening a file on Windows so that nobody else is hindered."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import _winapi
    import msvcrt
    import os
    from typing import Final

    _GENERIC_READ: Final = 0x80000000  # and no more: asking to write is refused when the writer shares only reading
    _SHARE_READ_WRITE_DELETE: Final = 0x7
    _OPEN_EXISTING: Final = 3

    def open_shared(path: str) -> int:
        """Open a file for reading and let others read, write, rename and delete it meanwhile.

        Python's own `open` does not pass FILE_SHARE_DELETE, so that a rename of the log to `.lo_` would be refused
        while the file is open (https://bugs.python.org/issue15244).

        Returns:
            A file descriptor, to be closed soon: until the last handle is closed, the name of a deleted file stays
            taken.

        Raises:
            OSError: with `winerror` 32 or 33 when another program has opened the file without sharing it.
        """
        handle = _winapi.CreateFile(path, _GENERIC_READ, _SHARE_READ_WRITE_DELETE, 0, _OPEN_EXISTING, 0, 0)
        try:
            return msvcrt.open_osfhandle(handle, os.O_RDONLY)
        except OSError:
            _winapi.CloseHandle(handle)
            raise
