"""Which issuer's tokens hold, how to read them, and what address an issuer may have.

What reads and proves his tokens (transport/identity/oidc.py) is loaded only where there is an issuer.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from domain.vocabulary import Role


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """Whose tokens hold, and how to read them. Times are in seconds."""

    issuer: str
    audience: str
    role_claim: str = "role"
    agency_claim: str = "agency"
    name_claim: str = "name"
    roles: Mapping[str, Role] = field(default_factory=dict)
    """Our roles by the issuer's words for them, beside our own words in small letters."""
    leeway: float = 30.0
    token_seconds: float = 86_400.0
    """The longest that a token may live."""
    refetch_seconds: float = 10.0
    """How soon the keys may be fetched again, whatever anybody shows."""
    stale_seconds: float = 86_400.0
    """How long keys are trusted that are due to be fetched again while the issuer does not answer."""


def is_trustworthy(url: str) -> bool:
    """Whether an address may be asked for keys: over TLS, or on this very machine."""
    try:
        told = urlsplit(url)
        host = told.hostname
    except ValueError:
        return False
    if told.scheme not in ("https", "http") or not host or told.username or told.password:
        return False
    return told.scheme == "https" or _is_loopback(host)


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"
