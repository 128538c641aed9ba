"""What a list of reports refuses, with which code, and what an empty or absent condition means."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from domain.areas import AreaMap
from domain.time import moment
from domain.vocabulary import Locale, ReportStatus, Role
from resolvers import errors
from resolvers.context import Context
from resolvers.filters import BoundingBoxFilter, NearFilter, ReportFilter, resolve_filter
from resolvers.lists import Paging
from resolvers.report_lists import reports_in_areas
from resolvers.reports import ReportOrder, report, reports
from storage.reports.filter.filtering import ResolvedFilter
from storage.rows import AreaRow
from storage.store import Store
from tests.report_rows import City

NAN = float("nan")


@pytest.fixture
async def city(store: Store, area_map: AreaMap) -> AsyncIterator[City]:
    yield await City(store, area_map).look_around()


class TestFilters:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"categories": ("flood", "no_such")},
            {"sources": ("no_such",)},
            {"agencies": ("no_such",)},
            {"areas": ("31.99",)},
            {"areas": ("31.71\0",)},
            {"categories": ("\ud800",)},
            {"ids": tuple("x" for _ in range(101))},
            {"within": BoundingBoxFilter(107, -6, 106, -5)},
            {"within": BoundingBoxFilter(106, -5, 107, -6)},
            {"within": BoundingBoxFilter(NAN, -6, 107, -5)},
            {"within": BoundingBoxFilter(-200, -6, 107, -5)},
            {"near": NearFilter(91, 106, 100)},
            {"near": NearFilter(-6, NAN, 100)},
            {"near": NearFilter(-6, 106, -1)},
            {"near": NearFilter(-6, 106, NAN)},
            {"near": NearFilter(-6, 106, float("inf"))},
            {"reported_within_hours": 0},
            {"reported_within_hours": -5},
            {"reported_within_hours": 2**31 - 1},
            {"reported_after": datetime(2026, 1, 1)},
            {"search": ""},
            {"search": "-banjir"},
            {"search": "..."},
            {"search": "x" * 300},
        ],
        ids=str,
    )
    async def test_that_make_no_sense(self, city: City, wrong: dict[str, Any]) -> None:
        async with city.asking() as ctx:
            with pytest.raises(errors.BadUserInput) as refused:
                await reports(ctx, ReportFilter(**wrong))
            assert refused.value.extensions["argument"].startswith("filter.")

    async def test_searches_are_refused_with_the_reason_in_english_as_all_errors_are(self, city: City) -> None:
        for locale in Locale:
            async with city.asking() as ctx:
                ctx.locale = locale
                with pytest.raises(errors.BadUserInput, match="only excludes") as refused:
                    await reports(ctx, ReportFilter(search="-banjir"))
                assert refused.value.extensions["reason"] == "ONLY_EXCLUSIONS"

    @pytest.mark.parametrize(
        "staffs", [{"confidential": False}, {"forwardings": ()}, {"source_disagrees": True}], ids=str
    )
    async def test_of_staff_are_refused_to_others(self, city: City, staffs: dict[str, Any]) -> None:
        for viewer, error in (
            ({}, errors.Unauthenticated),
            ({"role": Role.CITIZEN, "person": 1}, errors.Forbidden),
            ({"role": Role.PARTNER}, errors.Forbidden),
        ):
            async with city.asking(**viewer) as ctx:
                with pytest.raises(error):
                    await reports(ctx, ReportFilter(**staffs))
        for role in (Role.RESPONDER, Role.DISPATCHER, Role.ADMIN):
            async with city.asking(role) as ctx:
                assert (await reports(ctx, ReportFilter(**staffs))).rows == []

    async def test_mine_needs_somebody(self, city: City) -> None:
        async with city.asking() as ctx:
            for mine in (True, False):
                with pytest.raises(errors.Unauthenticated):
                    await reports(ctx, ReportFilter(mine=mine))

    async def test_streams_refuse_what_events_cannot_be_judged_on(self, city: City) -> None:
        new_year = datetime.fromisoformat("2026-01-01T00:00:00+07:00")
        async with city.asking() as ctx:
            for wrong in (ReportFilter(updated_after=new_year), ReportFilter(search="banjir")):
                with pytest.raises(errors.BadUserInput):
                    await resolve_filter(ctx, wrong, for_stream=True, with_search=False)
            assert (await resolve_filter(ctx, ReportFilter(search="banjir"), for_stream=True)).search is not None
            with pytest.raises(errors.BadUserInput):
                await resolve_filter(ctx, ReportFilter(updated_after=new_year), for_stream=True)

    async def test_an_empty_list_matches_nothing_and_an_absent_one_everything(self, city: City) -> None:
        await city.add({}, {"photo_count": 1})
        async with city.asking(Role.DISPATCHER) as ctx:
            for name in ("ids", "statuses", "categories", "sources", "agencies", "areas", "forwardings"):
                page = await reports(ctx, ReportFilter(**{name: ()}))
                assert (list(page.rows), await page.count()) == ([], 0), name
            for nothing in (None, ReportFilter()):
                page = await reports(ctx, nothing)
                assert (len(page.rows), await page.count()) == (2, 2)

    async def test_open_narrows_the_statuses(self, city: City) -> None:
        await city.add(*({"status": status} for status in ReportStatus))
        async with city.asking() as ctx:
            asked = ReportFilter(statuses=(ReportStatus.SUBMITTED, ReportStatus.CLOSED), open=False)
            assert [row.status for row in (await reports(ctx, asked)).rows] == ["CLOSED"]

    async def test_equal_ones_are_one(self, city: City) -> None:
        async with city.asking() as ctx:
            one, two = [
                await resolve_filter(ctx, ReportFilter(categories=names, areas=("31.71",)))
                for names in (("flood", "waste"), ("waste", "flood"))
            ]
        assert isinstance(one, ResolvedFilter) and hash(one) == hash(two) and one == two


class TestTimes:
    async def test_after_counts_its_moment_and_before_does_not(self, city: City) -> None:
        new_year = datetime.fromisoformat("2026-01-01T00:00:00+07:00")
        at = int(new_year.timestamp()) * 1_000_000
        before, on = await city.add({"reported_at": at - 1}, {"reported_at": at})
        async with city.asking() as ctx:
            assert await ids(ctx, ReportFilter(reported_after=new_year)) == [on]
            assert await ids(ctx, ReportFilter(reported_before=new_year)) == [before]

    async def test_updated_after_gives_nothing_twice(self, city: City) -> None:
        one, two = await city.add({}, {})
        async with city.asking() as ctx:
            rows = (await reports(ctx, order=ReportOrder.RECENTLY_UPDATED)).rows
            first = min(rows, key=lambda row: row.updated_at)
            assert {one, two} - set(await ids(ctx, ReportFilter(updated_after=moment(first.updated_at)))) == {first.id}


class TestPaging:
    @pytest.mark.parametrize(
        "wrong",
        [
            Paging(first=0),
            Paging(first=101),
            Paging(first=-1),
            Paging(last=0),
            Paging(last=101),
            Paging(first=5, last=5),
        ],
        ids=str,
    )
    async def test_of_no_sense_is_refused(self, city: City, wrong: Paging) -> None:
        async with city.asking() as ctx:
            with pytest.raises(errors.BadUserInput):
                await reports(ctx, paging=wrong)

    async def test_twenty_come_where_nothing_is_said(self, city: City) -> None:
        await city.add(*({} for _ in range(22)))
        async with city.asking() as ctx:
            page = await reports(ctx)
            assert (len(page.rows), page.has_next, page.has_previous, await page.count()) == (20, True, False, 22)
            assert len(set(page.cursors)) == 20 and page.end_cursor == page.cursors[-1]

    async def test_goes_between_two_cursors_as_well(self, city: City) -> None:
        await city.add(*({} for _ in range(10)))
        async with city.asking() as ctx:
            all_ = await reports(ctx)
            after, before = all_.cursors[2], all_.cursors[7]
            between = [row.id for row in all_.rows[3:7]]
            page = await reports(ctx, paging=Paging(first=100, after=after, before=before))
            assert [row.id for row in page.rows] == between and (page.has_next, page.has_previous) == (True, True)
            page = await reports(ctx, paging=Paging(last=2, after=after, before=before))
            assert [row.id for row in page.rows] == between[-2:] and (page.has_next, page.has_previous) == (True, True)

    async def test_cursors_of_elsewhere_are_refused(self, city: City) -> None:
        await city.add({}, {})
        async with city.asking() as ctx:
            cursor = (await reports(ctx)).end_cursor
            for wrong in ("", "x", "!" * 30, "A" * 600):
                with pytest.raises(errors.InvalidCursor):
                    await reports(ctx, paging=Paging(after=wrong))
            with pytest.raises(errors.InvalidCursor):
                await reports(ctx, order=ReportOrder.OLDEST, paging=Paging(after=cursor))
        async with city.asking(Role.CITIZEN, person=3) as ctx:  # of one class with anonymous people
            assert len((await reports(ctx, paging=Paging(before=cursor))).rows) == 1
        async with city.asking(Role.DISPATCHER) as ctx:
            with pytest.raises(errors.CursorExpired):
                await reports(ctx, paging=Paging(after=cursor))


class TestArguments:
    async def test_nearest_needs_near(self, city: City) -> None:
        area = AreaRow(1, "31", "DKI Jakarta", "PROVINCE", None, 0, 0)
        async with city.asking() as ctx:
            with pytest.raises(errors.BadUserInput):
                await reports(ctx, order=ReportOrder.NEAREST)
            with pytest.raises(errors.BadUserInput):
                await reports_in_areas([area], ctx, order=ReportOrder.NEAREST)

    async def test_a_report_is_asked_for_by_id_or_code(self, city: City) -> None:
        async with city.asking() as ctx:
            for given in ({}, {"id": "a", "code": "b"}):
                with pytest.raises(errors.BadUserInput):
                    await report(ctx, **given)
            for code in ("", "K7MP-2WXR", "\0", "  ", "é" * 500):
                assert await report(ctx, code=code) is None


async def ids(ctx: Context, wanted: ReportFilter) -> list[int]:
    return [row.id for row in (await reports(ctx, wanted)).rows]
