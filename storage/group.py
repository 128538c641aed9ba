"""Group commit: many operations in one transaction, each in a savepoint of its own, one numbering of all their events.

The order of locks is the same for every group: first all names that its operations need, sorted; last the head of the
log. So no two groups wait for each other in a circle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Connection, bindparam, func, select
from sqlalchemy.exc import DBAPIError

from domain.sealing import keyed_hash
from storage.clock import now_in_micros
from storage.event_log import Head, append
from storage.transaction import NeedsLocks, Operation, Tx

MAX_GROUP = 50
DEADLOCK = "40P01"
EVERY_WRITE = "every write"
"""A lock that all writes share. An operation that names it writes while no other does, in whatever process: what others
have read before they write is then as it was for all of them, or for none."""
_BIGINTS = ARRAY(BigInteger)


@dataclass(frozen=True, slots=True)
class Done:
    """What an operation returned, or raised, or that it needs more locks and has to come again."""

    value: Any = None
    error: BaseException | None = None
    more_locks: frozenset[str] = frozenset()


def run_group(conn: Connection, operations: Sequence[Operation[Any]]) -> tuple[list[Done], Head, Tx]:
    """Runs a group inside a transaction that the caller has begun and will commit.

    Raises what breaks the whole group (a lost connection, a deadlock); an operation's own failure is in its Done.
    """
    locks = frozenset().union(*(operation.locks for operation in operations))
    _lock(conn, locks)
    tx = Tx(conn, now_in_micros(), locks)
    done = [_run(tx, operation) for operation in operations]
    head = append(tx)
    tx.rollups.write(conn)
    return done, head, tx


def _run(tx: Tx, operation: Operation[Any]) -> Done:
    """Runs one operation at a moment of its own: were it the group's, the time between a report's receipt and its event
    would tell how many events were ahead of it, hidden ones included."""
    tx.now = max(tx.now, now_in_micros())
    mark = tx.mark()
    savepoint = tx.conn.begin_nested()
    try:
        value = operation.apply(tx)
        savepoint.commit()
        return Done(value)
    except NeedsLocks as needs:
        error: BaseException | None = None
        more = needs.locks
    except Exception as raised:
        error, more = raised, frozenset()
        if tx.conn.invalidated or is_deadlock(raised):
            raise
    savepoint.rollback()
    tx.reset(mark)
    return Done(error=error, more_locks=more)


def is_deadlock(error: BaseException) -> bool:
    """Whether PostgreSQL ended a transaction so that another may go on: the whole group is to be run again."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == DEADLOCK


def _lock(conn: Connection, names: frozenset[str]) -> None:
    """Takes the locks, first the one that all share, the others in the order of their numbers. On SQLite the one writer
    has them all."""
    if conn.dialect.name != "postgresql":
        return
    take = func.pg_advisory_xact_lock if EVERY_WRITE in names else func.pg_advisory_xact_lock_shared
    conn.execute(select(take(_number(EVERY_WRITE))))
    numbers = sorted({_number(name) for name in names - {EVERY_WRITE}})
    if not numbers:
        return
    asked = func.unnest(bindparam("numbers", numbers, type_=_BIGINTS)).table_valued("number").render_derived()
    conn.execute(select(func.pg_advisory_xact_lock(asked.c.number)).order_by(asked.c.number))


def _number(name: str) -> int:
    return int(keyed_hash(b"lock", name)[:15], 16)
