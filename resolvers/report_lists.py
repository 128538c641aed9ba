"""Lists of reports: all that match, those of an area or a flood area, those merged into another."""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement

from domain.time import DAY, micros
from domain.vocabulary import OPEN_STATUSES
from resolvers.context import Context
from resolvers.errors import BadUserInput
from resolvers.filters import ReportFilter, resolve_filter
from resolvers.lists import AskedOnce, ListResult, Paging, in_time, list_result, span_of
from storage.clock import now_in_micros
from storage.reports import counting, listing
from storage.reports.filtering import ResolvedFilter
from storage.reports.naming import areas_within, rows_named
from storage.reports.ordering import ReportOrder
from storage.reports.seen import DUPLICATE_OF, place
from storage.rows import AreaRow, FloodAreaRow, Page, SeenReport
from storage.statements.keyset import Span

FLOOD_CATEGORY = "flood"
"""The category whose reports a flood area lists, with its children."""

FIRST_PAGE = Paging()
_ALL = ResolvedFilter()
_NAMES = {order: f"reports.{order}" for order in ReportOrder}


class _Asked(NamedTuple):
    """What a list was asked with, understood; `now` is the clock that its page and its count share. `name` is what its
    cursors are good for."""

    wanted: ResolvedFilter
    order: ReportOrder
    span: Span
    now: int
    name: str


async def _asked(ctx: Context, wanted: ResolvedFilter, order: ReportOrder, paging: Paging) -> _Asked:
    if order is ReportOrder.NEAREST and wanted.near is None:
        raise BadUserInput("NEAREST needs filter.near: nearest to what?", argument="orderBy")
    name = _NAMES[order]
    return _Asked(wanted, order, await span_of(ctx, paging, name), now_in_micros(), name)


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
    visibility, seconds = await ctx.visibility(), ctx.parts.settings.count_timeout
    order, known = asked.order, ctx.parts.estimates
    page = await ctx.read(listing.list_reports, visibility, asked.wanted, order, asked.span, asked.now, columns, known)

    async def count() -> int:
        counting_ = ctx.read(counting.count_reports, visibility, asked.wanted, asked.now, seconds, known)
        return await in_time(ctx, counting_)

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
        return [await _listed(ctx, asked._replace(wanted=asked.wanted.in_areas(below)), columns)]
    visibility, seconds = await ctx.visibility(), ctx.parts.settings.count_timeout
    of_areas = listing.list_reports_of_areas
    pages = await ctx.read(of_areas, visibility, asked.wanted, order, asked.span, asked.now, ids, columns)

    async def count() -> Mapping[int, int]:
        counts = counting.count_reports_of_areas
        return await in_time(ctx, ctx.read(counts, visibility, asked.wanted, asked.now, seconds, ids))

    return await _each(ctx, asked, pages, AskedOnce(count), ids)


async def duplicates(
    rows: Sequence[SeenReport], ctx: Context, *, paging: Paging = FIRST_PAGE, columns: Set[str] | None = None
) -> list[ListResult[SeenReport]]:
    """The reports that were merged into each, the newest first. Of the rows it reads the id."""
    asked = await _asked(ctx, ResolvedFilter(), ReportOrder.NEWEST, paging)
    ids, visibility = [row.id for row in rows], await ctx.visibility()
    pages = await ctx.read(listing.list_duplicates, visibility, asked.wanted, asked.span, asked.now, ids, columns)
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
    ids, visibility = [area.id for area in areas], await ctx.visibility()
    of_areas = listing.list_reports_of_flood_areas
    pages = await ctx.read(of_areas, visibility, asked.wanted, asked.span, asked.now, ids, columns)
    return await _of_parents(ctx, asked, pages, place(visibility).flood_area_id, ids)


async def _of_parents(
    ctx: Context,
    asked: _Asked,
    pages: Mapping[int, Page[SeenReport]],
    parent: ColumnElement[Any],
    ids: Sequence[int],
) -> list[ListResult[SeenReport]]:
    visibility, seconds = await ctx.visibility(), ctx.parts.settings.count_timeout

    async def count() -> Mapping[int, int]:
        counts = counting.count_reports_of_parents
        return await in_time(ctx, ctx.read(counts, visibility, asked.wanted, asked.now, seconds, parent, ids))

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
