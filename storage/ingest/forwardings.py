"""What a ticket settles of the hub's own hand-overs, and what a hand-over that is not settled holds back."""

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from domain.vocabulary import ForwardingState, ReportVisibility
from storage.handovers.writing import arrived
from storage.ingest.batch import Ingest
from storage.tables import forwardings, reports

_UNSETTLED = (ForwardingState.QUEUED, ForwardingState.UNKNOWN)


def forwarded_report(ingest: Ingest, tracking_id: str, ticket_id: int) -> int | None:
    """The report that the hub sent and this system gave this number; the hand-over is told its ticket."""
    mine = (forwardings.c.source_id == ingest.source.id) & (forwardings.c.external_ref == tracking_id)
    row = ingest.tx.conn.execute(
        select(forwardings.c.id, forwardings.c.report_id, forwardings.c.ticket_id).where(
            mine, forwardings.c.state == ForwardingState.SENT
        )
    ).first()
    if row is None:
        return None
    if row.ticket_id is None:
        ingest.tx.require(f"report:{row.report_id}")
        ingest.tx.conn.execute(update(forwardings).where(forwardings.c.id == row.id).values(ticket_id=ticket_id))
    report_id: int = row.report_id
    return report_id


def join_by_reference(ingest: Ingest, references: Sequence[str], external_ref: str) -> int | None:
    """The report whose hand-over drew one of these references, if that is not settled yet: it arrived, and was just not heard of.

    Joined once: afterwards it is settled, and the reference is worth nothing. Raises NeedsLocks.
    """
    if not references:
        return None
    mine = (forwardings.c.source_id == ingest.source.id) & forwardings.c.reference.in_(references)
    unsettled = select(forwardings).where(mine, forwardings.c.state.in_(_UNSETTLED)).order_by(forwardings.c.id)
    row = ingest.tx.conn.execute(unsettled).first()
    if row is None:
        return None
    arrived(ingest.tx, row.id, external_ref)
    report_id: int = row.report_id
    return report_id


def echoed_report(conn: Connection, source_id: int, references: Sequence[str]) -> int | None:
    """The report for whose hand-over one of these references was drawn, whatever became of that.

    Such a ticket repeats the report with its true place. Joined, it is seen by those who see that; given up here and
    arrived all the same, it must not be everybody's while the report is not.
    """
    if not references:
        return None
    drawn = select(forwardings.c.report_id).where(
        forwardings.c.source_id == source_id, forwardings.c.reference.in_(references)
    )
    return conn.execute(drawn.order_by(forwardings.c.id).limit(1)).scalar_one_or_none()


def hold_tickets(conn: Connection, source_id: int) -> bool:
    """Whether a confidential report may have arrived there unheard of: then any new ticket may be it."""
    unknown = (
        select(forwardings.c.id)
        .join(reports, reports.c.id == forwardings.c.report_id)
        .where(
            forwardings.c.source_id == source_id,
            forwardings.c.state == ForwardingState.UNKNOWN,
            reports.c.visibility != ReportVisibility.PUBLIC,
        )
    )
    return conn.execute(unknown.limit(1)).first() is not None
