"""Counting that takes too long ends by itself, and the snapshot it ran in goes on being usable."""

import pytest
from sqlalchemy import Connection, text

from domain.areas import AreaMap
from resolvers import errors
from resolvers.filters import ReportFilter
from resolvers.reports import reports
from resolvers.statistics import StatisticsBucket, statistics
from storage.errors import CountTimedOut
from storage.statements.time_limit import limited
from storage.store import Store
from tests.report_rows import City

ENDLESS = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")
QUICK = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000) SELECT max(i) FROM n")


def count_forever(conn: Connection) -> None:
    with limited(conn, 0.05):
        conn.execute(ENDLESS)


async def test_ends_what_takes_too_long_and_nothing_else(store: Store) -> None:
    async with store.snapshot() as snapshot:
        for _ in range(2):
            with pytest.raises(CountTimedOut):
                await snapshot.run(count_forever)
        assert await snapshot.run(lambda conn: conn.execute(QUICK).scalar_one()) == 400_000


async def test_lets_other_errors_through(store: Store) -> None:
    def divide(conn: Connection) -> None:
        with limited(conn, 1.0):
            raise ZeroDivisionError

    async with store.snapshot() as snapshot:
        with pytest.raises(ZeroDivisionError):
            await snapshot.run(divide)
        assert await snapshot.run(lambda conn: conn.execute(text("SELECT 1")).scalar_one()) == 1


async def test_a_list_keeps_its_page_where_its_count_takes_too_long(
    store: Store, area_map: AreaMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = await City(store, area_map, count_timeout=0.05).look_around()
    await city.add({})
    monkeypatch.setattr(
        "storage.statements.prepared._kept", {}
    )  # of its own: what is counted here is kept nowhere else
    monkeypatch.setattr("storage.reports.counts.total._counted", lambda *_: ENDLESS)
    async with city.asking() as ctx:
        page = await reports(ctx, ReportFilter(has_photos=False))
        with pytest.raises(errors.CountTimeout):
            await page.count()
        assert len(page.rows) == 1
        assert (await (await statistics(ctx, ReportFilter(has_photos=False))).counts()).total == 1
        assert len(await (await statistics(ctx)).buckets(StatisticsBucket.SOURCE)) == 1
