"""What was revoked, kept until every token that it concerns has run out by itself."""

from sqlalchemy import Connection, Select, delete, func, insert, select

from domain.revocation import TOKENS_LIVE, Revocation, Revocations
from domain.time import HOUR, SECOND
from storage.access.api_keys import end_api_keys
from storage.statements.prepared import prepared
from storage.tables import revocations
from storage.writing.transaction import Tx

KEPT = TOKENS_LIVE * SECOND + HOUR
"""Microseconds; the hour is for clocks that disagree."""


def revoke(tx: Tx, entry: Revocation) -> int:
    """Keeps a revocation, and ends the API keys that it names; gives how many of those held until now."""
    values = {
        "subject": entry.subject,
        "token_id": entry.token_id,
        "agency_id": entry.agency_id,
        "issued_before": entry.issued_before,
        "created_at": tx.now,
    }
    tx.conn.execute(insert(revocations), values)
    if entry.token_id is None and entry.agency_id is None:
        return 0
    return end_api_keys(tx, public_id=entry.token_id, agency_id=entry.agency_id)


def state_of_revocations(conn: Connection) -> tuple[int, int]:
    """What changes whenever an entry comes or goes, and is cheap to ask for."""
    ((count, ids),) = prepared(conn, "state of revocations", _state).rows(conn)
    return count, int(ids)


def _state() -> Select[int, int]:
    return select(func.count(), func.coalesce(func.sum(revocations.c.id), 0)).select_from(revocations)


def read_revocations(conn: Connection) -> Revocations:
    """All entries that there are."""
    rows = conn.execute(select(revocations))
    return Revocations.of(Revocation(row.subject, row.token_id, row.agency_id, row.issued_before) for row in rows)


def forget_revocations(tx: Tx, now: int) -> None:
    """Removes the entries that concern nothing any more: every token of before has run out."""
    tx.conn.execute(
        delete(revocations).where(
            revocations.c.created_at < now - KEPT, func.coalesce(revocations.c.issued_before, 0) < now - KEPT
        )
    )
