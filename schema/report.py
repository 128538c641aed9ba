"""Reports: the noun that everything else here is about."""

from collections.abc import Sequence
from typing import Annotated

import strawberry

from domain.sealing import Kind
from domain.vocabulary import ReportVisibility
from resolvers import (
    agencies,
    areas,
    categories,
    comments,
    flood_reports,
    forwarding,
    lapor,
    reports,
    sources,
    timeline,
)
from resolvers import duplicates as duplicates_
from resolvers import photos as photos_
from resolvers.context import Context
from resolvers.flood import flood_areas_by_id
from schema.arguments import or_none, page
from schema.connection import Connection, UncountedConnection
from schema.enums import LocationPrecision, PhotoPhase, ReportAction, ReportStatus
from schema.fields import Keywords, argument, asked, batch, column, output, same, value
from schema.node import Node, identity
from schema.place import Coordinates
from schema.possible_duplicate import PossibleDuplicate
from schema.references import (
    AgencyRef,
    AreaRef,
    CategoryRef,
    CommentRef,
    FloodAreaRef,
    ForwardingRef,
    LaporTicketRef,
    PhotoRef,
    ReportEventRef,
    SourceRef,
)
from schema.report_parts import Deadlines, FloodObservation, Reporter
from schema.scalars import URL, DateTime
from storage.rows import PersonRow, SeenReport


def _photos(
    phase: Annotated[PhotoPhase | None, argument("Only those of this phase.")] = strawberry.UNSET,
    include_hidden: Annotated[bool | None, argument("Also those that were hidden. Staff only.")] = False,
) -> Keywords:
    return {"phase": or_none(phase), "include_hidden": bool(include_hidden)}


def _alike(
    first: Annotated[int | None, argument("At most so many, the likeliest first: 1 to 50.")] = 5,
) -> Keywords:
    return {"first": 5 if first is None else first}


async def _reporters(rows: Sequence[SeenReport], ctx: Context) -> list[PersonRow | None]:
    found = await reports.reporter_of(rows, ctx)
    return [None if person is None or person.display_name is None else person for person in found]


@output
class Report(Node):
    """Something a citizen told the city, by whatever channel it came."""

    id: strawberry.ID = identity(Kind.REPORT)
    code: str = column(
        "code",
        "A short tracking code that can be read out on the phone, drawn at random. Looking reports up by it is limited in pace.",
    )
    text: str = column("text", "What was told, in the reporter's own words.")
    title: str | None = column("title", "A headline, where one was given.")
    category: CategoryRef = batch(categories.categories_by_id, "What it is about.", key="category_id")
    status: ReportStatus = column("status", "How far it is.")
    location: Coordinates | None = same(
        "Where it is, as this viewer may see it; null when the source told no place.",
        unless_none=("latitude", "longitude"),
    )
    location_precision: LocationPrecision = column("precision", "How exactly this viewer is told where it is.")
    address: str | None = column("address", "The place in words; null for those who see a moved place.")
    area: AreaRef | None = batch(
        areas.areas_by_id,
        "The smallest area that contains its location, never smaller than the kelurahan where the place is moved; null outside Jakarta.",
        key="area_id",
    )
    photos: list[PhotoRef] = asked(
        photos_.photos_of,
        _photos,
        "Its photos, in the order they came. One that a source told of appears once its bytes are here.",
        needs=("id", "visibility"),
        rows_of="Photo",
    )
    source: SourceRef = batch(sources.sources_by_id, "The system that it came from.", key="source_id")
    source_ref: str | None = column("source_ref", "The id that its source gave it.")
    source_url: URL | None = column("source_url", "Its page at its source.")
    source_status: str | None = column(
        "source_status", "Its source's own word for its state, kept beside the hub's and never translated away."
    )
    source_status_means: ReportStatus | None = column(
        "source_status_means",
        "How the hub reads that word. Where it is another state than `status`, the filter `sourceDisagrees` finds it.",
    )
    synced_at: DateTime | None = column(
        "synced_at", "When the hub last read it at its source; null for what was told to the hub itself."
    )
    reporter: Reporter | None = batch(
        _reporters,
        "Who told it; null when it is anonymous, or when this viewer may not see who it was.",
        needs=("anonymous", "reporter_id"),
    )
    anonymous: bool = column("anonymous", "Whether it hides who told it (*anonim*).")
    confidential: bool = column(
        "visibility",
        "Whether it is hidden from all but its reporter, the agency that has it, dispatchers and admins (*rahasia*).",
        lambda visibility: visibility == ReportVisibility.CONFIDENTIAL,
    )
    agency: AgencyRef | None = batch(agencies.agencies_by_id, "The agency that has it now.", key="agency_id")
    reported_at: DateTime = column("reported_at", "When the citizen told it, by its source's or the citizen's clock.")
    received_at: DateTime = column("received_at", "When the hub had it; deadlines are counted from here.")
    updated_at: DateTime = column("updated_at", "When it last changed. Support does not count as a change.")
    support_count: int = column("support_count", "How many people support it.")
    viewer_has_supported: bool = batch(
        reports.viewer_has_supported, "Whether this viewer does, by account.", needs=("id",)
    )
    flood: FloodObservation | None = batch(
        flood_reports.flood_of,
        "What it tells of the water; null for other matters.",
        needs=("category_id", "flood_depth_cm"),
    )
    flood_area: FloodAreaRef | None = batch(
        flood_areas_by_id, "Peta Jakarta's flood area that it lies in, as that is now.", key="flood_area_id"
    )
    lapor_ticket: LaporTicketRef | None = batch(
        lapor.tickets_of,
        "LAPOR's ticket of it: joined by tracking id or by the reference that its forwarding drew, never by likeness.",
        needs=("id", "fuzzed"),
        rows_of="LaporTicket",
    )
    deadlines: Deadlines = same("Until when something should happen, and whether it did.")
    duplicate_of: "Report | None" = batch(
        reports.duplicate_of, "The report that it was merged into.", needs=("duplicate_of_id",), rows_of="Report"
    )
    duplicates: Connection[Annotated["Report", strawberry.lazy("schema.report")]] = asked(
        reports.duplicates, page, "The reports that were merged into this one.", needs=("id",), rows_of="Report"
    )
    possible_duplicates: list[PossibleDuplicate] = asked(
        duplicates_.possible_duplicates_of,
        _alike,
        "Reports that may tell of the same and are not merged with it, the likeliest first.",
    )
    timeline: UncountedConnection[ReportEventRef] = asked(
        timeline.timeline_of, page, "What happened to it, oldest first.", needs=("id", "mine")
    )
    comments: Connection[CommentRef] = asked(
        comments.comments_of, page, "What was said about it, oldest first.", needs=("id",)
    )
    forwardings: list[ForwardingRef] = batch(
        forwarding.forwardings_of,
        "Its hand-overs to other systems, and what became of them. Staff and the reporter; empty for everybody else.",
        needs=("id",),
    )
    agency_ref: str | None = column("agency_ref", "The number under which a partner agency keeps it.")
    viewer_actions: list[ReportAction] = value(
        reports.viewer_actions,
        "What this viewer may do to it now, by its role and the report's state.",
        needs=("status", "mine", "agency_id"),
    )
