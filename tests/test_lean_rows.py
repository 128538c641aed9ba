"""Only what an operation shows is read: lean rows say what whole ones say, and statements name no other columns."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from sqlalchemy import event

from domain.areas import AreaMap
from domain.vocabulary import Role
from execution import Engine
from resolvers import areas, categories
from resolvers.context import Context
from resolvers.filters import ReportFilter
from resolvers.lists import Paging
from resolvers.photos import photos_of
from resolvers.reports import report_by_source_ref, reports, reports_of
from schema.root import graphql_schema
from storage.events.appending import read_head
from storage.reports.creating import NewPhoto
from storage.reports.lists.ordering import ReportOrder
from storage.rows import PhotoRow, SeenReport
from storage.sensitive_categories import make_sensitive
from storage.store import Store, open_store, opened
from tests.report_rows import NOW, City

PHOTO = NewPhoto("f" * 22, "t" * 22, "image/jpeg", "image/jpeg", 10, 20, 100, b"d")
VIEWERS: tuple[dict[str, Any], ...] = (
    {},
    {"role": Role.CITIZEN, "person": 2},
    {"role": Role.PARTNER, "person": 3, "agency": "damkar"},
    {"role": Role.RESPONDER, "person": 4, "agency": "damkar"},
    {"role": Role.ADMIN, "person": 1},
    {"proved": {2, 4}},
    {"role": Role.CITIZEN, "person": 2, "proved": {3, 4}},
)


@pytest.fixture
async def city(store: Store, area_map: AreaMap) -> AsyncIterator[City]:
    """Reports of which viewers see different things: plain, moved, confidential, with photos, from elsewhere."""
    made = await City(store, area_map).look_around()
    await store.reference.filled()
    await made.add(
        {"title": "Satu", "photos": (PHOTO,), "reporter_id": 2},
        {"category": "crime_disorder", "reporter_id": 2, "address": "Jl. Melati 1"},
        {"category": "crime_disorder", "reported_at": NOW},
        {"visibility": "CONFIDENTIAL", "reporter_id": 2, "photos": (PHOTO, PHOTO)},
        {"visibility": "CONFIDENTIAL", "agency": "damkar"},
        {"source": "qlue", "source_ref": "q1", "at": None, "anonymous": True},
    )
    yield made


class Heard:
    """The statements that were run on a context's snapshot."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self.statements: list[str] = []

    async def __aenter__(self) -> list[str]:
        self._conn = await self._ctx.read(lambda conn: conn)
        event.listen(self._conn, "before_cursor_execute", self._hear)
        return self.statements

    async def __aexit__(self, *_: object) -> None:
        event.remove(self._conn, "before_cursor_execute", self._hear)

    def _hear(self, _conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self.statements.append(statement)


async def test_the_statement_of_a_list_names_what_is_asked_for_alone(city: City) -> None:
    async with city.asking() as ctx, Heard(ctx) as statements:
        page = await reports(ctx, columns={"code", "text", "hasNothingToDoWithIt"})
    (statement,) = statements
    shown = statement.partition("FROM")[0]
    assert {"reports.code", "reports.text"} <= set(shown.replace(",", " ").split())
    for name in ("address", "title", "source_ref", "latitude", "updated_at", "fuzzed", "CASE"):
        assert name not in shown
    assert page.rows[0].code
    with pytest.raises(AttributeError):
        page.rows[0].title  # noqa: B018  it is not there


@pytest.mark.parametrize("viewer", VIEWERS, ids=lambda viewer: "-".join(map(str, viewer.values())) or "nobody")
async def test_each_column_is_what_it_is_in_a_whole_row(city: City, viewer: dict[str, Any]) -> None:
    proved = viewer.get("proved", frozenset())
    async with city.asking(**{name: value for name, value in viewer.items() if name != "proved"}) as ctx:
        ctx.proved.update(proved)  # as by follow tokens
        whole = (await reports(ctx, ReportFilter())).rows
        assert whole
        assert all(type(row) is SeenReport for row in whole)
        every = [row[0] for row in await ctx.read(lambda conn: conn.exec_driver_sql("SELECT id FROM reports").all())]
        looked_up = await reports_of(every, ctx)
        has_own = proved or ctx.viewer.role not in (Role.ANONYMOUS, Role.PARTNER)
        for name in SeenReport._fields:
            lean = (await reports(ctx, columns={name})).rows
            assert [(row.id, getattr(row, name)) for row in lean] == [(row.id, getattr(row, name)) for row in whole]
            mine = (await reports(ctx, _MINE, columns={name})).rows if has_own else ()
            assert all(getattr(row, name) == getattr(_of(looked_up, row.id), name) for row in mine)
            values = [row and getattr(row, name) for row in await reports_of(every, ctx, columns={name})]
            assert values == [row and getattr(row, name) for row in looked_up]


_MINE = ReportFilter(mine=True)


def _of(rows: Sequence[SeenReport | None], row_id: int) -> SeenReport:
    (found,) = (row for row in rows if row is not None and row.id == row_id)
    return found


async def test_pages_of_lean_rows_go_on_from_each_other(city: City) -> None:
    for order in (ReportOrder.NEWEST, ReportOrder.DUE_FIRST):
        async with city.asking(Role.ADMIN, person=1) as ctx:
            every = [row.id for row in (await reports(ctx, None, order)).rows]
            seen: list[int] = []
            after = None
            while len(seen) < len(every):
                page = await reports(ctx, None, order, Paging(first=2, after=after), columns=frozenset())
                assert page.has_previous is bool(seen)
                seen += [row.id for row in page.rows]
                after = page.end_cursor
            assert (seen, page.has_next) == (every, False)
            back = await reports(ctx, None, order, Paging(last=2, before=after), columns={"status"})
            assert [row.id for row in back.rows] == every[-3:-1]
            assert back.start_cursor == back.cursors[0]


@pytest.mark.parametrize("order", [each for each in ReportOrder if each is not ReportOrder.NEAREST])
async def test_cursors_are_the_same_whether_or_not_the_rows_show_what_they_are_made_of(
    city: City, order: ReportOrder
) -> None:
    made_of = {"reported_at", "updated_at", "support_count", "due_at"}
    async with city.asking(Role.ADMIN, person=1) as ctx:
        for paging in (Paging(first=3), Paging(last=3)):
            without = await reports(ctx, None, order, paging, columns=frozenset())
            page = await reports(ctx, None, order, paging, columns=made_of)
            assert page.rows
            assert page.keys[:] == without.keys[:]
            after = (await reports(ctx, None, order, Paging(first=2, after=page.cursors[0]), columns=made_of)).rows
            assert [row.id for row in after][:1] == [row.id for row in page.rows[1:2]]


PAGE = """{ reports(first: 4) { pageInfo { endCursor } nodes { id code category { code } area { name } photos { url }
  reporter { displayName } } } }"""


async def test_a_page_takes_three_statements_that_read_what_it_shows(city: City) -> None:
    engine = Engine(graphql_schema())
    async with city.asking(Role.ADMIN, person=1) as ctx, Heard(ctx) as statements:
        answer = await engine.execute(engine.prepare(PAGE), ctx)
    assert answer.errors is None
    of_reports, of_photos, of_people = statements
    for name in ("text", "title", "address", "latitude", "source_ref", "updated_at"):
        assert f"reports.{name}" not in of_reports
    for name in ("caption", "byte_size", "width"):
        assert f"photos.{name}" not in of_photos
    assert "persons" in of_people


async def test_a_report_is_looked_up_with_what_is_asked_for(city: City) -> None:
    async with city.asking() as ctx, Heard(ctx) as statements:
        found = await report_by_source_ref(ctx, "qlue", "q1", columns={"anonymous"})
    assert found is not None
    assert found.anonymous is True
    assert "reports.text" not in statements[0]


async def test_photos_are_read_with_what_is_asked_for(city: City) -> None:
    async with city.asking(Role.ADMIN, person=1) as ctx:
        rows = (await reports(ctx, columns={"visibility"})).rows
        whole = await photos_of(rows, ctx, phase=None, include_hidden=False)
        assert sorted(map(len, whole)) == [0, 0, 0, 0, 1, 2]
        assert {photo.report_visibility for photos in whole for photo in photos} == {"PUBLIC", "CONFIDENTIAL"}
        async with Heard(ctx) as statements:
            lean = await photos_of(rows, ctx, phase=None, include_hidden=False, columns={"width", "hidden"})
        assert "photos.address" not in statements[0]
        assert " reports" not in statements[0]  # they belong to what this viewer was shown already
        for name in ("report_id", "report_visibility", "width", "hidden"):
            assert [[getattr(each, name) for each in photos] for photos in lean] == [
                [getattr(each, name) for each in photos] for photos in whole
            ]
        assert all(type(photo) is PhotoRow for photos in whole for photo in photos)


async def test_what_is_kept_in_memory_is_not_asked_for(city: City) -> None:
    async with city.asking() as ctx, Heard(ctx) as statements:
        (area, also) = await areas.areas_by_id([1, 1], ctx)
        (category,) = await categories.categories_by_id([1], ctx)
        assert statements == []
        assert await areas.areas_by_id([1, 999_999], ctx) == [area, None]
        assert len(statements) == 1
    assert area is also is not None
    assert category is not None


async def test_a_category_made_sensitive_is_one_at_once_and_wherever_the_log_is_looked_at(city: City) -> None:
    row = city.ids["categories"]["flood"]

    async def sensitive(store: Store) -> bool:
        kept = await store.reference.filled()
        assert kept is not None
        return kept.categories[row].sensitive

    url = city.store._url.render_as_string(False) if hasattr(city.store, "_url") else f"sqlite:///{city.store._path}"  # type: ignore[attr-defined]
    async with opened(open_store(url)) as other:
        assert not await sensitive(city.store)
        assert not await sensitive(other)
        await make_sensitive(city.store, city.area_map, "flood")
        assert await sensitive(city.store)
        other.reference.see_epoch((await other.read(read_head)).epoch)
        assert await sensitive(other)


async def test_within_an_area_are_all_below_it(city: City) -> None:
    kept = await city.store.reference.filled()
    assert kept is not None
    province = kept.areas_by_code["31"]
    assert kept.within_areas[province.id] == kept.areas.keys()
    small = max(kept.areas.values(), key=lambda row: len(row.code))
    assert kept.within_areas[small.id] == {small.id}
