"""Which machines an address from outside may make the hub connect to.

A photo's address is written by whoever writes the source's reports. Without a check it could name the hub's own database
or a cloud's metadata service (server-side request forgery). Allowed are public addresses, and those that the source's
own host has: a source on a private network may show photos of that same host. The address that was checked is the one
that is connected to, so a name that resolves differently a moment later gains nothing.
"""

import asyncio
import ipaddress
import socket
from urllib.parse import urlsplit

from connectors.values import is_web_address

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_TRANSLATED = [ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")]


class ForbiddenAddress(Exception):
    """The address leads to a machine that a source may not send the hub to, or is no web address."""


def is_public(address: _Address) -> bool:
    """Whether everybody could reach it: not loopback, private, link-local, multicast, nor such an IPv4 inside an IPv6."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


async def resolve(host: str) -> list[_Address]:
    """All addresses of a host. Raises OSError if it has none now, ForbiddenAddress if it can be nobody's name."""
    try:
        return [ipaddress.ip_address(host)]
    except ValueError:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except UnicodeError as error:  # a label that is empty, or of more than 63 letters
            raise ForbiddenAddress("not the name of a host") from error
        return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


async def checked_address(url: str, source_url: str) -> str:
    """The one address, as text, to connect to for `url`, told by the source at `source_url`.

    Raises ForbiddenAddress, or OSError if the name does not resolve.
    """
    host = urlsplit(url).hostname if is_web_address(url) else None
    if host is None:
        raise ForbiddenAddress("not an http or https address")
    candidates = await resolve(host)
    if all(is_public(address) for address in candidates):
        return str(candidates[0])
    own_host = urlsplit(source_url).hostname
    own = set(await resolve(own_host)) if own_host else set()
    if not set(candidates) <= own:
        raise ForbiddenAddress(f"{host} is not a public address")
    return str(candidates[0])
