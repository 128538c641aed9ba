"""Lists of reports: all that match, those of an area or a flood area, those merged into another."""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement

from domain.time import DAY, micros
from domain.vocabulary import OPEN_STATUSES
from resolvers.context import Context
from resolvers.errors import BadUserInput
from resolvers.filters import ReportFilter, question_of, resolve_filter
from resolvers.lists import AskedOnce, ListResult, Paging, in_time, list_result, span_of
from storage.clock import now_in_micros
from storage.reports.counts import total
from storage.reports.filter.filtering import ResolvedFilter
from storage.reports.filter.naming import areas_within, rows_named
from storage.reports.lists import listing
from storage.reports.lists.ordering import ReportOrder
from storage.reports.question import Question
from storage.reports.seen import DUPLICATE_OF, place
from storage.rows import AreaRow, FloodAreaRow, Page, SeenReport
from storage.statements.keyset import Span

FLOOD_CATEGORY = "flood"
"""The category whose reports a flood area lists, with its children."""

FIRST_PAGE = Paging()
_ALL = ResolvedFilter()
_NAMES = {order: f"reports.{order}" for order in ReportOrder}


class _Asked(NamedTuple):
    """What a list was asked with, understood. `name` is what its cursors are good for."""

    question: Question
    order: ReportOrder
    span: Span
    name: str


async def _asked(ctx: Context, wanted: ResolvedFilter, order: ReportOrder, paging: Paging) -> _Asked:
    if order is ReportOrder.NEAREST and wanted.near is None:
        raise BadUserInput("NEAREST needs filter.near: nearest to what?", argument="orderBy")
    name = _NAMES[order]
    return _Asked(await question_of(ctx, wanted), order, await span_of(ctx, paging, name), name)


async def reports(
    ctx: Context,
    given: ReportFilter | None = None,
    order: ReportOrder = ReportOrder.NEWEST,
    paging: Paging = FIRST_PAGE,
    *,
    columns: Set[str] | None = None,
) -> ListResult[SeenReport]:
    """The reports that match, page by page. Raises BadUserInput, Unauthenticated, Forbidden, InvalidCursor, CursorExpired."""
    wanted = _ALL if given is None else await resolve_filter(ctx, given)
    return await _listed(ctx, await _asked(ctx, wanted, order, paging), columns)


async def _listed(ctx: Context, asked: _Asked, columns: Set[str] | None) -> ListResult[SeenReport]:
    page = await ctx.read(listing.list_reports, asked.question, asked.order, asked.span, columns)

    async def count() -> int:
        seconds = ctx.parts.settings.count_timeout
        return await in_time(ctx, ctx.read(total.count_reports, asked.question, seconds))

    return await list_result(ctx, page, asked.name, count)


async def reports_in_areas(
    areas: Sequence[AreaRow],
    ctx: Context,
    *,
    given: ReportFilter | None = None,
    order: ReportOrder = ReportOrder.NEWEST,
    paging: Paging = FIRST_PAGE,
    columns: Set[str] | None = None,
) -> list[ListResult[SeenReport]]:
    """The reports that match within each area."""
    asked = await _asked(ctx, await resolve_filter(ctx, given), order, paging)
    ids = [area.id for area in areas]
    if len(ids) == 1:  # an index finds the first rows of one area; those of many all have to be numbered
        below = await ctx.read(areas_within, ids)
        question = asked.question.of(asked.question.wanted.in_areas(below))
        return [await _listed(ctx, asked._replace(question=question), columns)]
    pages = await ctx.read(listing.list_reports_of_areas, asked.question, order, asked.span, ids, columns)

    async def count() -> Mapping[int, int]:
        seconds = ctx.parts.settings.count_timeout
        return await in_time(ctx, ctx.read(total.count_reports_of_areas, asked.question, seconds, ids))

    return await _each(ctx, asked, pages, AskedOnce(count), ids)


async def duplicates(
    rows: Sequence[SeenReport], ctx: Context, *, paging: Paging = FIRST_PAGE, columns: Set[str] | None = None
) -> list[ListResult[SeenReport]]:
    """The reports that were merged into each, the newest first. Of the rows it reads the id."""
    asked = await _asked(ctx, ResolvedFilter(), ReportOrder.NEWEST, paging)
    ids = [row.id for row in rows]
    pages = await ctx.read(listing.list_duplicates, asked.question, asked.span, ids, columns)
    return await _of_parents(ctx, asked, pages, DUPLICATE_OF, ids)


async def reports_in_flood_areas(
    areas: Sequence[FloodAreaRow],
    ctx: Context,
    *,
    since: datetime | None = None,
    paging: Paging = FIRST_PAGE,
    columns: Set[str] | None = None,
) -> list[ListResult[SeenReport]]:
    """The open flood reports within each flood area: those told in the last 24 hours, or since a moment."""
    flood = await ctx.read(rows_named, category_codes=[FLOOD_CATEGORY])
    open_flood = ResolvedFilter(
        categories=flood.categories,
        statuses=frozenset(map(str, OPEN_STATUSES)),
        reported_after=now_in_micros() - DAY if since is None else micros(since),
    )
    asked = await _asked(ctx, open_flood, ReportOrder.NEWEST, paging)
    ids = [area.id for area in areas]
    pages = await ctx.read(listing.list_reports_of_flood_areas, asked.question, asked.span, ids, columns)
    return await _of_parents(ctx, asked, pages, place(asked.question.visibility).flood_area_id, ids)


async def _of_parents(
    ctx: Context,
    asked: _Asked,
    pages: Mapping[int, Page[SeenReport]],
    parent: ColumnElement[Any],
    ids: Sequence[int],
) -> list[ListResult[SeenReport]]:
    async def count() -> Mapping[int, int]:
        seconds = ctx.parts.settings.count_timeout
        return await in_time(ctx, ctx.read(total.count_reports_of_parents, asked.question, seconds, parent, ids))

    return await _each(ctx, asked, pages, AskedOnce(count), ids)


async def _each(
    ctx: Context,
    asked: _Asked,
    pages: Mapping[int, Page[SeenReport]],
    counts: AskedOnce[int, int],
    ids: Sequence[int],
) -> list[ListResult[SeenReport]]:
    async def result(parent: int) -> ListResult[SeenReport]:
        return await list_result(ctx, pages[parent], asked.name, lambda: counts.of(parent, 0))

    return [await result(each) for each in ids]
