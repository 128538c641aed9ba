"""Bearer tokens: what every one of them must be (JWT, RFC 7519), whoever signed it: the hub (local_tokens.py) or an issuer
(oidc.py)."""

import base64
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeyFlexible
from joserfc.jws import JWSRegistry

from domain.recent import Recent
from domain.revocation import TOKENS_LIVE
from domain.vocabulary import Role, Scope
from storage.storable import storable

LEEWAY_SECONDS = 30
MOST_CHARACTERS = 8_192
_LONGEST_TEXT = 255
_PROVED_CHARACTERS = 2_000_000
_TYPES = (None, "jwt", "at+jwt", "application/at+jwt")
"""What `typ` may say: a token for access (RFC 9068), or nothing of the sort. A logout token must not open a door."""
_NOT_OURS = "This token does not hold: it was not signed for this hub, or was changed."


class BadToken(Exception):
    """A token that does not hold; the words are safe to show to who showed it. `expired`: it held once."""

    def __init__(self, message: str = _NOT_OURS, *, expired: bool = False) -> None:
        super().__init__(message)
        self.expired = expired


class KeysUnavailable(Exception):
    """The issuer's keys cannot be had, and none are kept that could still be trusted."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("the issuer's keys cannot be had")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says of its bearer. Times are seconds since 1970."""

    issuer: str
    subject: str
    role: Role
    agency: str | None
    name: str | None
    scopes: frozenset[Scope]
    issued_at: int
    expires_at: int
    token_id: str | None


@dataclass(frozen=True, slots=True)
class Proof:
    """A token whose signature was found right, with the key that it was proved by, and all that it tells."""

    token: str
    key: KeyFlexible
    told: Mapping[str, Any]
    claims: Claims
    kid: str | None = None


def proofs() -> Recent[str, Proof]:
    """Room for the proofs of tokens that were shown lately: a signature costs more than the rest of a small request.

    A proof holds while its key is in use; when a token runs out is looked at each time.
    """
    return Recent(10_000, size=_PROVED_CHARACTERS, size_of=lambda proof: len(proof.token))


class Tokens(Protocol):
    """Knows which tokens hold."""

    async def verify(self, token: str) -> Claims:
        """What a token says, once its signature, issuer and times hold. Raises BadToken, or KeysUnavailable while nobody can
        tell."""


@dataclass(frozen=True, slots=True)
class Times:
    """How exactly clocks agree, and how long a token may live, in seconds."""

    leeway: float = LEEWAY_SECONDS
    longest: float = TOKENS_LIVE


def header_of(token: str) -> Mapping[str, Any]:
    """The header of a token, of which nothing is proved yet. Raises BadToken for one that no token of ours has."""
    if len(token) > MOST_CHARACTERS:
        raise BadToken(f"A token has at most {MOST_CHARACTERS} characters; this one has {len(token)}.")
    first = token.partition(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except (ValueError, RecursionError) as error:
        raise BadToken from error
    if not isinstance(header, dict) or not isinstance(header.get("alg"), str) or "crit" in header or "b64" in header:
        raise BadToken
    kind = header.get("typ")
    if kind is not None and (not isinstance(kind, str) or kind.lower() not in _TYPES):
        raise BadToken("This is a token of another kind: show one for access.")
    return header


def decoded(token: str, key: KeyFlexible, registry: JWSRegistry) -> Mapping[str, Any]:
    """The claims of a token, once its signature holds. Raises BadToken."""
    try:
        return jwt.decode(token, key, registry=registry).claims
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadToken from error


def times_of(told: Mapping[str, Any], times: Times) -> tuple[int, int]:
    """When it was issued and when it runs out. Raises BadToken, in words of its own for an expired one."""
    now = time.time()
    issued_at, expires_at = _number(told, "iat"), _number(told, "exp")
    if expires_at <= now - times.leeway:
        raise BadToken("This token has expired: sign in again.", expired=True)
    begins = max(issued_at, _number(told, "nbf") if "nbf" in told else issued_at)
    if begins > now + times.leeway:
        raise BadToken("This token does not hold yet. Is a clock wrong?")
    if expires_at - issued_at > times.longest:
        lives = f"this one lives {math.ceil(expires_at - issued_at)} s"
        raise BadToken(f"A token may live {times.longest:g} s at most; {lives}.")
    return math.floor(issued_at), math.floor(expires_at)


def _number(told: Mapping[str, Any], claim: str) -> float:
    value = told.get(claim)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -(2**53) < value < 2**53:
        raise BadToken
    return value


def subject_of(told: Mapping[str, Any]) -> str:
    """Whose token it is. Raises BadToken for nobody's."""
    subject = text_of(told, "sub")
    if subject is None:
        raise BadToken("This token names nobody.")
    return subject


def text_of(told: Mapping[str, Any], claim: str) -> str | None:
    """A claim that is a text; None where it is none, or empty. Raises BadToken for one that cannot be kept."""
    value = told.get(claim)
    if not isinstance(value, str) or not value:
        return None
    if len(value) > _LONGEST_TEXT or not storable(value):
        raise BadToken(f"A claim of this token is not fit to be kept: at most {_LONGEST_TEXT} ordinary characters.")
    return value


def scopes_of(told: Mapping[str, Any]) -> frozenset[Scope]:
    """The scopes that are ours; an issuer has others, which mean nothing here."""
    value = told.get("scope")
    words = value.split() if isinstance(value, str) else ()
    return frozenset(Scope(word) for word in words if word in set(Scope))
