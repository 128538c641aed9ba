"""What can be asked."""

from collections.abc import Sequence
from typing import Annotated

import strawberry

from resolvers import (
    agencies,
    areas,
    categories,
    duplicates,
    events,
    flood,
    hexbins,
    lapor,
    limits,
    log_positions,
    nodes,
)
from resolvers import reports as reports_
from resolvers import sources as sources_
from resolvers import statistics as statistics_
from resolvers.filters import box_of, point_of
from resolvers.lists import ListResult
from schema.agency import Agency
from schema.area import Area, filtering, listing
from schema.arguments import After, Before, First, Info, Last, or_none, paging
from schema.category import Category
from schema.connection import Connection, UncountedConnection
from schema.enums import AreaLevel, EventKind, FloodState, LaporStatus
from schema.event import ReportEvent
from schema.fields import Keywords, argument, batch, field, once, output, value
from schema.flood import FloodArea, FloodGauge
from schema.lapor import LaporTicket
from schema.limits import Limits
from schema.node import Node
from schema.place import BoundingBoxInput, CoordinatesInput
from schema.possible_duplicate import PossibleDuplicate
from schema.report import Report
from schema.report_filter import Filter, filter_of
from schema.scalars import Cursor, DateTime
from schema.source import Source
from schema.statistics import HexBin, Statistics
from schema.viewer import Viewer
from storage import rows
from storage.clock import now_in_micros

Id = Annotated[strawberry.ID, argument("Its id.")]
Code = Annotated[str, argument("Its code.")]
FirstEvents = Annotated[int | None, argument("At most so many: 1 to 100. Without it: 20.")]
Kinds = Annotated[list[EventKind] | None, argument("Only what is of these kinds; without it all.")]
MinimumState = Annotated[FloodState | None, argument("Only areas in this state or a worse one.")]


async def _node(info: Info, id: Id) -> object | None:
    """Anything that has an id; null when there is none, or none that this viewer may see."""
    found: Sequence[object | None] = await nodes.nodes(info.context, [id])
    return found[0]


async def _nodes(
    info: Info, ids: Annotated[list[strawberry.ID], argument("Ids, at most 100.")]
) -> Sequence[object | None]:
    """Many of those at once, in the order of the ids; null in place of each that is not there or not to be seen."""
    return await nodes.nodes(info.context, ids)


def _which(
    id: Annotated[strawberry.ID | None, argument("Its id. Either this or `code`.")] = strawberry.UNSET,
    code: Annotated[
        str | None, argument("Its tracking code, however it was typed. Look-ups by it are limited in pace.")
    ] = strawberry.UNSET,
) -> Keywords:
    return {"id": or_none(id), "code": or_none(code)}


async def _report_by_source_ref(
    info: Info,
    source: Annotated[str, argument("The source's code.")],
    source_ref: Annotated[str, argument("The id that the source gave it.")],
) -> rows.SeenReport | None:
    """The report that a source knows under an id of its own; null where this viewer sees its place moved."""
    return await reports_.report_by_source_ref(info.context, source, source_ref)


async def _possible_duplicates(
    info: Info,
    location: Annotated[CoordinatesInput, argument("Where it is.")],
    category: Annotated[str | None, argument("The code of its category.")] = strawberry.UNSET,
    text: Annotated[str | None, argument("What is told.")] = strawberry.UNSET,
    within_meters: Annotated[
        float | None, argument("How far away the others may lie, in metres; further than 300 m nothing is looked at.")
    ] = 200,
    first: Annotated[int | None, argument("At most so many, the likeliest first: 1 to 50.")] = 5,
) -> Sequence[rows.DuplicateRow]:
    """Asked before submitting: is it one of these? The likeliest first."""
    return await duplicates.possible_duplicates(
        info.context,
        location.latitude,
        location.longitude,
        or_none(category),
        or_none(text),
        200 if within_meters is None else within_meters,
        5 if first is None else first,
    )


def _hexagons(
    *,
    filter: Filter = strawberry.UNSET,
    within: Annotated[BoundingBoxInput, argument("Only hexagons whose centre lies in this rectangle.")],
    resolution: Annotated[int, argument("H3's resolution, 5 (about 250 km²) to 11 (about 0.002 km²).")],
) -> Keywords:
    return {"within": within.plain(), "resolution": resolution, "given": filter_of(filter)}


async def _flood_areas(
    info: Info,
    minimum_state: MinimumState = FloodState.CAUTION,
    within: Annotated[BoundingBoxInput | None, argument("Only areas that touch this rectangle.")] = strawberry.UNSET,
    area: Annotated[str | None, argument("The code of an area: only those within it.")] = strawberry.UNSET,
) -> Sequence[rows.FloodAreaRow]:
    """Where there is flooding now, the worst first; more than 3,000 are refused. With NONE, outlines cannot be asked
    for."""
    box = or_none(within)
    return await flood.flood_areas(
        info.context,
        minimum_state=minimum_state or FloodState.CAUTION,
        within=None if box is None else box_of(box.plain(), "within"),
        area=or_none(area),
    )


async def _flood_gauges(
    info: Info,
    within: Annotated[BoundingBoxInput | None, argument("Only gauges in this rectangle.")] = strawberry.UNSET,
) -> Sequence[rows.FloodGaugeRow]:
    """The gauges that measure how high the water stands."""
    box = or_none(within)
    return await flood.flood_gauges(info.context, within=None if box is None else box_of(box.plain(), "within"))


async def _lapor_ticket(
    info: Info, tracking_id: Annotated[str, argument("LAPOR's number of it.")]
) -> rows.LaporTicketRow | None:
    """One of LAPOR's tickets, from what the hub has read: no query waits for another system."""
    return await lapor.ticket(info.context, tracking_id=tracking_id)


