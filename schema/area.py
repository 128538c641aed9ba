"""Where things are: province, cities, kecamatan, kelurahan."""

from typing import Annotated

import strawberry

from domain.sealing import Kind
from resolvers import areas, flood, reports, statistics
from schema.arguments import After, Before, First, Last, outline, paging
from schema.connection import Connection
from schema.enums import AreaLevel, ReportOrder
from schema.fields import Keywords, argument, asked, batch, column, output, same, value
from schema.node import Node, identity
from schema.place import BoundingBox, Coordinates
from schema.references import FloodAreaRef, ReportRef, StatisticsRef
from schema.report_filter import Filter, filter_of
from schema.scalars import GeoJSON

Order = Annotated[ReportOrder | None, argument("How they are ordered.")]


def listing(
    filter: Filter = strawberry.UNSET,
    order_by: Order = ReportOrder.NEWEST,
    first: First = strawberry.UNSET,
    after: After = strawberry.UNSET,
    last: Last = strawberry.UNSET,
    before: Before = strawberry.UNSET,
) -> Keywords:
    """The keywords of a list of reports."""
    order = order_by or ReportOrder.NEWEST
    return {"given": filter_of(filter), "order": order, "paging": paging(first, after, last, before)}


def filtering(filter: Filter = strawberry.UNSET) -> Keywords:
    """The keyword of what is counted of reports."""
    return {"given": filter_of(filter)}


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
    centroid: Coordinates | None = same("A point within it, to put a label or a marker on.")
    bounds: BoundingBox | None = batch(areas.bounds_of, "The rectangle around it.")
    boundary: GeoJSON | None = asked(areas.boundaries_of, outline, "Its outline: a Polygon or MultiPolygon.")
    boundary_approximate: bool = value(
        areas.boundary_approximate,
        "True while its outline is computed from the area's point and size, no boundary file being imported.",
    )
    reports: Connection[ReportRef] | None = asked(
        reports.reports_in_areas, listing, "The reports within it.", rows_of="Report"
    )
    statistics: StatisticsRef | None = asked(statistics.statistics_in_areas, filtering, "What its reports add up to.")
    flood_areas: list[FloodAreaRef] = batch(
        flood.flood_areas_of, "Peta Jakarta's flood areas that lie in it, in whatever state they are."
    )
