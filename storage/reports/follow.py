"""Follow tokens: what proves that somebody without an account is a report's reporter. Kept hashed."""

import hashlib
import secrets
from collections.abc import Sequence

from sqlalchemy import Connection, select

from storage.tables import report_follow_tokens as tokens


def new_follow_token() -> str:
    """A token of 192 random bits, shown to the submitter alone."""
    return secrets.token_urlsafe(24)


def hash_of(token: str) -> bytes:
    """What the store keeps of a token; 192 random bits need no salt."""
    return hashlib.sha256(token.encode()).digest()


def followed_reports(conn: Connection, hashes: Sequence[bytes]) -> frozenset[int]:
    """The reports that these tokens belong to."""
    rows = conn.execute(select(tokens.c.report_id).where(tokens.c.token_hash.in_(hashes)))
    return frozenset(rows.scalars())
