"""People with an account, by who vouches for them (issuer) and what he calls them (subject)."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from storage.rows import PersonRow
from storage.statements.prepared import many, one, prepared
from storage.tables import agencies, persons
from storage.writing.transaction import Tx


def find_person(conn: Connection, issuer: str, subject: str) -> PersonRow | None:
    """The person, if the hub has met it before."""
    found = prepared(conn, "person", _known).rows(conn, {"issuer": issuer, "subject": subject})
    return PersonRow._make(found[0]) if found else None


def _known() -> Select[Any]:
    told = persons.c.issuer == one("issuer"), persons.c.subject == one("subject")
    return select(persons.c.id, persons.c.display_name).where(*told)


def meet_person(tx: Tx, issuer: str, subject: str, display_name: str | None) -> PersonRow:
    """The person, made known if it was not; the name is kept as it was last told. Needs the lock `person:issuer|subject`."""
    known = find_person(tx.conn, issuer, subject)
    if known is None:
        values = {"issuer": issuer, "subject": subject, "display_name": display_name, "created_at": tx.now}
        row_id = tx.conn.execute(insert(persons).returning(persons.c.id), values).scalar_one()
        return PersonRow(row_id, display_name)
    if display_name is not None and display_name != known.display_name:
        tx.conn.execute(update(persons).where(persons.c.id == known.id).values(display_name=display_name))
    return PersonRow(known.id, display_name or known.display_name)


def persons_by_id(conn: Connection, ids: Collection[int]) -> dict[int, PersonRow]:
    """People by row id."""
    rows = prepared(conn, "persons by id", _by_id).rows(conn, {"ids": set(ids)})
    return {row[0]: PersonRow._make(row) for row in rows}


def _by_id() -> Select[Any]:
    return select(persons.c.id, persons.c.display_name).where(persons.c.id.in_(many("ids")))


def agency_id_of(conn: Connection, code: str) -> int | None:
    """The row of an agency's code."""
    return conn.execute(select(agencies.c.id).where(agencies.c.code == code)).scalar_one_or_none()
