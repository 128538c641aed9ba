"""Asking an issuer for his keys: by discovery (OpenID Connect Discovery 1.0), bounded in time and size, led astray by
nothing: no redirect is followed, and no address without TLS is asked but on this machine."""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any

import httpx

from transport.identity.oidc_keys import CannotFetch, Fetched
from transport.settings.oidc import is_trustworthy

SECONDS = 5.0
MOST_BYTES = 262_144
KEPT_SECONDS = (60.0, 3_600.0)
"""The bounds of what an issuer may say of how long his keys may be kept."""
_UNTOLD_SECONDS = 300.0
_WELL_KNOWN = "/.well-known/openid-configuration"


class IssuerSite:
    """The issuer, as the hub asks him."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._client: httpx.AsyncClient | None = None

    async def keys(self) -> Fetched:
        """His keys as they are now. Raises CannotFetch."""
        try:
            async with asyncio.timeout(SECONDS):
                told, _ = await self._read(self._issuer.rstrip("/") + _WELL_KNOWN)
                if told.get("issuer") != self._issuer:
                    raise CannotFetch("the discovery document is of another issuer")
                address = told.get("jwks_uri")
                if not isinstance(address, str) or not is_trustworthy(address):
                    raise CannotFetch("the discovery document has no jwks_uri with https")
                document, headers = await self._read(address)
        except TimeoutError as error:
            raise CannotFetch(f"{self._issuer}: no answer within {SECONDS:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:  # the last two: a host that is no name
            raise CannotFetch(f"{self._issuer}: {type(error).__name__} {str(error)[:200]!r}") from error
        return Fetched(document, _seconds(headers.get("cache-control", "")))

    async def _read(self, url: str) -> tuple[Mapping[str, Any], httpx.Headers]:
        body = b""
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        async with self._asking().stream("GET", url, headers=headers) as answer:
            if answer.status_code != httpx.codes.OK:
                raise CannotFetch(f"status {answer.status_code}")
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) > MOST_BYTES:
                    raise CannotFetch(f"more than {MOST_BYTES} bytes")
        try:
            document = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise CannotFetch("no JSON") from error
        if not isinstance(document, dict):
            raise CannotFetch("no JSON object")
        return document, answer.headers

    def _asking(self) -> httpx.AsyncClient:
        """Made at the first use: certificates take a while to read. Nothing is kept open between two fetches."""
        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=SECONDS,
                follow_redirects=False,
                limits=httpx.Limits(max_keepalive_connections=0),
                trust_env=False,
            )
        return self._client


def _seconds(cache_control: str) -> float:
    if re.search(r"no-(store|cache)", cache_control.lower()):
        return KEPT_SECONDS[0]
    told = re.search(r"(?:^|[\s,])max-age=(\d{1,9})(?:$|[\s,])", cache_control.lower())
    if told is None:
        return _UNTOLD_SECONDS
    return min(max(float(told[1]), KEPT_SECONDS[0]), KEPT_SECONDS[1])
