"""A store full of reports, any question about them, and what plain Python says to it: for tests of filters and counts."""

import asyncio
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from sqlalchemy import select

from domain.areas import AreaMap
from domain.places import Point, distance_m
from domain.sealing import Kind
from domain.search_query import parse_search
from domain.time import DAY, HOUR, micros, moment
from domain.visibility import Visibility
from domain.vocabulary import OPEN_STATUSES, ForwardingState, ReportStatus, Role
from domain.words import field_tokens
from resolvers.filters import BoundingBoxFilter, NearFilter, ReportFilter
from resolvers.reports import ReportOrder
from storage.events.facets import Facets, read_facets
from storage.store import Store, open_store
from storage.tables import areas, forwardings
from tests import postgres
from tests.conftest import seeded_postgres
from tests.report_rows import NOW, POINTS, WORDS, City, describe

NUMBER = 140


class Kept:
    """A store full of reports, with all facts about them in memory for plain Python to judge."""

    def __init__(self, store: Store, area_map: AreaMap) -> None:
        self._loop = asyncio.Runner()
        self.store = store
        self.run(store.open())
        self.city = self.run(City(store, area_map).look_around())
        dice = random.Random(7)
        self.run(self.city.add(*(describe(dice) for _ in range(NUMBER))))
        self.rows = self.run(self.city.rows())
        self.facets: dict[int, Facets] = self.run(store.read(self._facets))
        self.parents: dict[int, int | None] = self.run(store.read(self._tree, areas.c.parent_id))
        self.areas: dict[int, str] = self.run(store.read(self._tree, areas.c.code))
        self.sent: dict[int, set[str]] = self.run(store.read(self._forwardings))

    def run(self, work: Any) -> Any:
        return self._loop.run(work)

    def _facets(self, conn: Any) -> dict[int, Facets | None]:
        return {row.id: read_facets(conn, row.id) for row in self.rows}

    def _tree(self, conn: Any, column: Any) -> dict[int, Any]:
        return {row[0]: row[1] for row in conn.execute(select(areas.c.id, column))}

    def _forwardings(self, conn: Any) -> dict[int, set[str]]:
        found: dict[int, set[str]] = {row.id: set() for row in self.rows}
        for report_id, state in conn.execute(select(forwardings.c.report_id, forwardings.c.state)):
            found[report_id].add(state)
        return found

    def close(self) -> None:
        self.run(self.store.close())
        self._loop.close()

    def codes_around(self, area_id: int | None) -> set[str]:
        found = set()
        while area_id is not None:
            found.add(self.areas[area_id])
            area_id = self.parents[area_id]
        return found


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest, seeded_sqlite: Path, area_map: AreaMap) -> Iterator[Kept]:
    if request.param == "sqlite":
        path = seeded_sqlite.with_name("property.db")
        path.write_bytes(seeded_sqlite.read_bytes())
        url = f"sqlite:///{path}"
    else:
        url = postgres.copy_database(seeded_postgres())
    everything = Kept(open_store(url), area_map)
    yield everything
    everything.close()


def seen(row: Any, viewer: Visibility, f: ReportFilter) -> bool:
    if row.visibility == "PUBLIC" or viewer.role in (Role.DISPATCHER, Role.ADMIN):
        return True
    if viewer.role in (Role.RESPONDER, Role.PARTNER) and row.agency_id == viewer.agency_id:
        return True
    return f.mine is True and mine(row, viewer)


def mine(row: Any, viewer: Visibility) -> bool:
    return row.reporter_id is not None and row.reporter_id == viewer.person_id


