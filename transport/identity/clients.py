"""Which client an address stands for, and how much of a thing each client may have open at a time."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Network, ip_address

from starlette.requests import HTTPConnection
from starlette.types import Scope

_OWN_NETWORK_BITS = 64
_REMEMBERED = 10_000
"""Addresses whose clients need not be worked out again: each asks many times."""


def address_of(connection: HTTPConnection) -> str | None:
    """Return the address that a request or socket comes from; None for a local socket, which has none."""
    return connection.client.host if connection.client else None


def address_in(scope: Scope) -> str | None:
    """Return the address that a request comes from; None for a local socket, which has none."""
    client = scope.get("client")
    return client[0] if client else None


@lru_cache(_REMEMBERED)
def client_of(address: str | None) -> str | None:
    """Return what counts as one client: an IPv4 address, or the /64 that one IPv6 customer has for himself.

    Anything else (a name, None for a local socket) stands for itself.
    """
    try:
        parsed = ip_address((address or "").partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((parsed, _OWN_NETWORK_BITS), strict=False))


class TooMany(Exception):
    """This client has as many open as it may."""


class Places:
    """So many places each client has; a client without an address, which is on this machine, has as many as it likes."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._taken: Counter[str] = Counter()

    def free(self, address: str | None) -> bool:
        """Tell whether the client at this address has a place left."""
        client = client_of(address)
        return client is None or self._taken[client] < self.most

    @contextmanager
    def taken(self, address: str | None) -> Iterator[None]:
        """Take a place for the length of a block. Raises TooMany."""
        self.take(address)
        try:
            yield
        finally:
            self.give_back(address)

    def take(self, address: str | None) -> None:
        """Take a place, until it is given back. Raises TooMany."""
        if not self.free(address):
            raise TooMany
        client = client_of(address)
        if client is not None:
            self._taken[client] += 1

    def give_back(self, address: str | None) -> None:
        """Give a place back that was taken."""
        client = client_of(address)
        if client is not None:
            self._taken[client] -= 1
            if not self._taken[client]:
                del self._taken[client]
