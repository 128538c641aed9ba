"""Makes a category sensitive that was not: from one moment on nobody outside learns where its reports are, or were.

All of it is one transaction, alone among the writes: the category, the public places of all its reports and what is
counted of them, the public places in what is kept of their past, and the log's epoch, so that every subscription ends
with CURSOR_EXPIRED and lists again. No event tells of it. There is no way back: citizens told those places in confidence.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from domain.areas import AreaMap
from storage.events.appending import raise_epoch
from storage.events.facets import read_many_facets
from storage.reports.filter.naming import category_named
from storage.reports.fuzzing import Fuzzing
from storage.rollups.keeping import RollupChanges
from storage.store import Store
from storage.tables import categories, reports
from storage.writing.group import EVERY_WRITE
from storage.writing.transaction import Operation, Tx

_AT_ONCE = 500


async def make_sensitive(store: Store, area_map: AreaMap, code: str) -> int:
    """Makes the category of this code sensitive; gives how many reports were moved. Raises UnknownCode.

    Reports that stayed where they were when somebody had switched the column by hand are moved as well.
    """
    moving = partial(_make_sensitive, area_map=area_map, code=code)
    moved = await store.write(Operation(moving, frozenset({EVERY_WRITE})))
    store.reference.forget()
    return moved


def _make_sensitive(tx: Tx, area_map: AreaMap, code: str) -> int:
    tx.require(EVERY_WRITE)
    category_id = category_named(tx.conn, code)
    switched = update(categories).where(categories.c.id == category_id, categories.c.sensitive.is_(False))
    changed = tx.conn.execute(switched.values(sensitive=True)).rowcount
    fuzzing, moved, last = Fuzzing(tx.conn, area_map), 0, 0
    while ids := _next_ids(tx.conn, category_id, last):
        _move(tx, fuzzing, ids)
        moved, last = moved + len(ids), ids[-1]
    if changed or moved:
        raise_epoch(tx.conn)
    return moved


def _next_ids(conn: Connection, category_id: int, last: int) -> list[int]:
    """Reports of the category whose public place is the true one."""
    statement = select(reports.c.id).where(
        reports.c.category_id == category_id, reports.c.fuzzed.is_(False), reports.c.id > last
    )
    return list(conn.execute(statement.order_by(reports.c.id).limit(_AT_ONCE)).scalars())


def _move(tx: Tx, fuzzing: Fuzzing, ids: list[int]) -> None:
    """Some reports, what is counted of them, and their past."""
    changes, rows = RollupChanges(), []
    for report_id, before in read_many_facets(tx.conn, ids).items():
        after = fuzzing.facets(before)
        changes.move(before, after)
        rows.append(_row(report_id, fuzzing.columns(after)))
    names = [name for name in rows[0] if name != "row"]
    moved = update(reports).where(reports.c.id == bindparam("row"))
    tx.conn.execute(moved.values(fuzzed=True, **{name.removeprefix("new_"): bindparam(name) for name in names}), rows)
    changes.write(tx.conn)
    fuzzing.rewrite_the_past(tx, ids)


def _row(report_id: int, columns: Mapping[str, Any]) -> dict[str, Any]:
    return {"row": report_id, **{f"new_{name}": value for name, value in columns.items()}}
