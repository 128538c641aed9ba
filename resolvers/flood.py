"""Peta Jakarta's flood areas and gauges, as the hub has read them."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from shapely.geometry import shape

from domain.area_geometry import simplified, to_geojson
from domain.places import Box
from domain.time import micros
from domain.vocabulary import FloodState
from resolvers.areas import MAX_TOLERANCE_M
from resolvers.context import Context
from resolvers.errors import BadUserInput
from resolvers.lists import ListResult, Paging, list_result, span_of
from resolvers.sources import is_stale
from storage.places import flood
from storage.reports.filter.naming import UnknownCode, rows_named
from storage.rows import AreaRow, FloodAreaRow, FloodGaugeRow, FloodReadingRow
from storage.sources.reading import sources_by_id

MOST = 3_000
READINGS_ORDER = "flood-readings"


class _OfAnyState(FloodAreaRow):
    """A flood area of a list that has dry ones too: the outlines of a whole city are refused there."""

    __slots__ = ()


async def flood_areas(
    ctx: Context, *, minimum_state: FloodState, within: Box | None, area: str | None
) -> Sequence[FloodAreaRow]:
    """Flood areas in this state or a worse one, the worst first. Raises BadUserInput for more than MOST or an unknown area."""
    area_ids = await _within(ctx, area)
    found = await ctx.read(flood.find_flood_areas, minimum_state.rank, box=within, area_ids=area_ids, limit=MOST + 1)
    if len(found) > MOST:
        raise _too_many()
    return list(map(_OfAnyState._make, found)) if minimum_state is FloodState.NONE else found


def _too_many() -> BadUserInput:
    return BadUserInput(f"There are more than {MOST:,} flood areas: ask for a smaller area or for a worse state.")


async def _within(ctx: Context, area: str | None) -> frozenset[int] | None:
    if area is None:
        return None
    try:
        named = await ctx.read(rows_named, area_codes=[area])
    except UnknownCode as error:
        raise BadUserInput(f"No area has the code {area}.", argument="area") from error
    return None if named.areas is None else named.areas.ids


async def flood_areas_by_id(ids: Sequence[int], ctx: Context) -> list[FloodAreaRow | None]:
    """Flood areas by row id."""
    found = await ctx.read(flood.flood_areas_by_id, ids)
    return [found.get(each) for each in ids]


async def flood_areas_of(areas: Sequence[AreaRow], ctx: Context) -> list[Sequence[FloodAreaRow] | Exception]:
    """The flood areas that lie in each area, in whatever state; BadUserInput in place of more than MOST."""
    found = await ctx.read(flood.flood_areas_within, [area.id for area in areas])
    return [_too_many() if len(found[area.id]) > MOST else found[area.id] for area in areas]


async def flood_area_boundaries_of(
    rows: Sequence[FloodAreaRow], ctx: Context, *, tolerance_m: float | None
) -> list[Mapping[str, Any] | Exception | None]:
    """Outlines as GeoJSON geometry, thinned out so that no corner moves by more than the tolerance (metres).

    Areas of a list of all states have none: the first of them says so, for all of the list, with a BadUserInput.
    """
    if tolerance_m is not None and not 0 <= tolerance_m <= MAX_TOLERANCE_M:
        raise BadUserInput(f"toleranceMeters must be 0 to {MAX_TOLERANCE_M:,.0f}.", argument="toleranceMeters")
    texts = await ctx.read(flood.outlines_of, [row.id for row in rows if not isinstance(row, _OfAnyState)])
    outlines = await asyncio.to_thread(lambda: {row_id: _outline(text, tolerance_m) for row_id, text in texts.items()})
    found: list[Mapping[str, Any] | Exception | None] = [outlines.get(row.id) for row in rows]
    refused = next((n for n, row in enumerate(rows) if isinstance(row, _OfAnyState)), None)
    if refused is not None:
        found[refused] = BadUserInput("Flood areas of every state come without outlines: ask for CAUTION or worse.")
    return found


def _outline(text: str, tolerance_m: float | None) -> Mapping[str, Any]:
    geometry: Mapping[str, Any] = orjson.loads(text)
    return to_geojson(simplified(shape(geometry), tolerance_m)) if tolerance_m else geometry


async def flood_areas_stale(rows: Sequence[FloodAreaRow], ctx: Context) -> list[bool]:
    """Whether each may be in another state now."""
    known = await ctx.read(sources_by_id, [row.source_id for row in rows])
    return [is_stale(known[row.source_id], row.observed_at) for row in rows]


async def flood_gauges(ctx: Context, *, within: Box | None) -> Sequence[FloodGaugeRow]:
    """The gauges whose place is known, by name."""
    return await ctx.read(flood.find_flood_gauges, within)


async def flood_gauges_by_id(ids: Sequence[int], ctx: Context) -> list[FloodGaugeRow | None]:
    """Gauges by row id."""
    found = await ctx.read(flood.flood_gauges_by_id, ids)
    return [found.get(each) for each in ids]


async def latest_readings_of(gauges: Sequence[FloodGaugeRow], ctx: Context) -> list[FloodReadingRow | None]:
    """The newest measurement of each gauge."""
    found = await ctx.read(flood.latest_readings, [gauge.id for gauge in gauges])
    return [found.get(gauge.id) for gauge in gauges]


async def readings_of(
    gauges: Sequence[FloodGaugeRow], ctx: Context, *, since: datetime | None, paging: Paging
) -> list[ListResult[FloodReadingRow]]:
    """What each gauge measured, oldest first."""
    span = await span_of(ctx, paging, READINGS_ORDER)
    begin = None if since is None else micros(since)
    pages = await ctx.read(flood.reading_pages, [gauge.id for gauge in gauges], span, since=begin)
    return [await list_result(ctx, pages[gauge.id], READINGS_ORDER, _uncounted) for gauge in gauges]


async def _uncounted() -> int:
    raise LookupError("measurements are not counted")