def expected(kept: Kept, viewer: Visibility, f: ReportFilter) -> list[Any]:
    """What a reader of the contract would pick, one condition after the other."""
    codes = {table: {id_: code for code, id_ in rows.items()} for table, rows in kept.city.ids.items()}
    exact = viewer.role in (Role.RESPONDER, Role.DISPATCHER, Role.ADMIN) or f.mine is True

    def at(row: Any) -> Point | None:
        latitude, longitude = (row.latitude, row.longitude) if exact else (row.public_latitude, row.public_longitude)
        return None if latitude is None else Point(latitude, longitude)

    def words(row: Any) -> list[str]:
        return field_tokens(row.title, row.text, row.address if exact else None)

    def has(row: Any, text: str) -> bool:
        query, found = parse_search(text), words(row)
        return all(w[0] in found for w in query.all_of) and not any(w[0] in found for w in query.none_of)

    def category(row: Any) -> set[str]:
        code = codes["categories"][row.category_id]
        return {code, "public_facility"} if code == "street_light" else {code}

    def in_box(point: Point | None, box: BoundingBoxFilter) -> bool:
        return (
            point is not None and box.west <= point.longitude <= box.east and box.south <= point.latitude <= box.north
        )

    def is_near(point: Point | None, near: NearFilter) -> bool:
        return point is not None and distance_m(point, Point(near.latitude, near.longitude)) <= near.within_meters

    disagrees = lambda row: row.source_status_means not in (None, row.status)  # noqa: E731 - one of a table of conditions
    around = lambda row: kept.codes_around(row.area_id if exact else row.public_area_id)  # noqa: E731
    conditions: list[tuple[Any, Callable[[Any], bool]]] = [
        (f.ids, lambda row: kept.city.parts.ids.encode(Kind.REPORT, row.id) in f.ids),
        (f.statuses, lambda row: row.status in f.statuses),
        (f.open, lambda row: (row.status in OPEN_STATUSES) == f.open),
        (f.categories, lambda row: bool(category(row) & set(f.categories))),
        (f.sources, lambda row: codes["sources"][row.source_id] in f.sources),
        (f.agencies, lambda row: codes["agencies"].get(row.agency_id) in f.agencies),
        (f.areas, lambda row: bool(around(row) & set(f.areas))),
        (f.within, lambda row: in_box(at(row), f.within)),
        (f.near, lambda row: is_near(at(row), f.near)),
        (f.reported_within_hours, lambda row: row.reported_at >= NOW - f.reported_within_hours * HOUR),
        (f.reported_after, lambda row: row.reported_at >= micros(f.reported_after)),
        (f.reported_before, lambda row: row.reported_at < micros(f.reported_before)),
        (f.updated_after, lambda row: row.updated_at > micros(f.updated_after)),
        (f.search, lambda row: has(row, f.search)),
        (f.has_photos, lambda row: (row.photo_count > 0) == f.has_photos),
        (f.breached, lambda row: (row.respond_breached or row.resolve_breached) == f.breached),
        (f.duplicates, lambda row: (row.duplicate_of_id is not None) == f.duplicates),
        (f.mine, lambda row: mine(row, viewer) == f.mine),
        (f.confidential, lambda row: (row.visibility == "CONFIDENTIAL") == f.confidential),
        (f.forwardings, lambda row: bool(kept.sent[row.id] & set(f.forwardings))),
        (f.source_disagrees, lambda row: disagrees(row) == f.source_disagrees),
    ]
    asked = [judge for given, judge in conditions if given is not None]
    return [row for row in kept.rows if seen(row, viewer, f) and all(judge(row) for judge in asked)]


def ordered(rows: list[Any], order: ReportOrder, viewer: Visibility, f: ReportFilter) -> list[int]:
    exact = viewer.true_places or f.mine is True

    def apart(row: Any) -> int:
        assert f.near is not None
        latitude, longitude = (row.latitude, row.longitude) if exact else (row.public_latitude, row.public_longitude)
        return round(1000 * distance_m(Point(latitude, longitude), Point(f.near.latitude, f.near.longitude)))

    keys: dict[ReportOrder, Callable[[Any], Any]] = {
        ReportOrder.NEWEST: lambda row: (-row.reported_at, -row.id),
        ReportOrder.OLDEST: lambda row: (row.reported_at, row.id),
        ReportOrder.RECENTLY_UPDATED: lambda row: (-row.updated_at, -row.id),
        ReportOrder.MOST_SUPPORTED: lambda row: (-row.support_count, -row.id),
        ReportOrder.DUE_FIRST: lambda row: (row.due_at is None, row.due_at or 0, row.id),
        ReportOrder.NEAREST: lambda row: (apart(row), row.id),
    }
    return [row.id for row in sorted(rows, key=keys[order])]


