"""What people ask of a source's connector: to read now, to try records again that could not be taken in."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, select, update

from storage.sources.keeping import source_lock
from storage.tables import set_aside, sources
from storage.writing.transaction import Tx


def request_sync(tx: Tx, code: str) -> int:
    """Notes that somebody wants a source read now; gives its row. Raises NoResultFound."""
    tx.require(source_lock(code))
    row_id: int = tx.conn.execute(select(sources.c.id).where(sources.c.code == code)).scalar_one()
    tx.conn.execute(update(sources).where(sources.c.id == row_id).values(sync_requested=True))
    return row_id


def sources_of_aside(conn: Connection, ids: Collection[int]) -> dict[int, str]:
    """The code of the source that each of these records aside came from; those that are none are left out."""
    rows = conn.execute(
        select(set_aside.c.id, sources.c.code)
        .join(sources, sources.c.id == set_aside.c.source_id)
        .where(set_aside.c.id.in_(sorted(set(ids))))
    )
    return {row.id: row.code for row in rows}


def request_retry(tx: Tx, ids: Collection[int], codes: Collection[str]) -> dict[int, int]:
    """Notes that records are to be tried again; gives how often each was tried until now. Needs their sources' locks."""
    tx.require(*map(source_lock, codes))
    before = attempts_of(tx.conn, ids)
    tx.conn.execute(update(set_aside).where(set_aside.c.id.in_(sorted(before))).values(retry_requested=True))
    return before


def attempts_of(conn: Connection, ids: Collection[int]) -> dict[int, int]:
    """How often each of these records was tried; those that could be mapped meanwhile are left out."""
    rows = conn.execute(select(set_aside.c.id, set_aside.c.attempts).where(set_aside.c.id.in_(sorted(set(ids)))))
    return {row.id: row.attempts for row in rows}


def still_waiting(conn: Connection, asked: Mapping[int, int]) -> frozenset[int]:
    """Which of the records asked for, with their attempts then, were not tried again yet."""
    now = attempts_of(conn, asked.keys())
    return frozenset(row_id for row_id, attempts in asked.items() if now.get(row_id) == attempts)
