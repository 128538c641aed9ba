"""API keys of partners: kept as hashes, found by them, and given up one by one or for a whole agency."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, Select, insert, or_, select, update

from domain.api_key import hash_of_key, new_api_key, public_id_of
from domain.time import DAY
from domain.vocabulary import Scope
from storage.access.persons import meet_person
from storage.tables import agencies, api_keys, persons
from storage.writing.transaction import Operation, Tx

ISSUER = "simpul-api-key"
"""Who vouches for the person as which all keys of a partner act."""


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A key to be made. Times are in microseconds; `partner` is the agency's code, where there is an agency."""

    name: str
    partner: str
    agency_id: int | None
    scopes: frozenset[Scope]
    expires_at: int


@dataclass(frozen=True, slots=True)
class ApiKeyRow:
    """A key as the store knows it: all but the key."""

    id: int
    public_id: str
    name: str
    partner: str
    agency_id: int | None
    person_id: int
    person_name: str | None
    scopes: frozenset[str]
    created_at: int
    expires_at: int
    revoked_at: int | None
    used_at: int | None

    def holds(self, now: int) -> bool:
        """Whether it may be used at a moment."""
        return self.revoked_at is None and now < self.expires_at


def creation(asked: NewApiKey) -> Operation[str]:
    """The operation that makes a key. What it gives is the key itself: shown once, and nowhere kept."""
    return Operation(partial(_create, asked=asked), frozenset({f"person:{ISSUER}|{asked.partner}"}))


def _create(tx: Tx, asked: NewApiKey) -> str:
    person = meet_person(tx, ISSUER, asked.partner, _agency_name(tx.conn, asked.agency_id) or asked.partner)
    key = new_api_key()
    values = {
        "public_id": public_id_of(key),
        "key_hash": hash_of_key(key),
        "name": asked.name,
        "partner": asked.partner,
        "agency_id": asked.agency_id,
        "person_id": person.id,
        "scopes": " ".join(sorted(asked.scopes)),
        "created_at": tx.now,
        "expires_at": asked.expires_at,
    }
    tx.conn.execute(insert(api_keys), values)
    return key


def _agency_name(conn: Connection, agency_id: int | None) -> str | None:
    return conn.execute(select(agencies.c.name).where(agencies.c.id == agency_id)).scalar_one_or_none()


def find_api_key(conn: Connection, key: str) -> ApiKeyRow | None:
    """The row of a key that somebody shows, whether it holds or not."""
    return next(_rows(conn, _all().where(api_keys.c.key_hash == hash_of_key(key))), None)


def all_api_keys(conn: Connection) -> list[ApiKeyRow]:
    """All keys ever made, the newest first."""
    return list(_rows(conn, _all().order_by(api_keys.c.id.desc())))


def _all() -> Select[Any]:
    return select(api_keys, persons.c.display_name).join(persons, persons.c.id == api_keys.c.person_id)


def _rows(conn: Connection, statement: Select[Any]) -> Iterator[ApiKeyRow]:
    for row in conn.execute(statement):
        yield ApiKeyRow(
            id=row.id,
            public_id=row.public_id,
            name=row.name,
            partner=row.partner,
            agency_id=row.agency_id,
            person_id=row.person_id,
            person_name=row.display_name,
            scopes=frozenset(row.scopes.split()),
            created_at=row.created_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
            used_at=row.used_at,
        )


def end_api_keys(tx: Tx, *, public_id: str | None = None, agency_id: int | None = None) -> int:
    """Ends a key, or all keys of an agency, for good; gives how many held until now. Use `storage.access.revocations.revoke`,
    which tells the processes that serve as well."""
    meant = api_keys.c.public_id == public_id if agency_id is None else api_keys.c.agency_id == agency_id
    holding = select(api_keys.c.id).where(meant, api_keys.c.revoked_at.is_(None))
    found = tx.conn.execute(holding).scalars().all()
    tx.conn.execute(update(api_keys).where(api_keys.c.id.in_(found)).values(revoked_at=tx.now))
    return len(found)


def note_use(tx: Tx, row_id: int, at: int) -> None:
    """Keeps on which day a key was last used: not when, for nobody needs to know."""
    day = at // DAY * DAY
    later = or_(api_keys.c.used_at.is_(None), api_keys.c.used_at < day)
    tx.conn.execute(update(api_keys).where(api_keys.c.id == row_id, later).values(used_at=day))
