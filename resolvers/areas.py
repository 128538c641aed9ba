"""Jakarta's areas: their tree, where a point lies, their outlines."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from domain.areas import AreaLevel, to_geojson
from domain.places import Box, Point
from resolvers.context import Context
from resolvers.errors import BadUserInput
from storage import reference
from storage.rows import AreaRow

MAX_TOLERANCE_M = 10_000.0
MAX_SEARCH = 100


async def area(ctx: Context, *, code: str) -> AreaRow | None:
    """The area of a code."""
    return (await ctx.read(reference.areas_of_codes, [code])).get(code)


async def area_at(ctx: Context, *, point: Point) -> AreaRow | None:
    """The kelurahan that a point lies in; None outside Jakarta."""
    code = ctx.parts.areas.locate(point.latitude, point.longitude)
    return None if code is None else await area(ctx, code=code)


async def areas(ctx: Context, *, level: AreaLevel | None, parent: str | None, search: str | None) -> Sequence[AreaRow]:
    """Areas of a level, below a parent, whose name has these words in it. Raises BadUserInput for an unknown parent."""
    parent_id = None
    if parent is not None:
        above = await area(ctx, code=parent)
        if above is None:
            raise BadUserInput(f"No area has the code {parent}.", argument="parent")
        parent_id = above.id
    if search is not None and len(search) > MAX_SEARCH:
        raise BadUserInput(f"search has at most {MAX_SEARCH} characters.", argument="search")
    words = search.strip() if search and search.strip() else None
    return await ctx.read(reference.find_areas, level=level, parent_id=parent_id, words=words)


async def areas_by_id(ids: Sequence[int], ctx: Context) -> list[AreaRow | None]:
    """Areas by row id."""
    kept = ctx.parts.store.reference.known()
    if kept is not None:
        try:
            return list(map(kept.areas.__getitem__, ids))
        except KeyError:
            pass  # there is one that was added since
    found = await ctx.read(reference.areas_by_id, ids)
    return [found.get(each) for each in ids]


async def children_of(parents: Sequence[AreaRow], ctx: Context) -> list[Sequence[AreaRow]]:
    """The areas one level down, by code."""
    found = await ctx.read(reference.areas_below, [parent.id for parent in parents])
    return [found[parent.id] for parent in parents]


async def bounds_of(rows: Sequence[AreaRow], ctx: Context) -> list[Box | None]:
    """The rectangles around areas."""
    return await asyncio.to_thread(lambda: [ctx.parts.areas.bounds(row.code) for row in rows])


async def boundaries_of(
    rows: Sequence[AreaRow], ctx: Context, *, tolerance_m: float | None
) -> list[Mapping[str, Any] | None]:
    """Outlines as GeoJSON geometry, thinned out so that no corner moves by more than the tolerance (metres)."""
    if tolerance_m is not None and not 0 <= tolerance_m <= MAX_TOLERANCE_M:
        raise BadUserInput(f"toleranceMeters must be 0 to {MAX_TOLERANCE_M:,.0f}.", argument="toleranceMeters")
    on_the_ground = ctx.parts.areas

    def outlines() -> list[Mapping[str, Any] | None]:
        if not tolerance_m:
            return [to_geojson(on_the_ground.boundary(row.code)) for row in rows]
        return [to_geojson(on_the_ground.simplified(row.code, tolerance_m)) for row in rows]

    return await asyncio.to_thread(outlines)


def boundary_approximate(row: AreaRow, ctx: Context) -> bool:
    """Whether its outline, or a part of it, is computed."""
    return ctx.parts.areas.is_approximate(row.code)
