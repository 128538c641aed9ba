"""The rows that a made-up report is: its own, and those of its photos, its ticket, its words and its events."""

import hashlib
import heapq
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Table, select

from bench.city import FloodSquare, Told, square_of
from domain.areas import AreaMap
from domain.places import Point, cell_of, fuzz
from domain.report import clocks_from
from domain.vocabulary import EventKind
from domain.words import field_tokens
from storage.events.facets import Facets
from storage.reports.placing import CELL_RESOLUTION
from storage.tables import (
    agencies,
    areas,
    categories,
    lapor_responses,
    lapor_tickets,
    photos,
    report_supports,
    reports,
    sources,
)
from storage.writing.transaction import PendingEvent

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
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
