"""Records that could not be taken in, kept with their reason so that somebody can mend the cause and try again."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from domain.sink import StoredAside
from storage.rows import Page, SetAsideRow
from storage.statements.keyset import Order, Span, read_pages
from storage.tables import reports, set_aside, sources
from storage.writing.transaction import Tx

HELD = "held back until a confidential hand-over to this system is settled"
"""Why a ticket's report is kept aside for a while: it might be the very report that must stay confidential.

Such records could be mapped, and their number would tell that there is a confidential report: they are not counted.
"""

_COLUMNS = [set_aside.c[name] for name in SetAsideRow.__dataclass_fields__]


@dataclass(frozen=True, slots=True)
class Aside:
    """A record on its way to being kept aside. The same key again counts as one more attempt."""

    key: str
    source_ref: str | None
    reason: str
    raw: str


def aside_key(raw: str) -> str:
    """The digest that tells one raw record from another."""
    return hashlib.sha256(raw.encode("utf-8", "backslashreplace")).hexdigest()


_OWN = "hub:"
_KIND_IS_WITHIN = 40
"""Characters of a raw record's text that tell its kind."""


def kept_by_the_store(kind: str, value: Any) -> str:
    """A mapped record that the store itself could not take; no connector's raw record has such a kind."""
    return orjson.dumps({"kind": _OWN + kind, "value": value}).decode()


def read_kept(raw: str) -> tuple[str, Mapping[str, Any]] | None:
    """Kind and value of a record that the store itself kept aside; None for a connector's."""
    if not raw.startswith(f'{{"kind":"{_OWN}'):
        return None
    told = orjson.loads(raw)
    return told["kind"].removeprefix(_OWN), told["value"]


_OF_OTHER_THINGS = ("flood", "gauge", "topic")
"""How the kinds of connectors' raw records begin that are numbered apart from reports and tickets."""


def _is_of_a_report(raw: str) -> bool:
    """Whether a connector's record is of a report or a ticket: what its text begins with tells."""
    kind = raw.removeprefix('{"kind":"')
    return kind != raw and not kind.startswith((_OWN, *_OF_OTHER_THINGS))


def storable_text(text: str) -> str:
    """A text as any store takes it: NUL and halves of surrogate pairs written as escapes."""
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


def keep_aside(tx: Tx, source_id: int, asides: Sequence[Aside]) -> None:
    """Keeps records aside and counts on their source those that could not be mapped. Needs the source's lock."""
    by_key = {aside.key: aside for aside in asides}
    if not by_key:
        return
    mine = set_aside.c.source_id == source_id
    known = set(tx.conn.execute(select(set_aside.c.key).where(mine, set_aside.c.key.in_(by_key))).scalars())
    if known:
        again = update(set_aside).where(mine, set_aside.c.key == bindparam("known"))
        again = again.values(
            attempts=set_aside.c.attempts + 1, retry_requested=False, reason=bindparam("why"), raw=bindparam("told")
        )
        told = [by_key[key] for key in sorted(known)]
        tx.conn.execute(
            again, [{"known": each.key, "why": storable_text(each.reason), "told": _raw(each)} for each in told]
        )
    fresh = [_values(tx, source_id, aside) for key, aside in by_key.items() if key not in known]
    if fresh:
        tx.conn.execute(insert(set_aside), fresh)
    _count(tx, source_id)


def _raw(aside: Aside) -> str:
    return storable_text(aside.raw)


def _values(tx: Tx, source_id: int, aside: Aside) -> dict[str, Any]:
    return {
        "source_id": source_id,
        "key": aside.key,
        "source_ref": None if aside.source_ref is None else storable_text(aside.source_ref),
        "reason": storable_text(aside.reason),
        "raw": _raw(aside),
        "first_seen_at": tx.now,
        "attempts": 1,
        "retry_requested": False,
    }


def any_aside(conn: Connection, source_id: int, keys: Collection[str]) -> bool:
    """Whether any of these keys is kept aside."""
    found = select(set_aside.c.id).where(set_aside.c.source_id == source_id, set_aside.c.key.in_(sorted(keys)))
    return bool(keys) and conn.execute(found.limit(1)).first() is not None


def out_of_date(conn: Connection, source_id: int, told: Collection[str], retried: Collection[str]) -> frozenset[str]:
    """The keys of what is kept aside from connectors of reports and tickets that have been told meanwhile. Tried again
    later, it would overwrite what is newer. Where `retried` brought them, what came after these is newer still, and stays."""
    if not told:
        return frozenset()
    mine = set_aside.c.source_id == source_id
    begins = func.substr(set_aside.c.raw, 1, _KIND_IS_WITHIN).label("begins")
    found = select(set_aside.c.key, begins).where(mine, set_aside.c.source_ref.in_(sorted(told)))
    if retried:
        last = select(func.max(set_aside.c.id)).where(mine, set_aside.c.key.in_(sorted(retried)))
        found = found.where(set_aside.c.id <= last.scalar_subquery())
    return frozenset(row.key for row in conn.execute(found) if _is_of_a_report(row.begins))


