"""Tokens that the hub signs with a key of its own: for development, and for machines without an issuer."""

import time
import uuid
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.jwk import OctKey
from joserfc.jws import JWSRegistry

from domain.vocabulary import Role
from transport.identity.tokens import (
    BadToken,
    Claims,
    Proof,
    Times,
    decoded,
    header_of,
    proofs,
    scopes_of,
    subject_of,
    text_of,
    times_of,
)

LOCAL_ISSUER = "simpul-local"
_TIMES = Times()


class LocalTokens:
    """Those that the hub signed itself. They hold where no issuer is configured, and nowhere else."""

    def __init__(self, key: bytes) -> None:
        self._secret = key
        self._key = OctKey.import_key(key)
        self._proved = proofs()

    def use(self, key: bytes) -> None:
        """From now on tokens hold that were signed with this key, and no others."""
        if key != self._secret:
            self._secret, self._key, self._proved = key, OctKey.import_key(key), proofs()

    async def verify(self, token: str) -> Claims:
        """What a token says. Raises BadToken."""
        proof = self._proved.get(token)
        if proof is None:
            proof = self._prove(token)
            self._proved.put(token, proof)
        else:
            times_of(proof.told, _TIMES)
        return proof.claims

    def _prove(self, token: str) -> Proof:
        header_of(token)
        told = decoded(token, self._key, JWSRegistry(algorithms=["HS256"]))
        if told.get("iss") != LOCAL_ISSUER:
            raise BadToken
        issued_at, expires_at = times_of(told, _TIMES)
        claims = Claims(
            issuer=LOCAL_ISSUER,
            subject=subject_of(told),
            role=_role(told),
            agency=text_of(told, "agency"),
            name=text_of(told, "name"),
            scopes=scopes_of(told),
            issued_at=issued_at,
            expires_at=expires_at,
            token_id=text_of(told, "jti"),
        )
        return Proof(token, self._key, told, claims)


def _role(told: Mapping[str, Any]) -> Role:
    try:
        role = Role(str(told["role"]).upper())
    except (KeyError, ValueError) as error:
        raise BadToken("This token names no role that the hub knows.") from error
    if role is Role.ANONYMOUS:
        raise BadToken("This token names nobody.")
    return role


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
