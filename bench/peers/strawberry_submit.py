"""A report on its way in, with SQLAlchemy's async engine: the rows that the hub writes, in one transaction."""

import asyncio
import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h3.api.basic_int as h3
from shapely import Point, STRtree, polygons
from sqlalchemy import Table, insert, select, text, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
TOKEN_SECRET = secrets.token_bytes(32)


class Submitting:
    """Writes reports, one after another: SQLite has one writer."""

    def __init__(self, engine: AsyncEngine, table: Callable[[str], Table]) -> None:
        told = json.loads(Path(os.environ["BENCH_FACTS"]).read_text(encoding="utf-8"))
        self._engine = engine
        self._table = table
        self._counts = told["counts"]
        self._codes = [each["code"] for each in told["outlines"] for _ in each["rings"]]
        self._tree = STRtree([polygons(ring) for each in told["outlines"] for ring in each["rings"]])
        self._turn = asyncio.Lock()

    async def submit(self, told: str, code: str, latitude: float, longitude: float) -> tuple[Any, str, int]:
        """The report's row, its follow token, and the event's number. Raises LookupError for an unknown category."""
        token = secrets.token_urlsafe(24)
        async with self._turn, self._engine.begin() as connection:
            row, seq = await self._write(connection, told, code, latitude, longitude, token)
        return row, token, seq

    async def _write(
        self, connection: AsyncConnection, told: str, code: str, latitude: float, longitude: float, token: str
    ) -> tuple[Any, int]:
        categories, reports, head = (self._table(name) for name in ("categories", "reports", "log_head"))
        category = (await connection.execute(select(categories).where(categories.c.code == code))).first()
        if category is None:
            raise LookupError(code)
        now = time.time_ns() // 1000
        last = (await connection.execute(select(head))).one()
        seq, at = last.seq + 1, max(now, last.at + 1)
        area = await self._area(connection, latitude, longitude)
        values = await self._report(connection, category, area, told, latitude, longitude, now, at)
        row = (await connection.execute(insert(reports).values(values).returning(reports))).one()
        document = " ".join("".join(each if each.isalnum() else " " for each in told.lower()).split())
        for name in ("report_words_staff", "report_words_public"):
            await connection.execute(
                text(f"INSERT INTO {name} (rowid, doc) VALUES (:id, :doc)"), {"id": row.id, "doc": document}
            )
        digest = hashlib.sha256(token.encode()).digest()
        kept = {"token_hash": digest, "report_id": row.id, "created_at": now}
        await connection.execute(insert(self._table("report_follow_tokens")).values(kept))
        await self._tell(connection, row, told, area, seq, at, last.chain)
        await self._count(connection, row, area)
        return row, seq

    async def _area(self, connection: AsyncConnection, latitude: float, longitude: float) -> Any:
        areas = self._table("areas")
        found = self._tree.query(Point(longitude, latitude), predicate="intersects")
        if not len(found):
            return None
        code = min(self._codes[each] for each in found)
        return (await connection.execute(select(areas).where(areas.c.code == code))).first()

    async def _report(
        self,
        connection: AsyncConnection,
        category: Any,
        area: Any,
        told: str,
        latitude: float,
        longitude: float,
        now: int,
        at: int,
    ) -> dict[str, Any]:
        floods, sources, reports = (self._table(name) for name in ("flood_areas", "sources", "reports"))
        flooded = await connection.execute(
            select(floods.c.id)
            .where(floods.c.west <= longitude, floods.c.east >= longitude)
            .where(floods.c.south <= latitude, floods.c.north >= latitude)
            .order_by(floods.c.id)
        )
        source = await connection.execute(select(sources.c.id).where(sources.c.code == "simpul"))
        code = _new_code()
        while (await connection.execute(select(reports.c.id).where(reports.c.code == code))).first():
            code = _new_code()
        place = {
            "latitude": latitude,
            "longitude": longitude,
            "cell": h3.latlng_to_cell(latitude, longitude, 11),
            "area_id": area and area.id,
            "flood_area_id": flooded.scalars().first(),
        }
        by = [
            minutes and now + minutes * 60_000_000 for minutes in (category.respond_minutes, category.resolve_minutes)
        ]
        return {
            "code": code,
            "text": told,
            "category_id": category.id,
            "status": "SUBMITTED",
            "visibility": "PUBLIC",
            "anonymous": False,
            "agency_id": category.agency_id,
            "precision": "EXACT",
            "fuzzed": False,
            **place,
            **{f"public_{name}": value for name, value in place.items()},
            "source_id": source.scalar_one(),
            "set_by_hand": 0,
            "reporter_key": hashlib.sha256(TOKEN_SECRET + b"127.0.0.1").hexdigest(),
            "reported_at": now,
            "received_at": now,
            "updated_at": at,
            "respond_by": by[0],
            "resolve_by": by[1],
            "due_at": min((each for each in by if each), default=None),
            "respond_breached": False,
            "resolve_breached": False,
            "support_count": 0,
            "photo_count": 0,
        }

    async def _tell(
        self, connection: AsyncConnection, row: Any, told: str, area: Any, seq: int, at: int, chain: bytes
    ) -> None:
        salt, words = secrets.token_bytes(16), json.dumps({"title": None, "text": told, "address": None})
        digest = hashlib.sha256(salt + json.dumps([None, None, None, words]).encode()).digest()
        event = {
            "seq": seq,
            "kind": "CREATED",
            "at": at,
            "report_id": row.id,
            "actor_role": "ANONYMOUS",
            "status": "SUBMITTED",
            "backfill": False,
            "by_reporter": True,
        }
        link = hashlib.sha256(chain + json.dumps([*event.values(), digest.hex()]).encode()).digest()
        event |= {"personal_digest": digest, "chain": link}
        await connection.execute(insert(self._table("events")).values(event))
        personal = {"seq": seq, "salt": salt, "words": words}
        await connection.execute(insert(self._table("event_personal")).values(personal))
        after = json.dumps({**row._mapping, "city_id": area and area.city_id}, default=str)
        facets = {"seq": seq, "at": at, "report_id": row.id, "kind": "CREATED", "after": after}
        facets |= {"after_visibility": "PUBLIC", "after_agency_id": row.agency_id}
        await connection.execute(insert(self._table("event_facets")).values(facets))
        await connection.execute(update(self._table("log_head")).values(seq=seq, at=at, chain=link))

    async def _count(self, connection: AsyncConnection, row: Any, area: Any) -> None:
        values = {
            "category": row.category_id,
            "agency": row.agency_id or 0,
            "source": row.source_id,
            "area": area.id if area else 0,
            "city": area.city_id if area else 0,
            "day": (row.reported_at // 1_000_000 + 7 * 3600) // 86_400,
            **{f"cell{each}": h3.cell_to_parent(row.cell, each) for each in range(5, 9)},
        }
        for each in self._counts:
            table = self._table(each["table"])
            key = [values[value["is"]] if isinstance(value, dict) else value for value in each["values"]]
            statement = upsert(table).values({**dict(zip(each["columns"], key, strict=True)), "total": 1})
            more = {"total": table.c.total + 1}
            await connection.execute(statement.on_conflict_do_update(index_elements=each["columns"], set_=more))


def _new_code() -> str:
    letters = "".join(secrets.choice(LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"
