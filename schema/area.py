"""Where things are: province, cities, kecamatan, kelurahan."""

from collections.abc import Mapping
from typing import Annotated, Any

import strawberry
from strawberry import Parent

from domain.sealing import Kind
from execution import load
from resolvers import areas, flood, reports, statistics
from resolvers.lists import ListResult
from schema.arguments import After, Before, First, Info, Last, Tolerance, or_none, paging
from schema.connection import Connection
from schema.enums import AreaLevel, ReportOrder
from schema.fields import argument, batch, column, field, output, value
from schema.node import Node, identity
from schema.place import BoundingBox, Coordinates
from schema.references import FloodAreaRef, ReportRef, StatisticsRef
from schema.report_filter import Filter, filter_of
from schema.scalars import GeoJSON
from storage.rows import AreaRow, SeenReport

Order = Annotated[ReportOrder | None, argument("How they are ordered.")]


async def _boundary(
    area: Parent[AreaRow], info: Info, tolerance_meters: Tolerance = strawberry.UNSET
) -> Mapping[str, Any] | None:
    """Its outline: a Polygon or MultiPolygon."""
    return await load(info.context, areas.boundaries_of, area, tolerance_m=or_none(tolerance_meters))


async def _reports(
    area: Parent[AreaRow],
    info: Info,
    filter: Filter = strawberry.UNSET,
    order_by: Order = ReportOrder.NEWEST,
    first: First = strawberry.UNSET,
    after: After = strawberry.UNSET,
    last: Last = strawberry.UNSET,
    before: Before = strawberry.UNSET,
) -> ListResult[SeenReport]:
    """The reports within it."""
    return await load(
        info.context,
        reports.reports_in_areas,
        area,
        given=filter_of(filter),
        order=order_by or ReportOrder.NEWEST,
        paging=paging(first, after, last, before),
    )


async def _statistics(
    area: Parent[AreaRow], info: Info, filter: Filter = strawberry.UNSET
) -> statistics.StatisticsHandle:
    """What its reports add up to."""
    return await load(info.context, statistics.statistics_in_areas, area, given=filter_of(filter))


@output
class Area(Node):
    """A part of Jakarta, by the country's own codes."""

    id: strawberry.ID = identity(Kind.AREA)
    code: str = column("code", "Its code in the Ministry of Home Affairs' register, such as `31.71.01.1001`.")
    name: str = column("name", "Its name.")
    level: AreaLevel = column("level", "How large it is in the order of areas.")
    parent: "Area | None" = batch(
        areas.areas_by_id, "The area that it is part of; null for the province.", key="parent_id"
    )
    children: list["Area"] = batch(areas.children_of, "The areas one level down that it is made of, by code.")
    centroid: Coordinates | None = value(lambda area, _ctx: area, "A point within it, to put a label or a marker on.")
    bounds: BoundingBox | None = batch(areas.bounds_of, "The rectangle around it.")
    boundary: GeoJSON | None = field(_boundary)
    boundary_approximate: bool = value(
        areas.boundary_approximate,
        "True while its outline is computed from the area's point and size, no boundary file being imported.",
    )
    reports: Connection[ReportRef] | None = field(_reports)
    statistics: StatisticsRef | None = field(_statistics)
    flood_areas: list[FloodAreaRef] = batch(
        flood.flood_areas_of, "Peta Jakarta's flood areas that lie in it, in whatever state they are."
    )
