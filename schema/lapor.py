"""LAPOR 1708: the country's system of complaints."""

import strawberry

from domain.references import without_references
from domain.sealing import Kind
from resolvers import areas, lapor, reports
from schema.enums import LaporStatus
from schema.fields import batch, column, output
from schema.node import Node, identity
from schema.references import AreaRef, ReportRef
from schema.scalars import URL, DateTime


@output
class LaporResponse:
    """What an agency answered to a ticket."""

    author: str = column("author", "Who answered, as LAPOR tells it.")
    text: str = column("text", "The answer.")
    at: DateTime = column("at", "When it was given.")


@output
class LaporTicket(Node):
    """A complaint as LAPOR keeps it. One that the hub has just forwarded has little more than its tracking id. Joined
    to a report, it is seen by those who see the report."""

    id: strawberry.ID = identity(Kind.LAPOR_TICKET)
    tracking_id: str = column("tracking_id", "LAPOR's number of it, which the citizen can ask by.")
    title: str | None = column("title", "Its headline.", without_references)
    text: str | None = column(
        "text",
        "The complaint in its author's words. A reference by which the hub knows its own again is left out.",
        without_references,
    )
    status: LaporStatus | None = column("status", "How far LAPOR is; null where its word fits none of these.")
    source_status: str | None = column("source_status", "LAPOR's own word for that.")
    category: str | None = column("category", "LAPOR's own category.")
    agency: str | None = column("agency", "The agency that LAPOR gave it to, in LAPOR's words.")
    area: AreaRef | None = batch(areas.areas_by_id, "The area that it tells of.", key="area_id")
    submitted_at: DateTime | None = column("submitted_at", "When it was made.")
    updated_at: DateTime | None = column("ticket_updated_at", "When it last changed at LAPOR.")
    url: URL | None = column("url", "Its page at LAPOR.")
    observed_at: DateTime = column("observed_at", "When the hub last read it.")
    stale: bool = batch(
        lapor.tickets_stale,
        "True when the hub has not read it for so long that it may be different now.",
        needs=("source_id", "source_status", "text", "observed_at"),
    )
    responses: list[LaporResponse] = batch(lapor.responses_of, "What agencies answered, oldest first.", needs=("id",))
    report: ReportRef | None = batch(reports.reports_of, "The hub's report of it.", key="report_id", rows_of="Report")
