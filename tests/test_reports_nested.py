"""Lists of reports below other things: each parent has its own pages and counts, all of them with the same statements."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import insert, select

from domain.areas import AreaMap
from domain.time import DAY, HOUR, moment
from domain.vocabulary import Role
from resolvers.context import Context
from resolvers.filters import NearFilter, ReportFilter
from resolvers.lists import ListResult, Paging
from resolvers.reports import ReportOrder, duplicates, reports_in_areas, reports_in_flood_areas, reports_of
from storage.reports.filter.naming import rows_named
from storage.rows import AreaRow, FloodAreaRow, SeenReport
from storage.store import Store
from storage.tables import areas, flood_areas
from storage.writing.transaction import Operation
from tests.report_rows import MONAS, NOW, City
from tests.test_reports_visibility import statements


@pytest.fixture
async def city(store: Store, area_map: AreaMap) -> AsyncIterator[City]:
    yield await City(store, area_map).look_around()


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("report_lists", "filters"):
        monkeypatch.setattr(f"resolvers.{module}.now_in_micros", lambda: NOW)


async def area_rows(ctx: Context, *codes: str) -> list[AreaRow]:
    def read(conn: Any) -> dict[str, AreaRow]:
        columns = [areas.c[name] for name in AreaRow._fields]
        return {row.code: AreaRow(*row) for row in conn.execute(select(*columns).where(areas.c.code.in_(codes)))}

    found = await ctx.read(read)
    return [found[code] for code in codes]


async def told(page: ListResult[SeenReport]) -> tuple[list[int], bool, bool, int]:
    return [row.id for row in page.rows], page.has_next, page.has_previous, await page.count()


PLACES = ("31.71.01.1001", "31.71.01.1001", "31.71.01.1001", "31.71.01.1002", "31.72.02.1006", "31")


class TestOfAreas:
    async def test_hold_what_lies_in_them_and_below(self, city: City) -> None:
        ids = await city.add(*({"area": code, "reported_at": NOW - n * HOUR} for n, code in enumerate(PLACES)))
        async with city.asking() as ctx:
            rows = await area_rows(ctx, "31", "31.71", "31.71.01.1001", "31.75")
            whole, central, gambir, east = await reports_in_areas(rows, ctx, paging=Paging(first=2))
            assert await told(whole) == (ids[:2], True, False, 6)
            assert await told(central) == (ids[:2], True, False, 4)
            assert await told(gambir) == (ids[:2], True, False, 3)
            assert await told(east) == ([], False, False, 0)

    async def test_are_the_same_for_one_area_as_for_many(self, city: City) -> None:
        await city.add(*({"area": code, "reported_at": NOW - n * HOUR} for n, code in enumerate(PLACES)))
        async with city.asking() as ctx:
            rows = await area_rows(ctx, "31", "31.71", "31.71.01.1001", "31.75")
            for given in (None, ReportFilter(areas=("31.71.01",)), ReportFilter(has_photos=False)):
                cursor = (await reports_in_areas(rows, ctx))[0].cursors[0]
                for paging in (
                    Paging(first=2),
                    Paging(last=2),
                    Paging(first=2, after=cursor),
                    Paging(last=2, before=cursor),
                ):
                    together = await reports_in_areas(rows, ctx, given=given, paging=paging)
                    for row, page in zip(rows, together, strict=True):
                        (alone,) = await reports_in_areas([row], ctx, given=given, paging=paging)
                        assert await told(page) == await told(alone)

    async def test_are_ordered_as_asked(self, city: City) -> None:
        ids = await city.add(*({"support_count": n % 3} for n in range(5)))
        async with city.asking() as ctx:
            rows = await area_rows(ctx, "31", "31.71")
            near = ReportFilter(near=NearFilter(MONAS.latitude, MONAS.longitude, 100))
            for order, expected in (
                (ReportOrder.MOST_SUPPORTED, [2, 4, 1, 3, 0]),
                (ReportOrder.NEAREST, [0, 1, 2, 3, 4]),
            ):
                for page in await reports_in_areas(rows, ctx, given=near, order=order):
                    assert [row.id for row in page.rows] == [sorted(ids)[n] for n in expected]

    async def test_take_as_many_statements_for_a_hundred_as_for_three(self, city: City) -> None:
        async with city.asking() as ctx:
            codes = [code for code in city.area_map.facts if code.count(".") == 3][:100]
            numbers = []
            for number in (3, 100):
                rows = await area_rows(ctx, *codes[:number])
                pages, asked = await statements(ctx, reports_in_areas(rows, ctx))
                _, counted = await statements(ctx, every_count(pages))
                numbers.append((asked, counted))
        assert numbers[0] == numbers[1]


async def every_count(pages: list[ListResult[SeenReport]]) -> list[int]:
    return [await page.count() for page in pages]


class TestOfFloodAreas:
    async def test_are_open_floods_of_the_last_day_or_since(self, city: City) -> None:
        outline = (
            '{"type":"Polygon","coordinates":[[[106.8,-6.2],[106.85,-6.2],[106.85,-6.15],[106.8,-6.15],[106.8,-6.2]]]}'
        )
        values = {
            "source_id": 1,
            "source_ref": "a",
            "name": "RW 01",
            "geometry": outline,
            "state": 2,
            "observed_at": NOW,
        }
        box = {"west": 106.8, "south": -6.2, "east": 106.85, "north": -6.15}
        await city.store.write(Operation(lambda tx: tx.conn.execute(insert(flood_areas), {**values, **box}) and None))
        flood = {"category": "flood", "reported_at": NOW - HOUR}
        now, old, _closed, _other, _away = await city.add(
            flood,
            {**flood, "reported_at": NOW - 30 * HOUR},
            {**flood, "status": "CLOSED"},
            {"reported_at": NOW - HOUR},
            {**flood, "at": None},
        )
        rows = [FloodAreaRow(n, 1, "a", "RW 01", None, 2, None, NOW) for n in (1, 2)]
        async with city.asking() as ctx:
            here, elsewhere = await reports_in_flood_areas(rows, ctx)
            assert await told(here) == ([now], False, False, 1)
            assert await told(elsewhere) == ([], False, False, 0)
            here, _ = await reports_in_flood_areas(rows, ctx, since=moment(NOW - 3 * DAY), paging=Paging(first=1))
            assert await told(here) == ([now], True, False, 2)
            here, _ = await reports_in_flood_areas(
                rows, ctx, since=moment(NOW - 3 * DAY), paging=Paging(first=1, after=here.end_cursor)
            )
            assert await told(here) == ([old], False, True, 2)


class TestDuplicates:
    async def test_are_the_visible_ones_merged_into_each(self, city: City) -> None:
        one, two = await city.add({}, {})
        merged = {"duplicate_of_id": one, "status": "DUPLICATE"}
        a, b, _hidden, c = await city.add(
            {**merged, "reported_at": NOW - 3 * HOUR},
            {**merged, "reported_at": NOW - 2 * HOUR},
            {**merged, "confidential": True},
            {"duplicate_of_id": two},
        )
        async with city.asking(Role.CITIZEN, person=1) as ctx:
            rows = [row for row in await reports_of([one, two, a], ctx) if row]
            first, second, third = await duplicates(rows, ctx)
            assert await told(first) == ([b, a], False, False, 2)
            assert await told(second) == ([c], False, False, 1)
            assert await told(third) == ([], False, False, 0)


async def test_codes_name_what_is_below_them(city: City) -> None:
    async with city.asking() as ctx:
        named = await ctx.read(
            rows_named, category_codes=["public_facility"], area_codes=["31.71.01", "31.01"], source_codes=["qlue"]
        )
        assert named.categories == {city.ids["categories"][code] for code in ("public_facility", "street_light")}
        assert named.areas is not None and named.areas.whole_cities is None
        below = [code for code in city.area_map.facts if code.startswith(("31.71.01", "31.01"))]
        assert len(named.areas.ids) == len(below)
        cities = await ctx.read(rows_named, area_codes=["31.71", "31.01"])
        assert cities.areas is not None and len(cities.areas.whole_cities or ()) == 2
        province = await ctx.read(rows_named, area_codes=["31"])
        assert province.areas is not None and len(province.areas.whole_cities or ()) == 6
