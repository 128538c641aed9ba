"""Follow tokens: what proves that somebody without an account is a report's reporter. Kept hashed.

A submission with an idempotency key also leaves its token encrypted under a key derived from that one, which the hub
does not keep: only a retry that shows the idempotency key gets the token again.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, Select, select

from storage.access.sealed import WrongKey, seal, unseal
from storage.statements.prepared import many, prepared
from storage.tables import report_follow_tokens as tokens
from storage.writing.transaction import Tx


def new_follow_token() -> str:
    """A token of 192 random bits, shown to the submitter alone."""
    return secrets.token_urlsafe(24)


def hash_of(token: str) -> bytes:
    """What the store keeps of a token; 192 random bits need no salt."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


def followed_reports(conn: Connection, hashes: Sequence[bytes]) -> frozenset[int]:
    """The reports that these tokens belong to."""
    rows = prepared(conn, "followed reports", _followed).rows(conn, {"hashes": hashes})
    return frozenset(row[0] for row in rows)


def _followed() -> Select[Any]:
    return select(tokens.c.report_id).where(tokens.c.token_hash.in_(many("hashes")))


@dataclass(frozen=True, slots=True)
class FollowToken:
    """A token as it is kept."""

    token_hash: bytes
    sealed: bytes | None


def kept_token(token: str, idempotency_key: str | None) -> FollowToken:
    """What is kept of a token, with the idempotency key that it was made with, if any."""
    token_hash = hash_of(token)
    return FollowToken(token_hash, None if idempotency_key is None else _seal(token, token_hash, idempotency_key))


def keep_follow_token(tx: Tx, report_id: int, kept: FollowToken) -> None:
    """Makes whoever has the token the report's reporter."""
    values = {"token_hash": kept.token_hash, "report_id": report_id, "sealed": kept.sealed, "created_at": tx.now}
    tx.add(tokens, values)


def follow_token_again(conn: Connection, report_id: int, idempotency_key: str) -> str | None:
    """The token that the submission with this key was given; None if it was made with another key, or with none."""
    rows = conn.execute(
        select(tokens.c.token_hash, tokens.c.sealed).where(
            tokens.c.report_id == report_id, tokens.c.sealed.is_not(None)
        )
    )
    opened = (_open(row.sealed, row.token_hash, idempotency_key) for row in rows)
    return next((token for token in opened if token is not None), None)


def _seal(token: str, token_hash: bytes, idempotency_key: str) -> bytes:
    return seal(_derived(idempotency_key, token_hash), token.encode(), token_hash)


def _open(sealed: bytes, token_hash: bytes, idempotency_key: str) -> str | None:
    try:
        return unseal(_derived(idempotency_key, token_hash), sealed, token_hash).decode()
    except WrongKey:
        return None


def _derived(idempotency_key: str, salt: bytes) -> bytes:
    """HKDF (RFC 5869). The salt is random as the token is, so one key makes another cipher for each token."""
    return HKDF(SHA256(), 32, salt, b"simpul follow token").derive(idempotency_key.encode(errors="replace"))
