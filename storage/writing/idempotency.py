"""What became of mutations, by the key that each was sent with: the same key again gets the same answer.

Kept are a hash of the key, a digest of what was asked, and the ids of what was made; the answer is read afresh from
those. Two calls with one key at once are told apart by the lock of the key: the second finds what the first has left.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson
from sqlalchemy import Connection, Select, and_, delete, or_, select

from storage.statements.prepared import one, prepared
from storage.tables import idempotency
from storage.writing.bulk import find_rows
from storage.writing.transaction import KeyName, Tx

_NAME, _KEPT = ("scope", "key_hash"), ("mutation", "content_digest", "outcome")

Outcome: TypeAlias = Mapping[str, Any]
"""Ids and numbers of what was made, by name."""


class KeyTaken(Exception):
    """This key was used already, for something else."""


@dataclass(frozen=True, slots=True)
class KeyedCall:
    """A call of a mutation with a key. `scope`: whose key it is; `digest`: of the mutation's canonical input."""

    scope: str
    key_hash: bytes
    mutation: str
    digest: bytes

    @property
    def name(self) -> KeyName:
        """What an operation that will look it up says."""
        return self.scope, self.key_hash

    @property
    def lock(self) -> str:
        """What a write with this key locks."""
        return f"key:{self.scope}:{self.key_hash.hex()}"


def recall(conn: Connection, call: KeyedCall) -> Outcome | None:
    """What the first call with this key came to; None if there was none. Raises KeyTaken if that asked for something else."""
    rows = prepared(conn, "recall", _of_key).rows(conn, {"scope": call.scope, "key_hash": call.key_hash})
    return _outcome(call, rows[0]) if rows else None


def recall_in(tx: Tx, call: KeyedCall) -> Outcome | None:
    """As `recall`, for an operation that named the key: those of its whole group are looked up at once."""
    if tx.keys[call.name] != 1:  # none has looked it up, or a twin is about that this one has to wait for
        return recall(tx.conn, call)
    row = tx.once("recalled", lambda conn: _of_keys(conn, tx.keys)).get(call.name)
    return None if row is None else _outcome(call, row)


def _of_key() -> Select[Any]:
    mine = (idempotency.c.scope == one("scope")) & (idempotency.c.key_hash == one("key_hash"))
    return select(*(idempotency.c[name] for name in _KEPT)).where(mine)


def _of_keys(conn: Connection, keys: Collection[KeyName]) -> dict[KeyName, Sequence[Any]]:
    """What was kept of each key."""
    rows = find_rows(conn, idempotency, (*_NAME, *_KEPT), _NAME, list(keys))
    return {(scope, key_hash): kept for scope, key_hash, *kept in rows}


def _outcome(call: KeyedCall, row: Sequence[Any]) -> Outcome:
    mutation, digest, outcome = row
    if (mutation, digest) != (call.mutation, call.digest):
        raise KeyTaken
    told: Outcome = orjson.loads(outcome)
    return told


def remember(tx: Tx, call: KeyedCall, outcome: Outcome) -> None:
    """Keeps what a call came to, in the transaction that does it."""
    tx.require(call.lock)
    values = {
        "scope": call.scope,
        "key_hash": call.key_hash,
        "mutation": call.mutation,
        "content_digest": call.digest,
        "outcome": orjson.dumps(outcome).decode(),
        "created_at": tx.now,
    }
    tx.add(idempotency, values)


def forget_old(tx: Tx, older_than: int, limit: int = 1_000) -> int:
    """Removes what was kept before a moment, at most so many; gives how many."""
    keys = tx.conn.execute(
        select(idempotency.c.scope, idempotency.c.key_hash).where(idempotency.c.created_at < older_than).limit(limit)
    ).all()
    if keys:
        of_these = (and_(idempotency.c.scope == key.scope, idempotency.c.key_hash == key.key_hash) for key in keys)
        tx.conn.execute(delete(idempotency).where(or_(*of_these)))
    return len(keys)
