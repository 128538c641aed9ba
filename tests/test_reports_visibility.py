"""Who sees which report, and which place of it: by id, by code, by a source's id, in lists, in `mine`."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, insert

from domain.areas import AreaMap
from domain.places import Point, distance_m, fuzz
from domain.sealing import Kind
from domain.vocabulary import ReportStatus, Role
from resolvers.context import Context
from resolvers.filters import NearFilter, ReportFilter
from resolvers.lists import Paging
from resolvers.reports import (
    ReportOrder,
    duplicate_of,
    report,
    report_by_source_ref,
    reporter_of,
    reports,
    reports_of,
    viewer_actions,
    viewer_has_supported,
)
from storage.reports.follow import hash_of, new_follow_token
from storage.store import Store
from storage.tables import report_follow_tokens, report_links, report_supports
from storage.writing.transaction import Operation
from tests.report_rows import MONAS, NOW, City


@pytest.fixture
async def city(store: Store, area_map: AreaMap) -> AsyncIterator[City]:
    yield await City(store, area_map).look_around()


async def listed(ctx: Context, **wanted: Any) -> set[int]:
    page = await reports(ctx, ReportFilter(**wanted), paging=Paging(first=100))
    assert await page.count() == len(page.rows)
    return {row.id for row in page.rows}


SECRET = {"confidential": True, "agency": "dishub", "reporter_id": 1}
FUZZY = {
    "category": "beggars",
    "at": MONAS,
    "address": "Jalan Medan Merdeka",
    "source": "qlue",
    "source_ref": "77",
    "source_url": "https://qlue.test/77",
    "source_status": "wait",
    "source_status_means": "SUBMITTED",
    "synced_at": NOW,
    "reporter_id": 1,
}


class TestConfidentialReports:
    @pytest.mark.parametrize(
        ("role", "viewer", "sees"),
        [
            (Role.ANONYMOUS, {}, False),
            (Role.CITIZEN, {"person": 2}, False),
            (Role.CITIZEN, {"person": 1}, False),
            (Role.RESPONDER, {"agency": "tata_air"}, False),
            (Role.RESPONDER, {"agency": "dishub"}, True),
            (Role.PARTNER, {"agency": "dishub"}, True),
            (Role.PARTNER, {"agency": "tata_air"}, False),
            (Role.DISPATCHER, {}, True),
            (Role.ADMIN, {}, True),
        ],
    )
    async def test_are_listed_for_their_agency_and_those_who_dispatch(
        self, city: City, role: Role, viewer: dict[str, Any], sees: bool
    ) -> None:
        public, secret = await city.add({}, SECRET)
        async with city.asking(role, **viewer) as ctx:
            assert await listed(ctx) == ({public, secret} if sees else {public})

    async def test_are_the_reporters_by_id_by_code_and_in_mine_alone(self, city: City) -> None:
        public, secret, other = await city.add({"reporter_id": 1}, SECRET, {})
        async with city.asking(Role.CITIZEN, person=1) as ctx:
            found = await report(ctx, id=ctx.id_of(Kind.REPORT, secret))
            assert found is not None and found.mine
            assert await report(ctx, code=found.code.lower().replace("-", " ")) == found
            assert await listed(ctx, mine=True) == {public, secret}
            assert await listed(ctx, mine=False) == {other}
            assert await listed(ctx) == {public, other}
            assert await listed(ctx, ids=(ctx.id_of(Kind.REPORT, secret),)) == set()

    async def test_look_like_what_does_not_exist_to_others(self, city: City) -> None:
        (secret,) = await city.add(SECRET)
        code = next(row.code for row in await city.rows())
        async with city.asking(Role.CITIZEN, person=2) as ctx:
            assert await report(ctx, id=ctx.id_of(Kind.REPORT, secret)) is None
            assert await report(ctx, id=ctx.id_of(Kind.REPORT, 999_999)) is None
            assert await report(ctx, id="no id at all") is None
            assert await report(ctx, id=ctx.id_of(Kind.AREA, secret)) is None
            assert await report(ctx, code=code) is None
            assert await reports_of([secret, None, 999_999], ctx) == [None, None, None]

    async def test_are_theirs_who_show_the_follow_token(self, city: City) -> None:
        secret, other = await city.add({**SECRET, "reporter_id": None}, {**SECRET, "reporter_id": None})
        token = new_follow_token()
        values = {"token_hash": hash_of(token), "report_id": secret, "created_at": NOW}
        await city.store.write(Operation(lambda tx: tx.conn.execute(insert(report_follow_tokens), values) and None))
        async with city.asking() as ctx:
            ctx.viewer = replace(ctx.viewer, follow_hashes=(hash_of(token),))
            assert await listed(ctx, mine=True) == {secret}
            assert [row is not None and row.mine for row in await reports_of([secret, other], ctx)] == [True, False]

    async def test_of_which_nobody_sees_what_is_erased(self, city: City) -> None:
        (gone,) = await city.add({"reporter_id": 1, "visibility": "ERASED", "agency": "dishub"})
        for role, viewer in (
            (Role.ADMIN, {"person": 1}),
            (Role.CITIZEN, {"person": 1}),
            (Role.RESPONDER, {"agency": "dishub"}),
        ):
            async with city.asking(role, **viewer) as ctx:
                assert await reports_of([gone], ctx) == [None]
                assert await listed(ctx) == set()
                if "person" in viewer:
                    assert await listed(ctx, mine=True) == set()


class TestFuzzedPlaces:
    async def test_staff_sees_the_true_one_with_all_that_tells_of_it(self, city: City) -> None:
        (fuzzy,) = await city.add(FUZZY)
        async with city.asking(Role.RESPONDER, agency="dishub") as ctx:
            (row,) = await reports_of([fuzzy], ctx)
        assert row is not None and not row.fuzzed and row.precision == "EXACT"
        assert (row.latitude, row.longitude) == (MONAS.latitude, MONAS.longitude)
        assert (row.address, row.source_ref, row.source_status) == ("Jalan Medan Merdeka", "77", "wait")
        assert (row.source_url, row.synced_at) == ("https://qlue.test/77", NOW)

    @pytest.mark.parametrize(
        ("role", "viewer"), [(Role.ANONYMOUS, {}), (Role.CITIZEN, {"person": 2}), (Role.PARTNER, {})]
    )
    async def test_others_see_the_public_one_and_nothing_that_tells_more(
        self, city: City, role: Role, viewer: dict[str, Any]
    ) -> None:
        (fuzzy,) = await city.add(FUZZY)
        async with city.asking(role, **viewer) as ctx:
            (by_id,) = await reports_of([fuzzy], ctx)
            (in_list,) = (await reports(ctx)).rows
        for row in (by_id, in_list):
            assert row is not None and row.fuzzed and row.precision == "FUZZED"
            assert (row.latitude, row.longitude) == (fuzz(MONAS).latitude, fuzz(MONAS).longitude)
            told = (
                row.address,
                row.source_ref,
                row.source_url,
                row.source_status,
                row.source_status_means,
                row.synced_at,
            )
            assert told == (None,) * 6

    async def test_its_reporter_sees_the_true_one_by_id_and_in_mine_but_not_in_lists(self, city: City) -> None:
        (fuzzy,) = await city.add(FUZZY)
        async with city.asking(Role.CITIZEN, person=1) as ctx:
            (by_id,) = await reports_of([fuzzy], ctx)
            (in_mine,) = (await reports(ctx, ReportFilter(mine=True))).rows
            (in_list,) = (await reports(ctx)).rows
        assert by_id == in_mine
        assert by_id is not None and not by_id.fuzzed and by_id.latitude == MONAS.latitude and by_id.address
        assert in_list.fuzzed and in_list.mine and in_list.latitude != MONAS.latitude and in_list.address is None

    async def test_filters_and_orders_go_by_the_place_that_is_seen(self, city: City) -> None:
        (fuzzy,) = await city.add(FUZZY)
        away = distance_m(MONAS, fuzz(MONAS))
        near_true = NearFilter(MONAS.latitude, MONAS.longitude, away / 2)
        near_public = NearFilter(fuzz(MONAS).latitude, fuzz(MONAS).longitude, away / 2)
        async with city.asking(Role.CITIZEN, person=1) as ctx:
            assert await listed(ctx, near=near_true) == set()
            assert await listed(ctx, near=near_public) == {fuzzy}
            assert await listed(ctx, near=near_true, mine=True) == {fuzzy}
            assert await listed(ctx, near=near_public, mine=True) == set()
            nearest = await reports(ctx, ReportFilter(near=near_true, mine=True), ReportOrder.NEAREST)
            assert list(nearest.keys) == [(0, fuzzy)]
        async with city.asking(Role.DISPATCHER) as ctx:
            assert await listed(ctx, near=near_true) == {fuzzy}
            assert await listed(ctx, near=near_public) == set()

    async def test_addresses_are_searched_by_those_alone_who_see_them(self, city: City) -> None:
        (fuzzy,) = await city.add(FUZZY)
        async with city.asking(Role.CITIZEN, person=1) as ctx:
            assert await listed(ctx, search="merdeka") == set()
            assert await listed(ctx, search="merdeka", mine=True) == {fuzzy}
        async with city.asking(Role.DISPATCHER) as ctx:
            assert await listed(ctx, search="merdeka") == {fuzzy}


class TestBySourceRef:
    async def test_finds_it_and_by_other_names_too(self, city: City) -> None:
        plain, _ = await city.add({"source": "qlue", "source_ref": "5"}, {})
        link = {"source_id": city.ids["sources"]["simpul"], "source_ref": "A-5", "report_id": plain, "created_at": NOW}
        await city.store.write(Operation(lambda tx: tx.conn.execute(insert(report_links), link) and None))
        async with city.asking() as ctx:
            for source, ref in (("qlue", "5"), ("simpul", "A-5")):
                found = await report_by_source_ref(ctx, source, ref)
                assert found is not None and found.id == plain
            for source, ref in (("simpul", "5"), ("qlue", "6"), ("nowhere", "5"), ("qlue", "\0"), ("qlue", "\ud800")):
                assert await report_by_source_ref(ctx, source, ref) is None

    async def test_tells_nothing_of_a_fuzzed_or_hidden_one_with_the_same_statements(self, city: City) -> None:
        await city.add(FUZZY, {**SECRET, "source": "qlue", "source_ref": "78"})
        numbers = []
        for ref in ("77", "78", "no such"):
            async with city.asking(Role.CITIZEN, person=2) as ctx:
                numbers.append(await statements(ctx, report_by_source_ref(ctx, "qlue", ref)))
        assert numbers == [(None, 1)] * 3
        for viewer in ({"role": Role.DISPATCHER}, {"role": Role.CITIZEN, "person": 1}):
            async with city.asking(**viewer) as ctx:
                found = await report_by_source_ref(ctx, "qlue", "77")
                assert found is not None and found.source_ref == "77"


class TestWhatAReportTells:
    async def test_the_one_it_was_merged_into_where_it_is_seen(self, city: City) -> None:
        seen, secret = await city.add({}, SECRET)
        one, two, three = await city.add({"duplicate_of_id": seen}, {"duplicate_of_id": secret}, {})
        async with city.asking() as ctx:
            rows = [row for row in await reports_of([one, two, three], ctx) if row]
            assert [row and row.id for row in await duplicate_of(rows, ctx)] == [seen, None, None]

    async def test_whether_this_person_supports_it(self, city: City) -> None:
        one, two = await city.add({}, {})
        values = [{"report_id": one, "supporter": "person:1", "created_at": NOW}]
        values += [{"report_id": two, "supporter": "person:2", "created_at": NOW}]
        await city.store.write(Operation(lambda tx: tx.conn.execute(insert(report_supports), values) and None))
        async with city.asking(Role.CITIZEN, person=1) as ctx:
            rows = [row for row in await reports_of([one, two], ctx) if row]
            assert await viewer_has_supported(rows, ctx) == [True, False]
        async with city.asking() as ctx:
            assert await viewer_has_supported(rows, ctx) == [False, False]

    async def test_who_told_it_unless_it_is_anonymous(self, city: City) -> None:
        ids = await city.add({"reporter_id": 1}, {"reporter_id": 1, "anonymous": True}, {})
        async with city.asking() as ctx:
            rows = [row for row in await reports_of(ids, ctx) if row]
            assert [who and who.display_name for who in await reporter_of(rows, ctx)] == ["Warga 1", None, None]

    async def test_what_may_be_done_to_it(self, city: City) -> None:
        mine, done = await city.add({"reporter_id": 1}, {"reporter_id": 1, "status": ReportStatus.CLOSED})
        async with city.asking(Role.CITIZEN, person=1) as ctx:
            rows = [row for row in await reports_of([mine, done], ctx) if row]
            assert [("WITHDRAW" in viewer_actions(row, ctx)) for row in rows] == [True, False]


async def statements(ctx: Context, work: Any) -> tuple[Any, int]:
    """What was found, and how many statements that took."""
    counted: list[str] = []
    await ctx.visibility()
    await ctx.parts.store.reference.filled()

    def count(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        counted.append(statement)

    def listen(conn: Any) -> Any:
        event.listen(conn, "before_cursor_execute", count)
        return conn

    conn = await ctx.read(listen)
    try:
        return await work, len(counted)
    finally:
        event.remove(conn, "before_cursor_execute", count)


def test_the_fuzzed_place_is_apart_from_the_true_one() -> None:
    assert 20 < distance_m(MONAS, fuzz(Point(MONAS.latitude, MONAS.longitude))) < 250
