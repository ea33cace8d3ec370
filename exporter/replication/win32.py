"""Win32 error codes in words.

The codes that the logs are known to show, and their neighbours: what `net helpmsg` says, in plain words of our own.
The codes that distmgr writes as "error = n" are its own and are not looked up here.
"""

from __future__ import annotations

_WORDS = {
    2: "the file does not exist",
    3: "the path does not exist",
    4: "too many open files",
    5: "access is denied",
    6: "the handle is not valid",
    8: "not enough memory",
    13: "the data is not valid",
    15: "the drive does not exist",
    19: "the medium is write protected",
    21: "the device is not ready",
    23: "the data has a checksum error",
    32: "another process has the file open",
    33: "another process has locked part of the file",
    39: "the disk is full",
    50: "the request is not supported",
    51: "the remote computer is not available",
    52: "the network has two computers of that name",
    53: "the network path was not found",
    54: "the network is busy",
    55: "the network resource is no longer available",
    59: "an unexpected network error occurred",
    64: "the network name is no longer available",
    65: "network access is denied",
    67: "the network name (the share) was not found",
    71: "the remote computer accepts no more connections",
    80: "the file exists",
    82: "the file or folder cannot be created",
    85: "the local device name is in use",
    86: "the network password is not right",
    87: "a parameter is wrong",
    110: "the file cannot be opened",
    112: "there is not enough space on the disk",
    121: "the time allowed for the operation ran out",
    122: "the buffer is too small",
    123: "the file name, folder name or volume label is not valid",
    124: "the system call level is not right",
    145: "the folder is not empty",
    161: "the path is not valid",
    183: "the file exists already",
    203: "the environment variable was not found",
    206: "the file name or its extension is too long",
    234: "more data is available",
    258: "the wait ran out of time",
    267: "the folder name is not valid",
    487: "the address is not valid",
    995: "the operation was stopped",
    998: "memory was accessed at an address that is not valid",
    1005: "the volume holds no file system that is known",
    1006: "the volume of the open file was changed from outside",
    1053: "the service did not answer in time",
    1060: "the service is not installed",
    1062: "the service has not been started",
    1115: "the computer is shutting down",
    1130: "the server lacks storage for this command",
    1203: "no network provider accepted the network path",
    1219: "the server is connected already under another user name",
    1222: "the network is not present or not started",
    1225: "the remote computer refused the connection",
    1231: "the network location cannot be reached",
    1236: "the local computer broke the network connection",
    1265: "the system found a possible attempt to compromise security; the domain controller may be out of reach",
    1311: "no logon server is available",
    1326: "the user name or the password is wrong",
    1327: "an account restriction prevents the logon",
    1330: "the password of the account has expired",
    1331: "the account is disabled",
    1355: "the domain does not exist or cannot be reached",
    1385: "the account may not log on in this way at that computer",
    1396: "the name of the target account is wrong",
    1450: "the system lacks resources",
    1722: "the RPC server is not available",
    1726: "the remote procedure call failed",
    1787: "the security database has no account for this computer's trust",
    1789: "the trust between this computer and its domain failed",
    1792: "network logon is needed but the service has not started",
    1907: "the password must be changed before the first logon",
    1909: "the account is locked out",
    2250: "the network connection does not exist",
}


_FACILITY_WIN32 = 0x8007


def win32_of(hresult: int | None) -> int | None:
    """Return the Win32 error code that an HRESULT wraps, as 0x80070005 does 5; None when it is of another kind."""
    return None if hresult is None or hresult >> 16 != _FACILITY_WIN32 else hresult & 0xFFFF


def in_words(code: int) -> str:
    """Return what a Win32 error code means, or that it is not in the table."""
    return _WORDS.get(code, f"Win32 error {code}; `net helpmsg {code}` on Windows tells its meaning")
