"""Reports for tests of reading: made through the writer's own door, then given any state, with events and roll-ups."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import MISSING, fields
from typing import Any

from sqlalchemy import insert, select, update

from domain.areas import AreaMap
from domain.places import Point
from domain.sealing import CursorCipher, IdCipher
from domain.time import DAY, HOUR, MINUTE
from domain.vocabulary import EventKind, ForwardingState, ReportStatus, Role
from resolvers.context import Context, HubParts, HubSettings
from resolvers.viewer import Viewer
from storage.events.facets import read_facets
from storage.reports.creating import NewReport, create_report
from storage.reports.placing import Place
from storage.store import Store
from storage.tables import agencies, categories, forwardings, persons, reports, sources
from storage.writing.transaction import NOBODY, Operation, PendingEvent, Tx

NOW = 1_767_600_000_000_000
"""2026-01-05T08:00:00Z, a Monday afternoon in Jakarta."""

MONAS = Point(-6.1754, 106.8272)
_references = itertools.count(1)


class City:
    """A seeded store with what tests ask of it: codes to rows, reports, contexts of viewers."""

    def __init__(self, store: Store, area_map: AreaMap, **settings: Any) -> None:
        self.store = store
        self.area_map = area_map
        given = {
            "store": store,
            "ids": IdCipher(b"i" * 16),
            "cursors": CursorCipher([(1, b"c" * 64)]),
            "secret": b"s" * 32,
            "contacts_key": b"k" * 32,
            "areas": area_map,
            "settings": HubSettings("http://hub.test", **settings),
        }
        owed = [each.name for each in fields(HubParts) if each.default is each.default_factory is MISSING]
        self.parts = HubParts(**{name: given.get(name) for name in owed})
        self.ids: dict[str, dict[str, int]] = {}

    async def look_around(self) -> "City":
        """Learns the rows of all codes, makes four people and a second source."""

        def apply(tx: Tx) -> None:
            for n in range(1, 5):
                values = {"issuer": "test", "subject": str(n), "display_name": f"Warga {n}", "created_at": NOW}
                tx.conn.execute(insert(persons), {"id": n, **values})
            source = {"code": "qlue", "name": "Qlue", "kind": "CITIZEN_APP", "state": "UP", "reconstructed": False}
            counts = {"set_aside_count": 0, "sync_requested": False, "change": 0}
            tx.conn.execute(insert(sources), {**source, **counts})
            parent = select(categories.c.id).where(categories.c.code == "public_facility").scalar_subquery()
            tx.conn.execute(update(categories).where(categories.c.code == "street_light").values(parent_id=parent))
            for table in (categories, sources, agencies):
                rows = tx.conn.execute(select(table.c.code, table.c.id))
                self.ids[table.name] = {row.code: row.id for row in rows}

        await self.store.write(Operation(apply))
        return self

    def context(self, role: Role = Role.ANONYMOUS, *, person: int | None = None, agency: str | None = None) -> Context:
        """The context of a viewer; close it, or use `asking`."""
        agency_id = None if agency is None else self.ids["agencies"][agency]
        return Context(self.parts, Viewer(role, person, agency_id=agency_id))

    @asynccontextmanager
    async def asking(self, role: Role = Role.ANONYMOUS, **viewer: Any) -> AsyncIterator[Context]:
        """The context of a viewer for a while."""
        context = self.context(role, **viewer)
        try:
            yield context
        finally:
            await context.close()

    async def add(self, *described: dict[str, Any]) -> list[int]:
        """Reports by `describe`'s words, each an operation of its own."""
        return list(await asyncio.gather(*(self.store.write(Operation(self._adding(each))) for each in described)))

    def _adding(self, told: dict[str, Any]) -> Callable[[Tx], int]:
        told = dict(told)
        point, area = told.pop("at", MONAS), told.pop("area", None)
        category, source = told.pop("category", "damaged_road"), told.pop("source", "simpul")
        forwarded, agency = told.pop("forwarded", ()), told.pop("agency", None)
        new = NewReport(
            text=told.pop("text", "Jalan berlubang dalam"),
            category_id=self.ids["categories"][category],
            source_id=self.ids["sources"][source],
            agency_id=None if agency is None else self.ids["agencies"][agency],
            reported_at=told.pop("reported_at", NOW - HOUR),
            place=Place(area_code=area) if area or point is None else Place(point),
            **{name: told.pop(name) for name in list(told) if name in NewReport.__dataclass_fields__},
        )

        def apply(tx: Tx) -> int:
            created = create_report(tx, self.area_map, new, NOBODY)
            if told or forwarded:
                self._alter(tx, created.id, told, forwarded)
            return created.id

        return apply

    def _alter(self, tx: Tx, report_id: int, columns: dict[str, Any], forwarded: tuple[str, ...]) -> None:
        before = read_facets(tx.conn, report_id)
        if columns:
            tx.conn.execute(update(reports).where(reports.c.id == report_id).values(columns))
        for state in forwarded:
            row = {"report_id": report_id, "source_id": 1, "state": state, "created_at": NOW, "attempts": 1}
            tx.conn.execute(insert(forwardings), {**row, "reference": f"ref-{next(_references)}"})
        after = read_facets(tx.conn, report_id)
        tx.emit(PendingEvent(EventKind.UPDATED, report_id=report_id, before=before, after=after))

    async def rows(self) -> list[Any]:
        """All reports as the table has them."""
        return list(await self.store.read(lambda conn: conn.execute(select(reports)).all()))


