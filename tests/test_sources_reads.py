"""Sources as clients read them: which there are, how old, how many of their records one sees, what could not be mapped."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import insert, update

from domain.areas import AreaMap
from domain.sealing import Kind
from domain.time import SECOND
from domain.vocabulary import Role
from resolvers import sources
from resolvers.lists import Paging
from storage.rows import SourceRow
from storage.store import Store
from storage.tables import flood_areas, flood_gauges, set_aside
from storage.tables import sources as source_table
from storage.writing.transaction import Operation, Tx
from tests.report_rows import NOW, City
from tests.test_reports_visibility import statements


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resolvers.sources.now_in_micros", lambda: NOW)


@pytest.fixture
async def city(store: Store, area_map: AreaMap) -> AsyncIterator[City]:
    yield await City(store, area_map).look_around()


async def change(city: City, code: str, **values: Any) -> None:
    def apply(tx: Tx) -> None:
        tx.conn.execute(update(source_table).where(source_table.c.code == code).values(**values))

    await city.store.write(Operation(apply))


async def named(city: City, code: str) -> SourceRow:
    async with city.asking() as ctx:
        found = await sources.source(ctx, code=code)
        assert found is not None
        return found


class TestWhichThereAre:
    async def test_the_hub_is_told_first(self, city: City) -> None:
        async with city.asking() as ctx:
            assert [row.code for row in await sources.sources(ctx)] == ["simpul", "qlue"]

    async def test_by_code_and_by_id(self, city: City) -> None:
        qlue = await named(city, "qlue")
        async with city.asking() as ctx:
            for code in ("", "QLUE", "a\0b", "\udfff"):
                assert await sources.source(ctx, code=code) is None
            assert await sources.sources_by_id([qlue.id, 999_999, qlue.id], ctx) == [qlue, None, qlue]

    async def test_how_old_what_it_told_may_be(self, city: City) -> None:
        async with city.asking() as ctx:
            assert sources.lag_seconds(await named(city, "qlue"), ctx) is None
            for ago, lag in ((90.5, 90.5), (0, 0), (-60, 0)):
                await change(city, "qlue", last_success_at=NOW - int(ago * SECOND))
                assert sources.lag_seconds(await named(city, "qlue"), ctx) == lag
            await change(city, "simpul", last_success_at=NOW - 5 * SECOND)
            assert sources.lag_seconds(await named(city, "simpul"), ctx) is None


class TestRecordCounts:
    async def counts(self, city: City, role: Role = Role.ANONYMOUS, **viewer: Any) -> dict[str, int]:
        async with city.asking(role, **viewer) as ctx:
            rows = await sources.sources(ctx)
            counts, asked = await statements(ctx, sources.record_counts_of(rows, ctx))
            assert asked == 4
            return dict(zip([row.code for row in rows], counts, strict=True))

    async def test_are_of_the_reports_that_the_class_sees(self, city: City) -> None:
        secret = {"confidential": True, "source": "qlue", "reporter_id": 1}
        await city.add(
            {},
            {"source": "qlue"},
            {"source": "qlue", "category": "beggars"},
            {"source": "qlue", "at": None},
            {**secret, "agency": "dishub"},
            {**secret, "agency": None},
            {"source": "qlue", "visibility": "ERASED"},
        )
        for role, viewer, seen in (
            (Role.ANONYMOUS, {}, 3),
            (Role.CITIZEN, {"person": 1}, 3),
            (Role.PARTNER, {"agency": "tata_air"}, 3),
            (Role.PARTNER, {"agency": "dishub"}, 4),
            (Role.RESPONDER, {"agency": "dishub"}, 4),
            (Role.RESPONDER, {}, 3),
            (Role.DISPATCHER, {}, 5),
            (Role.ADMIN, {}, 5),
        ):
            assert await self.counts(city, role, **viewer) == {"simpul": 1, "qlue": seen}, (role, viewer)

    async def test_and_of_flood_areas_and_gauges(self, city: City) -> None:
        source = city.ids["sources"]["qlue"]
        box = {"west": 106.8, "south": -6.2, "east": 106.9, "north": -6.1}
        area = {"source_id": source, "name": "RW 05", "geometry": "{}", "state": 0, "observed_at": NOW, **box}
        gauge = {"source_id": source, "source_ref": "1", "name": "Manggarai"}

        def apply(tx: Tx) -> None:
            tx.conn.execute(insert(flood_areas), [{**area, "source_ref": ref} for ref in ("1", "2")])
            tx.conn.execute(insert(flood_gauges), gauge)

        await city.store.write(Operation(apply))
        assert await self.counts(city) == {"simpul": 0, "qlue": 3}


class TestSetAside:
    async def fill(self, city: City, code: str, *reasons: str) -> None:
        rows = [
            {
                "source_id": city.ids["sources"][code],
                "key": f"{n}-{reason}",
                "source_ref": str(n),
                "reason": reason,
                "raw": "{}",
                "first_seen_at": NOW,
                "attempts": 1,
                "retry_requested": False,
            }
            for n, reason in enumerate(reasons)
        ]
        await city.store.write(Operation(lambda tx: tx.conn.execute(insert(set_aside), rows) and None))

    async def test_admins_read_each_sources_own_page_by_page(self, city: City) -> None:
        await self.fill(city, "qlue", "a", "b", "c")
        await self.fill(city, "simpul", "d")
        async with city.asking(Role.ADMIN) as ctx:
            rows = [await named(city, code) for code in ("qlue", "simpul", "qlue")]
            (qlue, simpul, again), asked = await statements(
                ctx, sources.set_aside_of(rows, ctx, paging=Paging(first=2))
            )
            assert asked == 1
            assert [[row.reason for row in page.rows] for page in (qlue, simpul, again)] == [
                ["a", "b"],
                ["d"],
                ["a", "b"],
            ]
            assert (qlue.has_next, simpul.has_next) == (True, False)
            assert [await page.count() for page in (qlue, simpul)] == [3, 1]
            (rest,) = await sources.set_aside_of(rows[:1], ctx, paging=Paging(after=qlue.end_cursor))
            assert ([row.reason for row in rest.rows], rest.has_previous) == (["c"], True)
            (end,) = await sources.set_aside_of(rows[:1], ctx, paging=Paging(last=2))
            assert [row.reason for row in end.rows] == ["b", "c"]

    async def test_by_id_they_are_not_there_for_anybody_else(self, city: City) -> None:
        await self.fill(city, "qlue", "a", "b")
        async with city.asking(Role.ADMIN) as ctx:
            (page,) = await sources.set_aside_of([await named(city, "qlue")], ctx, paging=Paging())
            first, second = page.rows
            by_id = sources.set_aside_by_id([second.id, 999_999, first.id], ctx)
            assert await statements(ctx, by_id) == ([second, None, first], 1)
            assert ctx.row_of(Kind.SET_ASIDE, ctx.id_of(Kind.SET_ASIDE, first.id)) == first.id
        async with city.asking(Role.DISPATCHER) as ctx:
            assert await statements(ctx, sources.set_aside_by_id([first.id], ctx)) == ([None], 1)
