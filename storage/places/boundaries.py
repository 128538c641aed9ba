"""Real boundaries in place of what was there: every report's area is found anew, and all of it is switched on at once.

Finding areas takes long with many reports, so it is done beforehand, in batches, while the hub goes on. One short
transaction then writes the boundaries, moves the reports and what is counted of them, looks again at the few reports
that changed meanwhile, and raises the log's epoch: subscriptions end with CURSOR_EXPIRED and list again. Where something
else raised it meanwhile, all of it is begun again.

Facets of past events stay as they are. They tell in which area a report was held to lie when the event happened, and no
cursor of before the epoch, by which they could be compared with today's areas, works any more.
"""

import asyncio
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias, TypeVar

import shapely
from sqlalchemy import Connection, Row, Select, bindparam, delete, insert, select, text, update

from domain.area_facts import parse_facts
from domain.area_import import BoundaryImport
from domain.areas import AreaMap
from domain.places import Point
from storage.events.appending import Head, raise_epoch, read_head
from storage.events.facets import read_many_facets
from storage.rollups.keeping import RollupChanges
from storage.seeding import read_fact
from storage.store import Store
from storage.tables import area_boundaries, areas, reports
from storage.writing.transaction import Operation, Tx

_AT_ONCE = 1_000
_LOCK = "boundaries"

Moves: TypeAlias = dict[int, tuple[int | None, int | None]]
"""By report: the area of its true place and that of its public one, where either is another than before."""

T = TypeVar("T")


async def import_boundaries(store: Store, found: BoundaryImport) -> int:
    """Puts a file's boundaries in the place of all that were imported before; gives how many reports moved. All or nothing.

    Processes that run have to load the map anew once they see the epoch rise (storage/places/boundary_following.py).
    """
    area_map = await asyncio.to_thread(AreaMap, parse_facts(read_fact("jakarta_areas.csv")), found.boundaries)
    moved: int | None = None
    while moved is None:
        begun = await store.read(read_head)
        moves = await _find_moves(store, area_map)
        switching = partial(_switch_on, area_map=area_map, found=found, moves=moves, begun=begun)
        moved = await store.write(Operation(switching, frozenset({_LOCK})))
    return moved


async def place_again(store: Store, area_map: AreaMap, *, since: int) -> int:
    """Looks again at the reports that changed since then, in microseconds; gives how many moved.

    For the moment between an import and its being noticed, when a process that runs placed reports by the map of before.
    """
    return await store.write(Operation(partial(_place_again, area_map=area_map, since=since), frozenset({_LOCK})))


async def boundaries_imported_at(store: Store) -> int | None:
    """When boundaries were last imported, in microseconds; None if never. Tells a process that its map is old."""
    newest = select(area_boundaries.c.imported_at).order_by(area_boundaries.c.imported_at.desc()).limit(1)
    return await store.read(lambda conn: conn.execute(newest).scalar_one_or_none())


async def _find_moves(store: Store, area_map: AreaMap) -> Moves:
    ids = await store.read(_area_ids)
    moves: Moves = {}
    last = 0
    while rows := await store.read(_placed_after, last):
        moves |= await asyncio.to_thread(_moves_of, area_map, ids, rows)
        last = rows[-1].id
    return moves


def _area_ids(conn: Connection) -> Mapping[str | None, int]:
    return {row.code: row.id for row in conn.execute(select(areas.c.code, areas.c.id))}


def _placed() -> Select[Any]:
    """Reports with a point; those of which only an area was told keep it."""
    columns = [reports.c[name] for name in ("id", "latitude", "longitude", "area_id")]
    public = [reports.c[f"public_{name}"] for name in ("latitude", "longitude", "area_id")]
    return select(*columns, *public).where(reports.c.latitude.is_not(None)).order_by(reports.c.id)


def _placed_after(conn: Connection, last: int) -> Sequence[Row[Any]]:
    return conn.execute(_placed().where(reports.c.id > last).limit(_AT_ONCE)).all()


def _moves_of(area_map: AreaMap, ids: Mapping[str | None, int], rows: Sequence[Row[Any]]) -> Moves:
    true = area_map.locate_many([Point(row.latitude, row.longitude) for row in rows])
    public = area_map.locate_many([Point(row.public_latitude, row.public_longitude) for row in rows])
    found = {row.id: (ids.get(a), ids.get(b)) for row, a, b in zip(rows, true, public, strict=True)}
    return {row.id: found[row.id] for row in rows if found[row.id] != (row.area_id, row.public_area_id)}


def _switch_on(tx: Tx, area_map: AreaMap, found: BoundaryImport, moves: Moves, begun: Head) -> int | None:
    """None where the epoch has risen since the moves were sought: then places have changed of which no event tells, as when
    a category was made sensitive, and a public area of before would tell the true place."""
    if read_head(tx.conn).epoch != begun.epoch:
        return None
    ids = _area_ids(tx.conn)
    late = _changed_since(tx, begun.at)
    late_ids = {row.id for row in late}
    moves = {key: value for key, value in moves.items() if key not in late_ids} | _moves_of(area_map, ids, late)
    _move_all(tx.conn, moves)
    _write_boundaries(tx, found, ids)
    raise_epoch(tx.conn)
    return len(moves)


def _place_again(tx: Tx, area_map: AreaMap, since: int) -> int:
    moves = _moves_of(area_map, _area_ids(tx.conn), _changed_since(tx, since))
    if moves:
        _move_all(tx.conn, moves)
        raise_epoch(tx.conn)
    return len(moves)


def _changed_since(tx: Tx, moment: int) -> Sequence[Row[Any]]:
    """Reports that an event moved since then, new ones as well. None changes or comes from now on until the commit."""
    tx.require(_LOCK)
    if tx.dialect == "postgresql":
        tx.conn.execute(text("LOCK TABLE reports IN SHARE ROW EXCLUSIVE MODE"))
    return tx.conn.execute(_placed().where(reports.c.updated_at >= moment)).all()


def _move_all(conn: Connection, moves: Moves) -> None:
    cities = {row.id: row.city_id for row in conn.execute(select(areas.c.id, areas.c.city_id))}
    for some in _in_batches(sorted(moves.items())):
        _move(conn, dict(some), cities)


def _move(conn: Connection, moves: Moves, cities: Mapping[int | None, int | None]) -> None:
    """Moves some reports and what is counted of them."""
    changes = RollupChanges()
    for report_id, before in read_many_facets(conn, moves).items():
        area_id, public_area_id = moves[report_id]
        after = replace(
            before,
            area_id=area_id,
            city_id=cities.get(area_id),
            public_area_id=public_area_id,
            public_city_id=cities.get(public_area_id),
        )
        changes.move(before, after)
    conn.execute(
        update(reports)
        .where(reports.c.id == bindparam("row"))
        .values(area_id=bindparam("true_area"), public_area_id=bindparam("public_area")),
        [{"row": key, "true_area": true, "public_area": public} for key, (true, public) in sorted(moves.items())],
    )
    changes.write(conn)


def _write_boundaries(tx: Tx, found: BoundaryImport, ids: Mapping[str | None, int]) -> None:
    rows = [
        {"area_id": ids[code], "wkb": shapely.to_wkb(shape), "imported_at": tx.now}
        for code, shape in sorted(found.boundaries.items())
    ]
    tx.conn.execute(delete(area_boundaries))
    tx.conn.execute(insert(area_boundaries), rows)


def _in_batches(items: Iterable[T], size: int = _AT_ONCE) -> Iterator[Sequence[T]]:
    remaining = iter(items)
    while batch := list(itertools.islice(remaining, size)):
        yield batch
