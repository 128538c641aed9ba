"""The hub's own keys. They lie with the data, so that every node shares them and a restored backup has its own again."""

import secrets as random
from dataclasses import dataclass

from sqlalchemy import Connection, Select, func, insert, or_, select, update

from domain.report import KEYS_KEPT
from storage.clock import now_in_micros
from storage.statements.prepared import prepared
from storage.tables import secrets
from storage.writing.transaction import Tx

_SIZES = {"ids": 16, "cursors": 64, "hashes": 32, "tokens": 32, "contacts": 32}
"""Purposes and the bytes each key has: AES-128 for ids, AES-256-SIV for cursors, AES-256 for contacts, the rest for HMAC."""

ROTATED = ("cursors", "tokens")
"""What may have a new key at any time: old cursors are opened for as long as the log can be resumed, and old local tokens
hold no more, which is the point. Ids and what is kept under the others would be lost."""

_FIRST_OF_CURSORS = range(1_000, 50_001)
"""A cursor begins with its key's id, in two bytes. A hub draws that of its first one, so that a cursor of another hub is known
as such (CURSOR_EXPIRED) by an id that this one has not. Above there is room for 15,000 rotations."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The keys in use. Of `cursors` the first seals; retired ones still open what they sealed, for 40 days."""

    ids: bytes
    cursors: tuple[tuple[int, bytes], ...]
    hashes: bytes
    tokens: bytes
    contacts: bytes


def ensure_secrets(tx: Tx) -> None:
    """Draws the keys that are missing."""
    present = set(tx.conn.execute(select(secrets.c.purpose)).scalars())
    for purpose in _SIZES:
        if purpose not in present:
            _draw(tx, purpose, now_in_micros(), random.choice(_FIRST_OF_CURSORS) if purpose == "cursors" else None)


def rotate_secret(tx: Tx, purpose: str) -> None:
    """Draws a new key for a purpose of ROTATED and retires the one in use. Processes take up a key
    of tokens within seconds, one of cursors when they start. Takes the lock `seed`."""
    tx.require("seed")
    in_use = (secrets.c.purpose == purpose) & secrets.c.retired_at.is_(None)
    tx.conn.execute(update(secrets).where(in_use).values(retired_at=tx.now))
    _draw(tx, purpose, tx.now)


def _draw(tx: Tx, purpose: str, at: int, row_id: int | None = None) -> None:
    """Ids go on from the greatest on every engine: a sequence of PostgreSQL would not know of the one that was drawn."""
    greatest = tx.conn.execute(select(func.coalesce(func.max(secrets.c.id), 0))).scalar_one()
    values = {"purpose": purpose, "key": random.token_bytes(_SIZES[purpose]), "created_at": at}
    tx.conn.execute(insert(secrets), {"id": row_id or greatest + 1, **values})


def local_key(conn: Connection) -> bytes:
    """The key that local tokens are signed with, as it is now."""
    ((key,),) = prepared(conn, "local key", _local_key).rows(conn)
    return bytes(key)


def _local_key() -> Select[bytes]:
    return select(secrets.c.key).where(secrets.c.purpose == "tokens", secrets.c.retired_at.is_(None))


def load_secrets(conn: Connection) -> Secrets:
    """The keys as they are now. Raises LookupError before `ensure_secrets`."""
    kept = or_(secrets.c.retired_at.is_(None), secrets.c.retired_at > now_in_micros() - KEYS_KEPT)
    newest_first = (secrets.c.retired_at.is_not(None), secrets.c.id.desc())
    rows = conn.execute(select(secrets).where(kept).order_by(*newest_first)).all()
    current: dict[str, bytes] = {}
    for row in rows:
        current.setdefault(row.purpose, row.key)
    if current.keys() != _SIZES.keys():
        raise LookupError("the hub's keys have not been drawn yet")
    cursors = tuple((row.id, row.key) for row in rows if row.purpose == "cursors")
    return Secrets(current["ids"], cursors, current["hashes"], current["tokens"], current["contacts"])