def drop_told_since(tx: Tx, source_id: int) -> None:
    """Lets go of what was to be tried again, but was told since: a store may have such records from when they were kept
    all the same. Of what was tried more than once nobody knows when it was told last. Needs the source's lock."""
    told = (
        select(set_aside.c.key, func.substr(set_aside.c.raw, 1, _KIND_IS_WITHIN).label("begins"))
        .join(
            reports,
            (reports.c.source_id == set_aside.c.source_id)
            & (reports.c.source_ref == set_aside.c.source_ref)
            & (reports.c.synced_at > set_aside.c.first_seen_at),
        )
        .where(set_aside.c.source_id == source_id, set_aside.c.retry_requested.is_(True), set_aside.c.attempts == 1)
    )
    drop_aside(tx, source_id, [row.key for row in tx.conn.execute(told) if _is_of_a_report(row.begins)])


def drop_aside(tx: Tx, source_id: int, keys: Collection[str]) -> None:
    """Takes records out that could be taken in after all. Needs the source's lock."""
    if not keys:
        return
    gone = delete(set_aside).where(set_aside.c.source_id == source_id, set_aside.c.key.in_(sorted(keys)))
    if tx.conn.execute(gone).rowcount:
        _count(tx, source_id)


def _count(tx: Tx, source_id: int) -> None:
    mine = select(func.count()).where(set_aside.c.source_id == source_id, set_aside.c.reason != HELD)
    statement = update(sources).where(sources.c.id == source_id)
    tx.conn.execute(statement.values(set_aside_count=mine.scalar_subquery()))


def any_with_reason(conn: Connection, source_id: int, reason: str) -> bool:
    """Whether anything of a source is kept aside for this reason."""
    found = select(set_aside.c.id).where(set_aside.c.source_id == source_id, set_aside.c.reason == reason)
    return conn.execute(found.limit(1)).first() is not None


def ask_for_retry(tx: Tx, source_id: int, reason: str) -> None:
    """Has all records tried again that were kept aside for one reason."""
    held = update(set_aside).where(set_aside.c.source_id == source_id, set_aside.c.reason == reason)
    tx.conn.execute(held.values(retry_requested=True))


def retry_wanted(conn: Connection, source_id: int) -> bool:
    """Whether somebody asked for any record of this source to be tried again."""
    asked = select(set_aside.c.id).where(set_aside.c.source_id == source_id, set_aside.c.retry_requested.is_(True))
    return conn.execute(asked.limit(1)).first() is not None


def take_retries(tx: Tx, source_id: int, code: str, limit: int) -> list[StoredAside]:
    """The records to be tried again, oldest first, each handed out once."""
    asked = (
        select(set_aside.c.id, set_aside.c.key, set_aside.c.raw)
        .where(set_aside.c.source_id == source_id, set_aside.c.retry_requested.is_(True))
        .order_by(set_aside.c.id)
        .limit(limit)
    )
    rows = tx.conn.execute(asked).all()
    if rows:
        taken = update(set_aside).where(set_aside.c.id.in_([row.id for row in rows]))
        tx.conn.execute(taken.values(retry_requested=False))
    return [StoredAside(row.key, code, row.raw) for row in rows]


def set_aside_pages(conn: Connection, source_ids: Sequence[int], span: Span) -> dict[int, Page[SetAsideRow]]:
    """The same part of what each source has aside, in the order it came."""
    return read_pages(
        conn,
        select(*_COLUMNS),
        Order(set_aside.c.id),
        span,
        lambda row: SetAsideRow(*row),
        set_aside.c.source_id,
        source_ids,
    )


def count_set_aside(conn: Connection, source_ids: Sequence[int]) -> dict[int, int]:
    """How many records each source has aside."""
    rows = conn.execute(
        select(set_aside.c.source_id, func.count().label("total"))
        .where(set_aside.c.source_id.in_(sorted(set(source_ids))))
        .group_by(set_aside.c.source_id)
    )
    return {row.source_id: row.total for row in rows}


def set_aside_by_id(conn: Connection, ids: Collection[int]) -> dict[int, SetAsideRow]:
    """Records aside by row id."""
    rows = conn.execute(select(*_COLUMNS).where(set_aside.c.id.in_(sorted(set(ids)))))
    return {row.id: SetAsideRow(*row) for row in rows}
