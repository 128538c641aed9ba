"""The hub's own keys. They lie with the data, so that every node shares them and a restored backup has its own again."""

import secrets as random
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from storage.clock import now_in_micros
from storage.tables import secrets
from storage.transaction import Tx

_SIZES = {"ids": 16, "cursors": 64, "hashes": 32, "tokens": 32, "contacts": 32}
"""Purposes and the bytes each key has: AES-128 for ids, AES-256-SIV for cursors, AES-256 for contacts, the rest for HMAC."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The keys in use. Of `cursors` the first seals; retired ones still open what they sealed."""

    ids: bytes
    cursors: tuple[tuple[int, bytes], ...]
    hashes: bytes
    tokens: bytes
    contacts: bytes


def ensure_secrets(tx: Tx) -> None:
    """Draws the keys that are missing."""
    present = set(tx.conn.execute(select(secrets.c.purpose)).scalars())
    for purpose, size in _SIZES.items():
        if purpose not in present:
            values = {"purpose": purpose, "key": random.token_bytes(size), "created_at": now_in_micros()}
            tx.conn.execute(insert(secrets), values)


def load_secrets(conn: Connection) -> Secrets:
    """The keys as they are now. Raises LookupError before `ensure_secrets`."""
    rows = conn.execute(select(secrets).order_by(secrets.c.retired_at.is_not(None), secrets.c.id.desc())).all()
    current: dict[str, bytes] = {}
    for row in rows:
        current.setdefault(row.purpose, row.key)
    if current.keys() != _SIZES.keys():
        raise LookupError("the hub's keys have not been drawn yet")
    cursors = tuple((row.id, row.key) for row in rows if row.purpose == "cursors")
    return Secrets(current["ids"], cursors, current["hashes"], current["tokens"], current["contacts"])
