"""Takes the port that clients come to, on one socket or on as many as there are processes that serve."""

import errno
import socket
import sys

_DEALS_OUT = sys.platform == "linux"
"""Whether the system deals out connections among sockets on one port."""
SEND_BUFFER_BYTES = 262_144
"""What the system keeps of what a client does not read; left alone, Linux lets it grow to megabytes a client."""


class CannotListen(Exception):
    """The address cannot be taken; one line that says why and how to mend it."""


def take_port(host: str, port: int) -> socket.socket:
    """Binds without listening yet: nobody gets in before the tables are up to date. Raises CannotListen."""
    (taken,) = take_ports(host, port, 1)
    return taken


def take_ports(host: str, port: int, many: int) -> list[socket.socket]:
    """As `take_port`, so many sockets on one port, among which the system deals out who comes. Raises CannotListen.

    One socket that several processes accept from would not do: whoever wakes first takes all that wait. Where the system
    cannot deal out it is one all the same.
    """
    taken: list[socket.socket] = []
    try:
        for _ in range(many if _DEALS_OUT else 1):
            taken.append(_bound(host, taken[0].getsockname()[1] if taken else port, shared=many > 1 and _DEALS_OUT))
            if len(taken) == 1 and port and _somebody_listens(host, port):
                raise OSError(errno.EADDRINUSE, "Address already in use")
    except (OSError, OverflowError) as error:
        for each in taken:
            each.close()
        raise CannotListen(_words(host, port, error)) from error
    return taken if len(taken) == many else taken * many


def _bound(host: str, port: int, *, shared: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches delays off (TCP_NODELAY) only for sockets that say they are TCP; else each small answer waits 40 ms.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)  # handed on to each connection
        bound.bind((host, port))
    except (OSError, OverflowError):
        bound.close()
        raise
    return bound


def _somebody_listens(host: str, port: int) -> bool:
    """With SO_REUSEADDR two sockets may be bound until one of them listens; so we ask whether one does."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0


def _words(host: str, port: int, error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use by another program. Stop that, or set SIMPUL_PORT to a free one."
    if isinstance(error, OSError) and error.errno == errno.EACCES:
        return f"Port {port} may not be used by this user. Set SIMPUL_PORT to 1024 or more."
    return f"The hub cannot listen on {host}:{port} ({error}). Mend SIMPUL_HOST and SIMPUL_PORT."
