"""What a ticket settles of the hub's own hand-overs, and what a hand-over that is not settled holds back."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select, update

from domain.vocabulary import EventKind, ForwardingState, ReportVisibility
from storage.facets import read_facets
from storage.ingest_batch import Ingest
from storage.tables import forwardings, lapor_tickets, outbox, reports
from storage.transaction import PendingEvent

_UNSETTLED = (ForwardingState.QUEUED, ForwardingState.UNKNOWN)
_FORWARD = "forward"


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


def join_by_reference(ingest: Ingest, references: Sequence[str], external_ref: str, ticket_id: int) -> int | None:
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
    ingest.tx.require(f"report:{row.report_id}")
    before = read_facets(ingest.tx.conn, row.report_id)
    settled = {
        "state": ForwardingState.SENT,
        "external_ref": external_ref,
        "ticket_id": ticket_id,
        "next_attempt_at": None,
        "last_error": None,
    }
    ingest.tx.conn.execute(update(forwardings).where(forwardings.c.id == row.id).values(settled))
    ingest.tx.conn.execute(delete(outbox).where(outbox.c.kind == _FORWARD, outbox.c.subject_id == row.id))
    after = read_facets(ingest.tx.conn, row.report_id)
    ingest.tx.emit(
        PendingEvent(
            EventKind.FORWARDED,
            report_id=row.report_id,
            before=before,
            after=after,
            status=after.status if after else None,
            forwarding_id=row.id,
        )
    )
    report_id: int = row.report_id
    return report_id


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


def any_held(conn: Connection, source_id: int) -> bool:
    """Whether tickets of this source are held back."""
    held = select(lapor_tickets.c.id).where(lapor_tickets.c.source_id == source_id, lapor_tickets.c.held.is_(True))
    return conn.execute(held.limit(1)).first() is not None