WORDS = ("banjir", "macet", "lampu", "jalan", "rusak", "sampah", "pohon tumbang", "parkir liar")
CATEGORIES = ("flood", "traffic_jam", "street_light", "public_facility", *("beggars", "crime_disorder") * 2)
POINTS = (  # on the borders of kelurahan, where fuzzed places lie in others than true ones
    Point(-6.1712, 106.8317),
    Point(-6.2615, 106.8107),
    Point(-6.1438, 106.8691),
    Point(-6.2237, 106.9012),
    Point(-5.7453, 106.6151),
)


def describe(dice: random.Random) -> dict[str, Any]:
    """Any report at all, for `City.add`; clocks, states and places in every combination."""
    center = dice.choice(POINTS)
    received = NOW - dice.randrange(0, 20 * DAY, 7 * MINUTE)
    at = Point(center.latitude + dice.gauss(0, 0.0015), center.longitude + dice.gauss(0, 0.0015))
    lies = dice.choice([{"at": at}] * 8 + [{"at": None}, {"area": "31.71"}, {"area": "31"}, {"area": "31.74.05"}])
    due = dice.choice((None, NOW + dice.randrange(5) * HOUR))
    return {
        **lies,
        "text": " ".join(dice.sample(WORDS, 3)),
        "address": dice.choice((None, "Jalan Melati")),
        "category": dice.choice(CATEGORIES),
        "source": dice.choice(("simpul", "qlue")),
        "agency": dice.choice((None, "dishub", "tata_air")),
        "reported_at": received - dice.randrange(3) * HOUR,
        "received_at": received,
        "confidential": dice.random() < 0.25,
        "reporter_id": dice.choice((None, None, 1, 2)),
        "status": dice.choice(list(ReportStatus)),
        "photo_count": dice.choice((0, 0, 2)),
        "support_count": dice.randrange(4),
        "respond_breached": dice.random() < 0.3,
        "resolve_breached": dice.random() < 0.2,
        "source_status_means": dice.choice((None, "SUBMITTED", "CLOSED")),
        "responded_at": dice.choice((None, received + dice.randrange(1, 5000) * MINUTE // 3)),
        "resolved_at": dice.choice((None, received + dice.randrange(1, 9000) * MINUTE // 3)),
        "due_at": due,
        "duplicate_of_id": dice.choice((None, None, None, 1)),
        "forwarded": dice.choice(((), (), ("QUEUED",), ("SENT", "UNKNOWN"), tuple(ForwardingState)[:1])),
    }
