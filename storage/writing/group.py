"""Group commit: many operations in one transaction, of which each can fail by itself, one numbering of all their events.

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
from storage.events.appending import Head, append
from storage.writing.facts_kept import FactsKept
from storage.writing.transaction import GroupBroken, NeedsLocks, Operation, Tx

DEADLOCK = "40P01"
EVERY_WRITE = "every write"
"""A lock that each write holds together with all others. An operation that names it holds it alone: then no other write is
under way, in any process. So nobody writes by what he read before it, of a category, say, that is being made sensitive."""
_BIGINTS = ARRAY(BigInteger)


@dataclass(frozen=True, slots=True)
class Done:
    """What an operation returned, or raised, or that it needs more locks and has to come again."""

    value: Any = None
    error: BaseException | None = None
    more_locks: frozenset[str] = frozenset()


def run_group(
    conn: Connection, operations: Sequence[Operation[Any]], facts: FactsKept | None = None, *, alone: bool = False
) -> tuple[list[Done], Head]:
    """Runs a group inside a transaction that the caller has begun and will commit.

    Raises what breaks the whole group (a lost connection, a deadlock); an operation's own failure is in its Done. Raises
    GroupBroken where the rows of several cannot be written together: then the caller rolls back and runs it again with
    each operation `alone`, in a savepoint of its own.
    """
    locks = frozenset().union(*(operation.locks for operation in operations))
    _lock(conn, locks)
    tx = Tx(conn, now_in_micros(), locks, operations, facts)
    done = [_run(tx, operation, alone) for operation in operations]
    head = append(tx)
    tx.rollups.write(conn)
    return done, head


def _run(tx: Tx, operation: Operation[Any], alone: bool) -> Done:
    """Runs one operation at a moment of its own: were it the group's, the time between a report's receipt and its event
    would tell how many events were ahead of it, hidden ones included."""
    tx.begin(now_in_micros(), alone=alone)
    try:
        value = operation.apply(tx)
        tx.keep()
        return Done(value)
    except NeedsLocks as needs:
        tx.undo()
        return Done(more_locks=needs.locks)
    except Exception as raised:
        if isinstance(raised, GroupBroken) or tx.base.invalidated or is_deadlock(raised):
            raise
        tx.undo()
        return Done(error=raised)


def is_deadlock(error: BaseException) -> bool:
    """Whether PostgreSQL ended a transaction so that another may go on: the whole group is to be run again."""
    told = error.orig if isinstance(error, DBAPIError) else error
    return getattr(told, "sqlstate", None) == DEADLOCK


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
