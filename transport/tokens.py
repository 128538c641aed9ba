"""Bearer tokens: JWTs (RFC 7519) signed with the hub's local key, for development and for machines without an issuer."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import OctKey

from domain.vocabulary import Role

LOCAL_ISSUER = "simpul-local"
LEEWAY_SECONDS = 30
MOST_CHARACTERS = 8_192


class BadToken(Exception):
    """A token that does not hold; the words are safe to show to who showed it. `expired`: it held once."""

    def __init__(self, message: str, *, expired: bool = False) -> None:
        super().__init__(message)
        self.expired = expired


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says of its bearer. Times are seconds since 1970."""

    issuer: str
    subject: str
    role: Role
    agency: str | None
    name: str | None
    scopes: frozenset[str]
    issued_at: int
    expires_at: int
    token_id: str | None


def issue(
    key: bytes,
    *,
    role: Role,
    subject: str | None = None,
    agency: str | None = None,
    name: str | None = None,
    scopes: frozenset[str] = frozenset(),
    seconds: int = 86_400,
) -> str:
    """Signs a token with the local key."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": LOCAL_ISSUER,
        "sub": subject or f"local-{role.lower()}",
        "role": role.lower(),
        "iat": now,
        "exp": now + seconds,
        "jti": uuid.uuid4().hex,
    }
    optional = {"agency": agency, "name": name, "scope": " ".join(sorted(scopes)) or None}
    claims |= {claim: value for claim, value in optional.items() if value is not None}
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(key))


def verify(key: bytes, token: str) -> Claims:
    """What a token says, once its signature, issuer and times hold. Raises BadToken."""
    if len(token) > MOST_CHARACTERS:
        raise BadToken(f"A token has at most {MOST_CHARACTERS} characters.")
    try:
        decoded = jwt.decode(token, OctKey.import_key(key), algorithms=["HS256"])
        jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": LOCAL_ISSUER},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        ).validate(decoded.claims)
    except ExpiredTokenError as error:
        raise BadToken("This token has expired: sign in again.", expired=True) from error
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise BadToken("This token does not hold: it was not signed by this hub, or was changed.") from error
    return _claims(decoded.claims)


def _claims(told: Mapping[str, Any]) -> Claims:
    try:
        role = Role(str(told["role"]).upper())
    except (KeyError, ValueError) as error:
        raise BadToken("This token names no role that the hub knows.") from error
    if role is Role.ANONYMOUS or not isinstance(told["sub"], str):
        raise BadToken("This token names nobody.")
    return Claims(
        issuer=told["iss"],
        subject=told["sub"],
        role=role,
        agency=_text(told, "agency"),
        name=_text(told, "name"),
        scopes=frozenset((_text(told, "scope") or "").split()),
        issued_at=int(told["iat"]),
        expires_at=int(told["exp"]),
        token_id=_text(told, "jti"),
    )


def _text(told: Mapping[str, Any], claim: str) -> str | None:
    value = told.get(claim)
    return value if isinstance(value, str) and value else None