def some(values: Any, **sizes: int) -> st.SearchStrategy[Any]:
    return st.lists(st.sampled_from(values), unique=True, **sizes).map(tuple)


moments = st.integers(0, 21 * 24).map(lambda hours: moment(NOW - hours * HOUR))
centers = st.sampled_from(POINTS)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "ids": some(range(1, NUMBER + 30), max_size=60),
    "statuses": some(tuple(ReportStatus), max_size=6),
    "open": st.booleans(),
    "categories": some(("flood", "traffic_jam", "street_light", "public_facility", "beggars"), max_size=3),
    "sources": some(("simpul", "qlue"), max_size=2),
    "agencies": some(("dishub", "tata_air", "bina_marga"), max_size=2),
    "areas": some(
        ("31", "31.71", "31.74.05", "31.01", "31.71.01.1001", "31.74.07.1010", "31.72.02.1006", "31.75.07.1003"),
        max_size=3,
    ),
    "within": st.builds(
        lambda at, size: BoundingBoxFilter(
            at.longitude - size, at.latitude - size / 2, at.longitude + size / 3, at.latitude + size
        ),
        centers,
        st.sampled_from((0.0006, 0.0015, 0.1)),
    ),
    "near": st.builds(
        lambda at, metres: NearFilter(at.latitude, at.longitude, metres),
        centers,
        st.sampled_from((90.0, 250.0, 20_000.0)),
    ),
    "reported_within_hours": st.integers(1, 500),
    "reported_after": moments,
    "reported_before": moments,
    "updated_after": st.sampled_from((moment(NOW - DAY), moment(NOW) + timedelta(days=4000))),
    "search": st.lists(st.sampled_from(WORDS[:6]), min_size=1, max_size=2, unique=True).map(" -".join),
    "has_photos": st.booleans(),
    "breached": st.booleans(),
    "duplicates": st.booleans(),
    "mine": st.booleans(),
    "confidential": st.booleans(),
    "forwardings": some(tuple(ForwardingState), max_size=3),
    "source_disagrees": st.booleans(),
}
PLACES = ["areas", "mine", "near", "within"]  # more often: here fuzzed and true places part
STAFF_ONLY = {"confidential", "forwardings", "source_disagrees"}


@st.composite
def questions(draw: st.DrawFn) -> tuple[Role, str | None, ReportFilter, ReportOrder]:
    role = draw(st.sampled_from((Role.CITIZEN, Role.RESPONDER, Role.DISPATCHER, Role.PARTNER)))
    names = draw(st.lists(st.sampled_from(sorted(FIELDS) + 3 * PLACES), max_size=4, unique=True))
    if role not in (Role.RESPONDER, Role.DISPATCHER):
        names = [name for name in names if name not in STAFF_ONLY]
    if role is Role.PARTNER:  # nothing is its own
        names = [name for name in names if name != "mine"]
    f = ReportFilter(**{name: draw(FIELDS[name]) for name in names})
    order = draw(st.sampled_from([each for each in ReportOrder if f.near or each is not ReportOrder.NEAREST]))
    agency = draw(st.sampled_from(("dishub", "tata_air"))) if role in (Role.RESPONDER, Role.PARTNER) else None
    return role, agency, f, order


@pytest.fixture
def fixed_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("report_lists", "filters", "duplicates"):
        monkeypatch.setattr(f"resolvers.{module}.now_in_micros", lambda: NOW)
