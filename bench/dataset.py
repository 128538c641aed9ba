"""Fills a store with a made-up city, through the writer's own door: `python -m bench.dataset --reports N --store URL`.

Rows go in by the ten thousand, each lot one operation of the store's writer: so the event log is chained, numbered and
dated, and the roll-ups are counted, by the same code as in the hub. Equal arguments make equal rows; only the salts of the
log differ. The hub's keys are fixed, so that ids and cursors are the same in every copy: such a store is for measuring
alone. The log is older than the horizon of cursors, therefore its facets are empty.
"""

import argparse
import asyncio
import hashlib
import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import Connection, insert, select, text, update

from bench.city import END, FLOOD_EDGE, City, FloodSquare, flood_squares
from bench.indexes import create_indexes, drop_indexes
from bench.rows import Codes, Filling, Lot
from domain.areas import AreaMap
from domain.time import DAY, HOUR
from storage.places.boundary_following import read_area_map
from storage.reports.filter.word_index import fts5_document, tsvector_literal
from storage.seeding import seed
from storage.store import Store, open_store, opened
from storage.tables import (
    event_facets,
    flood_areas,
    lapor_responses,
    lapor_tickets,
    persons,
    photos,
    report_supports,
    reports,
    secrets,
    sources,
)
from storage.writing.transaction import Operation, PendingEvent, Tx

AT_ONCE = 10_000
SEED = 20_260_101
_SERIAL = (persons, flood_areas, reports, photos, lapor_tickets, sources)
_KINDS = {"qlue": "CITIZEN_APP", "peta_jakarta": "FLOOD_MAP", "lapor": "COMPLAINT_SYSTEM"}


def _write_lot(tx: Tx, lot: Lot, events: list[PendingEvent]) -> None:
    for table in (reports, photos, report_supports, lapor_tickets, lapor_responses):
        rows = lot.rows.get(table)
        if rows:
            tx.conn.execute(insert(table), rows)
    _write_words(tx.conn, lot.words)
    tx.events.extend(events)
    for facets in lot.facets:
        tx.rollups.move(None, facets)


def _write_words(conn: Connection, words: list[tuple[int, str, str]]) -> None:
    postgres = conn.dialect.name == "postgresql"
    made, value = (tsvector_literal, "CAST(:doc AS tsvector)") if postgres else (fts5_document, ":doc")
    for position, name in enumerate(("report_words_staff", "report_words_public"), start=1):
        rows = [{"id": each[0], "doc": made(str(each[position]).split("\0"))} for each in words]
        if rows:
            conn.execute(text(f"INSERT INTO {name} (rowid, doc) VALUES (:id, {value})"), rows)


def _begin(tx: Tx, people: int, squares: Sequence[FloodSquare], area_map: AreaMap) -> Codes:
    """What reports refer to; and keys that are the same in every copy."""
    if tx.conn.execute(select(reports.c.id).limit(1)).first() is not None:
        raise SystemExit("There are reports in this store already: give an empty one.")
    for row in tx.conn.execute(select(secrets.c.id, secrets.c.purpose, secrets.c.key)).all():
        fixed = hashlib.shake_128(row.purpose.encode()).digest(len(row.key))
        tx.conn.execute(update(secrets).where(secrets.c.id == row.id).values(key=fixed))
    told = {"state": "UP", "reconstructed": False, "set_aside_count": 0, "sync_requested": False, "change": 0}
    rows = [{"code": code, "name": code, "kind": kind, **told} for code, kind in _KINDS.items()]
    tx.conn.execute(insert(sources), rows)
    everybody = [
        {"id": n, "issuer": "bench", "subject": str(n), "display_name": f"Warga {n}", "created_at": END - 800 * DAY}
        for n in range(1, people + 1)
    ]
    tx.conn.execute(insert(persons), everybody)
    codes = Codes(tx.conn)
    tx.conn.execute(insert(flood_areas), [_flood(n, s, codes, area_map) for n, s in enumerate(squares, start=1)])
    return codes


def _flood(number: int, square: FloodSquare, codes: Codes, area_map: AreaMap) -> dict[str, Any]:
    south, west = square.south, square.west
    north, east = south + FLOOD_EDGE, west + FLOOD_EDGE
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    area = area_map.locate(square.middle.latitude, square.middle.longitude)
    return {
        "id": number,
        "source_id": codes.sources["peta_jakarta"],
        "source_ref": str(number),
        "name": square.name,
        "area_id": None if area is None else codes.areas[area][0],
        "geometry": orjson.dumps({"type": "Polygon", "coordinates": [ring]}).decode(),
        "west": west,
        "south": south,
        "east": east,
        "north": north,
        "state": (0, 0, 1, 2, 3, 0, 4)[number % 7],
        "last_updated_at": END - number * HOUR,
        "observed_at": END,
    }


def _end(tx: Tx) -> None:
    """The facets of a log so old are empty, as the worker leaves them; and PostgreSQL draws on behind the ids given."""
    tx.conn.execute(update(event_facets).values(before=None, after=None))
    if tx.dialect == "postgresql":
        for table in _SERIAL:
            tx.conn.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'),"
                    f" (SELECT coalesce(max(id), 1) FROM {table.name}))"
                )
            )


async def fill(store: Store, count: int, *, seed_number: int = SEED, log: bool = True) -> None:
    """Fills an open, empty store. Without `log` there are neither events nor words: enough for lists, ids and counts."""
    await store.write(Operation(seed, frozenset({"seed"})))
    area_map = await read_area_map(store)
    city = City(area_map, count, seed_number)
    squares = flood_squares(area_map)
    codes = await store.write(Operation(lambda tx: _begin(tx, city.people, squares, area_map)))
    filling = Filling(codes, area_map, squares, log=log)
    bare = count >= 500_000
    kept = await store.write(Operation(drop_indexes)) if bare else []
    told = city.tell()
    while several := list(islice(told, AT_ONCE)):
        lot = Lot(filling, several)
        ahead = sorted([*lot.events, *filling.due(several[-1].at)], key=lambda event: event.told_at or 0)
        await store.write(Operation(_lot_writer(lot, ahead)))
    rest = list(filling.due(2**62))
    await store.write(Operation(lambda tx: tx.events.extend(rest)))
    if bare:
        await store.write(Operation(lambda tx: create_indexes(tx, kept)))
    await store.write(Operation(_end))
    await store.write(Operation(_analyze))


def _lot_writer(lot: Lot, events: list[PendingEvent]) -> Callable[[Tx], None]:
    return lambda tx: _write_lot(tx, lot, events)


def _analyze(tx: Tx) -> None:
    """Tells the planner what there is, as a hub of that age would have been told."""
    if tx.dialect == "postgresql":
        tx.conn.execute(text("ANALYZE"))


async def _main(arguments: argparse.Namespace) -> None:
    began = time.monotonic()
    async with opened(open_store(arguments.store)) as store:
        await fill(store, arguments.reports, seed_number=arguments.seed, log=not arguments.without_log)
    print(f"{arguments.reports:,} reports in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, required=True)
    parser.add_argument("--store", required=True, help="sqlite:///path or postgresql://…; empty")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--without-log", action="store_true", help="no events and no words: for growth alone")
    asyncio.run(_main(parser.parse_args()))