async def _lapor_tickets(
    info: Info,
    statuses: Annotated[list[LaporStatus] | None, argument("Only tickets in one of these states.")] = strawberry.UNSET,
    updated_after: Annotated[
        DateTime | None, argument("Only tickets that changed at LAPOR after this moment.")
    ] = strawberry.UNSET,
    first: First = strawberry.UNSET,
    after: After = strawberry.UNSET,
    last: Last = strawberry.UNSET,
    before: Before = strawberry.UNSET,
) -> ListResult[rows.LaporTicketRow]:
    """LAPOR's tickets that the hub has read, those that changed last first."""
    return await lapor.tickets(
        info.context,
        statuses=or_none(statuses),
        updated_after=or_none(updated_after),
        paging=paging(first, after, last, before),
    )


async def _area(info: Info, code: Code) -> rows.AreaRow | None:
    """The area of a code."""
    return await areas.area(info.context, code=code)


async def _area_at(
    info: Info,
    latitude: Annotated[float, argument("Degrees north of the equator (WGS 84).")],
    longitude: Annotated[float, argument("Degrees east of Greenwich (WGS 84).")],
) -> rows.AreaRow | None:
    """The smallest area that contains a point; null outside Jakarta."""
    return await areas.area_at(info.context, point=point_of(latitude, longitude, "latitude, longitude"))


async def _areas(
    info: Info,
    level: Annotated[AreaLevel | None, argument("Only areas of this level.")] = strawberry.UNSET,
    parent: Annotated[
        str | None, argument("The code of an area: only those directly within it, or with `level` anywhere within it.")
    ] = strawberry.UNSET,
    search: Annotated[str | None, argument("Words that their names contain.")] = strawberry.UNSET,
) -> Sequence[rows.AreaRow]:
    """Jakarta's areas, by code."""
    return await areas.areas(info.context, level=or_none(level), parent=or_none(parent), search=or_none(search))


async def _categories(
    info: Info,
    include_inactive: Annotated[bool | None, argument("Also those that new reports cannot be of.")] = False,
) -> Sequence[rows.CategoryRow]:
    """What reports can be about, in the order in which a form should offer it."""
    return await categories.categories(info.context, include_inactive=bool(include_inactive))


async def _category(info: Info, code: Code) -> rows.CategoryRow | None:
    """The category of a code."""
    return await categories.category(info.context, code=code)


async def _agency(info: Info, code: Code) -> rows.AgencyRow | None:
    """The agency of a code."""
    return await agencies.agency(info.context, code=code)


async def _source(info: Info, code: Code) -> rows.SourceRow | None:
    """The source of a code."""
    return await sources_.source(info.context, code=code)


async def _events(
    info: Info,
    filter: Filter = strawberry.UNSET,
    kinds: Kinds = strawberry.UNSET,
    first: FirstEvents = strawberry.UNSET,
    after: Annotated[
        Cursor | None, argument("A cursor of the event log: only what came since. Without it from the beginning.")
    ] = strawberry.UNSET,
) -> ListResult[rows.EventRow]:
    """The event log, oldest first: what a partner reads to keep a copy in step. pageInfo.endCursor is never null: the
    position up to which the log was searched, also on an empty page."""
    return await events.events(
        info.context, filter=filter_of(filter), kinds=or_none(kinds), first=or_none(first), after=or_none(after)
    )


@output
class Query:
    """What can be asked. All fields of one query read one and the same state of the store."""

    node: Node | None = field(_node)
    nodes: list[Node | None] = field(_nodes)
    viewer: Viewer = value(lambda _, ctx: ctx.viewer, "Who is asking, as the hub understood it.")
    log_cursor: Cursor = batch(
        log_positions.log_cursors_of,
        "Where the event log stood in the very state that this query reads. List, then subscribe with `after`: this cursor, "
        "and nothing is missed. Of a list of many pages: the cursor that came with the first.",
    )
    report: Report | None = once(
        reports_.report,
        _which,
        "One report; null when there is none, or none that this viewer may see.",
        rows_of="Report",
    )
    report_by_source_ref: Report | None = field(_report_by_source_ref)
    possible_duplicates: list[PossibleDuplicate] | None = field(_possible_duplicates)
    reports: Connection[Report] | None = once(reports_.reports, listing, "Reports, page by page.", rows_of="Report")
    hex_bins: list[HexBin] | None = once(
        hexbins.hex_bins,
        _hexagons,
        "Reports counted by hexagon, the fullest first; more than 5,000 hexagons are refused.",
    )
    statistics: Statistics | None = once(statistics_.statistics, filtering, "What the reports that match add up to.")
    flood_areas: list[FloodArea] | None = field(_flood_areas)
    flood_gauges: list[FloodGauge] | None = field(_flood_gauges)
    lapor_ticket: LaporTicket | None = field(_lapor_ticket)
    lapor_tickets: Connection[LaporTicket] | None = field(_lapor_tickets)
    area: Area | None = field(_area)
    area_at: Area | None = field(_area_at)
    areas: list[Area] | None = field(_areas)
    categories: list[Category] = field(_categories)
    agencies: list[Agency] = value(lambda _, ctx: agencies.agencies(ctx), "The agencies of the city, by code.")
    sources: list[Source] = value(
        lambda _, ctx: sources_.sources(ctx), "The systems that the hub unifies, itself included."
    )
    category: Category | None = field(_category)
    agency: Agency | None = field(_agency)
    source: Source | None = field(_source)
    now: DateTime = value(lambda _, _ctx: now_in_micros(), "The hub's clock, for count-downs.")
    limits: Limits = value(lambda _, ctx: limits.limits(ctx), "What the hub accepts, and how long it keeps.")
    events: UncountedConnection[ReportEvent] | None = field(_events)
