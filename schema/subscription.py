"""What can be listened to. A stream that breaks off is taken up again with the last cursor it was told
(`extensions.cursor`)."""

from typing import Annotated

import strawberry

from resolvers import flood_stream, source_stream, streams
from resolvers.flood_stream import FloodSource
from resolvers.source_stream import SourceSource
from resolvers.streams import LogSource
from schema.arguments import Info, Resume, or_none
from schema.enums import EventKind, FloodState
from schema.event import ReportEvent
from schema.fields import argument, output, stream
from schema.flood import FloodAreaChange
from schema.report_filter import Filter, filter_of
from schema.scalars import Cursor
from schema.source import Source


async def _new_reports(
    info: Info,
    filter: Filter = strawberry.UNSET,
    include_backfill: Annotated[
        bool | None, argument("Also reports from a source's past, read when the hub first synced with it.")
    ] = False,
    after: Resume = strawberry.UNSET,
) -> LogSource:
    """New reports, from every source, as they arrive. With `after`, first all that came since that cursor. The filter
    is judged on the report as it was created. A list that must stay right uses `reportEvents`: it alone tells of
    reports that become visible later."""
    return await streams.new_reports(
        info.context,
        filter=filter_of(filter),
        include_backfill=bool(include_backfill),
        after=or_none(after),
    )


async def _report_events(
    info: Info,
    filter: Filter = strawberry.UNSET,
    kinds: Annotated[
        list[EventKind] | None, argument("Only events of these kinds; that a report left the filter is told anyway.")
    ] = strawberry.UNSET,
    after: Resume = strawberry.UNSET,
) -> LogSource:
    """Every event of the reports that match before or after it."""
    return await streams.report_events(
        info.context, filter=filter_of(filter), kinds=or_none(kinds), after=or_none(after)
    )


async def _flood_areas(
    info: Info,
    minimum_state: Annotated[
        FloodState | None, argument("Only areas in this state or a worse one, and those that leave it.")
    ] = FloodState.CAUTION,
    area: Annotated[str | None, argument("The code of an area: only those within it.")] = strawberry.UNSET,
    after: Annotated[
        Cursor | None, argument("A cursor of the event log: each change since. Without it a snapshot comes first.")
    ] = strawberry.UNSET,
) -> FloodSource:
    """Without `after`: all that match now as SNAPSHOT, then SNAPSHOT_END, then each CHANGED, also to below the
    minimum. With `after`: each CHANGED since then."""
    return await flood_stream.flood_areas(
        info.context, minimum_state=minimum_state or FloodState.CAUTION, area=or_none(area), after=or_none(after)
    )


async def _sources(info: Info) -> SourceSource:
    """First each source as it is now, then each change of state, and the end of each sync that was asked for."""
    return await source_stream.sources(info.context)


@output
class Subscription:
    """What can be listened to, over graphql-transport-ws or server-sent events."""

    new_reports: ReportEvent = stream(_new_reports)
    report_events: ReportEvent = stream(_report_events)
    flood_areas: FloodAreaChange = stream(_flood_areas)
    sources: Source = stream(_sources)
