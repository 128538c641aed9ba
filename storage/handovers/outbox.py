"""What is to be sent to other systems: written in the transaction that decides it, taken out by the worker.

A row whose `started_at` is set is on its way. Found so by another worker, or after a crash, nobody knows what became of it.
"""

from sqlalchemy import delete, insert

from storage.tables import outbox
from storage.writing.transaction import Tx

FORWARD = "forward"
"""A row that hands a report on; its subject is the forwarding."""


def put_out(tx: Tx, kind: str, subject_id: int, available_at: int | None = None) -> int:
    """Puts something into the outbox, to be sent now or from a moment on; gives its row."""
    values = {
        "kind": kind,
        "subject_id": subject_id,
        "available_at": tx.now if available_at is None else available_at,
        "attempts": 0,
    }
    row_id: int = tx.conn.execute(insert(outbox).returning(outbox.c.id), values).scalar_one()
    return row_id


def take_out(tx: Tx, kind: str, subject_id: int, *, unless_started: bool = False) -> int:
    """Takes a subject's rows out; `unless_started` leaves those that are on their way. Gives how many."""
    mine = [outbox.c.kind == kind, outbox.c.subject_id == subject_id]
    if unless_started:
        mine.append(outbox.c.started_at.is_(None))
    taken: int = tx.conn.execute(delete(outbox).where(*mine)).rowcount
    return taken
