"""Listen addresses as Prometheus' programs write them: `:10048`, `127.0.0.1:9`, `[::1]:10048`, `name:10048`."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass

_MAX_PORT = 65535
_NO_SUCH_FAMILY = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}


class ListenError(Exception):
    """A listen address is not one, or cannot be opened; the text names it and says why."""


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port. An empty host stands for every address of the machine."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """Return the address that a text names.

    Raises:
        ListenError: the text is not `host:port`, `:port` or `[ipv6]:port`.
    """
    host, colon, port = text.strip().rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if bracketed:
        host = host[1:-1]
    if not colon or (":" in host and not bracketed) or (bracketed and not host):
        raise ListenError(f"{text!r} is not a listen address: write host:port, :port or [IPv6 address]:port")
    if not (port.isascii() and port.isdigit()) or int(port) > _MAX_PORT:
        raise ListenError(f"{text!r} is not a listen address: its port is not a number from 0 to {_MAX_PORT}")
    return Address(host, int(port))


def open_sockets(address: Address) -> list[socket.socket]:
    """Return listening sockets for an address: one for each address that its host stands for.

    Raises:
        ListenError: none could be opened, or one of several could not.
    """
    try:
        return _open_everywhere(address.port) if not address.host else _open_host(address)
    except OSError as problem:
        raise ListenError(f"cannot listen on {address}: {_reason(problem)}") from problem


def _open_everywhere(port: int) -> list[socket.socket]:
    if socket.has_dualstack_ipv6():
        try:
            return [socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)]
        except OSError as problem:
            # IPv6 may be built in but switched off: then IPv4 is every address there is.
            if problem.errno not in _NO_SUCH_FAMILY:
                raise
    return [socket.create_server(("0.0.0.0", port))]  # noqa: S104 - an empty host asks for exactly this


def _open_host(address: Address) -> list[socket.socket]:
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    opened: list[socket.socket] = []
    try:
        for family, _, _, _, place in dict.fromkeys(found):
            opened.append(socket.create_server(place[:2], family=family))
    except OSError:
        for each in opened:
            each.close()
        raise
    return opened


def _reason(problem: OSError) -> str:
    if isinstance(problem, socket.gaierror):
        return f"the host name is not known ({problem.strerror})"
    if problem.errno == errno.EADDRINUSE:
        return "the address is in use; is another exporter running?"
    if problem.errno in {errno.EACCES, errno.EPERM}:
        return "permission denied; ports below 1024 may need rights that the exporter does not have"
    return os.strerror(problem.errno) if problem.errno else str(problem)
