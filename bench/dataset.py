"""Fills a store with a made-up city, through the writer's own door: `python -m bench.dataset --reports N --store URL`.

Rows go in by the ten thousand, each lot one operation of the store's writer: so the event log is chained, numbered and
dated, and the roll-ups are counted, by the same code as in the hub. Equal arguments make equal rows; only the salts of the
log differ. The hub's keys are fixed, so that ids and cursors are the same in every copy: such a store is for measuring
alone. The log is older than the horizon of cursors, therefore its facets are empty.
"""

import argparse
import asyncio
import hashlib
import heapq
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import Connection, Table, insert, select, text, update

from bench.city import END, FLOOD_EDGE, City, FloodSquare, Told, flood_squares, square_of
from bench.indexes import create_indexes, drop_indexes
from domain.areas import AreaMap
from domain.places import Point, cell_of, fuzz
from domain.report import clocks_from
from domain.time import DAY, HOUR
from domain.vocabulary import EventKind
from domain.words import field_tokens
from storage.boundary_following import read_area_map
from storage.facets import Facets
from storage.reports.placing import CELL_RESOLUTION
from storage.seeding import seed
from storage.store import Store, open_store, opened
from storage.tables import (
    agencies,
    areas,
    categories,
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
from storage.transaction import Operation, PendingEvent, Tx
from storage.word_index import fts5_document, tsvector_literal

AT_ONCE = 10_000
SEED = 20_260_101
_SERIAL = (persons, flood_areas, reports, photos, lapor_tickets, sources)
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_KINDS = {"qlue": "CITIZEN_APP", "peta_jakarta": "FLOOD_MAP", "lapor": "COMPLAINT_SYSTEM"}
_TICKET_STATES = {"SUBMITTED": "UNVERIFIED", "VERIFIED": "VERIFIED", "CLOSED": "CLOSED", "RESOLVED": "DONE"}


def code_of(number: int) -> str:
    """The tracking code of a report, different for each of the first 656 billion."""
    rest, letters = (number * 434_343_434_343 + 17) % 30**8, ""
    for _ in range(8):
        rest, digit = divmod(rest, 30)
        letters += _ALPHABET[digit]
    return f"{letters[:4]}-{letters[4:]}"


class Codes:
    """The rows that codes name, as the store drew them."""

    def __init__(self, conn: Connection) -> None:
        self.categories = {row.code: row for row in conn.execute(select(categories))}
        self.sources = {row.code: row.id for row in conn.execute(select(sources.c.code, sources.c.id))}
        self.agencies = {row.code: row.id for row in conn.execute(select(agencies.c.code, agencies.c.id))}
        self.areas = {row.code: (row.id, row.city_id) for row in conn.execute(select(areas))}


class Lot:
    """Up to ten thousand reports as rows of all tables that they are in."""

    def __init__(self, city: "Filling", told: Sequence[Told]) -> None:
        self.rows: dict[Table, list[dict[str, Any]]] = {}
        self.words: list[tuple[int, str, str]] = []
        self.events: list[PendingEvent] = []
        self.facets: list[Facets] = []
        located = city.area_map.locate_many([each.point for each in told])
        for each, area in zip(told, located, strict=True):
            city.add(self, each, area)

    def put(self, table: Table, row: dict[str, Any]) -> None:
        """Adds a row."""
        self.rows.setdefault(table, []).append(row)


class Filling:
    """Turns what the city tells into rows, and holds what is still to happen to reports that are told already."""

    def __init__(self, codes: Codes, area_map: AreaMap, squares: Sequence[FloodSquare], *, log: bool) -> None:
        self._codes = codes
        self.area_map = area_map
        self._flooded = {(square.row, square.column): n for n, square in enumerate(squares, start=1)}
        self._log = log
        self._public: dict[Point, tuple[str | None, int]] = {}
        self._to_come: list[tuple[int, int, PendingEvent]] = []
        self._taken: set[int] = set()
        self._photos = 0
        self._tickets = 0
        self._cities = dict(codes.areas.values())

    def add(self, lot: Lot, told: Told, area: str | None) -> None:
        """Adds one report with all that hangs on it."""
        category = self._codes.categories[told.category]
        row = {
            "id": told.number,
            "code": code_of(told.number),
            **self._told(told, category),
            **self._places(told.point, area, sensitive=category.sensitive),
            **_clocks(told, category),
        }
        changed = self._free(told.solved_at or told.answered_at)
        row["updated_at"] = changed or told.at
        if told.solved_at is not None:
            row["resolved_at"] = changed
        elif told.answered_at is not None:
            row["responded_at"] = changed
        facets = _facets(row, self._cities)
        lot.put(reports, row)
        lot.facets.append(facets)
        self._hang_on(lot, told, row)
        if self._log:
            self._happened(lot, told, facets, changed)

    def _free(self, at: int | None) -> int | None:
        """A moment at which nothing happens yet."""
        if at is None:
            return None
        while at in self._taken:
            at += 2
        self._taken.add(at)
        return at

    def due(self, until: int) -> Iterator[PendingEvent]:
        """What happens up to a moment, in its order."""
        while self._to_come and self._to_come[0][0] <= until:
            at, _, event = heapq.heappop(self._to_come)
            self._taken.discard(at)
            yield event

    def _told(self, told: Told, category: Any) -> dict[str, Any]:
        outside = told.source != "simpul"
        return {
            "text": told.text,
            "title": told.title,
            "address": told.address,
            "category_id": category.id,
            "status": told.status,
            "visibility": "CONFIDENTIAL" if told.confidential else "PUBLIC",
            "anonymous": told.anonymous,
            "agency_id": category.agency_id,
            "source_id": self._codes.sources[told.source],
            "source_ref": str(told.number) if outside else None,
            "source_url": f"https://{told.source}.example/{told.number}" if outside else None,
            "synced_at": told.at if outside else None,
            "set_by_hand": 0,
            "reporter_id": told.person,
            "reporter_key": None,
            "reported_at": told.at - told.number % 7 * 1_000_000,
            "received_at": told.at,
            "support_count": told.supports,
            "photo_count": told.photos,
            "flood_depth_cm": told.depth_cm,
        }

    def _places(self, point: Point, area: str | None, *, sensitive: bool) -> dict[str, Any]:
        true = self._side(point, area)
        public = true
        if sensitive:
            moved = fuzz(point)
            public = self._side(moved, self.area_map.locate(moved.latitude, moved.longitude))
        return {
            "precision": "EXACT",
            "fuzzed": sensitive,
            **true,
            **{f"public_{name}": value for name, value in public.items()},
        }

    def _side(self, point: Point, area: str | None) -> dict[str, Any]:
        return {
            "latitude": point.latitude,
            "longitude": point.longitude,
            "cell": cell_of(point, CELL_RESOLUTION),
            "area_id": None if area is None else self._codes.areas[area][0],
            "flood_area_id": self._flooded.get(square_of(point)),
        }

    def _hang_on(self, lot: Lot, told: Told, row: dict[str, Any]) -> None:
        for _ in range(told.photos):
            self._photos += 1
            lot.put(photos, _photo(self._photos, told))
        for n in range(told.supports):
            lot.put(report_supports, {"report_id": told.number, "supporter": f"key:bench-{n}", "created_at": told.at})
        if told.ticket:
            self._tickets += 1
            ticket = _ticket(self._tickets, told, row, self._codes.sources["lapor"])
            lot.put(lapor_tickets, ticket)
            if told.answered_at is not None:
                answer = {
                    "position": 0,
                    "author": "Dinas terkait",
                    "text": "Sudah ditindaklanjuti.",
                    "at": told.answered_at,
                }
                lot.put(lapor_responses, {"ticket_id": self._tickets, **answer})

    def _happened(self, lot: Lot, told: Told, facets: Facets, changed: int | None) -> None:
        words = orjson.dumps({"title": told.title, "text": told.text, "address": told.address}).decode()
        created = PendingEvent(
            EventKind.CREATED,
            report_id=told.number,
            status="SUBMITTED",
            words=words,
            after=facets,
            moves_updated_at=False,
            told_at=told.at,
        )
        lot.events.append(created)
        lot.words.append((told.number, *_documents(told)))
        if changed is not None:
            later = PendingEvent(
                EventKind.STATUS_CHANGED,
                report_id=told.number,
                status=told.status,
                previous_status="SUBMITTED",
                before=facets,
                after=facets,
                moves_updated_at=False,
                told_at=changed,
            )
            heapq.heappush(self._to_come, (changed, told.number, later))


def _facets(row: dict[str, Any], cities: dict[int, int | None]) -> Facets:
    return Facets(
        **{name: row[name] for name in _KEPT},
        has_photos=row["photo_count"] > 0,
        breached=row["respond_breached"] or row["resolve_breached"],
        duplicate=False,
        source_disagrees=False,
        city_id=cities.get(row["area_id"]),
        public_city_id=cities.get(row["public_area_id"]),
        minutes_to_respond=_minutes(row["received_at"], row["responded_at"]),
        minutes_to_resolve=_minutes(row["received_at"], row["resolved_at"]),
    )


_KEPT = [
    "category_id",
    "status",
    "source_id",
    "agency_id",
    "visibility",
    "reporter_id",
    "reported_at",
    "latitude",
    "longitude",
    "cell",
    "area_id",
    "public_latitude",
    "public_longitude",
    "public_cell",
    "public_area_id",
]


def _minutes(start: int, end: int | None) -> float | None:
    return None if end is None else max(0, end - start) / 60_000_000


def _clocks(told: Told, category: Any) -> dict[str, Any]:
    """Deadlines; at `END` all of them are long past, so what is not met is recorded as missed."""
    clocks = clocks_from(told.at, category.respond_minutes, category.resolve_minutes)
    unmet = [
        by
        for by, met in ((clocks.respond_by, told.answered_at), (clocks.resolve_by, told.solved_at))
        if by is not None and met is None
    ]
    return {
        "respond_by": clocks.respond_by,
        "resolve_by": clocks.resolve_by,
        "responded_at": told.answered_at,
        "resolved_at": told.solved_at,
        "due_at": min(unmet, default=None),
        "respond_breached": clocks.respond_by is not None and (told.answered_at or 2**62) > clocks.respond_by,
        "resolve_breached": clocks.resolve_by is not None and (told.solved_at or 2**62) > clocks.resolve_by,
    }


def _photo(number: int, told: Told) -> dict[str, Any]:
    key = hashlib.blake2b(number.to_bytes(8), digest_size=16).hexdigest()
    return {
        "id": number,
        "report_id": told.number,
        "phase": "BEFORE",
        "created_at": told.at,
        "hidden": False,
        "address": key,
        "file_key": f"full-{key}",
        "thumbnail_key": f"thumb-{key}",
        "content_type": "image/jpeg",
        "thumbnail_type": "image/jpeg",
        "width": 1280,
        "height": 960,
        "byte_size": 150_000 + number % 50_000,
        "digest": bytes.fromhex(key),
        "state": "READY",
        "attempts": 0,
    }


def _ticket(number: int, told: Told, row: dict[str, Any], source_id: int) -> dict[str, Any]:
    return {
        "id": number,
        "source_id": source_id,
        "tracking_id": str(1_000_000 + number),
        "title": told.text[:40],
        "text": told.text,
        "status": _TICKET_STATES.get(told.status, "IN_PROGRESS"),
        "source_status": "Diproses",
        "category": told.category,
        "agency": "Dinas terkait",
        "area_id": row["area_id"],
        "submitted_at": told.at,
        "ticket_updated_at": row["updated_at"],
        "url": f"https://www.lapor.go.id/laporan/{1_000_000 + number}",
        "observed_at": row["updated_at"],
        "confidential": told.confidential,
        "held": False,
        "report_id": told.number,
    }


def _documents(told: Told) -> tuple[str, str]:
    """The words for the staff's index and for everybody's, as a blank-separated list of tokens."""
    return "\0".join(field_tokens(told.title, told.text, told.address)), "\0".join(field_tokens(told.title, told.text))


# ---------------------------------------------------------------- writing


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
