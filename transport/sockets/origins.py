"""Which pages may open a socket: browsers tell the page's origin, and do not stop a socket to elsewhere by themselves."""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers

ANY = "*"
_PORTS = {"http": 80, "https": 443}


def may_connect(headers: Headers, allowed: Collection[str]) -> bool:
    """Tell whether a handshake is from no browser, from a page of the host that it asks, or from an allowed origin.

    A page of the same host may have come over TLS that ends at a proxy: so of the host only name and port count.
    """
    origin = headers.get("origin")
    if origin is None or ANY in allowed:
        return True
    place = _place(origin)
    if place is None:
        return False
    scheme, *host = place
    own = _place(f"{scheme}://{headers.get('host', '')}")
    return (own is not None and host == [*own[1:]]) or place in map(_place, allowed)


def _place(address: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port; None for what is no address (`null`: a page without an origin)."""
    try:
        parts = urlsplit(address)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname else None
