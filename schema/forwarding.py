"""Hand-overs of reports to other systems."""

import strawberry

from domain.sealing import Kind
from resolvers import lapor, reports, sources
from schema.enums import ForwardingState
from schema.fields import batch, column, output
from schema.node import Node, identity
from schema.references import LaporTicketRef, ReportRef, SourceRef
from schema.scalars import DateTime


@output
class Forwarding(Node):
    """One hand-over of a report to another system, and what became of it. Staff and the reporter see it."""

    id: strawberry.ID = identity(Kind.FORWARDING)
    report: ReportRef | None = batch(
        reports.reports_of, "The report that is handed over.", key="report_id", rows_of="Report"
    )
    target: SourceRef = batch(sources.sources_by_id, "The system it goes to.", key="source_id")
    state: ForwardingState = column("state", "What became of it.")
    created_at: DateTime = column("created_at", "When it was asked for.")
    last_attempt_at: DateTime | None = column("last_attempt_at", "When it was last tried.")
    next_attempt_at: DateTime | None = column("next_attempt_at", "When it is tried next; null when it is not.")
    attempts: int = column("attempts", "How often it was tried.")
    last_error: str | None = column("last_error", "What went wrong the last time, in the hub's own words.")
    external_ref: str | None = column("external_ref", "The number under which the other system has it.")
    lapor_ticket: LaporTicketRef | None = batch(
        lapor.tickets_by_id, "LAPOR's ticket that came of it, once the hub has read it.", key="ticket_id"
    )
