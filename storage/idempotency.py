"""What became of mutations, by the key that each was sent with: the same key again gets the same answer.

Kept are a hash of the key, a digest of what was asked, and the ids of what was made; the answer is read afresh from
those. Two calls with one key at once are told apart by the lock of the key: the second finds what the first has left.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson
from sqlalchemy import Connection, and_, delete, insert, or_, select

from storage.tables import idempotency
from storage.transaction import Tx

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
    def lock(self) -> str:
        """What a write with this key locks."""
        return f"key:{self.scope}:{self.key_hash.hex()}"


def recall(conn: Connection, call: KeyedCall) -> Outcome | None:
    """What the first call with this key came to; None if there was none. Raises KeyTaken if that asked for something else."""
    row = conn.execute(
        select(idempotency).where(idempotency.c.scope == call.scope, idempotency.c.key_hash == call.key_hash)
    ).first()
    if row is None:
        return None
    if (row.mutation, row.content_digest) != (call.mutation, call.digest):
        raise KeyTaken
    outcome: Outcome = orjson.loads(row.outcome)
    return outcome


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
    tx.conn.execute(insert(idempotency), values)


def forget_old(tx: Tx, older_than: int, limit: int = 1_000) -> int:
    """Removes what was kept before a moment, at most so many; gives how many."""
    keys = tx.conn.execute(
        select(idempotency.c.scope, idempotency.c.key_hash).where(idempotency.c.created_at < older_than).limit(limit)
    ).all()
    if keys:
        of_these = (and_(idempotency.c.scope == key.scope, idempotency.c.key_hash == key.key_hash) for key in keys)
        tx.conn.execute(delete(idempotency).where(or_(*of_these)))
    return len(keys)
