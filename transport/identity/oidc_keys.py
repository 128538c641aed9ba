"""The issuer's public keys: fetched when they are needed, kept as long as he says, and never fetched too often.

a key that is known and fresh       no fetch
a key that is not known             one fetch, unless the last was moments ago: junk cannot make the hub hammer him
all keys are due to be read again   one fetch; if he does not answer, those that are known hold on for a while
several requests at once            share one fetch
"""

import asyncio
import base64
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from transport.identity.tokens import KeysUnavailable

log = logging.getLogger("simpul.access")

MOST_KEYS = 100
RSA_BITS = (2_048, 8_192)
_KINDS: Mapping[str, type[RSAKey] | type[ECKey] | type[OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}


class UnknownKey(Exception):
    """The issuer has no such key."""


class CannotFetch(Exception):
    """The issuer did not answer, or not as he should; the words are for the log."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The document with the keys, and for how many seconds it may be kept."""

    document: Mapping[str, Any]
    seconds: float


class IssuerKeys:
    """Gives the key that a token names."""

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Fetched]],
        *,
        refetch_seconds: float,
        stale_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._refetch_seconds = refetch_seconds
        self._stale_seconds = stale_seconds
        self._clock = clock
        self._keys: Mapping[str | None, Key] = {}
        self._fresh_until = self._trusted_until = self._next_fetch = clock()
        self._fetching: asyncio.Task[None] | None = None

    async def key_for(self, kid: str | None) -> Key:
        """The key of that name; without a name, the only one there is. Raises UnknownKey or KeysUnavailable."""
        if self._clock() >= self._fresh_until or self._named(kid) is None:
            await self._refresh()
        now, found = self._clock(), self._named(kid)
        if now >= self._trusted_until or (found is None and now >= self._fresh_until):
            raise KeysUnavailable(max(self._next_fetch - now, 1.0))
        if found is None:
            raise UnknownKey
        return found

    def _named(self, kid: str | None) -> Key | None:
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return None if kid is None else self._keys.get(kid)

    async def _refresh(self) -> None:
        """Fetches, or joins who does; does neither when the last time was moments ago."""
        if self._fetching is None:
            if self._clock() < self._next_fetch:
                return
            self._next_fetch = self._clock() + self._refetch_seconds
            self._fetching = asyncio.create_task(self._take(), name="issuer's keys")
        await asyncio.shield(self._fetching)

    async def _take(self) -> None:
        try:
            fetched = await self._fetch()
            self._keys = usable_keys(fetched.document)
            self._fresh_until = self._clock() + fetched.seconds
            self._trusted_until = self._fresh_until + self._stale_seconds
        except CannotFetch as error:
            log.warning("the issuer's keys could not be fetched: %s", error)
        finally:
            self._fetching = None


def usable_keys(document: Mapping[str, Any]) -> Mapping[str | None, Key]:
    """The keys that may prove a token, by name. Left out: keys for other uses, secret or weak ones, and names that two
    share, for nobody could tell which is meant. Raises CannotFetch for what is no set of keys at all."""
    listed = document.get("keys")
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise CannotFetch(f"`keys` is not a list of at most {MOST_KEYS}")
    named = [each for each in listed if isinstance(each, dict)]
    times = Counter(_kid(each) for each in named)
    found = {_kid(each): _key(each) for each in named if times[_kid(each)] == 1}
    return {kid: key for kid, key in found.items() if key is not None}


def _kid(told: Mapping[str, Any]) -> str | None:
    kid = told.get("kid")
    return kid if isinstance(kid, str) else None


def _key(told: Mapping[str, Any]) -> Key | None:
    kind = _KINDS.get(str(told.get("kty")))
    if kind is None or "d" in told or not _is_to_verify(told):
        return None
    try:
        if kind is RSAKey and not RSA_BITS[0] <= _bits(told["n"]) <= RSA_BITS[1]:
            return None
        return kind.import_key(dict(told))
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _is_to_verify(told: Mapping[str, Any]) -> bool:
    operations = told.get("key_ops", ["verify"])
    return told.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _bits(number: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(number + "=" * (-len(number) % 4))).bit_length()
