"""Which pages may open a socket: browsers tell the page's origin, and do not stop a socket to elsewhere by themselves."""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers

ANY = "*"
_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


def may_connect(headers: Headers, scheme: str, allowed: Collection[str]) -> bool:
    """Tell whether a handshake is from no browser, from a page of the host that it asks, or from an allowed origin."""
    origin = headers.get("origin")
    if origin is None or ANY in allowed:
        return True
    place = _place(origin)
    return place is not None and place in {_place(f"{scheme}://{headers.get('host', '')}"), *map(_place, allowed)}


def _place(address: str) -> tuple[bool, str, int] | None:
    """Return whether it is secure, the host, and the port; None for what is no address (`null` of a page without one)."""
    try:
        parts = urlsplit(address)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.scheme in ("https", "wss"), parts.hostname, port) if parts.hostname else None
